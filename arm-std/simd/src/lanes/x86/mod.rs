//! The vector units of x86-64.

mod avx2;
mod avx512;

pub(crate) use avx2::Avx2;
pub(crate) use avx512::Avx512;

use core::arch::asm;
use core::arch::x86_64::__cpuid;

/// Whether AMD made the CPU.
pub(crate) fn is_amd() -> bool {
    let leaf = __cpuid(0);
    [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

/// Methods of [`Lanes`](crate::lanes::Lanes) that are an intrinsic each, and the same but for its name in both units.
macro_rules! intrinsics {
    ($V:ty {
        splat: $splat:ident, load: $load:ident, store: $store:ident, stream: $stream:ident,
        add: $add:ident, sub: $sub:ident, mul: $mul:ident, div: $div:ident, sqrt: $sqrt:ident, fma: $fma:ident $(,)?
    }) => {
        #[inline(always)]
        fn splat(self, x: f32) -> $V {
            // SAFETY: `self` proves the features.
            unsafe { $splat(x) }
        }

        #[inline(always)]
        unsafe fn load(self, p: *const f32) -> $V {
            // SAFETY: `self` proves the features; the caller promises the memory.
            unsafe { $load(p) }
        }

        #[inline(always)]
        unsafe fn store(self, p: *mut f32, v: $V) {
            // SAFETY: `self` proves the features; the caller promises the memory.
            unsafe { $store(p, v) }
        }

        #[inline(always)]
        unsafe fn stream(self, p: *mut f32, v: $V) {
            // SAFETY: `self` proves the features; the caller promises the memory and its alignment.
            unsafe { $stream(p, v) }
        }

        $crate::lanes::x86::binary!($V { add: $add, sub: $sub, mul: $mul, div: $div });

        #[inline(always)]
        fn sqrt(self, a: $V) -> $V {
            // SAFETY: `self` proves the features.
            unsafe { $sqrt(a) }
        }

        #[inline(always)]
        fn fma(self, a: $V, b: $V, c: $V) -> $V {
            // SAFETY: `self` proves the features.
            unsafe { $fma(a, b, c) }
        }

        #[inline(always)]
        fn fence(self) {
            // SAFETY: every x86-64 has it.
            unsafe { _mm_sfence() }
        }

        #[inline(always)]
        fn prefetch(self, p: *const f32) {
            // SAFETY: a prefetch never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
        }

        #[inline(always)]
        fn prefetch_write(self, p: *mut f32) {
            $crate::lanes::x86::prefetch_write(p);
        }
    };
}

/// Of two vectors each.
macro_rules! binary {
    ($V:ty { $($name:ident: $intrinsic:ident),* }) => {
        $(
            #[inline(always)]
            fn $name(self, a: $V, b: $V) -> $V {
                // SAFETY: `self` proves the features.
                unsafe { $intrinsic(a, b) }
            }
        )*
    };
}

use {binary, intrinsics};

/// The intrinsic with this hint becomes an ordinary prefetch where the compiler does not know of the instruction. Any CPU
/// with AVX2 has it, or does nothing.
#[inline(always)]
fn prefetch_write(p: *mut f32) {
    // SAFETY: a prefetch never faults and changes nothing.
    unsafe { asm!("prefetchw byte ptr [{}]", in(reg) p, options(nostack, preserves_flags, readonly)) }
}
