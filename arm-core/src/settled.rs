//! What of a record is final while a step is still being computed.

use crate::plan::Plan;
use crate::scratch::Work;
use core::ops::Range;

/// Takes the parts of a [record](crate::Engine::record) as soon as they are final. A step that fails may have told of some.
pub trait Settled {
    /// Whether it wants them.
    const WANTED: bool;

    /// Takes part `i`, counted as the ranges of the record are. Not every part is told of.
    fn part(&mut self, i: usize, values: &[f32]);
}

/// Takes nothing.
impl Settled for () {
    const WANTED: bool = false;

    fn part(&mut self, _: usize, _: &[f32]) {}
}

/// Which parts of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Activations,
    Gradients,
    /// Gradients of logits only.
    Logits,
}

impl Plan<'_> {
    /// Tells of a part of each of these layers.
    #[inline(always)]
    pub(crate) fn settle<S: Settled>(&self, part: Part, layers: Range<usize>, work: &Work<'_>, to: &mut S) {
        if S::WANTED {
            self.tell(part, layers, work, to);
        }
    }

    #[inline(never)]
    fn tell<S: Settled>(&self, part: Part, layers: Range<usize>, work: &Work<'_>, to: &mut S) {
        let mut place = self.place(layers.start);
        for i in layers {
            if part == Part::Activations && place.hidden {
                to.part(i, place.activations(work.activations).data());
            }
            if part == Part::Gradients || part == Part::Logits && !place.hidden {
                to.part(self.shape.network_layers() + i, place.gradients(work.deltas).data());
            }
            self.advance(&mut place);
        }
    }
}
