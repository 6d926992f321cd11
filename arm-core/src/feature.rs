//! What was compiled in, as constants: the compiler then drops what they rule out, and no other file names a feature.
//!
//! Nothing that was left out is wrong silently: [`Shape::check`](crate::Shape::check), [`Engine::new`](crate::Engine::new)
//! and calls with several examples return [`Error::LeftOut`](crate::Error::LeftOut).

/// More than one example or sample at a time, and padded rows.
pub(crate) const BATCH: bool = cfg!(feature = "batch");
/// More than one stochastic layer.
pub(crate) const STACKS: bool = cfg!(feature = "stacks");
/// Units that stand for other numbers than 0 and 1.
pub(crate) const CODINGS: bool = cfg!(feature = "codings");
/// Layers whose width is no multiple of 16; there is nothing to leave out where the loops are not in assembly.
pub(crate) const RAGGED: bool = arm_vfp::RAGGED;
/// A learned prior.
pub(crate) const PRIOR: bool = cfg!(feature = "prior");

/// A number of examples or samples; one, and no memory, without `batch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(#[cfg(feature = "batch")] usize);

impl Count {
    #[inline(always)]
    pub(crate) const fn new(_n: usize) -> Self {
        Count(
            #[cfg(feature = "batch")]
            _n,
        )
    }

    #[inline(always)]
    pub(crate) const fn get(self) -> usize {
        #[cfg(feature = "batch")]
        return self.0;
        #[cfg(not(feature = "batch"))]
        1
    }
}
