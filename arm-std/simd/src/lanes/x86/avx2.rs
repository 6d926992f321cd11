//! Eight lanes and 16 registers.

use super::intrinsics;
use crate::lanes::{Lanes, Op, WIDE};
use core::arch::x86_64::*;

/// Proof that the CPU has AVX2, FMA, BMI1, BMI2 and POPCNT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if the CPU can give it.
    pub(crate) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Avx2(()))
    }
}

/// For AVX2 masks: eight ones before eight zeros.
static ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

// SAFETY: a value is only made where the CPU has the features; a vector has eight elements.
unsafe impl Lanes for Avx2 {
    type V = __m256;
    type Mask = __m256i;
    const N: usize = 8;
    const TALL: usize = 6;
    const DOTS: usize = 2;

    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        /// # Safety
        /// The CPU must have the features.
        #[inline(never)]
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
        fn apart<O: Op>(l: Avx2, op: O) -> O::Out {
            op.run(l)
        }
        // SAFETY: `self` proves the features.
        unsafe { apart(self, op) }
    }

    intrinsics!(
        __m256,
        __m256i {
            splat: _mm256_set1_ps,
            add: _mm256_add_ps,
            sub: _mm256_sub_ps,
            mul: _mm256_mul_ps,
            div: _mm256_div_ps,
            sqrt: _mm256_sqrt_ps,
            fma: _mm256_fmadd_ps,
            load: _mm256_loadu_ps,
            store: _mm256_storeu_ps,
            stream: _mm256_stream_ps,
            load_masked: |p, mask| _mm256_maskload_ps(p, mask),
            store_masked: |p, v, mask| _mm256_maskstore_ps(p, mask, v),
        }
    );

    #[inline(always)]
    fn mask(self, n: usize) -> __m256i {
        let ones = &ONES[8 - n..16 - n];
        // SAFETY: `self` proves the features; the slice has eight elements.
        unsafe { _mm256_loadu_si256(ones.as_ptr().cast()) }
    }

    #[inline(always)]
    fn largest(self, m: __m256, v: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe {
            let v = _mm256_castps_si256(_mm256_andnot_ps(_mm256_set1_ps(-0.0), v));
            _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(m), v))
        }
    }

    #[inline(always)]
    fn leaky(self, slope: f32, v: __m256) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(v, _mm256_setzero_ps());
            _mm256_blendv_ps(_mm256_mul_ps(_mm256_set1_ps(slope), v), v, positive)
        }
    }

    #[inline(always)]
    fn sums(self, [a, b, c, d]: [__m256; WIDE]) -> [f32; WIDE] {
        let mut sums = [0.0; WIDE];
        // SAFETY: `self` proves the features; there is room for four sums.
        unsafe {
            let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let v = _mm256_add_ps(_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0xee>(ab, cd));
            _mm_storeu_ps(
                sums.as_mut_ptr(),
                _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v)),
            );
        }
        sums
    }

    #[inline(always)]
    fn pack(self, b: &[u32; 32]) -> u32 {
        let mut word = 0;
        for i in (0..32).step_by(8) {
            // SAFETY: `self` proves the features; `b` is four vectors.
            word |= (unsafe { _mm256_movemask_ps(_mm256_loadu_ps(b.as_ptr().add(i).cast())) } as u32) << i;
        }
        word
    }
}
