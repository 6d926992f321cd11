//! Initial parameters.

use crate::error::{Error, exact_size};
use crate::numeric::chunks::chunks_mut;
use crate::numeric::math::ln;
use crate::numeric::number::{Float, Numbers};
use crate::numeric::rng::{Purpose, Stream};
use crate::numeric::window::window_mut;
use crate::shape::Shape;

/// Draws weights from the Glorot uniform law, U(-r, r) with r = sqrt(6 / (inputs + outputs)); biases and prior logits
/// are zero (Glorot & Bengio, AISTATS 2010, eq. 16). Errors: the shape, or the number of parameters.
pub fn glorot(shape: &Shape<'_>, seed: u64, params: &mut [f32]) -> Result<(), Error> {
    draw::<Float>(shape, seed, params)
}

/// [`glorot`] for numbers of any kind.
#[inline(always)]
pub fn draw<N: Numbers>(shape: &Shape<'_>, seed: u64, params: &mut [N::Weight]) -> Result<(), Error> {
    shape.check()?;
    exact_size(shape.params(), params.len())?;
    for i in 0..shape.dense_layers() {
        let dense = shape.dense(i);
        let radius = N::radius(dense.inputs + dense.outputs);
        let layer = window_mut(params, dense.offset..);
        let mut stream = Stream::new(seed, Purpose::Initial, 0, 0, i);
        for (k, row) in chunks_mut(layer, dense.stride).enumerate().take(dense.rows()) {
            for (j, w) in row.iter_mut().enumerate() {
                let weight = k < dense.inputs && j < dense.outputs;
                *w = if weight { N::initial(&mut stream, radius) } else { N::ZERO };
            }
        }
    }
    Ok(())
}

/// Sets the biases of the output layer to the logits of the mean of the data (of the targets, for a conditional
/// network), clipped to [0.001, 0.999]: what Dong, Mnih & Tucker (NeurIPS 2020) start from. Errors: a shape without output,
/// the number of means, a mean that is NaN ([`Error::Setting`]).
pub fn output_bias(shape: &Shape<'_>, means: &[f32], params: &mut [f32]) -> Result<(), Error> {
    shape.check()?;
    exact_size(shape.params(), params.len())?;
    let dense = shape.dense(shape.network_layers().saturating_sub(1));
    if shape.decoder().is_empty() {
        return Err(Error::Shape);
    }
    exact_size(dense.outputs, means.len())?;
    if means.iter().any(|m| m.is_nan()) {
        return Err(Error::Setting);
    }
    let biases = window_mut(params, dense.offset + dense.inputs * dense.stride..);
    for (bias, mean) in biases.iter_mut().zip(means) {
        let p = mean.clamp(0.001, 0.999);
        *bias = ln(p / (1.0 - p));
    }
    Ok(())
}

#[cfg(all(test, feature = "batch", feature = "prior"))]
mod tests {
    extern crate std;
    use super::*;
    use crate::shape::{Layer, Prior};

    #[test]
    fn output_biases_are_logits_of_the_clipped_means() {
        let (encoder, decoder) = ([Layer::bernoulli(2)], [Layer::bernoulli(3)]);
        let shape = Shape::vae(3, &encoder, &decoder, Prior::Learned).padded(4);
        let mut params = std::vec![0.0; shape.params()];
        output_bias(&shape, &[0.0, 0.5, 2.0], &mut params).unwrap();
        let dense = shape.dense(1);
        let start = dense.offset + 2 * dense.stride;
        let biases = &params[start..start + 4];
        // 0.999 is rounded by up to half an ULP, 3e-8, which is 3e-5 of 1 - 0.999.
        assert!(biases.iter().zip([-6.906_755, 0.0, 6.906_755, 0.0]).all(|(b, e)| (b - e).abs() < 3e-5));
        assert_eq!(params.iter().filter(|p| **p != 0.0).count(), 2);
        assert_eq!(output_bias(&shape, &[0.5, f32::NAN, 0.5], &mut params), Err(Error::Setting));
        assert!(output_bias(&shape, &[0.5; 2], &mut params).is_err());
        assert!(output_bias(&Shape::chain(3, &encoder), &[0.5; 2], &mut [0.0; 8]).is_err());
    }

    #[test]
    fn the_law_and_the_zeros() {
        let encoder = [Layer::bernoulli(40)];
        let decoder = [Layer::bernoulli(60)];
        let shape = Shape::vae(60, &encoder, &decoder, Prior::Learned);
        let mut params = std::vec![9.0; shape.params()];
        glorot(&shape, 3, &mut params).unwrap();
        let radius = (6.0f32 / 100.0).sqrt();
        let weights = &params[..2400];
        assert!(weights.iter().all(|w| w.abs() < radius && *w != 0.0));
        let second = weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / 2400.0;
        assert!((second / f64::from(radius * radius / 3.0) - 1.0).abs() < 0.1);
        assert!(params[2400..2440].iter().chain(&params[params.len() - 100..]).all(|&b| b == 0.0));
        // Padding does not change a weight.
        let wide = shape.padded(16);
        let mut padded = std::vec![9.0; wide.params()];
        glorot(&wide, 3, &mut padded).unwrap();
        assert_eq!(padded[48 * 59..48 * 59 + 40], params[40 * 59..40 * 60]);
        assert!(padded[40..48].iter().all(|&w| w == 0.0));
        assert!(glorot(&shape, 3, &mut params[1..]).is_err());
    }
}
