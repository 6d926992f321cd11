//! What a device must compute, bit for bit.

use crate::{Network, NumbersName};
use arm_core::codec::Stored;
use arm_core::estimator::Arm;
use arm_core::kernels::WeightOf;
use arm_core::learner::Slices;
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Estimates, Learner};

/// Inputs and what a [`Learner`] with ARM and seed [`SEED`](Self::SEED) makes of them, in this order: after loading the
/// bytes it scores each input, bounds each, and then learns each by gradient descent.
#[derive(Clone, Debug, PartialEq)]
pub struct Golden {
    /// Packed inputs: [`INPUTS`](Self::INPUTS) samples from the model, or of a conditional network random bits.
    pub inputs: Vec<Vec<u32>>,
    /// Packed targets of a conditional network, random bits; empty for any other.
    pub targets: Vec<Vec<u32>>,
    /// [`Learner::score`] with one sample: the -ELBO in nats. Of a conditional network [`Learner::score_conditional`], and so on.
    pub neg_elbo: Vec<f32>,
    /// [`Learner::score`] with [`SAMPLES`](Self::SAMPLES) samples.
    pub bound: Vec<f32>,
    /// What [`Learner::step`] returns for one input after the other, with the rate [`RATE`](Self::RATE).
    pub learned: Vec<f32>,
}

impl Golden {
    /// Number of inputs.
    pub const INPUTS: usize = 8;
    /// Seed of the learner.
    pub const SEED: u64 = 1;
    /// Samples of the bound.
    pub const SAMPLES: u32 = 10;
    /// Learning rate.
    pub const RATE: f32 = 0.01;

    /// Computes it with the kernels that devices have.
    pub(crate) fn of(network: &Network, numbers: NumbersName, bytes: &[u8]) -> Result<Golden, Error> {
        let (shape, sgd) = (network.shape(), Sgd { rate: Self::RATE });
        // Enough for floats is enough for shorter numbers.
        let mut scratch = vec![0; shape.scratch()];
        match numbers {
            NumbersName::F32 => {
                let mut params = vec![0.0; shape.params()];
                let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
                let learner = Learner::new(shape, Arm, sgd, Self::SEED, memory)?;
                Self::by(learner, network, bytes)
            }
            NumbersName::I16 => {
                let mut params = vec![0; shape.params()];
                let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
                let learner = Learner::integer(shape, Arm, sgd, Self::SEED, memory)?;
                Self::by(learner, network, bytes)
            }
        }
    }

    /// What this learner computes.
    fn by<K>(
        mut learner: Learner<'_, '_, Arm, Sgd, K>,
        network: &Network,
        bytes: &[u8],
    ) -> Result<Golden, Error>
    where
        K: Estimates,
        WeightOf<K>: Stored,
        Vae: Objective<K>,
        Conditional: Objective<K>,
    {
        let shape = network.shape();
        learner.load_bytes(bytes)?;
        let mut p = vec![0.5; network.inputs];
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for i in 0..Self::INPUTS as u64 {
            if !network.conditional {
                learner.sample(i, &mut p)?;
            }
            let mut stream = Stream::new(Self::SEED, Purpose::Generate, u64::MAX, i, 0);
            inputs.push(drawn(&mut stream, &p));
            targets.push(drawn(&mut stream, &vec![0.5; shape.targets()]));
        }
        let score = |learner: &mut Learner<'_, '_, Arm, Sgd, K>, x: &[u32], y: &[u32], samples| {
            if network.conditional {
                learner.score_conditional(x, y, samples)
            } else {
                learner.score(x, samples)
            }
        };
        let all = || inputs.iter().zip(&targets);
        let neg_elbo = all().map(|(x, y)| score(&mut learner, x, y, 1));
        let neg_elbo = neg_elbo.collect::<Result<_, Error>>()?;
        let bound = all().map(|(x, y)| score(&mut learner, x, y, Self::SAMPLES));
        let bound = bound.collect::<Result<_, Error>>()?;
        let step = |(x, y): (&Vec<u32>, &Vec<u32>)| {
            if network.conditional { learner.step_conditional(x, y) } else { learner.step(x) }
        };
        let learned = all().map(step).collect::<Result<_, Error>>()?;
        targets.retain(|y| !y.is_empty());
        Ok(Golden { inputs, targets, neg_elbo, bound, learned })
    }
}

/// Packed bits that are one with these probabilities.
fn drawn(stream: &mut Stream, p: &[f32]) -> Vec<u32> {
    let mut x = vec![0u32; p.len().div_ceil(32)];
    for (unit, p) in p.iter().enumerate() {
        x[unit / 32] |= u32::from(stream.uniform() < *p) << (unit % 32);
    }
    x
}
