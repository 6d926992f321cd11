//! What a conditional network predicts.

use crate::kernels::Desktop;
use crate::measure::Unfinished;
use crate::memory::Aligned;
use crate::network::{Model, SplitRows};
use arm_core::estimator::Arm;
use arm_core::{Batch, Engine, Error};

/// The probability p(y = 1 | x) of each target of a conditional network, a row for each of the first `count` of `rows`: the mean
/// of p(y = 1 | b) over `samples` samples of the chain given the input x. Targets among `rows` are not read. Errors: another kind
/// of network, or inputs of another width; `leave`, which is
/// asked every 64 samples, wants to leave.
///
/// Cost: a pass through the network for each sample of a row.
pub fn predictions(
    model: &Model,
    rows: &SplitRows<'_>,
    count: usize,
    samples: u64,
    seed: u64,
    leave: &mut dyn FnMut() -> bool,
) -> Result<Vec<f32>, Unfinished> {
    let engine = Engine::new(model.network.shape(), Desktop::new(), Arm, seed)?;
    if !engine.shape().is_conditional() {
        return Err(Error::Shape.into());
    }
    let targets = engine.shape().targets();
    let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(1, 1));
    let (mut means, mut one) = (vec![0.0; count * targets], vec![0.0; targets]);
    for (row, mean) in means.chunks_mut(targets.max(1)).enumerate() {
        for sample in 0..samples {
            if sample % 64 == 0 && leave() {
                return Err(Unfinished::Left);
            }
            let batch = Batch::new(rows.x(row..row + 1), 1, row as u64, sample);
            engine.reconstruct(&model.params, batch, scratch.words_mut(), &mut one)?;
            mean.iter_mut().zip(&one).for_each(|(mean, p)| *mean += p / samples as f32);
        }
    }
    Ok(means)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn they_are_means_over_the_samples_of_each_input() {
        let network: Network = "2-[1]-1".parse().unwrap();
        // q = sigmoid(8 x0), p = sigmoid(6 b - 3); the second input counts for nothing.
        let model = Model::new(network, vec![8.0, 0.0, 0.0, 6.0, -3.0]);
        let words = [0b00, 0b01, 0b10];
        let rows = SplitRows::new(&model.network.shape(), &words, 2);
        let p = predictions(&model, &rows, 3, 4000, 1, &mut || false).unwrap();
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let of = |q: f64| q * sigmoid(3.0) + (1.0 - q) * sigmoid(-3.0);
        // Six standard errors: sd at most 0.46, by the root of 4000.
        for (p, q) in p.iter().zip([0.5, sigmoid(8.0), 0.5]) {
            assert!((f64::from(*p) - of(q)).abs() < 0.044, "{p} {q}");
        }
        let mut asked = 0;
        let mut leave = |at: usize| {
            predictions(&model, &rows, 3, 100, 1, &mut || {
                asked += 1;
                asked == at
            })
        };
        assert!(leave(5) == Err(Unfinished::Left) && leave(0).is_ok());
        let vae = crate::cases::model();
        assert_eq!(predictions(&vae, &rows, 1, 1, 1, &mut || false), Err(Error::Shape.into()));
    }
}
