use super::memory::memory;
use super::*;
use crate::estimators::{AnyEstimator, BaselineName, Choice, EstimatorName};
use crate::kernels::Level;
use arm_core::objective::Vae;
use arm_core::optim::{Adam, Momentum, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Layer, Prior};

const ENCODER: [Layer; 3] = [Layer::hidden(37, 0.1), Layer::bernoulli(33), Layer::bernoulli(18)];
const DECODER: [Layer; 3] = [Layer::bernoulli(33), Layer::hidden(21, 0.1), Layer::bernoulli(70)];
const SHAPE: Shape<'static> = Shape::vae(70, &ENCODER, &DECODER, Prior::Learned);

fn batch(rows: usize, step: u64) -> Vec<u32> {
    let mut rng = Stream::new(5, Purpose::Initial, step, 0, 0);
    let mut words = vec![0; rows * 3];
    for row in words.chunks_mut(3) {
        for i in 0..70 {
            row[i / 32] |= u32::from(rng.uniform() < 0.3) << (i % 32);
        }
    }
    words
}

/// ARM, or leave-one-out of three samples.
fn any(name: EstimatorName) -> AnyEstimator {
    Choice { name, samples: 3, baseline: BaselineName::None }.estimator(&SHAPE).unwrap()
}

/// Bits of the parameters and of f after a few steps of `rows`, 3 and again `rows` examples.
fn trained<O: Optimiser>(
    name: EstimatorName,
    optimiser: O,
    kernels: Desktop,
    rows: usize,
    threads: usize,
) -> Vec<u32> {
    let mut driver = Driver::new(SHAPE, any(name), Vae, optimiser, 1, rows, threads).unwrap();
    driver.set_kernels(kernels);
    let mut bits = vec![];
    for step in 0..8 {
        let rows = if step == 4 { 3 } else { rows };
        let words = batch(rows, step);
        bits.push(driver.step(BitMatrix::new(&words, 70), rows).unwrap().to_bits());
    }
    bits.extend(driver.params().iter().map(|p| p.to_bits()));
    bits
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        for rows in [1, 7, 50] {
            let arm = trained(EstimatorName::Arm, Adam::new(1e-2), kernels, rows, 1);
            let momentum = Momentum { rate: 0.01, momentum: 0.9 };
            let rloo = trained(EstimatorName::Rloo, momentum, kernels, rows, 1);
            let sgd = trained(EstimatorName::Arm, Sgd { rate: 0.01 }, kernels, rows, 1);
            assert!(arm != rloo && arm != sgd);
            for threads in [2, 3, 5] {
                assert_eq!(trained(EstimatorName::Arm, Adam::new(1e-2), kernels, rows, threads), arm);
                assert_eq!(trained(EstimatorName::Rloo, momentum, kernels, rows, threads), rloo);
                assert_eq!(trained(EstimatorName::Arm, Sgd { rate: 0.01 }, kernels, rows, threads), sgd);
            }
        }
    }
}

#[test]
fn memory_is_what_a_driver_keeps() {
    for (batch, threads) in [(7, Threads::Fixed(1)), (1, Threads::Fixed(2)), (50, Threads::Measured(3))] {
        let mut driver =
            Driver::new(SHAPE, any(EstimatorName::Rloo), Vae, Adam::new(1e-2), 1, batch, threads).unwrap();
        // Each number of threads makes its trace when it is first used.
        let words = self::batch(batch, 0);
        for _ in 0..5000 {
            driver.step(BitMatrix::new(&words, 70), batch).unwrap();
            let made = |s: &Split<Vae>| s.shares.len().min(batch) == 1 || !s.trace.is_empty();
            if driver.splits.iter().all(made) {
                break;
            }
        }
        let splits = driver.splits.iter_mut();
        let scratch = splits.map(|split| {
            split.trace.len() + split.shares.iter_mut().map(|s| get(s).scratch.len()).sum::<usize>()
        });
        let scratch: usize = scratch.sum();
        let gradient_buffers: usize = driver.gradient_buffers.iter().map(Aligned::len).sum();
        let floats = driver.params.len() + driver.moments.len() + scratch + gradient_buffers;
        assert_eq!(memory(&driver.engine, batch, threads, false), 4 * floats, "{batch} {threads}");
        let gradient = driver.params.len();
        if threads == Threads::Fixed(1) {
            assert_eq!(memory(&driver.engine, batch, threads, true), 4 * (floats + gradient));
        }
    }
}

#[test]
fn a_refused_step_changes_nothing() {
    let mut driver = Driver::new(SHAPE, any(EstimatorName::Arm), Vae, Adam::new(1e-2), 1, 4, 2).unwrap();
    let words = batch(4, 0);
    let x = BitMatrix::new(&words, 70);
    driver.step(x, 4).unwrap();
    driver.params_mut()[0] = f32::INFINITY;
    let before = (driver.params().to_vec(), driver.moments().to_vec());
    assert_eq!(driver.step(x, 4), Err(Error::Objective));
    assert_eq!(driver.step(x, 5), Err(Error::Size { needed: 5, given: 4 }));
    let narrow = BitMatrix::new(&words, 69);
    assert_eq!(driver.step(narrow, 4), Err(Error::Width { needed: 70, given: 69 }));
    assert_eq!((driver.params(), driver.moments(), driver.steps()), (&before.0[..], &before.1[..], 1));
    driver.params_mut()[0] = 0.0;
    driver.step(x, 4).unwrap();
}

#[test]
fn the_bound_improves() {
    let mut driver = Driver::new(SHAPE, any(EstimatorName::Arm), Vae, Adam::new(1e-2), 1, 20, 2).unwrap();
    let words = batch(20, 0);
    let x = BitMatrix::new(&words, 70);
    let first = driver.step(x, 20).unwrap();
    let last = (0..600).map(|_| driver.step(x, 20).unwrap()).last().unwrap();
    assert!(last < 0.8 * first, "{first} {last}");
}
