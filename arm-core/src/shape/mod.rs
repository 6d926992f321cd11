//! What a network looks like, as a constant: from it follow all sizes.

mod activation;
mod check;
mod coding;
mod flaw;
pub mod init;
mod layer;
pub(crate) mod layout;
#[cfg(all(test, feature = "batch", feature = "codings", feature = "prior", feature = "stacks"))]
mod tests;

use crate::feature::{BATCH, CODINGS, PRIOR, STACKS};
use crate::numeric::bits::words;
pub use activation::Activation;
use check::Verdict;
pub use check::{MAX_LAYERS, MAX_WIDTH};
pub use coding::{Coding, Codings};
pub use flaw::Flaw;
pub use layer::{Dense, Layer, Prior};

/// A network: a chain of Bernoulli layers b_1..b_T sampled from the input upwards, and, for a variational
/// auto-encoder, the decoder from b_T down to the input.
///
/// ```
/// use arm_core::{Layer, Prior, Shape};
/// // 64-32-(16), (16)-32-64
/// const SHAPE: Shape = Shape::vae(
///     64,
///     &[Layer::hidden(32, 0.1), Layer::bernoulli(16)],
///     &[Layer::hidden(32, 0.1), Layer::bernoulli(64)],
///     Prior::Fixed,
/// );
/// const PARAMS: usize = SHAPE.params();
/// assert_eq!(PARAMS, 5264);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape<'a> {
    inputs: usize,
    encoder: &'a [Layer],
    decoder: &'a [Layer],
    prior: Prior,
    conditional: bool,
    codings: Option<&'a Codings<'a>>,
    pad: usize,
    pub(crate) totals: Totals,
}

/// What follows from the layers, worked out once: for a constant shape by the compiler, so that no code is left of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Totals {
    verdict: Verdict,
    pub params: usize,
    pub stochastic: usize,
    /// Floats of a row of all hidden layers below the first samples, and of those behind them.
    pub hidden: [usize; 2],
    /// Floats of a row of all logits, those of a learned prior included.
    pub logits: usize,
    /// Words of a row of all samples.
    pub samples: usize,
    /// The widest layer.
    pub widest: usize,
}

impl Totals {
    const ZERO: Self = Totals {
        verdict: Verdict::Accepted,
        params: 0,
        stochastic: 0,
        hidden: [0; 2],
        logits: 0,
        samples: 0,
        widest: 0,
    };
}

impl<'a> Shape<'a> {
    /// A chain of Bernoulli layers without a decoder, for a black-box objective f(b_T). With `inputs` = 0 the logits
    /// of the first layer are themselves the parameters.
    pub const fn chain(inputs: usize, layers: &'a [Layer]) -> Self {
        Shape::new(inputs, layers, &[], Prior::Fixed)
    }

    const fn new(inputs: usize, encoder: &'a [Layer], decoder: &'a [Layer], prior: Prior) -> Self {
        let totals = Totals::ZERO;
        Shape { inputs, encoder, decoder, prior, conditional: false, codings: None, pad: 1, totals }.summed()
    }

    /// A discrete variational auto-encoder for `inputs` binary units. `encoder` ends in b_T; `decoder` starts above
    /// b_T, passes the stochastic layers in reverse and ends in the logits of the input.
    pub const fn vae(inputs: usize, encoder: &'a [Layer], decoder: &'a [Layer], prior: Prior) -> Self {
        Shape::new(inputs, encoder, decoder, prior)
    }

    /// A network for p(y | x): b_1..b_T are sampled from the `inputs` binary units x upwards through `chain`, which ends
    /// in b_T; `output` starts above b_T and ends in the logits of the binary target y, its only Bernoulli layer. With
    /// `inputs` = 0 it is a model of y alone.
    pub const fn conditional(inputs: usize, chain: &'a [Layer], output: &'a [Layer]) -> Self {
        Shape { conditional: true, ..Shape::new(inputs, chain, output, Prior::Fixed) }.summed()
    }

    /// The same network with other numbers for the units of x, and of the stochastic layers, where layers read them. It
    /// has other gradients, and other parameters for the same function.
    pub const fn coded(self, codings: &'a Codings<'a>) -> Self {
        Shape { codings: Some(codings), ..self }.summed()
    }

    /// The same network with rows of parameters and activations padded to a multiple of `floats` (at least 1).
    pub const fn padded(self, floats: usize) -> Self {
        Shape { pad: if floats == 0 { 1 } else { floats }, ..self }.summed()
    }

    /// Units of the input.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// Layers of the sampled chain.
    pub const fn encoder(&self) -> &'a [Layer] {
        self.encoder
    }

    /// Layers of the decoder, from the top down.
    pub const fn decoder(&self) -> &'a [Layer] {
        self.decoder
    }

    /// The prior of the top layer.
    pub const fn prior(&self) -> Prior {
        self.prior
    }

    /// Floats that rows are padded to a multiple of.
    pub const fn pad(&self) -> usize {
        self.pad
    }

    /// Whether the network is a variational auto-encoder.
    pub const fn is_vae(&self) -> bool {
        !self.decoder.is_empty() && !self.conditional
    }

    /// Whether the network has a target.
    pub const fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// Units of the target y; 0 for a network without.
    pub const fn targets(&self) -> usize {
        match self.decoder.len() {
            n if n > 0 && self.conditional => self.decoder[n - 1].width(),
            _ => 0,
        }
    }

    /// The numbers that the units of x stand for.
    pub const fn x_coding(&self) -> Coding<'a> {
        match self.codings() {
            Some(codings) => codings.x,
            None => Coding::ZeroOne,
        }
    }

    /// The numbers that the units of stochastic layers stand for.
    pub const fn b_coding(&self) -> Coding<'a> {
        match self.codings() {
            Some(codings) => codings.b,
            None => Coding::ZeroOne,
        }
    }

    const fn codings(&self) -> Option<&'a Codings<'a>> {
        if CODINGS { self.codings } else { None }
    }

    /// Whether some unit is not its own number.
    pub(crate) const fn is_coded(&self) -> bool {
        self.codings().is_some()
    }

    /// The numbers that dense layer `i` reads; those of a hidden layer are its activations.
    pub(crate) const fn coding(&self, i: usize) -> Coding<'a> {
        let Some(codings) = self.codings() else { return Coding::ZeroOne };
        if i == 0 {
            return codings.x;
        }
        match self.layer(i - 1) {
            Some(Layer::Bernoulli { .. }) if i < self.network_layers() => codings.b,
            _ => Coding::ZeroOne,
        }
    }

    /// `width` rounded up to the padding.
    pub const fn stride(&self, width: usize) -> usize {
        if !BATCH || self.pad == 1 {
            return width;
        }
        match width.saturating_add(self.pad).saturating_sub(1).checked_div(self.pad) {
            Some(n) => n.saturating_mul(self.pad),
            None => width,
        }
    }

    /// Dense layers, the learned prior (a layer of biases only) included as the last.
    pub const fn dense_layers(&self) -> usize {
        self.network_layers() + self.has_prior() as usize
    }

    pub(crate) const fn has_prior(&self) -> bool {
        PRIOR && matches!(self.prior, Prior::Learned)
    }

    /// Dense layers of encoder and decoder.
    pub const fn network_layers(&self) -> usize {
        self.encoder.len() + self.decoder.len()
    }

    /// Layer `i`, encoder before decoder.
    pub const fn layer(&self, i: usize) -> Option<Layer> {
        if i < self.encoder.len() {
            Some(self.encoder[i])
        } else if i - self.encoder.len() < self.decoder.len() {
            Some(self.decoder[i - self.encoder.len()])
        } else {
            None
        }
    }

    /// Number of stochastic layers T of the chain.
    pub const fn stochastic_layers(&self) -> usize {
        if STACKS { self.totals.stochastic } else { 1 }
    }

    /// Whether it is known without a look at every layer that there is one stochastic layer. Where flash counts, only what was compiled
    /// in says so.
    pub(crate) const fn is_single(&self) -> bool {
        !STACKS || cfg!(not(target_os = "none")) && self.totals.stochastic == 1
    }

    /// Bernoulli layers before layer `i`, encoder before decoder.
    pub(crate) const fn stochastic_before(&self, i: usize) -> usize {
        if self.is_single() {
            let (top, end) = (self.encoder.len(), self.network_layers());
            return (i >= top) as usize + (i >= end && end > top) as usize;
        }
        let (mut n, mut k) = (0, 0);
        while k < i {
            match self.layer(k) {
                Some(layer) => n += layer.stochastic() as usize,
                None => return n,
            }
            k += 1;
        }
        n
    }

    /// Units of stochastic layer `t` (from 0); 0 when there is none.
    pub const fn stochastic_width(&self, t: usize) -> usize {
        if self.is_single() {
            return if t == 0 { self.top_width() } else { 0 };
        }
        let (mut n, mut i) = (0, 0);
        while i < self.encoder.len() {
            if self.encoder[i].stochastic() {
                if n == t {
                    return self.encoder[i].width();
                }
                n += 1;
            }
            i += 1;
        }
        0
    }

    /// Units of the top stochastic layer b_T.
    pub const fn top_width(&self) -> usize {
        match self.encoder.len() {
            0 => 0,
            n => self.encoder[n - 1].width(),
        }
    }

    /// Dense layers `first..=last` of link `k`: the `k`-th stretch that ends in a Bernoulli layer, encoder links
    /// before decoder links.
    pub const fn link(&self, k: usize) -> (usize, usize) {
        if self.is_single() && (!STACKS || k == 0 || k == 1 && !self.decoder.is_empty()) {
            let (top, end) = (self.encoder.len(), self.network_layers());
            return if k == 0 { (0, top.wrapping_sub(1)) } else { (top, end.wrapping_sub(1)) };
        }
        let (mut n, mut first, mut i) = (0, 0, 0);
        while let Some(layer) = self.layer(i) {
            if layer.stochastic() {
                if n == k {
                    return (first, i);
                }
                n += 1;
                first = i + 1;
            }
            i += 1;
        }
        (first, first)
    }

    /// The widest row in floats.
    pub const fn max_stride(&self) -> usize {
        // A prior is as wide as the top layer.
        self.totals.widest
    }

    /// With all that follows from its layers.
    const fn summed(mut self) -> Self {
        let totals = self.sums();
        // No size of a shape that is refused can wrap: all are zero.
        self.totals = match self.flaw_in(&totals) {
            None => totals,
            Some(flaw) if flaw.left_out() => Totals { verdict: Verdict::LeftOut, ..Totals::ZERO },
            Some(_) => Totals { verdict: Verdict::Contradicts, ..Totals::ZERO },
        };
        self
    }

    const fn sums(&self) -> Totals {
        let top = self.encoder.len();
        let (mut totals, mut i, mut below) = (Totals::ZERO, 0, self.inputs);
        while let Some(layer) = self.layer(i) {
            let (width, stride) = (layer.width(), self.stride(layer.width()));
            below = if i == top { self.top_width() } else { below };
            let rows = below.saturating_add(1);
            totals.params = rows.saturating_mul(stride).saturating_add(totals.params);
            totals.widest = if stride > totals.widest { stride } else { totals.widest };
            if !layer.stochastic() {
                let behind = (totals.logits > 0) as usize;
                totals.hidden[behind] = totals.hidden[behind].saturating_add(stride);
            } else {
                totals.logits = totals.logits.saturating_add(stride);
            }
            if layer.stochastic() && i < top {
                totals.stochastic += 1;
                totals.samples = totals.samples.saturating_add(words(width));
            }
            below = width;
            i += 1;
        }
        if self.has_prior() {
            let stride = self.stride(self.top_width());
            totals.params = totals.params.saturating_add(stride);
            totals.logits = totals.logits.saturating_add(stride);
        }
        totals
    }
}
