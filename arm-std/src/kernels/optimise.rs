//! Updates of parameters: plain loops, compiled once for each vector unit, with the same bits as the portable kernels.

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

/// See [`Kernels::adam`](arm_core::kernels::Kernels::adam).
pub(super) struct Adam<'a> {
    pub(super) rates: AdamRates,
    pub(super) g: &'a [f32],
    pub(super) m: &'a mut [f32],
    pub(super) v: &'a mut [f32],
    pub(super) w: &'a mut [f32],
}

impl Op for Adam<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let r = self.rates;
        let (gain1, gain2) = (1.0 - r.beta1, 1.0 - r.beta2);
        for (((&g, m), v), w) in self.g.iter().zip(self.m).zip(self.v).zip(self.w) {
            *m = r.beta1 * *m + gain1 * g;
            *v = r.beta2 * *v + gain2 * (g * g);
            *w -= r.rate * *m / (v.sqrt() * r.scale + r.epsilon);
        }
    }
}
