//! What makes a shape a network.
//!
//! Tests: `shape/tests.rs`.

use super::{Shape, Totals};
use crate::error::Error;
use crate::feature::{BATCH, CODINGS, PRIOR, RAGGED, STACKS};
use crate::shape::{Coding, Flaw, Prior};

/// Widest layer that [`Shape::check`] accepts.
pub const MAX_WIDTH: usize = 1 << 14;
/// Most layers that [`Shape::check`] accepts.
pub const MAX_LAYERS: usize = 64;

/// Whether there is code for a shape: an error of one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Contradicts,
    LeftOut,
}

impl Shape<'_> {
    /// Checks the rules: at least one layer; every width positive; slopes in [0, 1]; encoder and decoder end in a
    /// Bernoulli layer; a decoder's Bernoulli layers are those of the chain in reverse, then the input; a learned prior
    /// needs a decoder; a conditional network has one Bernoulli layer above the chain, the last; means of x are in
    /// [0, 1], one for each unit, and units of stochastic layers have none; sizes fit in memory. [`Error::LeftOut`] for
    /// a shape that this build has no code for. Cost: none, a shape knows.
    pub const fn check(&self) -> Result<(), Error> {
        match self.totals.verdict {
            Verdict::Accepted => Ok(()),
            Verdict::Contradicts => Err(Error::Shape),
            Verdict::LeftOut => Err(Error::LeftOut),
        }
    }

    /// What [`check`](Self::check) refuses it for, and the layer; `None` for a shape that it accepts. For a message: the shape
    /// is looked at again.
    pub const fn flaw(&self) -> Option<Flaw> {
        self.flaw_in(&self.sums())
    }

    /// See [`check`](Self::check).
    pub(super) const fn flaw_in(&self, totals: &Totals) -> Option<Flaw> {
        let (top, end) = (self.encoder.len(), self.network_layers());
        if top == 0 || !self.encoder[top - 1].stochastic() {
            return Some(Flaw::Top);
        }
        if self.inputs > MAX_WIDTH || self.pad > 1024 {
            return Some(Flaw::Input);
        }
        let (mut i, mut above, mut ragged) = (0, 0, None);
        while let Some(layer) = self.layer(i) {
            if layer.width() == 0 || layer.width() > MAX_WIDTH {
                return Some(Flaw::Width(i));
            }
            if !layer.activation().is_valid() {
                return Some(Flaw::Slope(i));
            }
            above += (i >= top && layer.stochastic()) as usize;
            if layer.width() % 16 != 0 {
                ragged = Some(Flaw::NeedsRagged(i));
            }
            i += 1;
        }
        if end > MAX_LAYERS || totals.params > isize::MAX as usize / 8 {
            return Some(Flaw::Size);
        }
        let learned = matches!(self.prior, Prior::Learned);
        if !STACKS && totals.stochastic > 1 {
            return Some(Flaw::NeedsStacks);
        }
        if !BATCH && self.pad > 1 {
            return Some(Flaw::NeedsBatch);
        }
        if !CODINGS && self.codings.is_some() {
            return Some(Flaw::NeedsCodings);
        }
        if !PRIOR && learned {
            return Some(Flaw::NeedsPrior);
        }
        if !RAGGED && ragged.is_some() {
            return ragged;
        }
        if !self.x_coding().valid(self.inputs) || matches!(self.b_coding(), Coding::Centred(_)) {
            return Some(Flaw::Means);
        }
        if self.decoder.is_empty() {
            return if learned || self.conditional { Some(Flaw::Decoder) } else { None };
        }
        if !self.decoder[self.decoder.len() - 1].stochastic() {
            return Some(Flaw::Bottom);
        }
        if above != if self.conditional { 1 } else { totals.stochastic } {
            return Some(Flaw::Count);
        }
        if self.conditional { None } else { self.mirrored(totals.stochastic) }
    }

    /// Whether the Bernoulli layers of the decoder are `layers` of the chain in reverse, then the input.
    const fn mirrored(&self, layers: usize) -> Option<Flaw> {
        let (mut expected, mut i) = (layers, 0);
        while i < self.decoder.len() && expected > 0 {
            if self.decoder[i].stochastic() {
                expected -= 1;
                let width = if expected == 0 { self.inputs } else { self.stochastic_width(expected - 1) };
                if width != self.decoder[i].width() {
                    return Some(Flaw::Mirror(self.encoder.len() + i));
                }
            }
            i += 1;
        }
        None
    }
}
