//! Training steps to be timed: what `arm train` does for each, on generated bits or on a data set.

use arm_core::estimator::Arm;
use arm_core::objective::Vae;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{BitMatrix, Error, Layer};
use arm_std::data::BitTable;
use arm_std::driver::{Driver, Threads};
use arm_std::network::{Network, Preset};
use std::time::Instant;

/// Units of the input.
pub const INPUTS: usize = 784;

/// The share of ones of generated rows: that of binarised MNIST.
pub const DENSITY: f32 = 0.13;

/// A table of random bits, each one with probability `density`.
pub fn random_bits(rows: usize, cols: usize, density: f32, seed: u64) -> BitTable {
    let mut table = BitTable::new(rows, cols);
    let mut u = vec![0.0; cols];
    for row in 0..rows {
        Stream::new(seed, Purpose::Order, 1, row as u64, 0).fill(&mut u);
        for (word, u) in table.row_mut(row).iter_mut().zip(u.chunks(32)) {
            *word = u.iter().enumerate().fold(0, |word, (i, &u)| word | u32::from(u < density) << i);
        }
    }
    table
}

/// A preset with other widths between its ends.
pub fn network(preset: Preset, inputs: usize, width: usize) -> Network {
    let mut network = preset.network(inputs);
    let ends = network.decoder.len() - 1;
    for layer in network.encoder.iter_mut().chain(&mut network.decoder[..ends]) {
        *layer = match *layer {
            Layer::Hidden { activation, .. } => Layer::Hidden { width, activation },
            _ => Layer::bernoulli(width),
        };
    }
    network
}

/// Floating-point operations of a step's matrix products for one example, two for a multiplication and its addition.
/// Products with the input, most of whose bits are zero, count as nothing; those with samples count in full.
pub fn dense_flops(network: &Network) -> usize {
    let shape = network.shape();
    let layers = shape.stochastic_layers();
    let mut products = 0;
    for link in 0..2 * layers {
        // The layer whose sample the link reads; its branches, one a layer, evaluate the link again.
        let (input, passes) =
            if link < layers { (link == 0, link + 1) } else { (false, 2 * layers - link + 1) };
        let (first, last) = shape.link(link);
        for i in first..=last {
            let dense = shape.dense(i);
            let (forward, gradient) = if input && i == first { (0, 0) } else { (passes, 1) };
            let back = usize::from(i > first);
            products += (forward + gradient + back) * (dense.rows() - 1) * dense.outputs;
        }
    }
    2 * products
}

/// A model in training on random batches of a table.
#[derive(Debug)]
pub struct Steps<'a> {
    driver: Driver<'a, Arm, Vae>,
    table: &'a BitTable,
    order: Vec<u32>,
    next: usize,
    words: Vec<u32>,
    batch: usize,
}

impl<'a> Steps<'a> {
    /// A fresh model. Errors: the shape, or a batch that the table does not fill.
    pub fn new(
        network: &'a Network,
        table: &'a BitTable,
        batch: usize,
        threads: impl Into<Threads>,
    ) -> Result<Self, Error> {
        if batch == 0 || batch > table.rows() {
            return Err(Error::Setting);
        }
        let driver = Driver::new(network.shape(), Arm, Vae, Adam::new(1e-4), 1, batch, threads)?;
        let mut order: Vec<u32> = (0..table.rows() as u32).collect();
        let mut stream = Stream::new(1, Purpose::Order, 0, 0, 0);
        for i in (1..order.len()).rev() {
            order.swap(i, stream.below(i as u32 + 1) as usize);
        }
        Ok(Steps { driver, table, order, next: 0, words: vec![0; batch * table.words_per_row()], batch })
    }

    /// Takes `steps` steps. Returns the mean -ELBO of their batches, in nats.
    pub fn run(&mut self, steps: usize) -> Result<f64, Error> {
        let mut sum = 0.0;
        for _ in 0..steps {
            if self.next + self.batch > self.order.len() {
                self.next = 0;
            }
            self.table.gather(&self.order[self.next..self.next + self.batch], &mut self.words);
            self.next += self.batch;
            sum += f64::from(self.driver.step(BitMatrix::new(&self.words, self.table.cols()), self.batch)?);
        }
        Ok(sum / steps as f64)
    }

    /// Steps per second of `steps` steps, and their mean -ELBO.
    pub fn time(&mut self, steps: usize) -> Result<(f64, f64), Error> {
        let start = Instant::now();
        let neg_elbo = self.run(steps)?;
        Ok((steps as f64 / start.elapsed().as_secs_f64(), neg_elbo))
    }
}

/// The middle value, or the upper of two; NaN for none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flops_are_those_counted_by_hand() {
        let flops = |preset| dense_flops(&network(preset, INPUTS, 200)) / 2;
        assert_eq!(flops(Preset::Linear), 3 * 156_800);
        assert_eq!(flops(Preset::Nonlinear), 3 * (2 * 40_000) + 3 * 40_000 + 4 * (40_000 + 156_800));
        assert_eq!(flops(Preset::TwoLayer), 3 * 40_000 + 4 * 40_000 + 3 * 156_800);
    }

    #[test]
    fn steps_run_over_the_end_of_the_table() {
        let (network, table) = (network(Preset::TwoLayer, 40, 9), random_bits(50, 40, DENSITY, 0));
        assert!((table.density() - f64::from(DENSITY)).abs() < 0.03);
        let run = |threads| Steps::new(&network, &table, 20, threads).unwrap().run(7).unwrap();
        assert!(run(1).is_finite() && run(1) == run(2));
        assert_eq!(Steps::new(&network, &table, 51, 1).map(|_| ()), Err(Error::Setting));
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(vec![]).is_nan());
    }
}
