//! Inner loops of `arm-core` for Arm's scalar floating-point unit, and a square root without `std`.
//!
//! Each function exists twice: as a plain loop, and in assembly where the target passes floats in registers (`eabihf`).
//! Both round every operation and work in the same order: the bits agree. For Helium (`-C target-cpu=cortex-m55`) there
//! is assembly of its own, and for [`integer`] there is some for every Cortex-M and for RV32IM. This is all the unsafe code
//! below `arm-core`; slices are checked against each other before their pointers are used.
#![no_std]
#![deny(clippy::missing_safety_doc, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

#[cfg(all(vfp_loops, not(helium)))]
mod assembly;
#[cfg(helium)]
mod helium;
#[cfg(helium)]
use helium as assembly;
mod bernoulli;
pub mod integer;
mod lanes;
mod loops;
mod units;
mod window;
#[cfg(vfp_loops)]
mod work;

pub use bernoulli::{log_prob, log_prob_delta};
pub use lanes::{Lanes, Sums};
pub use loops::{
    Adam, AdamBlock, Layout, Momentum, MomentumBlock, Selected, adam, add_rows, add_scaled, add_terms,
    add_to_rows, dots, momentum, outer, terms,
};
pub use units::{activate, activate_back, floats, significant, smallest, squares, within};
pub use window::{window, window_mut};

/// Whether rows may have any length: without the feature `ragged` loops in assembly do whole groups of 16 columns only,
/// [`add_scaled`] and [`dots`] also whole groups of four rows.
pub const RAGGED: bool = cfg!(any(feature = "ragged", not(vfp_loops)));

/// The square root of `x`, correctly rounded; NaN below zero.
///
/// `core` has none yet. Without the processor's instruction it is `libm`'s.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    #[cfg(vfp)]
    return root(x);
    // libm's is an instruction of SSE, whatever the target: among those of AVX it costs a processor hundreds of cycles.
    #[cfg(all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"))]
    return wide::f32x4::splat(x).sqrt().to_array()[0];
    #[cfg(not(any(vfp, all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"))))]
    libm::sqrtf(x)
}

/// The ABI passes `x` in and out in s0.
#[cfg(vfp)]
#[unsafe(naked)]
extern "C" fn root(x: f32) -> f32 {
    core::arch::naked_asm!(".fpu fpv4-sp-d16", "vsqrt.f32 s0, s0", "bx lr")
}

#[cfg(test)]
mod tests {
    extern crate std;

    #[test]
    fn the_root_agrees_with_the_hosts() {
        for bits in (0..u32::MAX - 997).step_by(997) {
            let x = f32::from_bits(bits);
            let (a, b) = (super::sqrt(x), x.sqrt());
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "{x}");
        }
    }
}
