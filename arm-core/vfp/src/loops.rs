//! The loops over slices: whole groups of eight floats, by assembly where there is some, then the rest.

#[cfg(vfp_loops)]
use crate::assembly;
use crate::units::significant;
use crate::{RAGGED, sqrt};

/// Floats of a group.
pub(crate) const N: usize = 8;

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

    /// Row `i` behind `eights` groups, and what follows it.
    #[inline(always)]
    fn behind(self, w: &[f32], i: usize, eights: usize) -> &[f32] {
        w.get(i * self.stride + eights * N..).unwrap_or_default()
    }

    /// [`row`](Self::row), writable.
    #[inline(always)]
    fn row_mut(self, w: &mut [f32], i: usize) -> &mut [f32] {
        let start = i.wrapping_mul(self.stride);
        w.get_mut(start..start.wrapping_add(self.cols)).unwrap_or_default()
    }

    /// Rows in `len` floats; the last may end with its columns, without padding.
    #[inline(always)]
    pub(crate) fn rows(self, len: usize) -> usize {
        let stride = self.stride.max(1);
        len.saturating_add(stride - self.cols.min(stride)) / stride
    }

    /// The same rows, of at most `cols` columns.
    #[inline(always)]
    fn within(self, cols: usize) -> Self {
        Layout { cols: self.cols.min(self.stride).min(cols), ..self }
    }

    /// The first row that has something left when groups are done.
    #[inline(always)]
    fn first_rest(self, fours: usize, eights: usize) -> usize {
        if self.cols == eights * N { 4 * fours } else { 0 }
    }

    /// How many times four rows and eight columns there are, for which there is a float in `x` each and in `y` each.
    #[inline(always)]
    fn groups(self, w: usize, x: usize, y: usize) -> (usize, usize) {
        let eights = self.cols.min(self.stride).min(y) / N;
        if self.rows(w) >= x { (x / 4, eights) } else { (0, 0) }
    }
}

/// y += c x.
#[inline(never)]
fn axpy(c: f32, x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += c * x);
}

/// y = bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on, row by row of w; the bias is the row behind those.
#[inline(always)]
pub fn add_scaled(x: &[f32], w: &[f32], layout: Layout, y: &mut [f32]) {
    let bias = layout.row(w, x.len());
    let y = y.get_mut(..bias.len()).unwrap_or_default();
    let (fours, eights) = layout.groups(w.len(), x.len(), y.len());
    if RAGGED {
        let copied = if cfg!(vfp_loops) && fours > 0 { eights } else { 0 };
        rest_mut(y, copied).iter_mut().zip(rest(bias, copied)).for_each(|(y, b)| *y = *b);
    }
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_ptr().cast_mut(), w.as_ptr().cast_mut(), y.as_mut_ptr(), 4 * layout.stride);
        // SAFETY: the slices have these groups; x and w are only read.
        unsafe { assembly::add_scaled(&assembly::Matrix { x, w, y, fours, eights, stride }, bias.as_ptr()) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks::<4>().0.iter().enumerate().take(fours) {
        add_scaled_four(x, &core::array::from_fn(|k| layout.row(w, 4 * i + k)), whole_mut(y, eights));
    }
    if RAGGED {
        for (i, &x) in x.iter().enumerate().skip(layout.first_rest(fours, eights)) {
            let done = if i < 4 * fours { eights } else { 0 };
            axpy(x, layout.behind(w, i, done), rest_mut(y, done));
        }
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

/// Rows that a binary vector selects, of a matrix that may start in the middle of them.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    /// Packed bits: bit i % 32 of word i / 32 for row i.
    pub bits: &'a [u32],
    /// The row that comes before all of them: that of the biases.
    pub bias: usize,
    /// The row that the matrix starts with.
    pub first: usize,
}

/// Columns that are held in registers while rows pass by.
const BLOCK: usize = 16;

#[cfg(vfp_loops)]
impl Selected<'_> {
    /// The rows that are among those of a matrix of `len` floats at `w`, in whole blocks of columns; `y` has a float a
    /// column.
    #[inline(always)]
    fn work(self, w: *mut f32, len: usize, layout: Layout, y: *mut f32) -> assembly::Rows {
        let rows = layout.rows(len);
        let (before, end) = (self.first % 32, self.first % 32 + rows);
        let words = self.bits.get(self.first / 32..).unwrap_or_default();
        let words = words.get(..end.div_ceil(32)).unwrap_or(words);
        let behind = end.saturating_sub(32 * words.len().saturating_sub(1));
        let bias = self.bias.wrapping_sub(self.first);
        assembly::Rows {
            bits: words.as_ptr(),
            words: words.len(),
            masks: [u32::MAX << before, !u32::MAX.checked_shl(behind as u32).unwrap_or(0)],
            w: w.wrapping_sub(before * layout.stride),
            stride: 4 * layout.stride,
            bias: if bias < rows { w.wrapping_add(bias * layout.stride) } else { core::ptr::null_mut() },
            y,
            blocks: layout.cols / BLOCK,
        }
    }
}

/// y = row `bias` of w + the rows whose bit is set, in order.
#[inline(always)]
pub fn add_rows(bits: &[u32], bias: usize, w: &[f32], layout: Layout, y: &mut [f32]) {
    let layout = layout.within(y.len());
    #[cfg(not(vfp_loops))]
    let done = 0;
    #[cfg(vfp_loops)]
    let done = {
        let selected = Selected { bits, bias, first: 0 };
        let work = selected.work(w.as_ptr().cast_mut(), w.len(), layout, y.as_mut_ptr());
        if work.blocks > 0 && !work.bias.is_null() {
            // SAFETY: the bias and the rows of the bits have these blocks, and so has y; w is only read.
            unsafe { assembly::add_rows(&work) };
        }
        work.blocks * BLOCK
    };
    if RAGGED && done < layout.cols {
        let y = y.get_mut(done..layout.cols).unwrap_or_default();
        let row = |i: usize| w.get(i * layout.stride + done..).unwrap_or_default();
        y.iter_mut().zip(row(bias)).for_each(|(y, w)| *y = *w);
        for (k, &word) in bits.iter().enumerate() {
            for i in ones(word) {
                y.iter_mut().zip(row(32 * k + i)).for_each(|(y, w)| *y += w);
            }
        }
    }
}

/// out = a d, without terms below `tiny`.
#[inline(never)]
pub fn terms(a: f32, tiny: f32, d: &[f32], out: &mut [f32]) {
    out.iter_mut().zip(d).for_each(|(out, d)| *out = significant(tiny, a * d));
}

/// The selected rows of g += a d, without terms below `tiny`.
#[inline(never)]
pub fn add_to_rows(a: f32, tiny: f32, d: &[f32], selected: Selected<'_>, g: &mut [f32], layout: Layout) {
    let (cols, stride) = (layout.within(d.len()).cols, layout.stride);
    for (i, d) in d.get(..cols).unwrap_or_default().chunks(BLOCK).enumerate() {
        let mut block = [0.0; BLOCK];
        terms(a, tiny, d, &mut block);
        let g = g.get_mut(i * BLOCK..).unwrap_or_default();
        add_terms(block.get(..d.len()).unwrap_or_default(), selected, g, Layout { cols: d.len(), stride });
    }
}

/// The selected rows of g += `terms`.
#[inline(never)]
pub fn add_terms(terms: &[f32], selected: Selected<'_>, g: &mut [f32], layout: Layout) {
    let layout = layout.within(terms.len());
    #[cfg(not(vfp_loops))]
    let mut done = 0;
    #[cfg(vfp_loops)]
    let mut done = {
        let work = selected.work(g.as_mut_ptr(), g.len(), layout, terms.as_ptr().cast_mut());
        if work.blocks > 0 {
            // SAFETY: the rows of the bits and of the bias have these blocks, and so have the terms, which are only read.
            unsafe { assembly::add_to_rows(&work) };
        }
        work.blocks * BLOCK
    };
    while RAGGED && done < layout.cols {
        let (terms, width) = (terms.get(done..).unwrap_or_default(), (layout.cols - done).min(BLOCK));
        let c: [f32; BLOCK] = core::array::from_fn(|i| terms.get(i).copied().unwrap_or_default());
        if c.iter().any(|c| *c != 0.0) {
            add_block(&c, done, width, selected, g, layout.stride);
        }
        done += BLOCK;
    }
}

/// The selected rows of g += c, in `width` columns from `start` on.
#[inline(never)]
fn add_block(
    c: &[f32; BLOCK],
    start: usize,
    width: usize,
    selected: Selected<'_>,
    g: &mut [f32],
    stride: usize,
) {
    let bias = core::iter::once((selected.bias, 1));
    let words = selected.bits.iter().enumerate().map(|(k, word)| (32 * k, *word));
    for (first, word) in bias.chain(words) {
        for row in ones(word).filter_map(|i| (first + i).checked_sub(selected.first)) {
            let row = g.get_mut(row * stride + start..).unwrap_or_default();
            row.iter_mut().zip(c).take(width).for_each(|(g, c)| *g += c);
        }
    }
}

/// The bits of a word that are one, lowest first.
#[inline(always)]
fn ones(mut word: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let i = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        if i < 32 { Some(i as usize) } else { None }
    })
}

/// x\[i\] = the inner product of `d` with row i: whole groups of eight in eight interleaved sums, which become four as
/// k + (k+4), and these one as (0+2) + (1+3); then the rest in order.
#[inline(always)]
pub fn dots(d: &[f32], w: &[f32], layout: Layout, x: &mut [f32]) {
    let (fours, eights) = layout.groups(w.len(), x.len(), d.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_mut_ptr(), w.as_ptr().cast_mut(), d.as_ptr().cast_mut(), 4 * layout.stride);
        // SAFETY: the slices have these groups; d and w are only read.
        unsafe { assembly::dots(&assembly::Matrix { x, w, y, fours, eights, stride }, &[0.0; 16]) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate().take(fours) {
        *x = dots_four(whole(d, eights), &core::array::from_fn(|k| layout.row(w, 4 * i + k)));
    }
    if RAGGED {
        let d = d.get(..layout.cols).unwrap_or(d);
        for (i, x) in x.iter_mut().enumerate().skip(layout.first_rest(fours, eights)) {
            let done = i < 4 * fours && eights > 0;
            *x = dot(if done { Some(*x) } else { None }, d, layout.behind(w, i, 0));
        }
    }
}

/// The inner product of `d` with the start of `w`; `whole` is that of the whole groups, where it is known.
#[inline(never)]
fn dot(whole: Option<f32>, d: &[f32], w: &[f32]) -> f32 {
    let n = d.len() / N;
    let first = whole.unwrap_or_else(|| {
        let mut sums = [0.0; N];
        for (i, (d, w)) in d.iter().zip(w).enumerate().take(n * N) {
            sums[i % N] += d * w;
        }
        total(sums)
    });
    rest(d, n).iter().zip(rest(w, n)).fold(first, |x, (d, w)| x + d * w)
}

/// What eight sums add up to.
#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f32; N]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(not(vfp_loops))]
#[inline(never)]
fn dots_four(d: &[f32], w: &[&[f32]; 4]) -> [f32; 4] {
    let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<N>().0);
    let mut sums = [[0.0; N]; 4];
    for ((((d, w0), w1), w2), w3) in d.as_chunks::<N>().0.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        for (sums, w) in sums.iter_mut().zip([w0, w1, w2, w3]) {
            sums.iter_mut().zip(d).zip(w).for_each(|((s, d), w)| *s += d * w);
        }
    }
    sums.map(total)
}

/// The first `n` groups.
#[cfg(not(vfp_loops))]
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
    let d = d.get(..layout.cols).unwrap_or(d);
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
        let row = g.get_mut(i * layout.stride + done * N..).unwrap_or_default();
        axpy(a * x, rest(d, done), row);
    }
}

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
    (m, v, w): (&mut [f32], &mut [f32], &mut [f32]),
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
