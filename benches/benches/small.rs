//! Steps of small networks and the kernels they are made of: plain loops, vectors, and C where there is a compiler. They
//! take turns, and each figure is the least of its turns: other programs make a turn longer and never shorter.
//!
//! `cargo bench -p arm-benches --bench small` prints the tables of docs/speed.md; `scripts/small.sh` writes them there, with
//! `-C target-cpu=native` too.

use arm_core::estimator::Arm;
use arm_core::kernels::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient, Portable, Simd};
use arm_core::learner::Slices;
use arm_core::objective::Vae;
use arm_core::optim::{Adam, Optimiser, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{
    Activation, Batch, BitMatrix, Block, Engine, Layer, Learner, Matrix, MatrixMut, Prior, Shape, Shard,
};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Turns of each contender.
const TURNS: usize = 40;
/// Microseconds of a turn, about.
const TURN: f64 = 1000.0;

/// Inputs, hidden units on either side, stochastic units.
const NETWORKS: [[usize; 3]; 3] = [[16, 16, 8], [64, 32, 16], [180, 64, 32]];
/// Of which the kernels are.
const INPUTS: usize = NETWORKS[1][0];
const HIDDEN: usize = NETWORKS[1][1];

fn uniforms(n: usize) -> Vec<f32> {
    let mut u = vec![0.0; n];
    Stream::new(1, Purpose::Order, 0, n as u64, 0).fill(&mut u);
    u
}

/// Bits of which three in ten are one.
fn bits(n: usize) -> Vec<u32> {
    let pack = |u: &[f32]| u.iter().enumerate().fold(0, |word, (i, u)| word | u32::from(*u < 0.3) << i);
    uniforms(n).chunks(32).map(pack).collect()
}

/// Microseconds of a call, the least of a turn's parts.
fn turn(work: &mut dyn FnMut()) -> f64 {
    let mut time = |n: usize| {
        let start = Instant::now();
        (0..n).for_each(|_| work());
        1e6 * start.elapsed().as_secs_f64() / n as f64
    };
    let once = time(3).max(0.01);
    time((TURN / once).clamp(3.0, 1e5) as usize)
}

/// benches/small.c for a network, compiled as this program is.
struct Compiled(PathBuf);

impl Compiled {
    fn new([x, h, z]: [usize; 3]) -> Option<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("small.c");
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("small-{x}-{h}-{z}"));
        let native = if cfg!(target_feature = "avx") { "-march=native" } else { "-O3" };
        let mut command = Command::new("cc");
        command.args(["-O3", "-ffast-math", native]).args([format!("-DX={x}"), format!("-DH={h}")]);
        command.arg(format!("-DZ={z}")).arg(source).arg("-o").arg(&out).arg("-lm");
        command.status().is_ok_and(|status| status.success()).then_some(Compiled(out))
    }

    /// Microseconds of a call.
    fn turn(&self, what: &str, calls: usize) -> f64 {
        let output = Command::new(&self.0).args([what, &calls.to_string(), "3"]).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        text.ok().and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// The least microseconds of every contender, C last.
fn compare(rust: &mut [&mut dyn FnMut()], c: Option<(&Compiled, &str)>) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; rust.len() + usize::from(c.is_some())];
    for _ in 0..TURNS {
        for (work, least) in rust.iter_mut().zip(&mut least) {
            *least = least.min(turn(work));
        }
        if let (Some((compiled, what)), Some(last)) = (c, least.last_mut()) {
            let calls = if last.is_finite() { TURN / *last } else { 100.0 };
            *last = last.min(compiled.turn(what, calls as usize));
        }
    }
    least
}

/// The steps of [`Learner`], with other kernels.
struct Plain<'s, O> {
    engine: Engine<'s, Portable, Arm>,
    optimiser: O,
    params: Vec<f32>,
    moments: [Vec<f32>; 2],
    scratch: Vec<u32>,
    steps: u64,
}

impl<'s, O: Optimiser> Plain<'s, O> {
    fn new(shape: Shape<'s>, optimiser: O) -> Self {
        let n = shape.params();
        Plain {
            engine: Engine::new(shape, Portable, Arm, 1).expect("the shape is right"),
            optimiser,
            params: uniforms(n).iter().map(|u| 0.3 * (u - 0.5)).collect(),
            moments: [(); 2].map(|()| vec![0.0; n * O::MOMENTS / 2]),
            scratch: vec![0; shape.training_scratch(1, 1)],
            steps: 0,
        }
    }

    fn step(&mut self, x: &[u32]) {
        let (shape, step) = (self.engine.shape(), self.steps);
        let batch = Batch::new(BitMatrix::new(x, shape.inputs()), 1, 0, step);
        let mut f = [0.0];
        self.engine.examples(&mut Vae, &self.params, batch, &mut self.scratch, &mut f).expect("a finite f");
        let (trace, room) = self.engine.split_scratch(1, &mut self.scratch);
        let shards = [Shard { batch, scratch: trace }];
        for layer in 0..shape.dense_layers() {
            let dense = shape.dense(layer);
            let range = dense.offset..dense.offset + dense.len();
            let [first_moment, second_moment] =
                self.moments.each_mut().map(|m| m.get_mut(range.clone()).unwrap_or_default());
            let block =
                Block { layer, first: 0, weights: &mut self.params[range], first_moment, second_moment };
            self.engine.update(&self.optimiser, step, &shards, 1, block, room).expect("sizes are right");
        }
        self.steps += 1;
    }

    fn score(&mut self, x: &[u32]) {
        let batch = Batch::new(BitMatrix::new(x, self.engine.shape().inputs()), 1, 0, self.steps);
        let mut f = [0.0];
        let result = self.engine.evaluate(&mut Vae, &self.params, batch, 1, &mut self.scratch, &mut f);
        result.expect("a finite f");
        self.steps += 1;
    }
}

/// A row: times, and what the vectors take of elements, with the operations and bytes of one.
fn print(name: &str, times: &[f64], elements: usize, [operations, bytes]: [f64; 2]) {
    let ratio = times.get(2).map_or("| | ".to_owned(), |c| format!("| {c:.2} | **{:.2}**", times[1] / c));
    let rate = elements as f64 / times[1];
    let rest = format!("{rate:.0} | {:.1} | {:.1}", 1e-3 * rate * operations, 1e-3 * rate * bytes);
    println!("| {name} | {:.2} | {:.2} {ratio} | {rest} |", times[0], times[1]);
}

fn steps<O: Optimiser + Copy>(shape: Shape<'_>, optimiser: O, what: &str, c: Option<&Compiled>) -> Vec<f64> {
    let (mut params, mut moments) = (vec![0.0; shape.params()], vec![0.0; shape.moments::<O>()]);
    let mut scratch = vec![0; shape.scratch()];
    let memory = Slices { params: &mut params, moments: &mut moments, scratch: &mut scratch };
    let mut learner =
        Learner::new(shape, Arm, optimiser, 1, memory).expect("the memory is that of the shape");
    let mut plain = Plain::new(shape, optimiser);
    let width = shape.inputs();
    // Other inputs for each of 64 steps: rows of one long one, a word apart.
    let all = bits(width.next_multiple_of(32) + 64 * 32);
    let row = |i: usize| {
        let mut row = all[i % 64..i % 64 + width.div_ceil(32)].to_vec();
        if let (1.., Some(last)) = (width % 32, row.last_mut()) {
            *last &= u32::MAX >> (32 - width % 32);
        }
        row
    };
    let rows: Vec<Vec<u32>> = (0..64).map(row).collect();
    let (mut i, mut k) = (0, 0);
    let mut of_plain = || {
        i += 1;
        if what == "score" { plain.score(&rows[i % 64]) } else { plain.step(&rows[i % 64]) }
    };
    let mut of_learner = || {
        k += 1;
        let x = &rows[k % 64];
        let f = if what == "score" { learner.score(x, 1) } else { learner.step(x) };
        black_box(f.expect("a finite f"));
    };
    compare(&mut [&mut of_plain, &mut of_learner], c.map(|c| (c, what)))
}

/// Operands of the kernels: those of the decoder's last layer.
struct Operands {
    w: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
    x: Vec<f32>,
    b: Vec<u32>,
    y: Vec<f32>,
    u: Vec<f32>,
    packed: [Vec<u32>; 2],
    scores: Vec<f32>,
}

impl Operands {
    fn new() -> Self {
        let centred = |n| uniforms(n).iter().map(|u| u - 0.5).collect::<Vec<_>>();
        let n = (HIDDEN + 1) * INPUTS;
        Operands {
            w: centred(n),
            m: centred(n),
            v: uniforms(n),
            x: centred(HIDDEN),
            b: bits(HIDDEN),
            y: centred(INPUTS),
            u: uniforms(INPUTS),
            packed: [bits(INPUTS), bits(INPUTS)],
            scores: vec![0.0; INPUTS],
        }
    }

    fn run<K: Kernels>(&mut self, k: &K, kernel: &str) {
        // Other rows at each call, or moments of the rest fade until they are subnormal.
        self.b.iter_mut().for_each(|word| *word = word.rotate_left(1));
        let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-4, scale: 1.0, epsilon: 1e-8 };
        let weights = |w| MatrixMut::new(w, INPUTS, INPUTS);
        let w = Matrix::new(&self.w, INPUTS, INPUTS);
        let (x, b) = (Matrix::new(&self.x, HIDDEN, HIDDEN), BitMatrix::new(&self.b, HIDDEN));
        let (d, y) = (Matrix::new(&self.u, INPUTS, INPUTS), MatrixMut::new(&mut self.y, INPUTS, INPUTS));
        let [sample, partner] = &mut self.packed;
        let out = Drawn { sample, partner, score: &mut self.scores };
        match kernel {
            "affine" => k.affine(w, x, Activation::LINEAR, y),
            "affine, bits" => k.affine_bits(w, b, Activation::leaky_relu(0.1), y),
            "back" => {
                let dx = MatrixMut::new(&mut self.scores[..HIDDEN], HIDDEN, HIDDEN);
                k.back(w, d, x, Activation::leaky_relu(0.1), dx);
            }
            "gradient" => k.gradient(-1e-6, x, 0, d, weights(&mut self.w)),
            "gradient, bits" => k.gradient_bits(-1e-6, b, 0, d, weights(&mut self.w)),
            "sample" => {
                black_box(k.sample(&Arm, &self.y, &self.u, out));
            }
            "log_prob" => {
                black_box(k.log_prob(&self.y, &self.packed[0]));
            }
            "log_prob_delta" => {
                black_box(k.log_prob_delta(&mut self.y, &self.packed[0]));
            }
            _ => {
                let x = if kernel == "Adam" { Input::Real(x) } else { Input::Bits(b) };
                let blocks = [&mut self.m, &mut self.v, &mut self.w].map(|of| weights(of));
                let [m, v, w] = blocks;
                let d = Matrix::new(&self.u, self.u.len(), self.u.len());
                k.adam_rank_one(rates, &LayerGradient { x, d }, 0, &mut self.scores, AdamBlock { m, v, w });
            }
        }
    }
}

/// Kernels: name, name in C, which multiplies where bits select, elements, operations and bytes of an element.
const KERNELS: [(&str, &str, usize, f64, f64); 10] = [
    ("affine", "affine", HIDDEN * INPUTS, 2.0, 4.0),
    ("affine, bits", "affine", HIDDEN * INPUTS, 0.3, 1.2),
    ("back", "back", HIDDEN * INPUTS, 2.0, 4.0),
    ("gradient", "gradient", HIDDEN * INPUTS, 2.0, 8.0),
    ("gradient, bits", "gradient", HIDDEN * INPUTS, 0.3, 2.4),
    ("sample", "sample", INPUTS, 40.0, 12.0),
    ("log_prob", "log_prob", INPUTS, 28.0, 4.0),
    ("log_prob_delta", "log_prob_delta", INPUTS, 31.0, 8.0),
    ("Adam", "optimiser", HIDDEN * INPUTS, 14.0, 24.0),
    ("Adam, bits", "optimiser", HIDDEN * INPUTS, 10.0, 24.0),
];

fn main() {
    // `cargo test --benches` runs what it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "| network, step | plain, us | vectors, us | C, us | vectors / C | Mparameters/s | GFLOP/s | GB/s |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for [x, h, z] in NETWORKS {
        let encoder = [Layer::hidden(h, 0.1), Layer::bernoulli(z)];
        let decoder = [Layer::hidden(h, 0.1), Layer::bernoulli(x)];
        let shape = Shape::vae(x, &encoder, &decoder, Prior::Fixed);
        let c = Compiled::new([x, h, z]);
        let sgd = Sgd { rate: 1e-3 };
        let name = |what| format!("{x}-{h}-[{z}] {what}");
        let params = shape.params();
        // Products count two operations, those with bits too; parameters and moments are read once and written once.
        let [outer, inner] = [2.0 * (x * h) as f64, 2.0 * (h * z) as f64];
        let of_score = 2.0 * (outer + inner);
        let of_step = of_score + (outer + inner) + (outer + inner) + of_score;
        let rates = |flop: f64, bytes| [flop / params as f64, bytes];
        let of = |times: Vec<f64>, what, rates| print(&name(what), &times, params, rates);
        of(steps(shape, sgd, "sgd", c.as_ref()), "SGD", rates(of_step, 8.0));
        let adam = rates(of_step + 14.0 * params as f64, 24.0);
        of(steps(shape, Adam::new(1e-3), "adam", c.as_ref()), "Adam", adam);
        of(steps(shape, sgd, "score", c.as_ref()), "score", rates(of_score, 4.0));
    }
    println!(
        "\n| kernel, {HIDDEN} x {INPUTS} | plain, us | vectors, us | C, us | vectors / C | Melements/s | GFLOP/s | GB/s |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    let c = Compiled::new(NETWORKS[1]);
    for (name, in_c, elements, operations, bytes) in KERNELS {
        let [mut plain, mut vectors] = [Operands::new(), Operands::new()];
        let mut of_plain = || plain.run(&Portable, name);
        let mut of_vectors = || vectors.run(&Simd, name);
        let times = compare(&mut [&mut of_plain, &mut of_vectors], c.as_ref().map(|c| (c, in_c)));
        print(name, &times, elements, [operations, bytes]);
    }
}
