//! From what C describes to the shape that `arm-core` wants.

use crate::status::*;
use crate::types::*;
use arm_core::{Coding, Codings, Layer, Prior, Shape};

/// Beside the flags that C may give: there are means of the input.
pub(super) const CENTRED: u32 = 8;

/// What a shape is beside its layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    pub inputs: u32,
    pub prior_units: u32,
    pub(super) flags: u32,
    pub(super) means: &'a [f32],
}

impl<'a> Form<'a> {
    /// That of C's fields; `means` are those of all inputs, or none.
    pub(crate) fn new(s: &sbn_shape, means: &'a [f32]) -> Result<Self, Refusal> {
        let known = SBN_SIGNED_INPUTS | SBN_SIGNED_UNITS | SBN_CONDITIONAL;
        let (inputs, prior_units) = (s.inputs, s.prior_units);
        let twice = s.flags & SBN_SIGNED_INPUTS != 0 && !means.is_empty();
        if s.flags & !known != 0 || twice || (s.flags & SBN_CONDITIONAL != 0 && prior_units != 0) {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        let flags = s.flags | if means.is_empty() { 0 } else { CENTRED };
        Ok(Form { inputs, prior_units, flags, means })
    }

    /// The numbers that units stand for.
    pub(crate) fn codings(&self) -> Codings<'a> {
        let x = match self.flags & (SBN_SIGNED_INPUTS | CENTRED) {
            0 => Coding::ZeroOne,
            CENTRED => Coding::Centred(self.means),
            _ => Coding::Signed,
        };
        let b = if self.flags & SBN_SIGNED_UNITS == 0 { Coding::ZeroOne } else { Coding::Signed };
        Codings { x, b }
    }

    /// The network, of which `layers` are those that `arm-core` wants.
    pub(crate) fn described<'s>(
        &self,
        encoder: usize,
        layers: &'s [Layer],
        codings: &'s Codings<'s>,
    ) -> Shape<'s> {
        let inputs = self.inputs as usize;
        let (up, down) = layers.split_at_checked(encoder).unwrap_or_default();
        let prior = if self.prior_units == 0 { Prior::Fixed } else { Prior::Learned };
        let shape = match self.flags & SBN_CONDITIONAL {
            0 => Shape::vae(inputs, up, down, prior),
            _ => Shape::conditional(inputs, up, down),
        };
        if self.flags & !SBN_CONDITIONAL == 0 { shape } else { shape.coded(codings) }
    }

    /// The network, checked: `stored` are the layers as C has them.
    pub(crate) fn shape<'s>(
        &self,
        encoder: usize,
        layers: &'s [Layer],
        codings: &'s Codings<'s>,
        mut stored: impl Iterator<Item = sbn_layer>,
    ) -> Result<Shape<'s>, Refusal> {
        let prior_units = self.prior_units;
        let shape = self.described(encoder, layers, codings);
        shape.check()?;
        let linked = (0..layers.len())
            .all(|i| stored.next().is_some_and(|layer| layer.inputs as usize == shape.dense(i).inputs));
        let prior_fits = prior_units == 0 || prior_units as usize == shape.top_width();
        if linked && prior_fits { Ok(shape) } else { Err(Refusal(SBN_ERROR_SHAPE)) }
    }
}

/// A layer as `arm-core` wants it.
pub(super) fn layer(c: sbn_layer) -> Result<Layer, Refusal> {
    match c.kind {
        SBN_HIDDEN => Ok(Layer::hidden(c.width as usize, c.slope)),
        SBN_BERNOULLI => Ok(Layer::bernoulli(c.width as usize)),
        _ => Err(Refusal(SBN_ERROR_SHAPE)),
    }
}

/// Layers as `arm-core` wants them, read from C's.
pub(crate) struct Layers {
    all: [Layer; SBN_MAX_LAYERS as usize],
    count: usize,
}

impl Layers {
    /// Reads a C array each; the kinds are checked here, the rest by [`Form::shape`].
    pub(crate) fn read(encoder: &[sbn_layer], decoder: &[sbn_layer]) -> Result<Self, Refusal> {
        let mut all = [Layer::bernoulli(1); SBN_MAX_LAYERS as usize];
        let count = encoder.len() + decoder.len();
        if count > all.len() {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        for (to, c) in all.iter_mut().zip(encoder.iter().chain(decoder)) {
            *to = layer(*c)?;
        }
        Ok(Layers { all, count })
    }

    pub(crate) fn all(&self) -> &[Layer] {
        self.all.get(..self.count).unwrap_or_default()
    }
}
