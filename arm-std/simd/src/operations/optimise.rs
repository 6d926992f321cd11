//! Updates of parameters.

use crate::lanes::{Lanes, Op};
use arm_core::kernels::AdamRates;

/// See [`Kernels::axpy`](arm_core::kernels::Kernels::axpy).
pub(crate) struct Axpy<'a> {
    pub(crate) a: f32,
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

impl Op for Axpy<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        for (y, x) in self.y.iter_mut().zip(self.x) {
            *y += self.a * x;
        }
    }
}

/// See [`Kernels::momentum`](arm_core::kernels::Kernels::momentum).
pub(crate) struct Momentum<'a> {
    pub(crate) rate: f32,
    pub(crate) momentum: f32,
    pub(crate) g: &'a [f32],
    pub(crate) v: &'a mut [f32],
    pub(crate) w: &'a mut [f32],
}

impl Op for Momentum<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        for ((g, v), w) in self.g.iter().zip(self.v).zip(self.w) {
            *v = self.momentum * *v + g;
            *w -= self.rate * *v;
        }
    }
}

/// 1.5 * 2^-77. Added to a moment and subtracted again it leaves a multiple of 2^-100, and moments from 2^-52 on as they
/// are: what is lost changes no parameter, and arithmetic with subnormal numbers would be slow.
const GRID: f32 = 1.5 / (1u128 << 77) as f32;

/// See [`Kernels::adam`](arm_core::kernels::Kernels::adam).
pub(crate) struct Adam<'a> {
    pub(crate) rates: AdamRates,
    pub(crate) g: &'a [f32],
    pub(crate) m: &'a mut [f32],
    pub(crate) v: &'a mut [f32],
    pub(crate) w: &'a mut [f32],
    /// Whether other threads have read `w`.
    pub(crate) shared: bool,
}

impl Op for Adam<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let n = self.g.len().min(self.m.len()).min(self.v.len()).min(self.w.len());
        let whole = n - n % L::N;
        if self.shared && self.w.as_ptr().addr().is_multiple_of(64) {
            self.vectors(l, whole, true);
            l.fence();
        } else {
            self.vectors(l, whole, false);
        }
        let r = self.rates;
        for i in whole..n {
            let (g, m, v) = (self.g[i], &mut self.m[i], &mut self.v[i]);
            *m = (r.beta1 * *m + (1.0 - r.beta1) * g + GRID) - GRID;
            *v = (r.beta2 * *v + (1.0 - r.beta2) * g * g + GRID) - GRID;
            self.w[i] -= r.rate * *m / (v.sqrt() * r.scale + r.epsilon);
        }
    }
}

impl Adam<'_> {
    /// The first `n` elements, whole vectors.
    #[inline(always)]
    fn vectors<L: Lanes>(&mut self, l: L, n: usize, stream: bool) {
        let rates = Rates::new(l, self.rates, 1.0);
        let (g, m, v, w) = (&self.g[..n], &mut self.m[..n], &mut self.v[..n], &mut self.w[..n]);
        for i in (0..n).step_by(L::N) {
            // SAFETY: i.. + N is within the four slices of n elements; w + i is aligned like w, by N of 16, 8 or 4.
            unsafe {
                let blocks = [m.as_mut_ptr().add(i), v.as_mut_ptr().add(i), w.as_mut_ptr().add(i)];
                rates.update(l, l.load(g.as_ptr().add(i)), blocks, stream);
            }
        }
    }
}

/// Adam's rates in vectors, for gradients that lack a factor.
///
/// As few multiplications as can be, which is what some kernels have least room for: a gradient is scaled so that its
/// square is what the second moment takes, and the learning rate divides what is divided by.
#[derive(Clone, Copy)]
pub(crate) struct Rates<L: Lanes> {
    /// The scale of a gradient.
    pub(crate) root: f32,
    beta1: L::V,
    beta2: L::V,
    gain: L::V,
    scale: L::V,
    epsilon: L::V,
    grid: L::V,
}

impl<L: Lanes> Rates<L> {
    #[inline(always)]
    pub(crate) fn new(l: L, r: AdamRates, factor: f32) -> Self {
        let root = (1.0 - r.beta2).sqrt();
        // A rate so small changes nothing.
        let finite = (r.scale / r.rate).is_finite();
        let (scale, epsilon) =
            if finite { (r.scale / r.rate, r.epsilon / r.rate) } else { (1.0, f32::INFINITY) };
        Rates {
            root: root * factor,
            beta1: l.splat(r.beta1),
            beta2: l.splat(r.beta2),
            gain: l.splat((1.0 - r.beta1) / root),
            scale: l.splat(scale),
            epsilon: l.splat(epsilon),
            grid: l.splat(GRID),
        }
    }

    /// Adam with gradient `g`, without its factor, on a vector of both moments and of the parameters.
    ///
    /// # Safety
    /// The pointers must be readable and writable for a vector, the last one aligned to it for `stream`.
    #[inline(always)]
    pub(crate) unsafe fn update(&self, l: L, g: L::V, [m, v, w]: [*mut f32; 3], stream: bool) {
        // SAFETY: the caller's promise.
        unsafe { self.end(l, self.begin(l, l.mul(g, l.splat(self.root)), [m, v]), w, stream) }
    }

    /// The moments' part of [`update`](Self::update) for a gradient that was scaled: what is to be subtracted from the
    /// parameters, as a fraction.
    ///
    /// # Safety
    /// The pointers must be readable and writable for a vector.
    #[inline(always)]
    pub(crate) unsafe fn begin(&self, l: L, g: L::V, [m, v]: [*mut f32; 2]) -> [L::V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let m_new = l.fma(self.beta1, l.load(m), l.fma(self.gain, g, self.grid));
            let v_new = l.fma(self.beta2, l.load(v), l.fma(g, g, self.grid));
            let (m_new, v_new) = (l.sub(m_new, self.grid), l.sub(v_new, self.grid));
            l.store(m, m_new);
            l.store(v, v_new);
            [m_new, l.fma(l.sqrt(v_new), self.scale, self.epsilon)]
        }
    }

    /// The parameters' part of [`update`](Self::update).
    ///
    /// # Safety
    /// The pointer must be readable and writable for a vector, and aligned to it for `stream`.
    #[inline(always)]
    pub(crate) unsafe fn end(&self, l: L, [over, under]: [L::V; 2], w: *mut f32, stream: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            let w_new = l.sub(l.load(w), l.div(over, under));
            if stream { l.stream(w, w_new) } else { l.store(w, w_new) }
        }
    }

    /// [`update`](Self::update) of `C` vectors in a row.
    ///
    /// # Safety
    /// That of [`update`](Self::update), for each of them.
    #[inline(always)]
    pub(crate) unsafe fn update_all<const C: usize>(
        &self,
        l: L,
        g: [L::V; C],
        blocks: [*mut f32; 3],
        stream: bool,
    ) {
        for (c, g) in g.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.update(l, g, blocks.map(|p| p.add(c * L::N)), stream) }
        }
    }
}
