//! Sixteen lanes and 32 registers.

use super::{Avx2, intrinsics};
use crate::lanes::{Lanes, Op, Row, SIDE, WIDE};
use core::arch::asm;
use core::arch::x86_64::*;

/// Proof that the CPU has AVX-512 (F, BW, DQ, VL) and what [`Avx2`] stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512 {
    pairs: bool,
}

impl Avx512 {
    /// Whether dense products multiply their terms in pairs.
    pub(crate) fn in_pairs(self) -> bool {
        self.pairs
    }

    /// The proof, if the CPU can give it.
    pub(crate) fn detect(pairs: bool) -> Option<Self> {
        let has = Avx2::detect().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        has.then_some(Avx512 { pairs })
    }
}

// SAFETY: a value is only made where the CPU has the features; a vector has sixteen elements.
unsafe impl Lanes for Avx512 {
    type V = __m512;
    type Mask = __mmask16;
    const N: usize = 16;
    const TALL: usize = 14;
    const DOTS: usize = 6;
    const SUBSETS: bool = true;
    const PAIRS: bool = true;

    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        /// # Safety
        /// The CPU must have the features.
        #[inline(never)]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt")]
        fn apart<O: Op>(l: Avx512, op: O) -> O::Out {
            op.run(l)
        }
        // SAFETY: `self` proves the features.
        unsafe { apart(self, op) }
    }

    intrinsics!(
        __m512,
        __mmask16 {
            splat: _mm512_set1_ps,
            add: _mm512_add_ps,
            sub: _mm512_sub_ps,
            mul: _mm512_mul_ps,
            div: _mm512_div_ps,
            sqrt: _mm512_sqrt_ps,
            fma: _mm512_fmadd_ps,
            load: _mm512_loadu_ps,
            store: _mm512_storeu_ps,
            stream: _mm512_stream_ps,
            load_masked: |p, mask| _mm512_maskz_loadu_ps(mask, p),
            store_masked: |p, v, mask| _mm512_mask_storeu_ps(p, mask, v),
        }
    );

    #[inline(always)]
    fn pairs(self) -> bool {
        self.pairs
    }

    #[inline(always)]
    fn mask(self, n: usize) -> __mmask16 {
        ((1u32 << n) - 1) as u16
    }

    #[inline(always)]
    fn fma_to(self, a: __m512, b: __m512, c: &mut __m512) {
        /// # Safety
        /// The CPU must have the features.
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn in_place(a: __m512, b: __m512, c: &mut __m512) {
            // SAFETY: arithmetic between registers. It may set exception flags of MXCSR, so flags are not preserved.
            unsafe {
                asm!("vfmadd231ps {}, {}, {}", inout(zmm_reg) *c, in(zmm_reg) a, in(zmm_reg) b,
                    options(pure, nomem, nostack));
            }
        }
        // SAFETY: `self` proves the features.
        unsafe { in_place(a, b, c) }
    }

    #[inline(always)]
    fn largest(self, m: __m512, v: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe {
            let v = _mm512_castps_si512(_mm512_abs_ps(v));
            _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(m), v))
        }
    }

    #[inline(always)]
    fn leaky(self, slope: f32, v: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(v, _mm512_setzero_ps());
            _mm512_mask_mov_ps(_mm512_mul_ps(_mm512_set1_ps(slope), v), positive, v)
        }
    }

    #[inline(always)]
    fn sums(self, [a, b, c, d]: [__m512; WIDE]) -> [f32; WIDE] {
        let mut sums = [0.0; WIDE];
        // SAFETY: `self` proves the features; there is room for four sums.
        unsafe {
            // A blend and a shuffle for what two shuffles could do: more units blend than shuffle.
            let ab = _mm512_add_ps(_mm512_mask_blend_ps(0xcccc, a, b), _mm512_shuffle_ps::<0x4e>(a, b));
            let cd = _mm512_add_ps(_mm512_mask_blend_ps(0xcccc, c, d), _mm512_shuffle_ps::<0x4e>(c, d));
            let v = _mm512_add_ps(_mm512_shuffle_ps::<0x88>(ab, cd), _mm512_shuffle_ps::<0xdd>(ab, cd));
            let v = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps::<1>(v));
            _mm_storeu_ps(
                sums.as_mut_ptr(),
                _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v)),
            );
        }
        sums
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Row<f32>; SIDE]) {
        // SAFETY: `self` proves the features; a row is a vector, and aligned like one.
        unsafe {
            let mut r = [_mm512_setzero_ps(); SIDE];
            for (r, row) in r.iter_mut().zip(&*block) {
                *r = _mm512_load_ps(row.0.as_ptr());
            }
            // Pairs of rows, fours, then quarters of vectors twice.
            let mut t = r;
            for i in (0..SIDE).step_by(2) {
                t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
                t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
            }
            for i in (0..SIDE).step_by(4) {
                for k in 0..2 {
                    let (a, b) = (_mm512_castps_pd(t[i + k]), _mm512_castps_pd(t[i + k + 2]));
                    r[i + 2 * k] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                    r[i + 2 * k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                }
            }
            for i in (0..SIDE).step_by(8) {
                for k in i..i + 4 {
                    t[k] = _mm512_shuffle_f32x4::<0x88>(r[k], r[k + 4]);
                    t[k + 4] = _mm512_shuffle_f32x4::<0xdd>(r[k], r[k + 4]);
                }
            }
            for k in 0..8 {
                r[k] = _mm512_shuffle_f32x4::<0x88>(t[k], t[k + 8]);
                r[k + 8] = _mm512_shuffle_f32x4::<0xdd>(t[k], t[k + 8]);
            }
            for (row, r) in block.iter_mut().zip(r) {
                _mm512_store_ps(row.0.as_mut_ptr(), r);
            }
        }
    }

    #[inline(always)]
    fn pack(self, b: &[u32; 32]) -> u32 {
        // SAFETY: `self` proves the features; `b` is two vectors.
        unsafe {
            let low = _mm512_movepi32_mask(_mm512_loadu_si512(b.as_ptr().cast()));
            let high = _mm512_movepi32_mask(_mm512_loadu_si512(b.as_ptr().add(16).cast()));
            u32::from(low) | u32::from(high) << 16
        }
    }

    /// Without the branch a bit, whose end no CPU predicts.
    #[inline(always)]
    fn list(self, word: u32, first: u16, to: &mut [u16; 32]) -> usize {
        let to = to.as_mut_ptr();
        // SAFETY: `self` proves the features; 16 elements are written at 0 and at no more than 16.
        unsafe {
            let index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let low = _mm512_add_epi32(index, _mm512_set1_epi32(i32::from(first)));
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(16));
            let count = (word as u16).count_ones() as usize;
            let low = _mm512_maskz_compress_epi32(word as u16, low);
            let high = _mm512_maskz_compress_epi32((word >> 16) as u16, high);
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(low));
            _mm256_storeu_si256(to.add(count).cast(), _mm512_cvtepi32_epi16(high));
            word.count_ones() as usize
        }
    }
}
