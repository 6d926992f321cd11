//! What trains and evaluates a network; how is said file by file: step, update, eval.

mod estimates;
mod evaluate;
mod examples;
mod integer;
mod relaxed;
mod second_path;
mod update;
mod upward;

pub use estimates::{Estimates, Samples, Total};
pub(crate) use update::Traces;
pub use update::{Block, Shard};

use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::kernels::WeightOf;
use crate::network::uniforms::Address;
use crate::network::{Batch, Pass, check_bits};
use crate::numeric::rng::Purpose;
use crate::shape::Shape;
use crate::shape::layout::{Layout, Table};

/// The training and evaluation of a network: a shape, kernels and an estimator.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'s, K, E> {
    /// The network, which was checked.
    pub(crate) shape: Shape<'s>,
    /// Where its layers lie.
    pub(crate) table: Table,
    /// Its numeric kernels.
    pub kernels: K,
    /// Its gradient estimator.
    pub estimator: E,
    /// Seed of all its uniforms.
    pub seed: u64,
    /// Whether the partner's upper layers share the sample's uniforms; unbiased either way, usually with less variance when shared.
    pub share_uniforms: bool,
}

impl<'s, K: Estimates, E: Estimator> Engine<'s, K, E> {
    /// An engine with shared uniforms. Errors: the shape or the estimator's settings.
    pub fn new(shape: Shape<'s>, kernels: K, estimator: E, seed: u64) -> Result<Self, Error> {
        let table = Table::of(&shape);
        let engine = Engine { shape, table, kernels, estimator, seed, share_uniforms: true };
        engine.check()?;
        Ok(engine)
    }

    /// Whether it can work: the errors of [`new`](Self::new).
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.shape.check()?;
        self.estimator.check(&self.shape)?;
        K::check(&self.estimator, &self.shape)?;
        Layout::check_rows(1, self.estimator.samples())
    }

    /// The network.
    pub fn shape(&self) -> Shape<'s> {
        self.shape
    }

    pub(crate) fn layout(&self, examples: usize) -> Layout<'_> {
        self.layout_of(examples, self.estimator.samples())
    }

    /// [`layout`](Self::layout) for another number of samples.
    pub(crate) fn layout_of(&self, examples: usize, samples: usize) -> Layout<'_> {
        Layout::new(&self.shape, examples, samples).with(&self.table)
    }

    pub(crate) fn check_params(&self, params: &[WeightOf<K>]) -> Result<(), Error> {
        exact_size(self.shape.params(), params.len())
    }

    /// What a pass over `batch` with `samples` samples an example reads; the parameters were checked.
    #[inline(always)]
    pub(crate) fn pass<'a>(
        &'a self,
        params: &'a [WeightOf<K>],
        batch: &'a Batch<'a>,
        samples: usize,
    ) -> Pass<'a, K> {
        Pass { layout: self.layout_of(batch.examples, samples), kernels: &self.kernels, params, batch }
    }

    /// Where the uniforms of `batch` come from.
    pub(crate) fn address<'a>(&self, batch: &'a Batch<'a>, purpose: Purpose, salt: usize) -> Address<'a> {
        Address { seed: self.seed, batch, purpose, salt }
    }

    /// Words of scratch for `examples` examples.
    pub fn training_scratch(&self, examples: usize) -> usize {
        let layout = self.layout(examples);
        let words = if layout.fits() { layout.training_words::<K::Numbers>() } else { usize::MAX };
        match self.estimator.relaxation() {
            Some(relaxation) => self.relaxed_scratch(relaxation, examples, words),
            None => words,
        }
    }

    /// Tells the estimator, once after each step that was taken, the mean of f over the batch.
    #[inline(always)]
    pub fn observe(&mut self, mean_f: f32) {
        if let Some(learned) = self.estimator.learned_mut() {
            learned.observe(mean_f);
        }
    }

    /// Tells the estimator, once after each step that was taken (from 0), the [`statistics`](Self::statistics) of the
    /// examples of the whole batch in order.
    pub fn learn(&mut self, step: u64, statistics: &[f32]) {
        if let Some(learned) = self.estimator.learned_mut() {
            learned.learn(step, statistics);
        }
    }

    /// What the estimator has learned so far, for a checkpoint; empty where there is nothing to keep.
    pub fn learned_state(&self) -> &[f32] {
        self.estimator.learned().map_or(&[], |learned| learned.state())
    }

    /// Lets the estimator go on from a [`learned_state`](Self::learned_state). `Err(Size)` for one of another length;
    /// nothing is changed then.
    pub fn set_learned_state(&mut self, state: &[f32]) -> Result<(), Error> {
        match self.estimator.learned_mut() {
            Some(learned) => learned.set_state(state),
            None => exact_size(0, state.len()),
        }
    }

    #[inline(never)]
    pub(crate) fn check_batch(&self, batch: &Batch<'_>) -> Result<(), Error> {
        Layout::check_rows(batch.examples, self.estimator.samples())?;
        check_bits(batch.x, self.shape.inputs(), batch.examples)?;
        match self.shape.targets() {
            0 if batch.y.cols() == 0 => Ok(()),
            targets => check_bits(batch.y, targets, batch.examples),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{Arm, Rloo};
    use crate::feature::{BATCH, CODINGS, PRIOR, STACKS};
    use crate::kernels::Portable;
    use crate::numeric::matrix::BitMatrix;
    use crate::objective::Vae;
    use crate::shape::{Coding, Codings};
    use crate::shape::{Layer, Prior};

    const B: Layer = Layer::bernoulli(3);
    const CODED: Codings<'_> = Codings { x: Coding::Signed, b: Coding::ZeroOne };

    #[test]
    fn what_was_left_out_is_refused() {
        let (one, two) = ([B], [B, B]);
        let plain = Shape::vae(3, &one, &one, Prior::Fixed);
        let deep = Shape::vae(3, &two, &two, Prior::Fixed);
        let learned = Shape::vae(3, &one, &one, Prior::Learned);
        let shapes = [
            (plain, true),
            (deep, STACKS),
            (learned, PRIOR),
            (plain.coded(&CODED), CODINGS),
            (plain.padded(8), BATCH),
        ];
        for (shape, there) in shapes {
            let expected = if there { Ok(()) } else { Err(Error::LeftOut) };
            assert_eq!(Engine::new(shape, Portable, Arm, 1).map(|_| ()), expected, "{shape:?}");
            assert_eq!(shape.flaw().map(|flaw| flaw.left_out()), (!there).then_some(true), "{shape:?}");
        }
        let several = Engine::new(plain, Portable, Rloo { samples: 2 }, 1).map(|_| ());
        assert_eq!(several, if BATCH { Ok(()) } else { Err(Error::LeftOut) });
        let engine = Engine::new(plain, Portable, Arm, 1).unwrap();
        let (params, mut scratch, mut f) = ([0.0; 24], [0; 256], [0.0; 2]);
        let batch = Batch::new(BitMatrix::new(&[1, 2], 3), 2, 0, 0);
        for result in [
            engine.examples(&mut Vae, &params, batch, &mut scratch, &mut f),
            engine.evaluate(&mut Vae, &params, batch, 1, &mut scratch, &mut f),
            engine.evaluate(
                &mut Vae,
                &params,
                Batch { x: batch.x.top(1), examples: 1, ..batch },
                2,
                &mut scratch,
                &mut f,
            ),
            engine.generate(&params, batch, &mut scratch, &mut [0.0; 6]),
        ] {
            assert_eq!(result, if BATCH { Ok(()) } else { Err(Error::LeftOut) });
        }
    }
}
