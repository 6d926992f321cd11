//! Bernoulli units, four at a time where there are vectors.

/// A sum of log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|) that is not complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// Sum of x - |x|.
    pub twice: f32,
    /// Product of 1 + e^-|x|.
    pub product: f32,
}

impl Sums {
    /// Of no units.
    pub const NONE: Self = Sums { twice: 0.0, product: 1.0 };
}

/// Four [`Sums`], of which vectors make all at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lanes {
    twice: [f32; 4],
    product: [f32; 4],
}

impl Lanes {
    /// Of no units.
    pub const NONE: Self = Lanes { twice: [0.0; 4], product: [1.0; 4] };

    /// A lane; without vectors there is nothing in any.
    #[inline(always)]
    pub fn lane(&self, i: usize) -> Sums {
        if cfg!(helium) {
            Sums { twice: self.twice[i % 4], product: self.product[i % 4] }
        } else {
            Sums::NONE
        }
    }
}

/// Fills `lanes` with the sums of log sigmoid(x) for groups of four of at most 32 `logits`, unit i in lane i % 4, where x is a logit with its
/// sign changed unless its bit of `word` is set. Returns how many logits were taken: without vectors none.
#[inline(always)]
#[cfg_attr(not(helium), allow(unused_variables))]
pub fn log_prob(logits: &[f32], word: u32, lanes: &mut Lanes) -> usize {
    let fours = if cfg!(helium) { logits.len().min(32) / 4 } else { 0 };
    #[cfg(helium)]
    if fours > 0 {
        // SAFETY: the slice has these groups.
        unsafe { crate::helium::log_prob(logits.as_ptr(), word, fours, lanes) };
    }
    4 * fours
}

/// [`log_prob`], and replaces each logit by the derivative of minus the sum.
#[inline(always)]
#[cfg_attr(not(helium), allow(unused_variables))]
pub fn log_prob_delta(logits: &mut [f32], word: u32, lanes: &mut Lanes) -> usize {
    let fours = if cfg!(helium) { logits.len().min(32) / 4 } else { 0 };
    #[cfg(helium)]
    if fours > 0 {
        // SAFETY: the slice has these groups.
        unsafe { crate::helium::log_prob_delta(logits.as_mut_ptr(), word, fours, lanes) };
    }
    4 * fours
}
