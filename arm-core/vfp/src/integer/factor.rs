//! What rows of parameters grow by: a factor each, times one row.

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
    #[cfg(not(integer_loops = "thumb2"))]
    #[inline(always)]
    pub(super) fn of(self, x: i16, noise: u32) -> i32 {
        let product = self.mantissa * i32::from(x);
        let product = if self.before == 0 { product } else { self.moved(product) };
        // The noise has as many bits as are shifted out.
        let shift = self.shift & 31;
        product.wrapping_add((((noise << 16) >> 1) >> (31 - shift)) as i32) >> shift
    }

    #[cold]
    #[inline(never)]
    pub(super) fn moved(self, product: i32) -> i32 {
        if self.before > 0 {
            product >> self.before.min(31)
        } else {
            product.saturating_mul(1i32 << self.before.unsigned_abs().min(30))
        }
    }

    /// [`of`](Self::of), and whether it was cut by the limit, which is at most 2^30.
    #[cfg(not(integer_loops = "thumb2"))]
    #[inline(always)]
    pub(super) fn within(self, x: i16, noise: u32) -> (i32, bool) {
        let a = self.of(x, noise);
        if a.wrapping_add(self.limit) as u32 <= (self.limit as u32).wrapping_mul(2) {
            return (a, false);
        }
        (if a < 0 { -self.limit } else { self.limit }, true)
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

/// One, with 8 bits behind the point.
pub(super) static ONE: i16 = 1 << 8;

impl Inputs<'_> {
    /// That of row `i`.
    #[cfg(not(all(integer_vectors, not(test))))]
    #[inline(always)]
    pub(super) fn of(&self, i: usize) -> i16 {
        match *self {
            Inputs::Numbers(x) => x.get(i).copied().unwrap_or(ONE),
            Inputs::Bits(_, units) if i >= units => ONE,
            Inputs::Bits(x, _) => x.get(i / 32).map_or(0, |word| (word >> (i % 32) & 1) as i16 * ONE),
        }
    }
}

/// w += (a d) over 2^16, rounded up where its fraction and `noise` carry; whether a result left the range.
#[cfg(not(integer_loops = "thumb2"))]
#[cfg_attr(integer_vectors, inline(never))]
#[cfg_attr(not(integer_vectors), inline(always))]
pub(super) fn add_numbers(a: i32, noise: u32, d: &[i16], w: &mut [i16]) -> bool {
    let mut beyond = 0;
    for (w, d) in w.iter_mut().zip(d) {
        let v = i32::from(*w) + (a.wrapping_mul(i32::from(*d)).wrapping_add(noise as i32) >> 16);
        let within = v.clamp(-32_768, 32_767);
        beyond |= v ^ within;
        *w = within as i16;
    }
    beyond != 0
}
