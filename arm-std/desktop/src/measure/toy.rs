//! The toy problem of the ARM paper: one unit, E\[(b - p0)^2\] to be maximised (Yin & Zhou, ICLR 2019, section 4 and
//! figure 1).

use crate::estimators::Choice;
use arm_core::kernels::Portable;
use arm_core::objective::{Differentiable, Objective};
use arm_core::optim::{Optimiser, Sgd};
use arm_core::{Batch, BitMatrix, Bits, Block, Engine, Error, Layer, Shape, Shard};

/// The network: one unit, whose logit is the only parameter.
pub const UNIT: Shape<'static> = Shape::chain(0, &[Layer::bernoulli(1)]);

/// The values of p0 in the paper.
pub const TARGETS: [f64; 4] = [0.49, 0.499, 0.501, 0.51];

/// One p0 of the toy problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Toy {
    /// p0.
    pub target: f64,
}

/// A moment of an ascent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Steps taken.
    pub step: u64,
    /// Probability of the unit, sigmoid(phi).
    pub probability: f64,
    /// The objective E\[(b - p0)^2\] there.
    pub objective: f64,
    /// The estimate of its gradient with respect to phi, for the next step.
    pub gradient: f64,
}

/// Many estimates of one gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Their number.
    pub draws: u64,
    /// Their mean.
    pub mean: f64,
    /// Their variance.
    pub variance: f64,
    /// Standard error of that variance, from the fourth moment.
    pub error: f64,
}

impl Toy {
    /// (b - p0)^2 for b = 0 and 1.
    pub fn values(&self) -> (f64, f64) {
        (self.target.powi(2), (1.0 - self.target).powi(2))
    }

    /// E\[(b - p0)^2\].
    pub fn objective(&self, p: f64) -> f64 {
        let (f0, f1) = self.values();
        p * f1 + (1.0 - p) * f0
    }

    /// Its gradient with respect to phi: (1 - 2 p0) p (1 - p).
    pub fn gradient(&self, p: f64) -> f64 {
        (1.0 - 2.0 * self.target) * p * (1.0 - p)
    }

    /// Gradient ascent from phi = 0 with the estimator of `choice`, every `every`th moment of it. Errors: a rate out of
    /// range, or an estimator that cannot serve one unit.
    pub fn ascend(
        &self,
        choice: Choice,
        rate: f32,
        steps: u64,
        every: u64,
        seed: u64,
    ) -> Result<Vec<Moment>, Error> {
        let mut engine = Engine::new(UNIT, Portable, choice.estimator(&UNIT)?, seed)?;
        let (every, mut cost) = (every.max(1), self.cost());
        let sgd = Sgd { rate };
        sgd.rule().check()?;
        let mut scratch = vec![0; engine.training_scratch(1)];
        let (mut phi, mut f, mut g) = ([0f32], [0f32], [0f32]);
        let mut moments = Vec::new();
        for step in 0..=steps {
            let batch = batch(step);
            engine.examples(&mut cost, &phi, batch, &mut scratch, &mut f)?;
            let shards = [Shard { batch, scratch: &scratch }];
            g[0] = 0.0;
            engine.gradient(-1.0, &shards, 0, 0, &mut g);
            if step % every == 0 || step == steps {
                let probability = sigmoid(phi[0]);
                let objective = self.objective(probability);
                moments.push(Moment { step, probability, objective, gradient: f64::from(g[0]) });
            }
            let weights = &mut phi[..];
            let block = Block { layer: 0, first: 0, weights, first_moment: &mut [], second_moment: &mut [] };
            engine.update(&sgd, step, &shards, 1, block, &mut g)?;
            engine.learn(step, engine.statistics(1, &scratch));
            engine.observe(f[0]);
        }
        Ok(moments)
    }

    /// The spread of `draws` estimates of the gradient at the logit `phi`. Errors: an estimator that cannot serve one
    /// unit.
    pub fn spread(&self, choice: Choice, phi: f32, draws: u64, seed: u64) -> Result<Spread, Error> {
        let engine = Engine::new(UNIT, Portable, choice.estimator(&UNIT)?, seed)?;
        let mut cost = self.cost();
        let mut scratch = vec![0; engine.training_scratch(1)];
        let mut f = [0f32];
        let mut all = Vec::with_capacity(draws as usize);
        for step in 0..draws {
            let batch = batch(step);
            engine.examples(&mut cost, &[phi], batch, &mut scratch, &mut f)?;
            let mut g = [0f32];
            engine.gradient(-1.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
            all.push(f64::from(g[0]));
        }
        let n = all.len().max(1) as f64;
        let mean = all.iter().sum::<f64>() / n;
        let moment = |power| all.iter().map(|g| (g - mean).powi(power)).sum::<f64>() / n;
        let (variance, fourth) = (moment(2), moment(4));
        let error = ((fourth - variance * variance).max(0.0) / n).sqrt();
        Ok(Spread { draws, mean, variance, error })
    }

    /// The variance of one estimate in closed form, where it is known.
    pub fn variance(&self, choice: Choice, p: f64) -> Option<f64> {
        let (f0, f1) = self.values();
        choice.variance_of_one_unit(p, f0, f1)
    }

    /// -(b - p0)^2, since the engine minimises, with its gradient at real b.
    fn cost(&self) -> impl Objective<Portable> + use<> {
        let target = self.target as f32;
        let f = move |z: f32| -(z - target) * (z - target);
        Differentiable {
            f: move |b: Bits<'_>| f(f32::from(u8::from(b.get(0)))),
            gradient: move |z: &[f32], g: &mut [f32]| {
                let z = z.first().copied().unwrap_or_default();
                g.iter_mut().for_each(|g| *g = -2.0 * (z - target));
                f(z)
            },
        }
    }
}

/// Standard errors between a mean or variance and what it should be; differences within rounding count as none. `None`
/// where a standard error of zero cannot tell: a few draws that came out alike.
pub fn z_score(found: f64, expected: f64, error: f64, rounding: f64) -> Option<f64> {
    let difference = found - expected;
    match difference.abs() {
        d if d <= rounding => Some(0.0),
        // Draws that differ by rounding only are alike.
        _ if error <= rounding => None,
        _ => Some(difference / error),
    }
}

/// The batch of one example without input.
fn batch(step: u64) -> Batch<'static> {
    Batch::new(BitMatrix::NONE, 1, 0, step)
}

/// 1 / (1 + exp(-phi)) in double precision.
pub fn sigmoid(phi: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(phi)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimators::{BaselineName, EstimatorName};
    use clap::ValueEnum;
    use std::thread;

    fn choice(name: EstimatorName) -> Choice {
        Choice { name, samples: 2, baseline: BaselineName::None }
    }

    /// Two z-scores for each of 15 estimators at most, 3 logits and 2 targets: another seed fails with probability
    /// 90 * 2 * 1.9e-8 = 3e-6 if means and variances are normal.
    #[test]
    fn means_and_variances_are_those_of_the_closed_forms() {
        let closed = |target| thread::spawn(move || closed_forms(Toy { target }));
        let closed = [0.49, 0.501].map(closed).map(|counting| counting.join().unwrap());
        assert!(closed.iter().sum::<usize>() >= 9 * 6, "{closed:?}");
    }

    /// How many there are of variances.
    fn closed_forms(toy: Toy) -> usize {
        let mut closed = 0;
        for &name in EstimatorName::value_variants() {
            if name.bound() {
                continue;
            }
            for phi in [-1.5f32, 0.0, 0.7] {
                let p = sigmoid(phi);
                let spread = toy.spread(choice(name), phi, 20_000, 11).unwrap();
                let error = (spread.variance / spread.draws as f64).sqrt();
                if !name.biased() {
                    let z = z_score(spread.mean, toy.gradient(p), error, 1e-7).unwrap();
                    assert!(z.abs() < 5.6, "{name:?} at {phi}: mean {spread:?}, z = {z:.1}");
                }
                if let Some(variance) = toy.variance(choice(name), p) {
                    let z = z_score(spread.variance, variance, spread.error, 1e-12).unwrap();
                    assert!(z.abs() < 5.6, "{name:?} at {phi}: {spread:?}, {variance}, z = {z:.1}");
                    closed += 1;
                }
            }
        }
        closed
    }

    #[test]
    fn low_variance_finds_the_right_end() {
        for (target, best) in [(0.49, 1.0), (0.51, 0.0)] {
            let of = |name| Toy { target }.ascend(choice(name), 1.0, 1000, 100, 3).unwrap();
            let (exact, arm) = (of(EstimatorName::Exact), of(EstimatorName::Arm));
            assert_eq!(exact.len(), 11);
            let last = |m: &[Moment]| m[10].probability;
            assert!((last(&exact) - best).abs() < 0.1, "{exact:?}");
            assert!((last(&arm) - last(&exact)).abs() < 0.05, "{arm:?}");
            assert!((exact[0].gradient - Toy { target }.gradient(0.5)).abs() < 1e-7);
        }
    }

    #[test]
    fn draws_that_came_out_alike_say_nothing() {
        assert_eq!(z_score(0.3, 0.2, 0.0, 1e-7), None);
        assert_eq!(z_score(0.2, 0.2 + 1e-9, 0.0, 1e-7), Some(0.0));
        assert_eq!(z_score(0.25, 0.5, 0.125, 1e-7), Some(-2.0));
    }

    #[test]
    fn nonsense_is_refused() {
        let toy = Toy { target: 0.49 };
        assert!(toy.ascend(choice(EstimatorName::Arm), f32::NAN, 3, 1, 1).is_err());
        let none = Choice { samples: 0, ..choice(EstimatorName::Rloo) };
        assert!(toy.ascend(none, 1.0, 3, 1, 1).is_err() && toy.spread(none, 0.0, 3, 1).is_err());
    }
}
