//! Plain gradient descent.

/// w += a d over 2^16, rounded up where its fraction and `noise` (of 16 bits) carry: of uniform noise the mean of what is
/// added is what should be. Every product must be below 2^31 - 2^16. Returns whether a parameter left the range.
#[inline(never)]
pub fn add_outer(a: i32, noise: u32, d: &[i16], w: &mut [i16]) -> bool {
    let mut beyond = 0;
    #[cfg(thumb2)]
    let (d, w) = {
        let fours = d.len().min(w.len()) / 4;
        if fours > 0 {
            // SAFETY: both have so many.
            let out = unsafe { super::thumb::add_outer(w.as_mut_ptr(), d.as_ptr(), fours, a, noise) };
            beyond |= out as i32;
        }
        (d.get(4 * fours..).unwrap_or_default(), w.get_mut(4 * fours..).unwrap_or_default())
    };
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

    /// Over all noise, the mean of what is added is exact.
    #[test]
    fn the_mean_is_what_should_be_added() {
        for (a, d) in [(1, 1), (-1, 1), (40_000, -3), (12_345, 77), (-65_535, 32_767), (65_536, 1)] {
            let mut sum = 0i64;
            for noise in 0..65_536 {
                let mut w = [5];
                add_outer(a, noise, &[d], &mut w);
                sum += i64::from(w[0]) - 5;
            }
            let exact = i64::from(a) * i64::from(d);
            if exact.abs() < 32_000 << 16 {
                assert_eq!(sum, exact, "{a} {d}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_hold_and_are_told() {
        let mut w = [32_767, -32_768, 0, 32_766];
        assert!(add_outer(65_536, 0, &[1, 0, 0, 1], &mut w));
        assert_eq!(w, [32_767, -32_768, 0, 32_767]);
        assert!(!add_outer(65_536, 65_535, &[0, 1, -1, 0], &mut w));
        assert_eq!(w, [32_767, -32_767, -1, 32_767]);
        let mut w = [-32_768, 32_767];
        assert!(add_outer(65_534, 65_535, &[-32_767, 32_767], &mut w));
        assert_eq!(w, [-32_768, 32_767]);
    }
}
