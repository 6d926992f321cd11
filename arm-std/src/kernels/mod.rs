//! Kernels for the desktop: vector units chosen at run time.
//!
//! Each kernel is an operation written once over `lanes::Lanes` and compiled for every [`Level`]. Results depend on the
//! level (order of summation, fused operations, pairs), but not on how many rows a call is given.

mod adam;
mod adam_bits;
mod adam_pairs;
mod adam_sums;
mod adam_tile;
mod affine;
mod affine_bits;
mod affine_pairs;
mod affine_sums;
mod back;
mod back_pairs;
mod bernoulli;
mod bits;
mod lanes;
mod optimise;
mod pairs;
mod publish;
mod soon;
#[cfg(test)]
mod tests;
mod uniforms;
mod within;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::memory::LINE;
use adam::AdamGradient;
use adam_bits::AdamGradientBits;
use adam_sums::{AdamGradientSums, Pays};
use affine::{Affine, Gradient};
use affine_bits::AffineBits;
use arm_core::estimator::DrawRule;
use arm_core::kernels::{AdamRates, Drawn, Input, Kernels};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use back::Back;
use bernoulli::{Draw, LogProb, LogProbDelta, Sample};
use bits::GradientBits;
use lanes::{Op, Plain};
use optimise::{Adam, Axpy, Momentum};
use publish::Publish;
use uniforms::Uniforms;
use within::Within;

pub(crate) use soon::Soon;

/// A set of vector instructions and how they are used, fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// [`Avx512`](Level::Avx512) with dense products whose terms are multiplied in pairs: faster where additions cost
    /// nothing beside as many multiplications, which is so on an AMD Zen.
    Avx512Pairs,
    /// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes, 32 registers.
    Avx512,
    /// x86-64 with AVX2 and FMA: 8 lanes, 16 registers.
    Avx2,
    /// What every CPU of the target has: 4 lanes of SSE2 or NEON.
    Plain,
}

impl Level {
    /// Every level, fastest first.
    pub const ALL: [Level; 4] = [Level::Avx512Pairs, Level::Avx512, Level::Avx2, Level::Plain];
}

/// The kernels of the desktop.
#[derive(Clone, Copy, Debug)]
pub struct Desktop {
    token: Token,
    shared: bool,
}

/// Proof that the CPU has a level.
#[derive(Clone, Copy, Debug)]
enum Token {
    #[cfg(target_arch = "x86_64")]
    Avx512(x86::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    Plain(Plain),
}

impl Default for Desktop {
    fn default() -> Self {
        Self::new()
    }
}

impl Desktop {
    /// The fastest level that the CPU has.
    pub fn new() -> Self {
        let pays = |level: &Level| *level != Level::Avx512Pairs || adds_beside_products();
        Level::ALL.into_iter().filter(pays).find_map(Self::with).unwrap_or(Desktop::of(Token::Plain(Plain)))
    }

    /// One level, if the CPU has it.
    pub fn with(level: Level) -> Option<Self> {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Pairs => x86::Avx512::detect(true).map(|t| Desktop::of(Token::Avx512(t))),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => x86::Avx512::detect(false).map(|t| Desktop::of(Token::Avx512(t))),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => x86::Avx2::detect().map(|t| Desktop::of(Token::Avx2(t))),
            Level::Plain => Some(Desktop::of(Token::Plain(Plain))),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        }
    }

    const fn of(token: Token) -> Self {
        Desktop { token, shared: false }
    }

    /// The same kernels for parameters that other threads have read since they were last written (or have not). It is
    /// a matter of speed only.
    pub const fn shared(self, shared: bool) -> Self {
        Desktop { shared, ..self }
    }

    /// The level in use.
    pub fn level(&self) -> Level {
        match self.token {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(t) if t.in_pairs() => Level::Avx512Pairs,
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => Level::Avx512,
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => Level::Avx2,
            Token::Plain(_) => Level::Plain,
        }
    }

    /// Copies what other threads will read, past the caches, each first slice to the second. Were they to read the
    /// original, each line of it would have to be taken back from them before it is written again.
    pub fn publish<'a>(&self, pieces: impl Iterator<Item = (&'a [f32], &'a mut [f32])>) {
        self.run(Publish(pieces));
    }

    #[inline]
    fn run<O: Op>(&self, op: O) -> O::Out {
        match self.token {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(t) => t.run(op),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(t) => t.run(op),
            Token::Plain(t) => op.run(t),
        }
    }
}

impl Kernels for Desktop {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, slope: f32, y: MatrixMut<'_>) {
        self.run(Affine { w, x, slope, y });
    }

    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, slope: f32, y: MatrixMut<'_>) {
        self.run(AffineBits { w, x, slope, y });
    }

    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, slope: f32, dx: MatrixMut<'_>) {
        self.run(Back { w, d, a, slope, dx });
    }

    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>) {
        self.run(Gradient { a, x, first, d, g });
    }

    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>) {
        self.run(GradientBits { a, x, first, d, g });
    }

    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], u: MatrixMut<'_>) {
        self.run(Uniforms { state, u });
    }

    fn sample<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        self.run(Sample { rule, logits, uniforms, out })
    }

    fn draw<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        self.run(Draw { rule, logits, uniforms, sample })
    }

    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32 {
        self.run(LogProb { logits, b })
    }

    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32 {
        self.run(LogProbDelta { logits, b })
    }

    fn within(&self, limit: f32, values: &[f32]) -> bool {
        self.run(Within { limit, values })
    }

    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        self.run(Axpy { a, x, y });
    }

    fn momentum(&self, rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]) {
        self.run(Momentum { rate, momentum, g, v, w });
    }

    fn adam(&self, rates: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        self.run(Adam { rates, g, m, v, w, shared: self.shared });
    }

    fn adam_gradient(
        &self,
        rates: AdamRates,
        a: f32,
        x: Input<'_>,
        first: usize,
        d: Matrix<'_>,
        room: &mut [f32],
        (m, v, w): (&mut [f32], &mut [f32], &mut [f32]),
    ) -> bool {
        let aligned = w.as_ptr().addr().is_multiple_of(64);
        if !d.stride().is_multiple_of(LINE)
            || !aligned
            || room.len() < d.stride()
            || m.len() != w.len()
            || v.len() != w.len()
        {
            return false;
        }
        let (blocks, shared) = ([m, v, w], self.shared);
        match x {
            Input::Real(x) => self.run(AdamGradient { rates, a, x, first, d, blocks, shared }),
            Input::Bits(x) => {
                let op = AdamGradientBits { rates, a, x, first, d, room, blocks, shared };
                let pays = self.run(Pays { x, examples: d.height() });
                if pays { self.run(AdamGradientSums(op)) } else { self.run(op) }
            }
        }
        true
    }
}

/// Whether the CPU has as many adders as multipliers: every AMD Zen.
fn adds_beside_products() -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86::is_amd();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// `count` things in parts of at most `most`, as even as can be: (first, size).
#[inline(always)]
fn split(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = count.div_ceil(most);
    let size = count.checked_div(parts).unwrap_or(0);
    let larger = count - size * parts;
    (0..parts).map(move |k| (k * size + k.min(larger), size + usize::from(k < larger)))
}

/// Columns in panels of at most `most` vectors of `n`: (first column, vectors, lanes in use of the last vector).
#[inline(always)]
fn panels(cols: usize, n: usize, most: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    split(cols.div_ceil(n), most).map(move |(first, vectors)| {
        let used = (cols - first * n).min(vectors * n);
        (first * n, vectors, used - (vectors - 1) * n)
    })
}

/// Runs the body with the constant for a tile's height, which is 1 to `$most`.
macro_rules! with_height {
    ($height:expr, $most:expr, $R:ident => $body:block) => {
        $crate::kernels::with_constant!($height, $most, $R => $body, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)
    };
}

/// Runs the body with the constant for a panel's width in vectors, which is 1 to 8.
macro_rules! with_width {
    ($width:expr, $C:ident => $body:block) => {
        $crate::kernels::with_constant!($width, 8, $C => $body, 1 2 3 4 5 6 7 8)
    };
}

macro_rules! with_constant {
    ($value:expr, $most:expr, $N:ident => $body:block, $($n:literal)*) => {
        match $value {
            $($n if const { $n <= $most } => {
                const $N: usize = $n;
                $body
            })*
            _ => {}
        }
    };
}

use {with_constant, with_height, with_width};
