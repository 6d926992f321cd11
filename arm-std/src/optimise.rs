//! The optimiser of one dense layer, chosen at run time.

use arm_core::Error;
use arm_core::kernels::Kernels;
use arm_core::optim::{Adam, Optimiser, Sgd};

/// Adam or plain gradient descent; both have room for Adam's moments, which gradient descent leaves at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Adam.
    Adam(Adam),
    /// Plain gradient descent.
    Sgd(Sgd),
}

impl Optimiser for Rule {
    const MOMENTS: usize = 2;

    fn check(&self) -> Result<(), Error> {
        match self {
            Rule::Adam(adam) => adam.check(),
            Rule::Sgd(sgd) => sgd.check(),
        }
    }

    fn apply<K: Kernels>(&self, k: &K, step: u64, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        match self {
            Rule::Adam(adam) => adam.apply(k, step, g, m, v, w),
            Rule::Sgd(sgd) => sgd.apply(k, step, g, &mut [], &mut [], w),
        }
    }
}
