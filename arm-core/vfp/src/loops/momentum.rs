//! Gradient descent with momentum, on rows whose gradient is a factor each times one row.

use super::{Layout, N};
use crate::RAGGED;
#[cfg(vfp_loops)]
use crate::assembly;
use crate::{window, window_mut};

/// The constants of [`momentum`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// Share of the velocity that is kept.
    pub keep: f32,
    /// Learning rate.
    pub rate: f32,
    /// Added to the result and taken away again, so that it becomes a multiple of a power of two.
    pub grid: f32,
}

/// Parameters with their velocities: the same rows of a layer, or the same numbers.
#[derive(Debug)]
pub struct MomentumBlock<T> {
    /// Velocities.
    pub v: T,
    /// Parameters.
    pub w: T,
}

/// For each row i of `v` and `w`: v = keep v + x\[i\] d, then w = (w - rate v + grid) - grid. `xs` has an x for each row;
/// beyond either nothing is done. Where x is zero nothing is added.
#[inline(always)]
pub fn momentum(
    a: &Momentum,
    xs: &[f32],
    d: &[f32],
    layout: Layout,
    MomentumBlock { v, w }: MomentumBlock<&mut [f32]>,
) {
    let cols = layout.cols.min(layout.stride).min(d.len());
    let xs = xs.get(..layout.rows(v.len().min(w.len()))).unwrap_or(xs);
    let eights = if cfg!(vfp_loops) { cols / N } else { 0 };
    #[cfg(vfp_loops)]
    if eights > 0 && !xs.is_empty() {
        let work = assembly::Momentum {
            constants: a,
            d: d.as_ptr(),
            v: v.as_mut_ptr(),
            w: w.as_mut_ptr(),
            x: xs.as_ptr(),
            rows: xs.len(),
            eights,
            skip: 4 * (layout.stride - eights * N),
        };
        // SAFETY: v and w have a row for each x, d has the columns.
        unsafe { assembly::momentum(&work) };
    }
    if !RAGGED || eights * N == cols {
        return;
    }
    for (i, &x) in xs.iter().enumerate() {
        let start = i * layout.stride + eights * N;
        let (v, w) = (window_mut(v, start..), window_mut(w, start..));
        let d = window(d, eights * N..cols);
        for ((d, v), w) in d.iter().zip(v).zip(w) {
            *v *= a.keep;
            if x != 0.0 {
                *v += x * d;
            }
            *w = (*w - a.rate * *v + a.grid) - a.grid;
        }
    }
}
