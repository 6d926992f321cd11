//! The kernels of the desktop: each call goes to the operation, compiled for the level in use.

use crate::lanes::hint::PrefetchHint;
use crate::lanes::plain::Plain;
#[cfg(target_arch = "x86_64")]
use crate::lanes::x86;
use crate::lanes::{Lanes, Op};
use crate::memory::LINE;
use crate::operations::adam_gradient::AdamGradient;
use crate::operations::adam_gradient::bits::AdamGradientBits;
use crate::operations::adam_gradient::subsets::{AdamGradientSums, SubsetsPay};
use crate::operations::affine::Affine;
use crate::operations::affine_bits::AffineBits;
use crate::operations::back::Back;
use crate::operations::bernoulli::draw::{ByRule, Draw, Sample, UnitRule};
use crate::operations::bernoulli::log_prob::{LogProb, LogProbDelta};
use crate::operations::bernoulli::rows::log_prob::{LogProbDeltaRows, LogProbRows};
use crate::operations::bernoulli::rows::sample::SampleRows;
use crate::operations::gradient::Gradient;
use crate::operations::gradient_bits::GradientBits;
use crate::operations::optimise::{Adam, Axpy, Momentum};
use crate::operations::publish::Publish;
use crate::operations::uniforms::Uniforms;
use crate::operations::within::Within;
use arm_core::estimator::DrawRule;
use arm_core::kernels::{AdamBlock, AdamRates, Drawn, DrawnRows, Input, Kernels, LayerGradient, RuleWork};
use arm_core::{Activation, BitMatrix, Matrix, MatrixMut};

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
    streaming_stores: bool,
    prefetch: PrefetchHint,
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
        Desktop { token, streaming_stores: false, prefetch: PrefetchHint::NONE }
    }

    /// The same kernels for parameters that other threads have read since they were last written (or have not). It is
    /// a matter of speed only.
    pub const fn streaming_stores(self, streaming_stores: bool) -> Self {
        Desktop { streaming_stores, ..self }
    }

    /// The same kernels, of which gradients with Adam ask for what will be read next.
    pub const fn prefetching(self, prefetch: PrefetchHint) -> Self {
        Desktop { prefetch, ..self }
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
    pub fn publish<'a>(&self, mut pieces: impl Iterator<Item = (&'a [f32], &'a mut [f32])>) {
        self.publish_all(&mut pieces);
    }

    /// Not generic, so that it is compiled once.
    fn publish_all<'a>(&self, pieces: &mut dyn Iterator<Item = (&'a [f32], &'a mut [f32])>) {
        self.run(Publish(pieces));
    }

    /// Not generic, so that it is compiled once.
    fn fill_uniforms(&self, state: &dyn Fn(usize) -> [u64; 2], u: MatrixMut<'_>) {
        self.run(Uniforms { state, u });
    }

    /// Not generic, so that it is compiled once.
    fn take_log_prob<'b>(
        &self,
        logits: Matrix<'_>,
        b: &dyn Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        self.run(LogProbRows { logits, b, total })
    }

    /// Not generic, so that it is compiled once.
    fn take_log_prob_delta<'b>(
        &self,
        logits: &mut MatrixMut<'_>,
        b: &dyn Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        self.run(LogProbDeltaRows { logits, b, total })
    }

    /// Not generic, so that it is compiled once.
    fn take_sample(
        &self,
        rule: UnitRule<'_>,
        logits: &[f32],
        uniforms: &[f32],
        out: Drawn<'_>,
    ) -> (f32, f32) {
        self.run(Sample { rule, logits, uniforms, out })
    }

    /// Not generic, so that it is compiled once.
    fn take_rows(
        &self,
        rule: UnitRule<'_>,
        logits: Matrix<'_>,
        uniforms: Matrix<'_>,
        out: DrawnRows<'_>,
    ) -> bool {
        self.run(SampleRows { rule, logits, uniforms, out })
    }

    /// Not generic, so that it is compiled once.
    fn take_draw(&self, rule: UnitRule<'_>, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        self.run(Draw { rule, logits, uniforms, sample })
    }

    #[inline]
    fn run<O: Op>(&self, op: O) -> O::Out {
        match self.token {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(t) => t.run(op),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(t) => t.run(op),
            Token::Plain(t) => t.run(op),
        }
    }
}

/// Hands a rule to what is not generic, and so compiled once.
struct WithRule<'a, F> {
    kernels: &'a Desktop,
    then: F,
}

impl<T, F: FnOnce(UnitRule<'_>) -> T> RuleWork for WithRule<'_, F> {
    type Output = T;

    fn with<R: DrawRule>(self, rule: &R) -> T {
        (self.then)(&|units| self.kernels.run(ByRule { rule, units }))
    }
}

impl Kernels for Desktop {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, y: MatrixMut<'_>) {
        self.run(Affine { w, x, activation, y });
    }

    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, activation: Activation, y: MatrixMut<'_>) {
        self.run(AffineBits { w, x, activation, y });
    }

    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, activation: Activation, dx: MatrixMut<'_>) {
        self.run(Back { w, d, a, activation, dx });
    }

    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>) {
        self.run(Gradient { a, x, first, d, g });
    }

    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>) {
        self.run(GradientBits { a, x, first, d, g });
    }

    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], u: MatrixMut<'_>) {
        self.fill_uniforms(&state, u);
    }

    fn sample<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        rule.resolve(WithRule {
            kernels: self,
            then: |rule: UnitRule<'_>| self.take_sample(rule, logits, uniforms, out),
        })
    }

    fn sample_rows<E: DrawRule>(
        &self,
        rule: &E,
        logits: Matrix<'_>,
        uniforms: Matrix<'_>,
        out: DrawnRows<'_>,
    ) -> bool {
        rule.resolve(WithRule {
            kernels: self,
            then: |rule: UnitRule<'_>| self.take_rows(rule, logits, uniforms, out),
        })
    }

    fn log_prob_rows<'b>(
        &self,
        logits: Matrix<'_>,
        b: impl Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        self.take_log_prob(logits, &b, total)
    }

    fn log_prob_delta_rows<'b>(
        &self,
        logits: &mut MatrixMut<'_>,
        b: impl Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        self.take_log_prob_delta(logits, &b, total)
    }

    fn draw<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        rule.resolve(WithRule {
            kernels: self,
            then: |rule: UnitRule<'_>| self.take_draw(rule, logits, uniforms, sample),
        })
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
        self.run(Adam { rates, g, m, v, w, streaming: self.streaming_stores });
    }

    fn adam_gradient(
        &self,
        rates: AdamRates,
        a: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        room: &mut [f32],
        AdamBlock { m, v, w }: AdamBlock<&mut [f32]>,
    ) -> bool {
        let LayerGradient { x, d } = *gradient;
        let aligned = w.as_ptr().addr().is_multiple_of(64);
        if !d.stride().is_multiple_of(LINE)
            || !aligned
            || d.height() == 0
            || room.len() < d.stride()
            || m.len() != w.len()
            || v.len() != w.len()
        {
            return false;
        }
        let hint = self.prefetch.during(w);
        let (blocks, streaming) = ([m, v, w], self.streaming_stores);
        match x {
            Input::Real(x) => self.run(AdamGradient { rates, a, x, first, d, blocks, streaming, hint }),
            Input::Bits(x) => {
                let op = AdamGradientBits { rates, a, x, first, d, room, blocks, streaming, hint };
                let pays = self.run(SubsetsPay { x, examples: d.height() });
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
