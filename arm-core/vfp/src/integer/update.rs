//! Plain gradient descent.

#[cfg(integer_loops)]
use super::assembly::{self, ALIGNED, GROUP, Outer};
use super::factor::{Factor, Inputs};
use crate::Layout;

/// For each row of w, which is `first` or behind it, w += (a d) over 2^16, where a is the [`Factor`] of its input, and the sum is
/// rounded up where its fraction and the upper half of the row's word carry: of uniform words the mean of what is added is what
/// should be. The word of the first row is `noise`. Returns how many rows have a factor that was cut or a parameter that left the
/// range.
#[cfg_attr(helium, inline(always))] // with Helium a call takes as long as a row
#[cfg_attr(not(helium), inline(never))]
pub fn add_outer(
    factor: &Factor,
    noise: u32,
    inputs: Inputs<'_>,
    first: usize,
    d: &[i16],
    w: &mut [i16],
    layout: Layout,
) -> u32 {
    #[cfg(integer_loops)]
    if let Some(mut rows) = rows(factor, noise, d, w, layout) {
        let units = match inputs {
            Inputs::Numbers(x) => x.len(),
            Inputs::Bits(_, units) => units,
        };
        let height = height(w, layout, units.saturating_sub(first).wrapping_add(1));
        let end = first.saturating_add(height);
        #[cfg(integer_loops = "thumb2")]
        if factor.before != 0 {
            // SAFETY: there are so many rows.
            return unsafe { one_by_one(&mut rows, factor, inputs, first, end) };
        }
        // SAFETY: there are so many rows.
        return unsafe { by_words(&mut rows, inputs, units, first, end) };
    }
    // There loops take all that has a shape.
    #[cfg(integer_loops = "thumb2")]
    return 0;
    #[cfg(integer_vectors)]
    return super::vectors::add_outer(factor, noise, inputs, first, d, w, layout);
    #[cfg(not(any(integer_loops = "thumb2", integer_vectors)))]
    one_by_one(factor, noise, inputs, first, d, w, layout)
}

/// Rows that are there: most often `all`, and where there is no division it takes its time.
#[cfg(integer_loops)]
#[inline(always)]
fn height(w: &[i16], layout: Layout, all: usize) -> usize {
    match layout.stride.checked_mul(all) {
        Some(n) if cfg!(not(integer_loops = "thumb2")) && n == w.len() => all,
        _ => w.len().checked_div(layout.stride).unwrap_or(0),
    }
}

/// [`add_outer`] for a factor that moves products before they are shifted: each row has an own one then, of a unit that is one.
///
/// # Safety
/// There are rows from `first` to `end`.
#[cfg(integer_loops = "thumb2")]
#[cold]
#[inline(never)]
unsafe fn one_by_one(rows: &mut Outer, factor: &Factor, inputs: Inputs<'_>, first: usize, end: usize) -> u32 {
    static UNIT: i16 = 1;
    let mut beyond = 0;
    for unit in first..end {
        let x = inputs.of(unit);
        if x != 0 {
            (rows.mantissa, rows.x, rows.set) =
                (factor.moved(factor.mantissa * i32::from(x)), &raw const UNIT, 1);
            // SAFETY: the row is there.
            beyond += unsafe { assembly::outer(rows) };
        }
        rows.w = rows.w.wrapping_byte_add(rows.stride);
        rows.noise = rows.noise.wrapping_add(super::factor::WEYL);
    }
    beyond
}

/// [`add_outer`] in plain Rust.
#[cfg(not(any(integer_loops = "thumb2", all(integer_vectors, not(test)))))]
#[inline(never)]
pub(super) fn one_by_one(
    factor: &Factor,
    noise: u32,
    inputs: Inputs<'_>,
    first: usize,
    d: &[i16],
    w: &mut [i16],
    layout: Layout,
) -> u32 {
    let (mut noise, mut i, mut beyond) = (noise, first, 0);
    for w in w.chunks_mut(layout.stride.max(1)) {
        let x = inputs.of(i);
        // Of zero nothing comes, however it is rounded.
        if let (true, Some(w)) = (x != 0, w.get_mut(..layout.cols)) {
            let (a, cut) = factor.within(x, noise);
            beyond += u32::from(super::factor::add_numbers(a, noise >> 16, d, w) | cut);
        }
        noise = noise.wrapping_add(super::factor::WEYL);
        i += 1;
    }
    beyond
}

/// The rows for loops in assembly, if they can take them: all that is the same for each.
#[cfg(integer_loops)]
#[inline(always)]
fn rows(factor: &Factor, noise: u32, d: &[i16], w: &mut [i16], layout: Layout) -> Option<Outer> {
    let Factor { mantissa, before, shift, limit } = *factor;
    let stride = 2 * layout.stride;
    // Of RISC-V rows are words.
    let words = if cfg!(integer_loops = "riscv") { w.as_ptr() as usize | stride } else { 0 };
    let aligned = (ALIGNED == 2 || d.as_ptr() as usize % ALIGNED == 0) && words % 4 == 0;
    let columns =
        layout.cols <= layout.stride && d.len() == layout.cols && !d.is_empty() && d.len() % GROUP == 0;
    let (keep, x, d, n) = (32 - shift, &raw const super::factor::ONE, d.as_ptr(), d.len());
    let (w, narrow) = (w.as_mut_ptr(), if limit < 0x7fff { limit } else { 0x7fff });
    let (set, weyl, step) = (1, super::factor::WEYL, 0);
    let rows = Outer { w, noise, x, set, stride, weyl, d, n, mantissa, step, shift, narrow, limit, keep };
    (aligned && columns && (before == 0 || cfg!(integer_loops = "thumb2"))).then_some(rows)
}

/// [`add_outer`], 32 rows at a time.
///
/// # Safety
/// There are rows from `first` to `end`.
#[cfg(integer_loops)]
#[inline(always)]
unsafe fn by_words(rows: &mut Outer, inputs: Inputs<'_>, units: usize, first: usize, end: usize) -> u32 {
    // As if the first of all units had a row.
    let w = rows.w.wrapping_byte_sub(rows.stride.wrapping_mul(first));
    let noise = rows.noise.wrapping_sub((first as u32).wrapping_mul(super::factor::WEYL));
    let all = end.min(units);
    let mut beyond = 0;
    // The biases, whose input is one.
    let mut unit = units;
    let mut set = u32::from(first <= units && units < end);
    let mut next = first & !31;
    loop {
        if set != 0 {
            rows.set = set;
            rows.w = w.wrapping_byte_add(rows.stride.wrapping_mul(unit));
            rows.noise = noise.wrapping_add((unit as u32).wrapping_mul(super::factor::WEYL));
            // SAFETY: the rows that are set are there, with as many columns as d has, and inputs for all of them.
            beyond += unsafe { assembly::outer(rows) };
        }
        (unit, next) = (next, next + 32);
        if unit >= all {
            return beyond;
        }
        set = match inputs {
            Inputs::Numbers(x) => {
                (rows.x, rows.step) = (x.as_ptr().wrapping_add(unit), 2);
                u32::MAX
            }
            Inputs::Bits(x, _) => x.get(unit / 32).copied().unwrap_or(0),
        };
        if unit < first {
            set &= u32::MAX << (first % 32);
        }
        if all - unit < 32 {
            set &= !(u32::MAX << (all - unit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(mantissa: i32) -> Factor {
        Factor { mantissa, before: 0, shift: 0, limit: 1 << 30 }
    }

    fn add(a: i32, noise: u32, d: &[i16], w: &mut [i16]) -> bool {
        let layout = Layout { cols: d.len(), stride: d.len() };
        add_outer(&factor(a), noise << 16, Inputs::Numbers(&[1]), 0, d, w, layout) > 0
    }

    /// Over all noise, the mean of what is added is exact.
    #[test]
    fn the_mean_is_what_should_be_added() {
        for (a, d) in [(1, 1), (-1, 1), (30_000, -3), (12_345, 77), (65_536, 1)] {
            let mut sum = 0i64;
            for noise in 0..65_536 {
                let mut w = [5];
                add(a, noise, &[d], &mut w);
                sum += i64::from(w[0]) - 5;
            }
            assert_eq!(sum, i64::from(a) * i64::from(d), "{a} {d}");
        }
    }

    #[test]
    fn the_ends_of_the_range_hold_and_are_told() {
        let mut w = [32_767, -32_768, 0, 32_766];
        assert!(add(65_536, 0, &[1, 0, 0, 1], &mut w));
        assert_eq!(w, [32_767, -32_768, 0, 32_767]);
        assert!(!add(65_536, 65_535, &[0, 1, -1, 0], &mut w));
        assert_eq!(w, [32_767, -32_767, -1, 32_767]);
        let mut w = [-32_768, 32_767];
        assert!(add(65_534, 65_535, &[-32_767, 32_767], &mut w));
        assert_eq!(w, [-32_768, 32_767]);
    }

    #[test]
    fn factors_are_cut_and_rounded() {
        let cut = Factor { limit: 100, ..factor(1) };
        let mut w = [0; 2];
        let layout = Layout { cols: 1, stride: 1 };
        assert_eq!(add_outer(&cut, 0, Inputs::Numbers(&[101, 99]), 0, &[32_767], &mut w, layout), 1);
        // The second row is rounded by 0x9e37.
        assert_eq!(w, [49, 50]);
        let half = Factor { shift: 15, ..factor(1 << 14) };
        assert_eq!(
            [half.of(1, 0x7fff), half.of(1, 0x8000), half.of(-1, 0x7fff), half.of(-1, 0x8000)],
            [0, 1, -1, 0]
        );
    }
}
