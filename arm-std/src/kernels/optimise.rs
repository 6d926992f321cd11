//! Updates of parameters.

use super::lanes::{Lanes, Op};
use arm_core::kernels::AdamRates;

/// See [`Kernels::axpy`](arm_core::kernels::Kernels::axpy).
pub(super) struct Axpy<'a> {
    pub(super) a: f32,
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
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
pub(super) struct Momentum<'a> {
    pub(super) rate: f32,
    pub(super) momentum: f32,
    pub(super) g: &'a [f32],
    pub(super) v: &'a mut [f32],
    pub(super) w: &'a mut [f32],
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

/// Moments below 2^-100 count as zero: they change no parameter, and arithmetic with subnormal numbers is slow.
const TINY: f32 = 1.0 / (1u128 << 100) as f32;

/// See [`Kernels::adam`](arm_core::kernels::Kernels::adam).
pub(super) struct Adam<'a> {
    pub(super) rates: AdamRates,
    pub(super) g: &'a [f32],
    pub(super) m: &'a mut [f32],
    pub(super) v: &'a mut [f32],
    pub(super) w: &'a mut [f32],
    /// Whether other threads have read `w`.
    pub(super) shared: bool,
}

impl Op for Adam<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let n = self.g.len().min(self.m.len()).min(self.v.len()).min(self.w.len());
        let whole = n - n % L::N;
        if self.shared && self.w.as_ptr().addr().is_multiple_of(64) {
            self.vectors::<L, true>(l, whole);
            l.fence();
        } else {
            self.vectors::<L, false>(l, whole);
        }
        let r = self.rates;
        for i in whole..n {
            let (g, m, v) = (self.g[i], &mut self.m[i], &mut self.v[i]);
            let flush = |x: f32| if x.abs() < TINY { 0.0 } else { x };
            *m = flush(r.beta1 * *m + (1.0 - r.beta1) * g);
            *v = flush(r.beta2 * *v + (1.0 - r.beta2) * (g * g));
            self.w[i] -= r.rate * *m / (v.sqrt() * r.scale + r.epsilon);
        }
    }
}

impl Adam<'_> {
    /// The first `n` elements, whole vectors.
    #[inline(always)]
    fn vectors<L: Lanes, const STREAM: bool>(&mut self, l: L, n: usize) {
        let r = self.rates;
        let (beta1, beta2) = (l.splat(r.beta1), l.splat(r.beta2));
        let (gain1, gain2) = (l.splat(1.0 - r.beta1), l.splat(1.0 - r.beta2));
        let (rate, scale, epsilon) = (l.splat(r.rate), l.splat(r.scale), l.splat(r.epsilon));
        let (g, m, v, w) = (&self.g[..n], &mut self.m[..n], &mut self.v[..n], &mut self.w[..n]);
        for i in (0..n).step_by(L::N) {
            // SAFETY: i.. + N is within the four slices of n elements; w + i is aligned like w, by N of 16, 8 or 4.
            unsafe {
                let g = l.load(g.as_ptr().add(i));
                let m_new = l.add(l.mul(beta1, l.load(m.as_ptr().add(i))), l.mul(gain1, g));
                let v_new = l.add(l.mul(beta2, l.load(v.as_ptr().add(i))), l.mul(gain2, l.mul(g, g)));
                let (m_new, v_new) = (l.flush(m_new, TINY), l.flush(v_new, TINY));
                l.store(m.as_mut_ptr().add(i), m_new);
                l.store(v.as_mut_ptr().add(i), v_new);
                let divisor = l.add(l.mul(l.sqrt(v_new), scale), epsilon);
                let w_new = l.sub(l.load(w.as_ptr().add(i)), l.div(l.mul(rate, m_new), divisor));
                let to = w.as_mut_ptr().add(i);
                if STREAM { l.stream(to, w_new) } else { l.store(to, w_new) }
            }
        }
    }
}
