use arm_core::Error;
use arm_core::estimator;
use arm_core::kernels::Portable;
use arm_core::optim::{Adam, Optimiser};

/// What an estimator learns while it is used, and the moments of the Adam that learns it: the values, then both moments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Learned(Vec<f32>);

/// As in the code of the papers.
const ADAM: Adam = Adam::new(1e-3);

impl Learned {
    pub(super) fn new(mut values: Vec<f32>) -> Self {
        values.resize(3 * values.len(), 0.0);
        Learned(values)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.0.len() / 3
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.0[..self.len()]
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        let n = self.len();
        &mut self.0[..n]
    }

    /// One step down the gradient; one that is not finite is passed over.
    pub(super) fn descend(&mut self, step: u64, gradient: &[f32]) {
        if !gradient.iter().all(|g| g.is_finite()) {
            return;
        }
        let n = self.len();
        let (values, moments) = self.0.split_at_mut(n);
        let (first, second) = moments.split_at_mut(n);
        ADAM.rule().apply(&Portable, step, gradient, first, second, values);
    }

    /// Keeps value `i` between two bounds.
    pub(super) fn clamp(&mut self, i: usize, low: f32, high: f32) {
        self.0[i] = self.0[i].clamp(low, high);
    }
}

/// Statistics are gradients of the values, one an example.
impl estimator::Learned for Learned {
    fn learn(&mut self, step: u64, statistics: &[f32]) {
        let gradient = mean(statistics, self.len());
        self.descend(step, &gradient);
    }

    fn state(&self) -> &[f32] {
        &self.0
    }

    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        if state.len() != self.0.len() {
            return Err(Error::Size { needed: self.0.len(), given: state.len() });
        }
        self.0.copy_from_slice(state);
        Ok(())
    }
}

/// The mean over the examples of their statistics, summed in order.
fn mean(statistics: &[f32], len: usize) -> Vec<f32> {
    let mut sum = vec![0.0; len];
    for of_example in statistics.chunks_exact(len) {
        sum.iter_mut().zip(of_example).for_each(|(s, x)| *s += x);
    }
    let examples = (statistics.len() / len).max(1) as f32;
    sum.iter_mut().for_each(|s| *s /= examples);
    sum
}
