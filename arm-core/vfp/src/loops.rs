//! The loops over slices: whole groups of eight floats, by assembly where there is some, then the rest.

#[cfg(vfp_loops)]
use crate::assembly;
use crate::sqrt;

/// Floats of a group.
const N: usize = 8;

/// The groups that all slices have.
#[inline(always)]
fn groups<const K: usize>(a: &[f32], others: [usize; K]) -> usize {
    others.into_iter().fold(a.len(), usize::min) / N
}

/// What is behind the first `n` groups.
#[inline(always)]
fn rest(a: &[f32], n: usize) -> &[f32] {
    a.get(n * N..).unwrap_or_default()
}

/// [`rest`] of what is written.
#[inline(always)]
fn rest_mut(a: &mut [f32], n: usize) -> &mut [f32] {
    a.get_mut(n * N..).unwrap_or_default()
}

/// Rows of `cols` floats, `stride` floats apart, in one slice.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Floats of a row.
    pub cols: usize,
    /// Floats from one row to the next.
    pub stride: usize,
}

impl Layout {
    /// Row `i`, or empty where the slice ends before it.
    #[inline(always)]
    fn row(self, w: &[f32], i: usize) -> &[f32] {
        let start = i.wrapping_mul(self.stride);
        w.get(start..start.wrapping_add(self.cols)).unwrap_or_default()
    }

    /// [`row`](Self::row), writable.
    #[inline(always)]
    fn row_mut(self, w: &mut [f32], i: usize) -> &mut [f32] {
        let start = i.wrapping_mul(self.stride);
        w.get_mut(start..start.wrapping_add(self.cols)).unwrap_or_default()
    }

    /// The first row that has something left when groups are done.
    #[inline(always)]
    fn first_rest(self, fours: usize, eights: usize) -> usize {
        if self.cols == eights * N { 4 * fours } else { 0 }
    }

    /// How many times four rows and eight columns there are, for which there is a float in `x` each and in `y` each.
    #[inline(always)]
    fn groups(self, w: usize, x: usize, y: usize) -> (usize, usize) {
        let (fours, eights) = (x / 4, self.cols.min(self.stride).min(y) / N);
        // The last row may end with its columns, without padding.
        let needed = (4 * fours).saturating_sub(1).saturating_mul(self.stride).saturating_add(self.cols);
        if fours > 0 && w >= needed { (fours, eights) } else { (0, 0) }
    }
}

/// y += x\[0\] w\[0\], then x\[1\] w\[1\], and so on.
#[inline(never)]
pub fn add_scaled(x: &[f32], w: &[f32], layout: Layout, y: &mut [f32]) {
    let (fours, eights) = layout.groups(w.len(), x.len(), y.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_ptr().cast_mut(), w.as_ptr().cast_mut(), y.as_mut_ptr(), 4 * layout.stride);
        // SAFETY: the slices have these groups; x and w are only read.
        unsafe { assembly::add_scaled(&assembly::Matrix { x, w, y, fours, eights, stride }) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks::<4>().0.iter().enumerate().take(fours) {
        add_scaled_four(x, &core::array::from_fn(|k| layout.row(w, 4 * i + k)), whole_mut(y, eights));
    }
    for (i, &x) in x.iter().enumerate().skip(layout.first_rest(fours, eights)) {
        let done = if i < 4 * fours { eights } else { 0 };
        rest_mut(y, done).iter_mut().zip(rest(layout.row(w, i), done)).for_each(|(y, w)| *y += x * w);
    }
}

#[cfg(not(vfp_loops))]
#[inline(never)]
fn add_scaled_four(x: &[f32; 4], w: &[&[f32]; 4], y: &mut [f32]) {
    let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<N>().0);
    for ((((y, w0), w1), w2), w3) in y.as_chunks_mut::<N>().0.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
        let mut s = *y;
        for (x, w) in x.iter().zip([w0, w1, w2, w3]) {
            s.iter_mut().zip(w).for_each(|(s, w)| *s += x * w);
        }
        *y = s;
    }
}

/// y += w\[0\], then w\[1\], and so on, as far as all slices reach.
#[inline(never)]
pub fn add(w: &[&[f32]; 4], y: &mut [f32]) {
    let n = groups(y, w.map(<[f32]>::len));
    #[cfg(vfp_loops)]
    if n > 0 {
        // SAFETY: all slices have n groups.
        unsafe { assembly::add(&w.map(<[f32]>::as_ptr), y.as_mut_ptr(), n) };
    }
    #[cfg(not(vfp_loops))]
    {
        let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<N>().0);
        for ((((y, w0), w1), w2), w3) in y.as_chunks_mut::<N>().0.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
            let mut s = *y;
            for w in [w0, w1, w2, w3] {
                s.iter_mut().zip(w).for_each(|(s, w)| *s += w);
            }
            *y = s;
        }
    }
    for w in w {
        rest_mut(y, n).iter_mut().zip(rest(w, n)).for_each(|(y, w)| *y += w);
    }
}

/// x\[i\] = the inner product of `d` with row i: whole groups of eight in four interleaved sums that are added as
/// (0+2) + (1+3), then the rest in order.
#[inline(never)]
pub fn dots(d: &[f32], w: &[f32], layout: Layout, x: &mut [f32]) {
    let (fours, eights) = layout.groups(w.len(), x.len(), d.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_mut_ptr(), w.as_ptr().cast_mut(), d.as_ptr().cast_mut(), 4 * layout.stride);
        // SAFETY: the slices have these groups; d and w are only read.
        unsafe { assembly::dots(&assembly::Matrix { x, w, y, fours, eights, stride }) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate().take(fours) {
        *x = dots_four(whole(d, eights), &core::array::from_fn(|k| layout.row(w, 4 * i + k)));
    }
    for (i, x) in x.iter_mut().enumerate().skip(layout.first_rest(fours, eights)) {
        let (row, eights) = (layout.row(w, i), layout.cols.min(d.len()) / N);
        if i >= 4 * fours || eights == 0 {
            *x = dot(whole(d, eights), whole(row, eights));
        }
        rest(d, eights).iter().zip(rest(row, eights)).for_each(|(d, w)| *x += d * w);
    }
}

#[cfg(not(vfp_loops))]
#[inline(never)]
fn dots_four(d: &[f32], w: &[&[f32]; 4]) -> [f32; 4] {
    let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<4>().0);
    let mut sums = [[0.0; 4]; 4];
    for ((((d, w0), w1), w2), w3) in d.as_chunks::<4>().0.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        for (sums, w) in sums.iter_mut().zip([w0, w1, w2, w3]) {
            sums.iter_mut().zip(d).zip(w).for_each(|((s, d), w)| *s += d * w);
        }
    }
    sums.map(|[a, b, c, d]| (a + c) + (b + d))
}

#[inline(always)]
fn dot(d: &[f32], w: &[f32]) -> f32 {
    let mut sums = [0.0; 4];
    for (d, w) in d.as_chunks::<4>().0.iter().zip(w.as_chunks::<4>().0) {
        sums.iter_mut().zip(d).zip(w).for_each(|((s, d), w)| *s += d * w);
    }
    let [a, b, c, d] = sums;
    (a + c) + (b + d)
}

/// The first `n` groups.
#[inline(always)]
fn whole(a: &[f32], n: usize) -> &[f32] {
    a.get(..n * N).unwrap_or_default()
}

/// [`whole`] of what is written.
#[cfg(not(vfp_loops))]
#[inline(always)]
fn whole_mut(a: &mut [f32], n: usize) -> &mut [f32] {
    a.get_mut(..n * N).unwrap_or_default()
}

/// Row i of `g` += (a x\[i\]) d.
#[inline(never)]
pub fn outer(a: f32, x: &[f32], d: &[f32], g: &mut [f32], layout: Layout) {
    let (fours, eights) = layout.groups(g.len(), x.len(), d.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_ptr().cast_mut(), g.as_mut_ptr(), d.as_ptr().cast_mut(), 4 * layout.stride);
        // SAFETY: the slices have these groups; x and d are only read.
        unsafe { assembly::outer(a, &assembly::Matrix { x, w, y, fours, eights, stride }) };
    }
    let first = if cfg!(vfp_loops) { layout.first_rest(fours, eights) } else { 0 };
    for (i, &x) in x.iter().enumerate().skip(first) {
        let done = if cfg!(vfp_loops) && i < 4 * fours { eights } else { 0 };
        let (row, c) = (layout.row_mut(g, i), a * x);
        rest_mut(row, done).iter_mut().zip(rest(d, done)).for_each(|(g, d)| *g += c * d);
    }
}

/// Four rows, each += a d, as far as all slices reach.
#[inline(never)]
pub fn add_to(a: f32, d: &[f32], mut g: [&mut [f32]; 4]) {
    let n = groups(d, g.each_ref().map(|g| g.len()));
    #[cfg(vfp_loops)]
    if n > 0 {
        // SAFETY: all slices have n groups.
        unsafe { assembly::add_to(a, d.as_ptr(), &g.each_mut().map(|g| g.as_mut_ptr()), n) };
    }
    #[cfg(not(vfp_loops))]
    {
        let [g0, g1, g2, g3] = g.each_mut().map(|g| g.as_chunks_mut::<N>().0);
        for ((((d, g0), g1), g2), g3) in d.as_chunks::<N>().0.iter().zip(g0).zip(g1).zip(g2).zip(g3) {
            for g in [g0, g1, g2, g3] {
                g.iter_mut().zip(d).for_each(|(g, d)| *g += a * d);
            }
        }
    }
    for g in g {
        rest_mut(g, n).iter_mut().zip(rest(d, n)).for_each(|(g, d)| *g += a * d);
    }
}

/// The constants of [`adam`].
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

/// For each row i of `m`, `v` and `w`: m = keep m + add x d, v = keep v + add x^2 square, then
/// w = (w - rate (m / (sqrt(v) + epsilon)) + grid) - grid. `x` is asked for rows from 0; `square` is that of d.
#[inline(always)]
pub fn adam(
    a: &Adam,
    x: impl Fn(usize) -> f32,
    d: &[f32],
    square: &[f32],
    layout: Layout,
    (m, v, w): (&mut [f32], &mut [f32], &mut [f32]),
) {
    let stride = layout.stride.max(1);
    let rows = m.len().min(v.len()).min(w.len()).saturating_add(stride - layout.cols.min(stride)) / stride;
    let eights = if cfg!(vfp_loops) { layout.cols.min(stride).min(d.len()).min(square.len()) / N } else { 0 };
    for i in 0..rows {
        let x = x(i);
        let add = [a.add[0] * x, a.add[1] * (x * x)];
        #[cfg(vfp_loops)]
        if eights > 0 {
            let start = i * stride;
            let work = assembly::Adam {
                constants: [a.keep[0], add[0], a.keep[1], add[1], a.epsilon, a.rate, a.grid],
                d: d.as_ptr(),
                square: square.as_ptr(),
                // SAFETY: the slices have `rows` rows of at least so many groups.
                m: unsafe { m.as_mut_ptr().add(start) },
                v: unsafe { v.as_mut_ptr().add(start) },
                w: unsafe { w.as_mut_ptr().add(start) },
            };
            // SAFETY: as above, and d and square have the groups too.
            unsafe { assembly::adam(&work, eights) };
        }
        if eights * N < layout.cols {
            let outputs = rest_mut(layout.row_mut(m, i), eights)
                .iter_mut()
                .zip(rest_mut(layout.row_mut(v, i), eights))
                .zip(rest_mut(layout.row_mut(w, i), eights));
            for ((d, square), ((m, v), w)) in rest(d, eights).iter().zip(rest(square, eights)).zip(outputs) {
                *m = a.keep[0] * *m + add[0] * d;
                *v = a.keep[1] * *v + add[1] * square;
                *w = (*w - a.rate * (*m / (sqrt(*v) + a.epsilon)) + a.grid) - a.grid;
            }
        }
    }
}
