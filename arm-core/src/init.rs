//! Initial parameters.

use crate::error::{Error, exact_size};
use crate::math::sqrt;
use crate::parts::parts_mut;
use crate::rng::{Purpose, Stream};
use crate::shape::Shape;

/// Draws weights from the Glorot uniform law, U(-r, r) with r = sqrt(6 / (inputs + outputs)); biases and prior logits
/// are zero (Glorot & Bengio, AISTATS 2010, eq. 16). Errors: the shape, or the number of parameters.
pub fn glorot(shape: &Shape<'_>, seed: u64, params: &mut [f32]) -> Result<(), Error> {
    shape.check()?;
    exact_size(shape.params(), params.len())?;
    params.fill(0.0);
    for i in 0..shape.network_layers() {
        let dense = shape.dense(i);
        let radius = sqrt(6.0 / (dense.inputs + dense.outputs) as f32);
        let weights =
            params.get_mut(dense.offset..dense.offset + dense.inputs * dense.stride).unwrap_or_default();
        let mut stream = Stream::new(seed, Purpose::Initial, 0, 0, i);
        for row in parts_mut(weights, dense.stride) {
            for w in row.iter_mut().take(dense.outputs) {
                *w = (2.0 * stream.uniform() - 1.0) * radius;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::shape::{Layer, Prior};

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
