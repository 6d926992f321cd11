//! Plain gradient descent.

#[cfg(integer_loops)]
use super::assembly::{self, ALIGNED, GROUP, Outer};
use crate::Layout;

/// What the word of a row grows by from one row to the next: 2^32 over the golden ratio.
pub const WEYL: u32 = 0x9e37_79b1;

/// What an input becomes that gradients are multiplied with: times `mantissa`, moved by `before`, over 2^`shift`, within
/// +-`limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Of at most 16 bits.
    pub mantissa: i32,
    /// Down, or, where it is negative, up; zero for rates that learn.
    pub before: i32,
    /// Below 31.
    pub shift: u32,
    /// So that no product with a gradient reaches 2^31 - 2^16.
    pub limit: i32,
}

impl Factor {
    /// For input `x`, rounded by the lower half of `noise`; of uniform noise the mean is right within 2^-16. Without the limit.
    #[inline(always)]
    fn of(self, x: i16, noise: u32) -> i32 {
        let product = self.mantissa * i32::from(x);
        let product = if self.before == 0 { product } else { self.moved(product) };
        // The noise has as many bits as are shifted out.
        let shift = self.shift & 31;
        product.wrapping_add((((noise << 16) >> 1) >> (31 - shift)) as i32) >> shift
    }

    #[cold]
    #[inline(never)]
    fn moved(self, product: i32) -> i32 {
        if self.before > 0 {
            product >> self.before.min(31)
        } else {
            product.saturating_mul(1i32 << self.before.unsigned_abs().min(30))
        }
    }

    /// Whether `a` is within the limit, which is at most 2^30.
    #[inline(always)]
    fn allows(self, a: i32) -> bool {
        a.wrapping_add(self.limit) as u32 <= (self.limit as u32).wrapping_mul(2)
    }
}

/// What rows of parameters are multiplied with. Behind the last is that of the biases: one.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a> {
    /// Units with 8 bits behind the point.
    Numbers(&'a [i16]),
    /// Units that are one or zero, so many of them.
    Bits(&'a [u32], usize),
}

/// Whether loops in assembly take rows by words.
#[cfg(integer_loops)]
const WORDS: bool = cfg!(integer_loops = "riscv");

/// One, with 8 bits behind the point.
static ONE: i16 = 1 << 8;

/// The lowest `n` bits, or all.
#[inline(always)]
fn ones(n: usize) -> u32 {
    if n < 32 { (1 << n) - 1 } else { u32::MAX }
}

/// For each row of w, which is `first` or behind it, w += (a d) over 2^16, where a is the [`Factor`] of its input, and the sum is
/// rounded up where its fraction and the upper half of the row's word carry: of uniform words the mean of what is added is what
/// should be. The word of the first row is `noise`. Returns how many rows have a factor that was cut or a parameter that left the
/// range.
#[inline(never)]
pub fn add_outer(
    factor: &Factor,
    noise: u32,
    inputs: Inputs<'_>,
    first: usize,
    d: &[i16],
    w: &mut [i16],
    layout: Layout,
) -> u32 {
    let units = match inputs {
        Inputs::Numbers(x) => x.len(),
        Inputs::Bits(_, units) => units,
    };
    // Most often all: where there is no division it takes its time.
    let all = units.saturating_sub(first).wrapping_add(1);
    let height = match layout.stride.checked_mul(all) {
        Some(n) if n == w.len() => all,
        _ => w.len().checked_div(layout.stride).unwrap_or(0),
    };
    let mut rows = Rows::new(factor, noise, d, w, layout);
    let left = units.saturating_sub(first).min(height);
    let mut row = 0;
    while row < left {
        let (unit, all) = (first + row, ones(left - row));
        match inputs {
            Inputs::Numbers(x) => rows.add(row, all, x.get(unit..)),
            Inputs::Bits(x, _) => {
                let word = |i: usize| u64::from(x.get(i).copied().unwrap_or(0));
                let pair = word(unit / 32) | word(unit / 32 + 1) << 32;
                rows.add(row, (pair >> (unit % 32)) as u32 & all, None);
            }
        }
        row += 32;
    }
    // The biases.
    if left < height && first + left == units {
        rows.add(left, 1, None);
    }
    rows.beyond
}

/// Rows that grow.
struct Rows<'a> {
    factor: &'a Factor,
    /// The word of the first row.
    noise: u32,
    d: &'a [i16],
    w: &'a mut [i16],
    layout: Layout,
    /// How many had a result that left its range.
    beyond: u32,
    /// Whether loops in assembly can take them.
    #[cfg(integer_loops)]
    in_groups: bool,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn new(factor: &'a Factor, noise: u32, d: &'a [i16], w: &'a mut [i16], layout: Layout) -> Self {
        Rows {
            #[cfg(integer_loops)]
            in_groups: layout.cols <= layout.stride
                && d.len() == layout.cols
                && !d.is_empty()
                && d.len() % GROUP == 0
                && (ALIGNED == 2 || d.as_ptr() as usize % ALIGNED == 0)
                && (!WORDS || (w.as_ptr() as usize | 2 * layout.stride) % 4 == 0),
            factor,
            noise,
            d,
            w,
            layout,
            beyond: 0,
        }
    }

    /// Of the rows from `row` on those whose bit is set, which are there. Their inputs begin at x; of none all are one.
    #[inline(never)]
    fn add(&mut self, row: usize, set: u32, x: Option<&[i16]>) {
        #[cfg(integer_loops)]
        if self.in_groups && self.factor.before == 0 && set != 0 {
            let (x, step) = x.map_or((&raw const ONE, 0), |x| (x.as_ptr(), 2));
            let Factor { mantissa, shift, limit, .. } = *self.factor;
            let mut rows = Outer {
                w: self.w.as_mut_ptr().wrapping_add(row * self.layout.stride),
                stride: 2 * self.layout.stride,
                noise: self.noise.wrapping_add((row as u32).wrapping_mul(WEYL)),
                weyl: WEYL,
                set,
                d: self.d.as_ptr(),
                n: self.d.len(),
                x,
                step,
                mantissa,
                keep: 32 - shift,
                shift,
                limit,
            };
            // SAFETY: the rows are there, with as many columns as d has, and inputs for all of them.
            self.beyond += unsafe { assembly::outer(&mut rows) };
            return;
        }
        let (mut set, mut start) = (set, row * self.layout.stride);
        let mut noise = self.noise.wrapping_add((row as u32).wrapping_mul(WEYL));
        let mut inputs = x.map(<[i16]>::iter);
        while set != 0 {
            let x = inputs.as_mut().map_or(ONE, |x| x.next().copied().unwrap_or(0));
            if set & 1 != 0 {
                self.add_row(start, x, noise);
            }
            set >>= 1;
            start += self.layout.stride;
            noise = noise.wrapping_add(WEYL);
        }
    }

    /// The row that begins at `start`, of input `x`.
    #[inline(always)]
    fn add_row(&mut self, start: usize, x: i16, noise: u32) {
        let (mut a, mut cut) = (self.factor.of(x, noise), false);
        if !self.factor.allows(a) {
            (a, cut) = (if a < 0 { -self.factor.limit } else { self.factor.limit }, true);
        }
        let w = self.w.get_mut(start..start + self.layout.cols).unwrap_or_default();
        self.beyond += u32::from(add_row(a, noise >> 16, self.d, w) | cut);
    }
}

/// Whether a result left the range.
#[inline(always)]
fn add_row(a: i32, noise: u32, d: &[i16], w: &mut [i16]) -> bool {
    let mut beyond = 0;
    for (w, d) in w.iter_mut().zip(d) {
        let v = i32::from(*w) + (a.wrapping_mul(i32::from(*d)).wrapping_add(noise as i32) >> 16);
        let within = v.clamp(-32_768, 32_767);
        beyond |= v ^ within;
        *w = within as i16;
    }
    beyond != 0
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
