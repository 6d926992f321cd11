//! Adam in the pass that computes the gradient of real inputs, with examples multiplied in [pairs](crate::tiles::pairs).
//!
//! Each input and each column of d has a scale of its own: rounding is relative to the largest of an input, times the
//! largest of a column.

use crate::lanes::Lanes;
use crate::tiles::pairs::{magnitude, power};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::pending::{Gradient, PendingTile, Rows, tile};
use crate::tiles::{split, with_height};
use core::mem::MaybeUninit;

/// Lanes of the vectors.
const N: usize = 16;

/// Most examples.
const EXAMPLES: usize = 256;

/// Inputs that are packed at a time.
const INPUTS: usize = 13 * N;

/// Rows of the tallest tile.
const TALL: usize = 18;

/// Whether there are enough examples and inputs to be worth a copy of both factors, and not too many.
pub(crate) fn pays(examples: usize, inputs: usize, lanes: usize) -> bool {
    lanes == N && inputs >= 32 && (32..=EXAMPLES).contains(&examples)
}

/// Memory for columns, an example after the other.
#[repr(align(64))]
struct ColumnBuffer<const W: usize>(MaybeUninit<[[f32; W]; EXAMPLES]>);

/// Columns of some examples, each multiplied by a power of two.
#[repr(align(64))]
struct Columns<'a, const W: usize> {
    /// Those that were packed.
    values: &'a mut ColumnBuffer<W>,
    /// Sums of the products within the pairs of a column.
    products: [f32; W],
    /// What undoes the scale and, of inputs, gives that of [`Rates`](crate::tiles::rates::Rates).
    inverse: [f32; W],
}

impl<'a, const W: usize> Columns<'a, W> {
    #[inline(always)]
    fn new(values: &'a mut ColumnBuffer<W>) -> Self {
        Columns { values, products: [0.0; W], inverse: [0.0; W] }
    }

    /// Packs [`N`] columns of `examples` rows, which lie `stride` apart, as columns `at..`.
    ///
    /// # Safety
    /// They must be readable, `examples` at most [`EXAMPLES`], and `at` + N at most W.
    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &mut self,
        l: L,
        at: usize,
        mut from: Panel<'_>,
        stride: usize,
        examples: usize,
    ) {
        let (mut scale, inverse) = ([0.0; N], &mut self.inverse[at..at + N]);
        // SAFETY: the caller's; a vector has N elements.
        unsafe {
            // Two, so that one does not wait for the other.
            let (mut largest, mut other) = (l.splat(0.0), l.splat(0.0));
            for n in (0..examples).step_by(2) {
                largest = l.largest(largest, l.load(from.at(n * stride, N)));
                other = l.largest(other, l.load(from.at((n + 1).min(examples - 1) * stride, N)));
            }
            l.write(&mut scale, l.largest(largest, other));
            for (scale, inverse) in scale.iter_mut().zip(inverse) {
                (*scale, *inverse) = power(magnitude(*scale));
            }
            let scale = l.read(&scale);
            let mut products = l.splat(0.0);
            let mut to = PanelMut::new(&mut self.values.0).from(at);
            for _ in 0..examples / 3 {
                let x0 = l.mul(scale, l.load(from.at(0, N)));
                let x1 = l.mul(scale, l.load(from.at(stride, N)));
                let one = l.mul(scale, l.load(from.at(2 * stride, N)));
                // In the order of the sums of a tile: where one factor is zero, both are the same.
                products = l.fma(x0, x1, products);
                l.store(to.at(0, N), x0);
                l.store(to.at(W, N), x1);
                l.store(to.at(2 * W, N), one);
                (from, to) = (from.from(3 * stride), to.from(3 * W));
            }
            for _ in 0..examples % 3 {
                l.store(to.at(0, N), l.mul(scale, l.load(from.at(0, N))));
                (from, to) = (from.from(stride), to.from(W));
            }
            l.write(&mut self.products[at..], products);
        }
    }
}

/// Gradient and Adam of some rows.
///
/// # Safety
/// That of [`Rows`], and as many examples as [`pays`] allows.
#[inline(always)]
pub(crate) unsafe fn tiles<L: Lanes>(l: L, rows: Rows<'_>, pending: &mut PendingTile<'_, L>) {
    let Rows { x, first, d, height } = rows;
    let (stride, examples) = (d.stride(), rows.examples());
    let mut buffers = (ColumnBuffer(MaybeUninit::uninit()), ColumnBuffer(MaybeUninit::uninit()));
    let (mut inputs, mut panel) = (Columns::<INPUTS>::new(&mut buffers.0), Columns::<N>::new(&mut buffers.1));
    let d = Panel::new(d.data());
    for (start, rows) in split(height, INPUTS) {
        let from = Panel::new(x.data()).from(first + start);
        // Other threads may have written both.
        from.prefetch_rows(l, x.stride(), examples, rows.div_ceil(N));
        d.prefetch_rows(l, stride, examples, 1);
        for at in (0..rows).step_by(N) {
            let column = first + start + at;
            if x.cols().saturating_sub(column) >= N {
                // SAFETY: the columns lie within x.
                unsafe { inputs.pack(l, at, from.from(at), x.stride(), examples) }
                continue;
            }
            // The last inputs, that of the biases, which is one, and nothing.
            let mut last = [[0.0; N]; EXAMPLES];
            for (n, last) in last.iter_mut().enumerate().take(examples) {
                let rest = x.row(n).get(column..).unwrap_or_default();
                last[..rest.len()].copy_from_slice(rest);
                last[rest.len()] = 1.0;
            }
            // SAFETY: N columns of EXAMPLES rows.
            unsafe { inputs.pack(l, at, Panel::new(&last), N, examples) }
        }
        inputs.inverse.iter_mut().for_each(|inverse| *inverse *= pending.root());
        for column in (0..stride).step_by(N) {
            let from = d.from(column);
            // SAFETY: the stride is whole vectors.
            unsafe { panel.pack(l, 0, from, stride, examples) }
            // Of the next panel, which other threads may have written, each tile asks for some examples.
            let (mut next, mut due) = (from.from(N), if column + N < stride { examples } else { 0 });
            let share = due.div_ceil(rows.div_ceil(TALL));
            for (r, height) in split(rows, TALL) {
                next.prefetch_rows(l, stride, share.min(due), 1);
                next = next.from(share * stride);
                due = due.saturating_sub(share);
                let gradient = Pairs {
                    x: Panel::new(&inputs.values.0).from(r),
                    d: Panel::new(&panel.values.0),
                    examples,
                    of_inputs: [&inputs.products[r..], &inputs.inverse[r..]],
                    of_panel: [&panel.products, &panel.inverse],
                };
                with_height!(height, TALL, R => {
                    // SAFETY: `height` inputs from r are packed; the caller's promise.
                    unsafe { tile::<L, R, 1>(l, gradient, stride, (start + r) * stride + column, pending) }
                });
            }
        }
    }
}

/// The gradient of a tile. A step is three examples.
#[derive(Clone, Copy)]
struct Pairs<'a> {
    /// Packed inputs of the tile.
    x: Panel<'a>,
    /// The packed panel of d.
    d: Panel<'a>,
    examples: usize,
    /// Products and inverse of the scale of each.
    of_inputs: [&'a [f32]; 2],
    of_panel: [&'a [f32; N]; 2],
}

impl<L: Lanes, const R: usize> Gradient<L, R, 1> for Pairs<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.examples / 3
    }

    #[inline(always)]
    unsafe fn step(&mut self, l: L, sums: &mut [[L::V; 1]; R]) {
        // SAFETY: the caller's.
        unsafe {
            let (x, d) = (self.x, self.d);
            let d = [l.load(d.at(0, N)), l.load(d.at(N, N)), l.load(d.at(2 * N, N))];
            // In two loops, which the compiler unrolls where it leaves one as it is.
            let (top, bottom) = sums.split_at_mut(R / 2);
            add(l, top, x, d);
            add(l, bottom, x.from(R / 2), d);
        }
        (self.x, self.d) = (self.x.from(3 * INPUTS), self.d.from(3 * N));
    }

    #[inline(always)]
    unsafe fn end(self, l: L, sums: &mut [[L::V; 1]; R]) {
        let (top, bottom) = sums.split_at_mut(R / 2);
        // SAFETY: the caller's.
        unsafe {
            self.finish(l, top, 0);
            self.finish(l, bottom, R / 2);
        }
    }
}

impl Pairs<'_> {
    /// The examples that are left, and what the sums of the inputs from `first` have to do with the gradient.
    ///
    /// # Safety
    /// All steps must have been taken; there must be as many inputs as sums.
    #[inline(always)]
    unsafe fn finish<L: Lanes>(&self, l: L, sums: &mut [[L::V; 1]], first: usize) {
        let [shared, inverse] = self.of_panel;
        let [own, own_inverse] = self.of_inputs;
        // SAFETY: the caller's; there is a vector for each column of the panel.
        unsafe {
            for k in 0..self.examples % 3 {
                let d = l.load(self.d.at(k * N, N));
                for (r, [sum]) in sums.iter_mut().enumerate() {
                    *sum = l.fma(l.splat(*self.x.at(k * INPUTS + first + r, 1)), d, *sum);
                }
            }
            let (shared, inverse) = (l.read(shared), l.read(inverse));
            for (r, [sum]) in sums.iter_mut().enumerate() {
                let rest = l.sub(*sum, l.add(shared, l.splat(*own.get_unchecked(first + r))));
                *sum = l.mul(l.mul(rest, l.splat(*own_inverse.get_unchecked(first + r))), inverse);
            }
        }
    }
}

/// Adds a pair of examples and a single one to the sums of inputs.
///
/// # Safety
/// `x` must be readable for as many inputs as sums, of three examples.
#[inline(always)]
unsafe fn add<L: Lanes>(l: L, sums: &mut [[L::V; 1]], x: Panel<'_>, [d0, d1, one]: [L::V; 3]) {
    for (r, [sum]) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let (x0, x1, x2) = unsafe { (*x.at(r, 1), *x.at(INPUTS + r, 1), *x.at(2 * INPUTS + r, 1)) };
        let (x0, x1, x2) = (l.splat(x0), l.splat(x1), l.splat(x2));
        *sum = l.fma(x2, one, *sum);
        l.fma_to(l.add(x0, d1), l.add(x1, d0), sum);
    }
}
