//! The bits of [`Portable`], on random shapes, strides, first rows and numbers.

extern crate std;
use super::Simd;
use crate::estimator::{Arm, Arms, DisArm, DrawRule, Reinforce};
use crate::feature::RAGGED;
use crate::kernels::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient, MomentumBlock, Portable};
use crate::numeric::bits::words;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::rng::{Purpose, Stream};
use crate::shape::Activation;
use std::vec::Vec;

const LEAKY: Activation = Activation::leaky_relu(0.1);

const RATES: AdamRates = AdamRates { beta1: 0.9, beta2: 0.99, rate: 0.01, scale: 1.5, epsilon: 1e-8 };

/// Zero, or a number of any magnitude that a network has, down to a multiple of 2^-63.
fn number(random: &mut Stream) -> f32 {
    let size = (1u32 << random.below(24)) as f32 / (1u64 << 39) as f32;
    match random.below(8) {
        0 => 0.0,
        1 => (random.uniform() - 0.5) * 64.0,
        2 => (random.uniform() - 0.5) * 1e-7,
        _ => (random.uniform() - 0.5) * size * 16_777_216.0,
    }
}

fn numbers(random: &mut Stream, n: usize) -> Vec<f32> {
    (0..n).map(|_| number(random)).collect()
}

/// Bits, of which those behind the last unit do not count.
fn random_bits(random: &mut Stream, rows: usize, cols: usize) -> Vec<u32> {
    let word = |random: &mut Stream| (0..32).fold(0, |word, i| word | u32::from(random.below(3) == 0) << i);
    (0..rows * words(cols)).map(|_| word(random)).collect()
}

/// Everything that was computed, by its bits.
fn bits(of: &[&[f32]]) -> Vec<u32> {
    let bits = |x: &f32| if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
    of.iter().flat_map(|of| of.iter().map(bits)).collect()
}

struct Case {
    examples: usize,
    inputs: usize,
    outputs: usize,
    stride: usize,
    w: Vec<f32>,
    x: Vec<f32>,
    b: Vec<u32>,
    d: Vec<f32>,
    target: Vec<u32>,
    uniforms: Vec<f32>,
    a: f32,
    from: usize,
    rows: usize,
}

impl Case {
    fn new(random: &mut Stream) -> Self {
        let side = |random: &mut Stream| match random.below(4) {
            0 => 1 + random.below(8) as usize,
            1 => 16 * (1 + random.below(9) as usize),
            _ => 1 + random.below(150) as usize,
        };
        let examples = if crate::feature::BATCH { 1 + random.below(3) as usize } else { 1 };
        let (inputs, outputs) = (side(random), side(random));
        let stride = outputs + random.below(4) as usize;
        let from = random.below(inputs as u32 + 1) as usize;
        let mut uniforms = std::vec![0.0; outputs];
        random.fill(&mut uniforms);
        Case {
            examples,
            inputs,
            outputs,
            stride,
            w: numbers(random, (inputs + 1) * stride),
            x: numbers(random, examples * inputs),
            b: random_bits(random, examples, inputs),
            d: numbers(random, examples * outputs),
            target: random_bits(random, 1, outputs),
            uniforms,
            a: number(random),
            from,
            rows: 1 + random.below((inputs + 1 - from) as u32) as usize,
        }
    }

    fn products<K: Kernels>(&self, k: &K) -> Vec<u32> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let w = Matrix::new(&self.w, self.stride, outputs);
        let (x, d) = (Matrix::new(&self.x, inputs, inputs), Matrix::new(&self.d, outputs, outputs));
        let packed = BitMatrix::new(&self.b, inputs);
        let [mut y, mut z] = [(); 2].map(|()| std::vec![0.0; self.d.len()]);
        k.affine(w, x, LEAKY, MatrixMut::new(&mut y, outputs, outputs));
        k.affine_bits(w, packed, LEAKY, MatrixMut::new(&mut z, outputs, outputs));
        let mut back = std::vec![0.0; self.x.len()];
        k.back(w, d, x, LEAKY, MatrixMut::new(&mut back, inputs, inputs));
        let mut g = self.w.clone();
        let part = self.from * self.stride..(self.from + self.rows) * self.stride;
        let rows = MatrixMut::new(&mut g[part.clone()], self.stride, outputs);
        k.gradient(self.a, x, self.from, d, rows);
        let rows = MatrixMut::new(&mut g[part], self.stride, outputs);
        k.gradient_bits(self.a, packed, self.from, d, rows);
        bits(&[&y, &z, &back, &g])
    }

    fn units<K: Kernels, E: DrawRule>(&self, k: &K, rule: &E) -> Vec<u32> {
        let logits = &self.d[..self.outputs];
        let n = words(self.outputs);
        let [mut sample, mut partner, mut drawn] = [(); 3].map(|()| std::vec![0; n]);
        let (mut score, mut delta) = (std::vec![0.0; self.outputs], logits.to_vec());
        let out = Drawn { sample: &mut sample, partner: &mut partner, score: &mut score };
        let (p, q) = k.sample(rule, logits, &self.uniforms, out);
        let sums = [
            p,
            q,
            k.draw(rule, logits, &self.uniforms, &mut drawn),
            k.log_prob(logits, &self.target),
            k.log_prob_delta(&mut delta, &self.target),
        ];
        let mut all = bits(&[&sums, &score, &delta]);
        all.extend([sample, partner, drawn].concat());
        all
    }

    fn updates<K: Kernels>(&self, k: &K) -> Vec<u32> {
        let part = self.from * self.stride..(self.from + self.rows) * self.stride;
        let [mut w, mut m, mut v] = [(); 3].map(|()| self.w[part.clone()].to_vec());
        v.iter_mut().for_each(|v| *v = v.abs());
        let g = &self.w[..part.len()];
        k.axpy(self.a, g, &mut w);
        k.momentum(0.1, 0.5, g, &mut m, &mut w);
        k.adam(RATES, g, &mut m, &mut v, &mut w);
        let mut room = std::vec![0.0; self.outputs];
        let d = Matrix::new(&self.d[..self.outputs], self.outputs, self.outputs);
        let real = Input::Real(Matrix::new(&self.x[..self.inputs], self.inputs, self.inputs));
        let packed = Input::Bits(BitMatrix::new(&self.b[..words(self.inputs)], self.inputs));
        for x in [real, packed] {
            let blocks = [&mut m, &mut v, &mut w].map(|x| MatrixMut::new(x, self.stride, self.outputs));
            let [m, v, w] = blocks;
            k.adam_rank_one(RATES, &LayerGradient { x, d }, self.from, &mut room, AdamBlock { m, v, w });
        }
        for x in [real, packed] {
            let [m, w] = [&mut m, &mut w].map(|x| MatrixMut::new(x, self.stride, self.outputs));
            k.momentum_rank_one(
                0.1,
                0.5,
                &LayerGradient { x, d },
                self.from,
                &mut room,
                MomentumBlock { v: m, w },
            );
        }
        bits(&[&m, &v, &w])
    }
}

#[test]
fn bits_of_portable() {
    if !RAGGED {
        return;
    }
    let mut random = Stream::new(3, Purpose::Generate, 0, 0, 0);
    for i in 0..400 {
        let case = Case::new(&mut random);
        let shape = (case.examples, case.inputs, case.outputs, case.stride, case.from, case.rows);
        assert!(case.products(&Simd) == case.products(&Portable), "products {i}: {shape:?}");
        assert!(case.updates(&Simd) == case.updates(&Portable), "updates {i}: {shape:?}");
        assert!(case.units(&Simd, &Arm) == case.units(&Portable, &Arm), "ARM {i}: {shape:?}");
        assert!(case.units(&Simd, &DisArm) == case.units(&Portable, &DisArm), "DisARM {i}: {shape:?}");
        let rule = Arms { samples: 3 };
        assert!(case.units(&Simd, &rule) == case.units(&Portable, &rule), "ARMS {i}: {shape:?}");
        let rule = Reinforce::default();
        assert!(case.units(&Simd, &rule) == case.units(&Portable, &rule), "REINFORCE {i}: {shape:?}");
    }
}

/// Whatever a logit is, NaN and infinity included.
#[test]
fn any_logit() {
    let special =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 27.0, -27.0, 1e30, f32::MIN_POSITIVE];
    for (i, &special) in special.iter().enumerate() {
        for n in [1, 5, 17, 40] {
            let mut random = Stream::new(4, Purpose::Generate, i as u64, n as u64, 0);
            let (mut logits, mut u) = (numbers(&mut random, n), std::vec![0.0; n]);
            logits[n / 2] = special;
            random.fill(&mut u);
            let target = random_bits(&mut random, 1, n);
            let all = |simd: bool| {
                let (mut delta, mut score) = (logits.clone(), std::vec![0.0; n]);
                let [mut sample, mut partner] = [(); 2].map(|()| std::vec![0; words(n)]);
                let out = Drawn { sample: &mut sample, partner: &mut partner, score: &mut score };
                let sums = if simd {
                    let pair = Simd.sample(&DisArm, &logits, &u, out);
                    [
                        pair.0,
                        pair.1,
                        Simd.log_prob(&logits, &target),
                        Simd.log_prob_delta(&mut delta, &target),
                    ]
                } else {
                    let k = Portable;
                    let pair = k.sample(&DisArm, &logits, &u, out);
                    [pair.0, pair.1, k.log_prob(&logits, &target), k.log_prob_delta(&mut delta, &target)]
                };
                (bits(&[&sums, &delta, &score]), sample, partner)
            };
            assert_eq!(all(true), all(false), "{special} among {n}");
        }
    }
}
