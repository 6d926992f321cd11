//! Bernoulli units, four at a time where there are vectors.

use crate::lanes::Lanes;

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
