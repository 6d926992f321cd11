//! How noisy an estimator's gradient is.

use crate::kernels::Desktop;
use crate::memory::Aligned;
use arm_core::estimator::Estimator;
use arm_core::model::Objective;
use arm_core::{Batch, BitMatrix, Engine, Error, Shard};

/// Gradients that the variance is taken over: with 50 examples it is then known to about 8 %.
const DRAWS: usize = 8;

/// Domain of the draws among the steps, of which no run takes so many.
const DOMAIN: u64 = 1 << 63;

/// The variance of the gradient of the encoder's parameters, the mean over `x` of the estimates of its rows: the unbiased
/// variance of each parameter's gradient over 8 draws, averaged over the parameters, in nats². The batch is held
/// fixed, so what is measured is the estimator's noise and not the choice of examples.
///
/// The draws follow from the engine's seed and `address`, and are those of no training step. Cost: about 8 training
/// steps on one thread.
pub fn encoder_variance<E: Estimator, O: Objective<Desktop>>(
    engine: &Engine<'_, Desktop, E>,
    objective: &mut O,
    params: &[f32],
    (x, y): (BitMatrix<'_>, BitMatrix<'_>),
    address: u64,
) -> Result<f64, Error> {
    let shape = engine.shape();
    let examples = x.height();
    let layers: Vec<_> = (0..shape.encoder().len()).map(|i| shape.dense(i)).collect();
    let count: usize = layers.iter().map(|l| l.rows() * l.stride).sum();
    let mut scratch = Aligned::zeroed(engine.training_scratch(examples));
    let mut f = vec![0.0; examples];
    let mut gradient = Aligned::zeroed(count);
    // Welford's running mean and sum of squares.
    let (mut mean, mut squares) = (vec![0f32; count], vec![0f32; count]);
    for draw in 0..DRAWS {
        let step = DOMAIN | (address * DRAWS as u64 + draw as u64);
        let batch = Batch { y, ..Batch::new(x, examples, 0, step) };
        engine.examples(objective, params, batch, scratch.words_mut(), &mut f)?;
        let shards = [Shard { batch, scratch: scratch.words() }];
        let mut rest = gradient.floats_mut();
        rest.fill(0.0);
        for (i, layer) in layers.iter().enumerate() {
            let (g, after) = rest.split_at_mut(layer.rows() * layer.stride);
            engine.gradient(1.0 / examples as f32, &shards, i, 0, g);
            rest = after;
        }
        let inverse = 1.0 / (draw + 1) as f32;
        for ((g, mean), squares) in gradient.floats().iter().zip(&mut mean).zip(&mut squares) {
            let from_mean = g - *mean;
            *mean += from_mean * inverse;
            *squares += from_mean * (g - *mean);
        }
    }
    let sum: f64 = squares.iter().map(|&s| f64::from(s)).sum();
    let parameters: usize = layers.iter().map(|l| l.rows() * l.outputs).sum();
    Ok(sum / (DRAWS - 1) as f64 / parameters as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::estimator::{Arm, DisArm};
    use arm_core::model::Vae;
    use arm_core::{Layer, Prior, Shape};

    const UNIT: [Layer; 1] = [Layer::bernoulli(1)];
    const SHAPE: Shape<'static> = Shape::vae(1, &UNIT, &UNIT, Prior::Fixed);
    const BIAS: f64 = 0.8;

    /// The mean of the measure over many addresses, for one unit with logit `BIAS`.
    fn measured<E: Estimator>(estimator: E) -> f64 {
        let engine = Engine::new(SHAPE, Desktop::new(), estimator, 5).unwrap();
        // Encoder weight and bias, decoder weight and bias; the input is 0.
        let params = [0.3, BIAS as f32, 3.0, -1.0];
        let x = BitMatrix::new(&[0], 1);
        let at =
            |address| encoder_variance(&engine, &mut Vae, &params, (x, BitMatrix::NONE), address).unwrap();
        // Of the two parameters only the bias has a gradient.
        2.0 * (0..4000).map(at).sum::<f64>() / 4000.0
    }

    /// Closed forms for one unit; the bound is 4 standard errors (measured), a false alarm in 16,000 seeds.
    #[test]
    fn it_is_the_variance_of_the_closed_form() {
        let softplus = |x: f64| x.exp().ln_1p();
        // f(b) = log q(b) - log p(b) - log p(x = 0 | b)
        let f0 = -softplus(BIAS) + 2f64.ln() + softplus(-1.0);
        let f1 = -softplus(-BIAS) + 2f64.ln() + softplus(2.0);
        let (square, m) = ((f1 - f0).powi(2), 1.0 / (1.0 + BIAS.exp()));
        let arm = square * (m / 2.0 - 2.0 * m * m + 8.0 * m.powi(3) / 3.0 - m.powi(4));
        let disarm = square * m * (1.0 - m).powi(2) * (1.0 - 2.0 * m) / 2.0;
        for (measured, exact) in [(measured(Arm), arm), (measured(DisArm), disarm)] {
            assert!((measured / exact - 1.0).abs() < 0.03, "{measured} {exact}");
        }
    }
}
