//! Adam on vectors of parameters.

use super::panel::PanelMut;
use crate::lanes::Lanes;
use arm_core::kernels::AdamRates;

/// 1.5 * 2^-77. Added to a moment and subtracted again it leaves a multiple of 2^-100, and moments from 2^-52 on as they
/// are: what is lost changes no parameter, and arithmetic with subnormal numbers would be slow.
pub(crate) const GRID: f32 = 1.5 / (1u128 << 77) as f32;

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

    /// Adam with gradient `g`, without its factor, on the first vector of both moments and of the parameters, which must be
    /// aligned to a vector for `stream`.
    #[inline(always)]
    pub(crate) fn update(&self, l: L, g: L::V, [m, v, w]: [&mut [f32]; 3], stream: bool) {
        let (moments, due) = self.begin(l, l.mul(g, l.splat(self.root)), [l.read(m), l.read(v)]);
        l.write(m, moments[0]);
        l.write(v, moments[1]);
        let w_new = self.end(l, due, l.read(w));
        if stream { l.stream_to(w, w_new) } else { l.write(w, w_new) }
    }

    /// The new moments for a gradient that was scaled, and what is to be subtracted from the parameters, as a fraction.
    #[inline(always)]
    pub(crate) fn begin(&self, l: L, g: L::V, [m, v]: [L::V; 2]) -> ([L::V; 2], [L::V; 2]) {
        let m = l.fma(self.beta1, m, l.fma(self.gain, g, self.grid));
        let v = l.fma(self.beta2, v, l.fma(g, g, self.grid));
        let (m, v) = (l.sub(m, self.grid), l.sub(v, self.grid));
        ([m, v], [m, l.fma(l.sqrt(v), self.scale, self.epsilon)])
    }

    /// The new parameters.
    #[inline(always)]
    pub(crate) fn end(&self, l: L, [over, under]: [L::V; 2], w: L::V) -> L::V {
        l.sub(w, l.div(over, under))
    }

    /// [`update`](Self::update) of `C` vectors from these places on, of which nothing is checked.
    ///
    /// # Safety
    /// The vectors must be readable and writable, the last ones aligned for `stream`.
    #[inline(always)]
    pub(crate) unsafe fn update_all<const C: usize>(
        &self,
        l: L,
        g: [L::V; C],
        blocks: [PanelMut<'_>; 3],
        stream: bool,
    ) {
        for (c, g) in g.into_iter().enumerate() {
            // SAFETY: the caller's.
            unsafe {
                let [m, v, w] = blocks.map(|p| p.at(c * L::N, L::N));
                let (moments, due) = self.begin(l, l.mul(g, l.splat(self.root)), [l.load(m), l.load(v)]);
                l.store(m, moments[0]);
                l.store(v, moments[1]);
                let w_new = self.end(l, due, l.load(w));
                if stream { l.stream(w, w_new) } else { l.store(w, w_new) }
            }
        }
    }
}
