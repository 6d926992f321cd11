//! An objective of one's own: which inputs of a linear model are needed? Each has a mask, a coin flip whose logit is
//! learned together with the weights, and every input that is kept has a price.

use arm_core::kernels::{Kernels, Portable};
use arm_core::objective::{Objective, Pass, Scratch};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Shape, Shard, estimator::DisArm};

const INPUTS: usize = 12;
const ROWS: usize = 64;
const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(INPUTS)]);
/// What the data are made with: five inputs matter.
const TRUE: [f32; INPUTS] = [1.0, 0.0, 0.0, -2.0, 0.0, 0.5, 0.0, 0.0, 1.5, 0.0, 0.0, -1.0];

struct Masked<'a> {
    x: &'a [[f32; INPUTS]],
    y: &'a [f32],
    weights: [f32; INPUTS],
    gradient: [f32; INPUTS],
}

impl Masked<'_> {
    fn residual(&self, row: usize, b: Bits) -> f32 {
        self.y[row] - b.ones().map(|i| self.weights[i] * self.x[row][i]).sum::<f32>()
    }

    fn f(&self, row: usize, b: Bits) -> f32 {
        self.residual(row, b).powi(2) + 0.05 * b.count_ones() as f32
    }
}

impl<K: Kernels> Objective<K> for Masked<'_> {
    /// f of the samples.
    fn train(&mut self, pass: &Pass<K>, scratch: &mut Scratch) {
        scratch.set_f(pass, |row, b| self.f(pass.example(row), b));
    }

    /// f of second paths: of the antithetic partners here.
    fn evaluate(&mut self, pass: &Pass<K>, scratch: &mut Scratch, _from: usize, count: usize) {
        scratch.add_path_f(pass, count, |row, b| self.f(pass.example(row), b));
    }

    /// The gradient of its own weights, at the samples.
    fn back(&mut self, pass: &Pass<K>, scratch: &mut Scratch) {
        for row in 0..pass.rows() {
            let (example, b) = (pass.example(row), scratch.top_sample(pass, row));
            let residual = self.residual(example, b) * scratch.weight(pass, row);
            b.ones().for_each(|i| self.gradient[i] -= 2.0 * residual * self.x[example][i]);
        }
    }
}

fn main() -> Result<(), Error> {
    let mut random = Stream::new(1, Purpose::Initial, 0, 0, 0);
    let x: Vec<[f32; INPUTS]> =
        (0..ROWS).map(|_| [(); INPUTS].map(|()| 2.0 * random.uniform() - 1.0)).collect();
    let noise = |random: &mut Stream| 0.05 * (random.uniform() - 0.5);
    let y: Vec<f32> =
        x.iter().map(|x| x.iter().zip(TRUE).map(|(x, w)| x * w).sum::<f32>() + noise(&mut random)).collect();

    let engine = Engine::new(SHAPE, Portable, DisArm, 1)?;
    let mut masked = Masked { x: &x, y: &y, weights: [0.0; INPUTS], gradient: [0.0; INPUTS] };
    let (mut logits, mut scratch, mut f) =
        ([0.0; INPUTS], vec![0; engine.training_scratch(ROWS)], [0.0; ROWS]);
    for step in 0..=4000 {
        masked.gradient.fill(0.0);
        let batch = Batch::new(BitMatrix::NONE, ROWS, 0, step);
        engine.examples(&mut masked, &logits, batch, &mut scratch, &mut f)?;
        for (w, g) in masked.weights.iter_mut().zip(&masked.gradient) {
            *w -= 0.3 * g / ROWS as f32;
        }
        let mut g = [0.0; INPUTS];
        engine.gradient(1.0 / ROWS as f32, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
        logits.iter_mut().zip(g).for_each(|(phi, g)| *phi -= 3.0 * g);
        if step % 1000 == 0 {
            println!("step {step:4}: f {:.3}", f.iter().sum::<f32>() / ROWS as f32);
        }
    }
    for (i, (phi, w)) in logits.iter().zip(masked.weights).enumerate() {
        let kept = *phi > 0.0;
        println!("input {i:2}: {} {}", if kept { "kept" } else { "-" }, if kept { w } else { 0.0 });
        assert_eq!(kept, TRUE[i] != 0.0);
    }
    Ok(())
}
