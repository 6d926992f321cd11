//! What every CPU has.

use crate::lanes::{Lanes, Op, WIDE};
use wide::f32x4;

/// Four lanes of plain arithmetic, which the compiler turns into SSE2 or NEON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

// SAFETY: every CPU has it, and a vector has four elements.
unsafe impl Lanes for Plain {
    type V = f32x4;
    type Mask = usize;
    const N: usize = 4;
    const TALL: usize = if cfg!(target_arch = "aarch64") { 12 } else { 4 };
    const DOTS: usize = if cfg!(target_arch = "aarch64") { 5 } else { 2 };

    #[inline(never)]
    fn run<O: Op>(self, op: O) -> O::Out {
        op.run(self)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> f32x4 {
        f32x4::splat(x)
    }

    #[inline(always)]
    fn mask(self, n: usize) -> usize {
        n
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> f32x4 {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        f32x4::new(unsafe { p.cast::<[f32; 4]>().read() })
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: usize) -> f32x4 {
        // SAFETY: lanes below the mask are readable by the caller's promise.
        let lanes = unsafe { core::slice::from_raw_parts(p, mask) };
        match lanes.first_chunk() {
            Some(all) => f32x4::new(*all),
            None => f32x4::new(core::array::from_fn(|i| lanes.get(i).copied().unwrap_or(0.0))),
        }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: f32x4) {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        unsafe { p.cast::<[f32; 4]>().write(v.to_array()) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: f32x4, mask: usize) {
        for (i, v) in v.to_array().into_iter().enumerate().take(mask) {
            // SAFETY: lanes below the mask are writable by the caller's promise.
            unsafe { p.add(i).write(v) }
        }
    }

    #[inline(always)]
    unsafe fn stream(self, p: *mut f32, v: f32x4) {
        // SAFETY: the caller's promise.
        unsafe { self.store(p, v) }
    }

    #[inline(always)]
    fn fence(self) {}

    #[inline(always)]
    fn add(self, a: f32x4, b: f32x4) -> f32x4 {
        a + b
    }

    #[inline(always)]
    fn mul(self, a: f32x4, b: f32x4) -> f32x4 {
        a * b
    }

    #[inline(always)]
    fn sub(self, a: f32x4, b: f32x4) -> f32x4 {
        a - b
    }

    #[inline(always)]
    fn div(self, a: f32x4, b: f32x4) -> f32x4 {
        a / b
    }

    #[inline(always)]
    fn sqrt(self, a: f32x4) -> f32x4 {
        a.sqrt()
    }

    #[inline(always)]
    fn fma(self, a: f32x4, b: f32x4, c: f32x4) -> f32x4 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn largest(self, m: f32x4, v: f32x4) -> f32x4 {
        let (mut m, v) = (m.to_array(), v.to_array());
        for (m, v) in m.iter_mut().zip(v) {
            *m = f32::from_bits(m.to_bits().max(v.abs().to_bits()));
        }
        f32x4::new(m)
    }

    #[inline(always)]
    fn leaky(self, slope: f32, v: f32x4) -> f32x4 {
        f32x4::new(v.to_array().map(|v| if v > 0.0 { v } else { slope * v }))
    }

    #[inline(always)]
    fn sums(self, v: [f32x4; WIDE]) -> [f32; WIDE] {
        v.map(|v| {
            let v = v.to_array();
            (v[0] + v[2]) + (v[1] + v[3])
        })
    }

    #[inline(always)]
    fn pack(self, b: &[u32; 32]) -> u32 {
        let mut word = 0;
        for (i, b) in b.iter().enumerate() {
            word |= b >> 31 << i;
        }
        word
    }

    #[inline(always)]
    fn prefetch(self, _: *const f32) {}

    #[inline(always)]
    fn prefetch_write(self, _: *mut f32) {}
}
