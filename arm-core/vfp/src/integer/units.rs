//! Logarithms of probabilities of units.

#[cfg(any(integer_loops = "riscv", integer_loops = "thumb2"))]
use super::assembly;
#[cfg(any(integer_loops = "riscv", integer_loops = "thumb2"))]
use super::table::TABLE;
#[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
use super::table::falling;

/// log sigma(x) with 16 bits behind the point, of x with 11 and ln(1 + e^-|x|). It is less than 2^4 + 0.7, so that 32 of them are below
/// 2^26.
#[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
#[inline(always)]
fn log_sigmoid(x: i32, softplus: u32) -> i32 {
    (x.min(0) << 5) - softplus as i32
}

/// `x` with its sign changed unless the lowest bit of `b` is set.
#[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
#[inline(always)]
fn signed(x: i32, b: u32) -> i32 {
    let flip = (b & 1) as i32 - 1;
    (x ^ flip) - flip
}

/// log p of units with 16 bits behind the point, from their logits, with 11: words of 32 units are added, and the sum stays at the
/// end of its range.
#[cfg_attr(not(any(integer_loops = "riscv", integer_loops = "thumb2")), inline(never))]
#[cfg_attr(any(integer_loops = "riscv", integer_loops = "thumb2"), inline(always))]
pub fn log_prob(logits: &[i16], b: &[u32]) -> i32 {
    #[cfg(any(integer_loops = "riscv", integer_loops = "thumb2"))]
    {
        let n = logits.len().min(b.len().saturating_mul(32));
        // SAFETY: there are so many, and so many bits.
        unsafe { assembly::log_prob(logits.as_ptr(), n, b.as_ptr(), &TABLE) }
    }
    #[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
    logits.chunks(32).zip(b).fold(0i32, |total, (logits, word)| {
        let (mut sum, mut word) = (0, *word);
        for l in logits {
            sum += log_sigmoid(signed((*l).into(), word), falling(l.unsigned_abs().into()).1);
            word >>= 1;
        }
        total.saturating_add(sum)
    })
}

/// [`log_prob`], and in place of each logit sigma(l) - b with 12 bits behind the point.
#[cfg_attr(not(any(integer_loops = "riscv", integer_loops = "thumb2")), inline(never))]
#[cfg_attr(any(integer_loops = "riscv", integer_loops = "thumb2"), inline(always))]
pub fn log_prob_delta(logits: &mut [i16], b: &[u32]) -> i32 {
    #[cfg(any(integer_loops = "riscv", integer_loops = "thumb2"))]
    {
        let n = logits.len().min(b.len().saturating_mul(32));
        // SAFETY: as above.
        unsafe { assembly::log_prob_delta(logits.as_mut_ptr(), n, b.as_ptr(), &TABLE) }
    }
    #[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
    logits.chunks_mut(32).zip(b).fold(0i32, |total, (logits, word)| {
        let (mut sum, mut word) = (0, *word);
        for l in logits {
            let (small, softplus) = falling(l.unsigned_abs().into());
            sum += log_sigmoid(signed((*l).into(), word), softplus);
            let small = (small as i32 + 8) >> 4;
            let p = if *l >= 0 { 4096 - small } else { small };
            *l = (p - ((word & 1) as i32) * 4096) as i16;
            word >>= 1;
        }
        total.saturating_add(sum)
    })
}
