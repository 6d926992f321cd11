//! Mean and variance of a gradient, parameter by parameter, over many draws of an estimator at fixed parameters.

use crate::kernels::Desktop;
use crate::memory::Aligned;
use arm_core::estimator::Estimator;
use arm_core::objective::Objective;
use arm_core::{Batch, BitMatrix, Engine, Error, Shape, Shard};
use cpu_time::ThreadTime;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Parts that the draws are dealt into, whatever the number of threads: so the sums are always the same.
const PARTS: u64 = 8;

/// Domain of the draws among the steps, of which no run takes so many.
pub(crate) const DOMAIN: u64 = 1 << 63;

/// Running moments (Welford; merged as by Chan, Golub & LeVeque 1983) of a vector and of its product with a direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    pub(crate) fn new(len: usize) -> Moments {
        Moments { count: 0.0, mean: vec![0.0; len], squares: vec![0.0; len] }
    }

    pub(crate) fn push(&mut self, values: impl Iterator<Item = f64>) {
        self.count += 1.0;
        for ((v, mean), squares) in values.zip(&mut self.mean).zip(&mut self.squares) {
            let from_mean = v - *mean;
            *mean += from_mean / self.count;
            *squares += from_mean * (v - *mean);
        }
    }

    fn merge(&mut self, other: &Moments) {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return;
        }
        let of_other = other.mean.iter().zip(&other.squares);
        for ((mean, squares), (m, s)) in self.mean.iter_mut().zip(&mut self.squares).zip(of_other) {
            let apart = m - *mean;
            *mean += apart * other.count / count;
            *squares += s + apart * apart * self.count * other.count / count;
        }
        self.count = count;
    }

    /// Draws taken in.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The means.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased variance of element `i`.
    pub fn variance(&self, i: usize) -> f64 {
        self.squares[i] / (self.count - 1.0).max(1.0)
    }

    /// The sum of the variances of the elements `range`.
    pub fn trace(&self, range: Range<usize>) -> f64 {
        self.squares[range].iter().sum::<f64>() / (self.count - 1.0).max(1.0)
    }
}

/// What a gradient is measured at.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a, M> {
    /// The objective.
    pub objective: &'a M,
    /// The parameters, in the layout of the engine's shape.
    pub params: &'a [f32],
    /// The batch, over which gradients are averaged.
    pub x: BitMatrix<'a>,
    /// Its targets; [`BitMatrix::NONE`] without.
    pub y: BitMatrix<'a>,
    /// Dense layers, from the first, whose gradients are taken.
    pub layers: usize,
}

impl<M> Point<'_, M> {
    /// Examples of the batch, which targets count where there is no input.
    pub(crate) fn examples(&self) -> usize {
        if self.x.cols() == 0 { self.y.height().max(1) } else { self.x.height() }
    }
}

/// The gradient of one draw; room for several threads' worth of draws is made by each of them.
pub(crate) struct Gradient {
    scratch: Aligned,
    f: Vec<f32>,
    gradient: Aligned,
}

impl Gradient {
    pub(crate) fn new<E: Estimator>(
        engine: &Engine<'_, Desktop, E>,
        examples: usize,
        layers: usize,
    ) -> Gradient {
        Gradient {
            scratch: Aligned::zeroed(engine.training_scratch(examples)),
            f: vec![0.0; examples],
            gradient: Aligned::zeroed(floats(&engine.shape(), layers)),
        }
    }

    /// Floats of the gradient, padding included.
    pub(crate) fn len(&self) -> usize {
        self.gradient.len()
    }

    pub(crate) fn draw<E: Estimator, M: Objective<Desktop> + Clone>(
        &mut self,
        engine: &Engine<'_, Desktop, E>,
        point: &Point<'_, M>,
        step: u64,
    ) -> Result<&[f32], Error> {
        let examples = point.examples();
        let batch = Batch { y: point.y, ..Batch::new(point.x, examples, 0, step) };
        engine.examples(
            &mut point.objective.clone(),
            point.params,
            batch,
            self.scratch.words_mut(),
            &mut self.f,
        )?;
        let shards = [Shard { batch, scratch: self.scratch.words() }];
        let mut rest = self.gradient.floats_mut();
        rest.fill(0.0);
        for layer in 0..point.layers {
            let dense = engine.shape().dense(layer);
            let (g, after) = rest.split_at_mut(dense.len());
            engine.gradient(1.0 / examples as f32, &shards, layer, 0, g);
            rest = after;
        }
        Ok(self.gradient.floats())
    }
}

/// Floats of the gradients of the first `layers` dense layers.
fn floats(shape: &Shape<'_>, layers: usize) -> usize {
    (0..layers).map(|i| shape.dense(i).len()).sum()
}

/// The moments of `draws` gradients at `point`, and of their product with `direction` (one element, or none without a
/// direction). The draws follow from the engine's seed and `address` and are those of no training step; the result does
/// not depend on `threads`. Errors: sizes, or an objective that is not finite.
///
/// Cost: `draws` first phases of a step, and 16 bytes a parameter for each of eight parts of the draws.
pub fn measure<E: Estimator + Sync, M: Objective<Desktop> + Clone + Sync>(
    engine: &Engine<'_, Desktop, E>,
    point: &Point<'_, M>,
    draws: u64,
    address: u64,
    direction: Option<&[f64]>,
    threads: usize,
) -> Result<(Moments, Moments), Error> {
    let len = floats(&engine.shape(), point.layers);
    let parts: Vec<_> = (0..PARTS).map(|k| draws * k / PARTS..draws * (k + 1) / PARTS).collect();
    let work = Mutex::new(parts.into_iter().enumerate());
    let done = Mutex::new(vec![None; PARTS as usize]);
    let run = || {
        let mut room = Gradient::new(engine, point.examples(), point.layers);
        loop {
            let next = work.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((k, part)) = next else { return Ok(()) };
            let (mut all, mut along) = (Moments::new(len), Moments::new(usize::from(direction.is_some())));
            for draw in part {
                let g = room.draw(engine, point, DOMAIN | address << 32 | draw)?;
                all.push(g.iter().map(|&g| f64::from(g)));
                let product = |d: &[f64]| g.iter().zip(d).map(|(&g, d)| f64::from(g) * d).sum();
                along.push(direction.map(product).into_iter());
            }
            done.lock().unwrap_or_else(PoisonError::into_inner)[k] = Some((all, along));
        }
    };
    thread::scope(|scope| {
        // A thread that cannot be had is done without: this one takes its parts.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let result = run();
        others.into_iter().fold(result, |r, w| r.and(w.join().unwrap_or(Err(Error::Unsupported))))
    })?;
    let parts = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut total = (Moments::new(len), Moments::new(usize::from(direction.is_some())));
    for (all, along) in parts.into_iter().flatten() {
        total.0.merge(&all);
        total.1.merge(&along);
    }
    Ok(total)
}

/// Lets an estimator that learns do so for `steps` steps at `point`, whose parameters stay as they are.
pub fn warm_up<E: Estimator, M: Objective<Desktop> + Clone>(
    engine: &mut Engine<'_, Desktop, E>,
    point: &Point<'_, M>,
    steps: u64,
) -> Result<(), Error> {
    if engine.statistics_per_example() == 0 {
        return Ok(());
    }
    let examples = point.examples();
    let mut room = Gradient::new(engine, examples, 0);
    for step in 0..steps {
        room.draw(engine, &Point { layers: 0, ..*point }, step)?;
        let statistics = engine.statistics(examples, room.scratch.words()).to_vec();
        engine.learn(step, &statistics);
        engine.observe(room.f.iter().sum::<f32>() / examples.max(1) as f32);
    }
    Ok(())
}

/// Seconds of processor time that one gradient takes on this thread, the median of `repeats`: other programs do not count.
pub fn seconds<E: Estimator, M: Objective<Desktop> + Clone>(
    engine: &Engine<'_, Desktop, E>,
    point: &Point<'_, M>,
    repeats: u64,
) -> Result<f64, Error> {
    let mut room = Gradient::new(engine, point.examples(), point.layers);
    let mut times = Vec::new();
    for step in 0..repeats.max(1) {
        let started = ThreadTime::now();
        room.draw(engine, point, step)?;
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::estimator::{DisArm, Exact};
    use arm_core::objective::Vae;
    use arm_core::{Layer, Prior};

    const ENCODER: [Layer; 1] = [Layer::bernoulli(4)];
    const DECODER: [Layer; 1] = [Layer::bernoulli(6)];
    const SHAPE: Shape<'static> = Shape::vae(6, &ENCODER, &DECODER, Prior::Learned);

    #[test]
    fn parts_merge_to_the_whole() {
        let values = |i: u32| [f64::from(i * i % 17), f64::from(i) * 0.3 + 1e6];
        let (mut whole, mut left, mut right) = (Moments::new(2), Moments::new(2), Moments::new(2));
        for i in 0..40 {
            whole.push(values(i).into_iter());
            if i < 11 { &mut left } else { &mut right }.push(values(i).into_iter());
        }
        left.merge(&right);
        left.merge(&Moments::new(2));
        for i in 0..2 {
            assert!((left.mean[i] - whole.mean[i]).abs() < 1e-9);
            assert!((left.variance(i) / whole.variance(i) - 1.0).abs() < 1e-9);
        }
    }

    /// One z-score of a fixed seed: another would fail with probability 4e-8.
    #[test]
    fn the_mean_is_the_exact_gradient_for_any_number_of_threads() {
        let params: Vec<f32> = (0..SHAPE.params()).map(|i| (i as f32 * 1.7).sin()).collect();
        let words = [0b10_1101, 0b01_0110, 0b11_0000];
        let point = Point {
            objective: &Vae,
            params: &params,
            x: BitMatrix::new(&words, 6),
            y: BitMatrix::NONE,
            layers: 3,
        };
        let exact = Engine::new(SHAPE, Desktop::new(), Exact::new(&SHAPE).unwrap(), 1).unwrap();
        let (truth, _) = measure(&exact, &point, 2, 0, None, 1).unwrap();
        assert!(truth.trace(0..truth.mean().len()) < 1e-12);
        let engine = Engine::new(SHAPE, Desktop::new(), DisArm, 1).unwrap();
        let of = |threads| measure(&engine, &point, 4000, 7, Some(truth.mean()), threads).unwrap();
        let (all, along) = of(1);
        assert_eq!((all.clone(), along.clone()), of(3));
        assert!(all.count() == 4000.0 && all.trace(0..28) > 0.0);
        let norm: f64 = truth.mean().iter().map(|g| g * g).sum();
        let z = (along.mean()[0] - norm) / (along.variance(0) / along.count()).sqrt();
        assert!(z.abs() < 5.5, "{z}");
        assert!(measure(&engine, &Point { params: &params[1..], ..point }, 4, 0, None, 2).is_err());
    }
}
