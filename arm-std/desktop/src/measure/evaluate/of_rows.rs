//! Both bounds of every row.

use super::{Figures, Mean, TEST, bound, bound_of};
use crate::measure::{Rows, Unfinished, Work};
use crate::network::Model;
use arm_core::estimator::Estimator;
use arm_core::kernels::WeightOf;
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{Engine, Estimates};

/// What a model makes of every one of some rows, in nats.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// -ELBO with one sample.
    pub neg_elbo: Vec<f32>,
    /// Importance-weighted bound of -log p(x), or of -log p(y | x) for a conditional network.
    pub nll: Vec<f32>,
    /// Samples K of that bound.
    pub nll_samples: usize,
}

impl Scores {
    /// Both bounds of `rows`, with the samples of the final figures: [`bound`] says on what they depend and what they cost.
    pub fn of<K, E>(
        engine: &Engine<'_, K, E>,
        params: &[WeightOf<K>],
        rows: Rows<'_>,
        nll_samples: usize,
        work: &mut Work<'_>,
    ) -> Result<Scores, Unfinished>
    where
        K: Estimates + Clone + Send,
        E: Estimator + Clone + Send,
        Vae: Objective<K>,
        Conditional: Objective<K>,
    {
        Scores::both(nll_samples, |samples| bound(engine, params, rows, samples, TEST, work))
    }

    /// [`of`](Self::of) a model in its own numbers, with uniforms from `seed`.
    pub fn of_model(
        model: &Model,
        seed: u64,
        rows: Rows<'_>,
        nll_samples: usize,
        work: &mut Work<'_>,
    ) -> Result<Scores, Unfinished> {
        Scores::both(nll_samples, |samples| bound_of(model, seed, rows, samples, TEST, work))
    }

    fn both(
        nll_samples: usize,
        mut with: impl FnMut(usize) -> Result<Vec<f32>, Unfinished>,
    ) -> Result<Scores, Unfinished> {
        Ok(Scores { neg_elbo: with(1)?, nll: with(nll_samples)?, nll_samples })
    }

    /// Their means.
    pub fn figures(&self) -> Figures {
        let (neg_elbo, nll) = (Mean::of(&self.neg_elbo), Mean::of(&self.nll));
        Figures {
            neg_elbo: neg_elbo.value,
            neg_elbo_standard_error: neg_elbo.error,
            nll: nll.value,
            nll_standard_error: nll.error,
            nll_samples: self.nll_samples,
            images: self.nll.len(),
        }
    }
}
