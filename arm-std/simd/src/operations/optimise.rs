//! Updates of parameters.

use crate::lanes::{Fence, Lanes, Op};
use crate::tiles::rates::{GRID, Rates};
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

/// See [`Kernels::adam`](arm_core::kernels::Kernels::adam).
pub(crate) struct Adam<'a> {
    pub(crate) rates: AdamRates,
    pub(crate) g: &'a [f32],
    pub(crate) m: &'a mut [f32],
    pub(crate) v: &'a mut [f32],
    pub(crate) w: &'a mut [f32],
    /// Whether to store `w` past the caches.
    pub(crate) streaming: bool,
}

impl Op for Adam<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let n = self.g.len().min(self.m.len()).min(self.v.len()).min(self.w.len());
        let whole = n - n % L::N;
        if self.streaming && self.w.as_ptr().addr().is_multiple_of(64) {
            let _fence = Fence(l);
            self.vectors(l, whole, true);
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
        let [m, v, w] =
            [&mut self.m[..n], &mut self.v[..n], &mut self.w[..n]].map(|all| all.chunks_exact_mut(L::N));
        for ((g, m), (v, w)) in self.g[..n].chunks_exact(L::N).zip(m).zip(v.zip(w)) {
            rates.update(l, l.read(g), [m, v, w], stream);
        }
    }
}
