//! Adam on rows whose gradient is a factor each times one row.

use super::{Layout, N, rest, rest_mut};
use crate::RAGGED;
#[cfg(vfp_loops)]
use crate::assembly;
use crate::sqrt;

/// The constants of [`adam`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// What is kept of the first and second moments.
    pub keep: [f32; 2],
    /// What d and its square are multiplied with before they are added to them.
    pub add: [f32; 2],
    /// Added to the root.
    pub epsilon: f32,
    /// Learning rate.
    pub rate: f32,
    /// Added to the result and taken away again, so that it becomes a multiple of a power of two.
    pub grid: f32,
}

/// Parameters with their moments: the same rows of a layer, or the same numbers.
#[derive(Debug)]
pub struct AdamBlock<T> {
    /// First moments.
    pub m: T,
    /// Second moments.
    pub v: T,
    /// Parameters.
    pub w: T,
}

/// For each row i of `m`, `v` and `w`: m = keep m + add x d, v = keep v + add x^2 square, then
/// w = (w - rate (m / (sqrt(v) + epsilon)) + grid) - grid. `xs` has an x for each row; beyond either nothing is done. Where x is zero nothing is added.
/// `square` is that of d.
#[inline(always)]
pub fn adam(
    a: &Adam,
    xs: &[f32],
    d: &[f32],
    square: &[f32],
    layout: Layout,
    AdamBlock { m, v, w }: AdamBlock<&mut [f32]>,
) {
    let cols = layout.cols.min(layout.stride).min(d.len()).min(square.len());
    let xs = xs.get(..layout.rows(m.len().min(v.len()).min(w.len()))).unwrap_or(xs);
    let eights = if cfg!(vfp_loops) { cols / N } else { 0 };
    #[cfg(vfp_loops)]
    if eights > 0 && !xs.is_empty() {
        let work = assembly::Adam {
            constants: a,
            d: d.as_ptr(),
            square: square.as_ptr(),
            m: m.as_mut_ptr(),
            v: v.as_mut_ptr(),
            w: w.as_mut_ptr(),
            x: xs.as_ptr(),
            rows: xs.len(),
            eights,
            skip: 4 * (layout.stride - eights * N),
        };
        // SAFETY: m, v and w have a row for each x, d and square have the columns.
        unsafe { assembly::adam(&work) };
    }
    if !RAGGED || eights * N == cols {
        return;
    }
    for (i, &x) in xs.iter().enumerate() {
        let add = [a.add[0] * x, a.add[1] * (x * x)];
        let outputs = rest_mut(layout.row_mut(m, i), eights)
            .iter_mut()
            .zip(rest_mut(layout.row_mut(v, i), eights))
            .zip(rest_mut(layout.row_mut(w, i), eights));
        for ((d, square), ((m, v), w)) in rest(d, eights).iter().zip(rest(square, eights)).zip(outputs) {
            (*m, *v) = (a.keep[0] * *m, a.keep[1] * *v);
            if x != 0.0 {
                (*m, *v) = (*m + add[0] * d, *v + add[1] * square);
            }
            *w = (*w - a.rate * (*m / (sqrt(*v) + a.epsilon)) + a.grid) - a.grid;
        }
    }
}
