//! Plain gradient descent.

#[cfg(thumb2)]
use super::thumb;
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
    /// For input `x`, rounded by the lower half of `noise`; of uniform noise the mean is right within 2^-16.
    #[inline(always)]
    fn of(self, x: i16, noise: u32) -> i32 {
        let product = self.mantissa * i32::from(x);
        let product = match self.before {
            0 => product,
            down @ 1.. => product >> down.min(31),
            up => product.saturating_mul(1i32 << up.unsigned_abs().min(30)),
        };
        // The noise has as many bits as are shifted out.
        let shift = self.shift & 31;
        product.wrapping_add((((noise << 16) >> 1) >> (31 - shift)) as i32) >> shift
    }
}

/// For each row of w, w += (a d) over 2^16, where a is the [`Factor`] of its input, and the sum is rounded up where its fraction
/// and the upper half of the row's word carry: of uniform words the mean of what is added is what should be. The word of the
/// first row is `noise`. Returns how many rows have a factor that was cut or a parameter that left the range.
#[inline(never)]
pub fn add_outer(factor: &Factor, noise: u32, x: &[i16], d: &[i16], w: &mut [i16], layout: Layout) -> u32 {
    let n = x.len().min(w.len().checked_div(layout.stride).unwrap_or(0));
    #[cfg(thumb2)]
    if factor.before == 0 && n > 0 && d.len() == layout.cols && !d.is_empty() && d.len() % 4 == 0 {
        let Factor { mantissa, shift, limit, .. } = *factor;
        let mut rows = thumb::Rows {
            w: w.as_mut_ptr(),
            d: d.as_ptr(),
            fours: d.len() / 4,
            n,
            x: x.as_ptr(),
            mantissa,
            keep: 31 - (shift & 31),
            shift,
            limit,
            noise,
            weyl: WEYL,
            gap: 2 * layout.stride.wrapping_sub(layout.cols),
        };
        // SAFETY: w has as many rows of so many columns, d has the columns, and x the rows.
        return unsafe { thumb::add_outer(&mut rows) };
    }
    let (mut noise, mut beyond, mut start) = (noise, 0, 0);
    for x in x.iter().take(n) {
        let row = w.get_mut(start..).unwrap_or_default();
        beyond += u32::from(add_row(factor, noise, *x, d, row.get_mut(..layout.cols).unwrap_or_default()));
        noise = noise.wrapping_add(WEYL);
        start += layout.stride;
    }
    beyond
}

#[inline(always)]
fn add_row(factor: &Factor, noise: u32, x: i16, d: &[i16], w: &mut [i16]) -> bool {
    let whole = factor.of(x, noise);
    // Not by `clamp`, which panics where the limits are not in order.
    let a = whole.min(factor.limit).max(-factor.limit);
    let mut beyond = a ^ whole;
    for (w, d) in w.iter_mut().zip(d) {
        let v = i32::from(*w) + (a.wrapping_mul(i32::from(*d)).wrapping_add((noise >> 16) as i32) >> 16);
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
        add_outer(&factor(a), noise << 16, &[1], d, w, Layout { cols: d.len(), stride: d.len() }) > 0
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
        assert_eq!(add_outer(&cut, 0, &[101, 99], &[32_767], &mut w, layout), 1);
        // The second row is rounded by 0x9e37.
        assert_eq!(w, [49, 50]);
        let half = Factor { shift: 15, ..factor(1 << 14) };
        assert_eq!(
            [half.of(1, 0x7fff), half.of(1, 0x8000), half.of(-1, 0x7fff), half.of(-1, 0x8000)],
            [0, 1, -1, 0]
        );
    }
}
