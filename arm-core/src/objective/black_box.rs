use super::Objective;
use crate::kernels::Arithmetic;
use crate::network::{Pass, Scratch};
use crate::numeric::bits::Bits;

/// Any f(b_T), called once for each sample, in the order of rows and samples before their partners. It is minimised: to
/// maximise a reward return its negative.
#[derive(Clone, Copy, Debug)]
pub struct BlackBox<F>(
    /// The objective.
    pub F,
);

impl<K: Arithmetic, F: FnMut(Bits<'_>) -> f32> Objective<K> for BlackBox<F> {
    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
        scratch.set_f(pass, |_, b| (self.0)(b));
    }

    fn evaluate(
        &mut self,
        pass: &Pass<'_, K>,
        scratch: &mut Scratch<'_, K::Numbers>,
        _from: usize,
        count: usize,
    ) {
        scratch.add_path_f(pass, count, |_, b| (self.0)(b));
    }
}
