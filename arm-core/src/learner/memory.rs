//! What a learner is given to live in.

use crate::numeric::number::{Float, Numbers};
use crate::optim::Optimiser;
use crate::shape::Shape;
use crate::shape::layout::Layout;

/// All the memory of a [`Learner`](crate::Learner): P parameters, M moments, S words of scratch. It starts as zeros, so a static of it
/// lies in .bss.
#[derive(Debug)]
pub struct Memory<const P: usize, const M: usize, const S: usize, N: Numbers = Float> {
    params: [N::Weight; P],
    moments: [N::Weight; M],
    scratch: [u32; S],
}

impl<const P: usize, const M: usize, const S: usize, N: Numbers> Memory<P, M, S, N> {
    /// Zeroed memory.
    pub const ZERO: Self = Memory { params: [N::ZERO; P], moments: [N::ZERO; M], scratch: [0; S] };

    /// The memory as slices.
    pub fn slices(&mut self) -> Slices<'_, N> {
        Slices { params: &mut self.params, moments: &mut self.moments, scratch: &mut self.scratch }
    }
}

/// The memory of a [`Learner`](crate::Learner), borrowed.
#[derive(Debug)]
pub struct Slices<'m, N: Numbers = Float> {
    /// [`Shape::params`] numbers.
    pub params: &'m mut [N::Weight],
    /// [`Shape::moments`] numbers.
    pub moments: &'m mut [N::Weight],
    /// [`Shape::scratch`] words; [`Shape::inference_scratch`] is enough to [`attach`](crate::Learner::attach) a learner that loads
    /// parameters and never trains.
    pub scratch: &'m mut [u32],
}

impl Shape<'_> {
    /// Numbers of moments that optimiser `O` keeps for this network.
    pub const fn moments<O: Optimiser>(&self) -> usize {
        O::MOMENTS * self.params()
    }

    /// Words of scratch for a [`Learner`](crate::Learner) with an estimator that draws one sample: a batch of one.
    pub const fn scratch(&self) -> usize {
        self.scratch_for(1)
    }

    /// [`scratch`](Self::scratch) for an estimator that draws `samples` samples.
    pub const fn scratch_for(&self, samples: usize) -> usize {
        Layout::new(self, 1, samples).learner_words::<Float>()
    }
}
