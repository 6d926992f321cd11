//! From what C describes to the shape that `arm-core` wants.

use crate::status::*;
use crate::types::*;
use arm_core::{Coding, Codings, Flaw, Layer, Prior, Shape};
use core::ffi::CStr;

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
        if Self::flaw(s).is_some() {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        let (inputs, prior_units) = (s.inputs, s.prior_units);
        let flags = s.flags | if means.is_empty() { 0 } else { CENTRED };
        Ok(Form { inputs, prior_units, flags, means })
    }

    /// What is wrong with the fields beside the layers.
    pub(crate) fn flaw(s: &sbn_shape) -> Option<&'static CStr> {
        if s.flags & !(SBN_SIGNED_INPUTS | SBN_SIGNED_UNITS | SBN_CONDITIONAL) != 0 {
            Some(c"flags has bits that mean nothing")
        } else if s.flags & SBN_SIGNED_INPUTS != 0 && !s.means.is_null() && s.inputs > 0 {
            Some(c"inputs that are signed have no means")
        } else if s.flags & SBN_CONDITIONAL != 0 && s.prior_units != 0 {
            Some(c"a conditional network has no prior: prior_units is 0")
        } else {
            None
        }
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
        let shape = self.described(encoder, layers, codings);
        shape.check()?;
        let linked = unlinked(&shape, &mut stored).is_none();
        if linked && self.prior_fits(&shape) { Ok(shape) } else { Err(Refusal(SBN_ERROR_SHAPE)) }
    }

    fn prior_fits(&self, shape: &Shape<'_>) -> bool {
        self.prior_units == 0 || self.prior_units as usize == shape.top_width()
    }

    /// What [`shape`](Self::shape) refuses, or "ok".
    pub(crate) fn explain(
        &self,
        encoder: usize,
        layers: &[Layer],
        codings: &Codings<'_>,
        mut stored: impl Iterator<Item = sbn_layer>,
    ) -> Flawed {
        let shape = self.described(encoder, layers, codings);
        if let Some(flaw) = shape.flaw() {
            let layer = match flaw {
                Flaw::Top => encoder.checked_sub(1),
                Flaw::Bottom => layers.len().checked_sub(1),
                _ => flaw.layer(),
            };
            return Flawed { text: flaw.text(), layer };
        }
        if let Some(i) = unlinked(&shape, &mut stored) {
            let text = c"a layer does not read as many units as the one before it has (the first of the decoder as the top has)";
            return Flawed { text, layer: Some(i) };
        }
        let text = if self.prior_fits(&shape) {
            c"ok"
        } else {
            c"prior_units is neither 0 nor the width of the top layer"
        };
        Flawed { text, layer: None }
    }
}

/// What is wrong with a shape, and with which layer.
pub(crate) struct Flawed {
    pub text: &'static CStr,
    pub layer: Option<usize>,
}

/// The first layer that does not read what the one before it has.
fn unlinked(shape: &Shape<'_>, stored: &mut impl Iterator<Item = sbn_layer>) -> Option<usize> {
    (0..shape.network_layers())
        .find(|&i| stored.next().is_none_or(|layer| layer.inputs as usize != shape.dense(i).inputs))
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
