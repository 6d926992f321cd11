//! How noisy an estimator's gradient is.

use crate::kernels::Desktop;
use crate::measure::moments::{DOMAIN, Gradient, Moments, Point};
use arm_core::estimator::Estimator;
use arm_core::objective::Objective;
use arm_core::{Engine, Error};

/// Gradients that the variance is taken over: with 50 examples it is then known to about 8 %.
const DRAWS: u64 = 8;

/// The variance of the gradient of the parameters of the layers of `point`, the mean over its batch of the estimates of its
/// rows: the unbiased variance of each parameter's gradient over 8 draws, averaged over the parameters, in nats². The batch
/// is held fixed, so what is measured is the estimator's noise and not the choice of examples.
///
/// The draws follow from the engine's seed and `address`, and are those of no training step. Cost: about 8 training
/// steps on one thread.
pub fn gradient_variance<E: Estimator, O: Objective<Desktop> + Clone>(
    engine: &Engine<'_, Desktop, E>,
    point: &Point<'_, O>,
    address: u64,
) -> Result<f64, Error> {
    let mut room = Gradient::new(engine, point.examples(), point.layers);
    let mut moments = Moments::new(room.len());
    for draw in 0..DRAWS {
        let gradient = room.draw(engine, point, DOMAIN | (address * DRAWS + draw))?;
        moments.push(gradient.iter().map(|&g| f64::from(g)));
    }
    let dense = (0..point.layers).map(|i| engine.shape().dense(i));
    let parameters: usize = dense.map(|dense| dense.rows() * dense.outputs).sum();
    Ok(moments.trace(0..room.len()) / parameters as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::estimator::{Arm, DisArm};
    use arm_core::objective::Vae;
    use arm_core::{BitMatrix, Layer, Prior, Shape};

    const UNIT: [Layer; 1] = [Layer::bernoulli(1)];
    const SHAPE: Shape<'static> = Shape::vae(1, &UNIT, &UNIT, Prior::Fixed);
    const BIAS: f64 = 0.8;

    /// The mean of the measure over many addresses, for one unit with logit `BIAS`.
    fn measured<E: Estimator>(estimator: E) -> f64 {
        let engine = Engine::new(SHAPE, Desktop::new(), estimator, 5).unwrap();
        // Encoder weight and bias, decoder weight and bias; the input is 0.
        let params = [0.3, BIAS as f32, 3.0, -1.0];
        let x = BitMatrix::new(&[0], 1);
        let point = Point { objective: &Vae, params: &params, x, y: BitMatrix::NONE, layers: 1 };
        let at = |address| gradient_variance(&engine, &point, address).unwrap();
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
