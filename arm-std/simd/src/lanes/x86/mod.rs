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
    ($V:ty, $Mask:ty {
        splat: $splat:ident, add: $add:ident, sub: $sub:ident, mul: $mul:ident, div: $div:ident, sqrt: $sqrt:ident,
        fma: $fma:ident, load: $load:ident, store: $store:ident, stream: $stream:ident,
        load_masked: |$p:ident, $mask:ident| $load_masked:expr,
        store_masked: |$to:ident, $v:ident, $some:ident| $store_masked:expr $(,)?
    }) => {
        $crate::lanes::x86::arithmetic! {
            splat(x: f32) -> $V: $splat;
            add(a: $V, b: $V) -> $V: $add;
            sub(a: $V, b: $V) -> $V: $sub;
            mul(a: $V, b: $V) -> $V: $mul;
            div(a: $V, b: $V) -> $V: $div;
            sqrt(a: $V) -> $V: $sqrt;
            fma(a: $V, b: $V, c: $V) -> $V: $fma;
        }
        $crate::lanes::x86::memory! {
            load(p: *const f32) -> $V: $load(p);
            store(p: *mut f32, v: $V) -> (): $store(p, v);
            stream(p: *mut f32, v: $V) -> (): $stream(p, v);
            load_masked($p: *const f32, $mask: $Mask) -> $V: $load_masked;
            store_masked($to: *mut f32, $v: $V, $some: $Mask) -> (): $store_masked;
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

/// Between registers.
macro_rules! arithmetic {
    ($($name:ident($($a:ident: $A:ty),*) -> $Out:ty: $intrinsic:ident;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($a: $A),*) -> $Out {
                // SAFETY: `self` proves the features.
                unsafe { $intrinsic($($a),*) }
            }
        )*
    };
}

/// From memory and to it.
macro_rules! memory {
    ($($name:ident($($a:ident: $A:ty),*) -> $Out:ty: $intrinsic:expr;)*) => {
        $(
            #[inline(always)]
            unsafe fn $name(self, $($a: $A),*) -> $Out {
                // SAFETY: `self` proves the features; the caller promises the memory and, for `stream`, its alignment.
                unsafe { $intrinsic }
            }
        )*
    };
}

use {arithmetic, intrinsics, memory};

/// The intrinsic with this hint becomes an ordinary prefetch where the compiler does not know of the instruction. Any CPU
/// with AVX2 has it, or does nothing.
#[inline(always)]
fn prefetch_write(p: *mut f32) {
    // SAFETY: a prefetch never faults and changes nothing.
    unsafe { asm!("prefetchw byte ptr [{}]", in(reg) p, options(nostack, preserves_flags, readonly)) }
}
