//! Streams of uniforms, addressable by (seed, step, example, layer): any of them can be drawn again, in any order, on
//! any thread.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// What a stream is drawn for. Streams of different purposes never coincide for the same seed and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Samples of a training step.
    Sample = 0,
    /// Upper layers of the antithetic partner, where they do not share the sample's uniforms.
    Partner = 1,
    /// Samples of an evaluation.
    Evaluate = 2,
    /// Initial weights.
    Initial = 3,
    /// Samples from the model.
    Generate = 4,
    /// The order of the examples in an epoch.
    Order = 5,
    /// The units that an estimator flips.
    Flip = 6,
    /// Noise of an estimator beyond that of the samples.
    Relax = 7,
    /// How updates of parameters without exponents are rounded.
    Round = 8,
}

/// A stream of uniforms: xoshiro128++ (Blackman & Vigna), whose state is a SplitMix64 hash of its address.
#[derive(Clone, Debug)]
pub struct Stream(Xoshiro128PlusPlus);

/// One round of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Stream {
    /// The stream at (`seed`, `purpose`, `step`, `example`, `layer`). Cost: six hash rounds.
    pub fn new(seed: u64, purpose: Purpose, step: u64, example: u64, layer: usize) -> Self {
        Self::from_state(Self::state(seed, purpose, step, example, layer))
    }

    /// The state with which the stream at an address begins. Never all zero: the hash is one to one.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn state(seed: u64, purpose: Purpose, step: u64, example: u64, layer: usize) -> [u64; 2] {
        let key = mix(Self::shared(seed, step, example) ^ ((purpose as u64) << 32 | layer as u64));
        [mix(key), mix(!key)]
    }

    /// What the addresses of all purposes and layers have in common.
    #[inline(always)]
    pub(crate) fn shared(seed: u64, step: u64, example: u64) -> u64 {
        mix(mix(mix(seed) ^ step) ^ example)
    }

    /// The first word of a [`state`](Self::state), from what it [shares](Self::shared) with others.
    #[inline(always)]
    pub(crate) fn word(shared: u64, purpose: Purpose, layer: usize) -> u32 {
        mix(mix(shared ^ ((purpose as u64) << 32 | layer as u64))) as u32
    }

    /// A stream that begins with a [`state`](Self::state) and no other: four words of xoshiro128++, the lower half of
    /// each number before the upper.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn from_state([a, b]: [u64; 2]) -> Self {
        let mut state = [0; 16];
        let (low, high) = state.split_at_mut(8);
        low.copy_from_slice(&a.to_le_bytes());
        high.copy_from_slice(&b.to_le_bytes());
        Stream(Xoshiro128PlusPlus::from_seed(state))
    }

    /// The next uniform in (0, 1): one of (k + 1/2) 2^-23, so u - 1/2 and 1 - u are exact and the law is symmetric.
    #[inline]
    pub fn uniform(&mut self) -> f32 {
        ((self.0.next_u32() >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0)
    }

    /// The next 32 bits.
    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// An integer below `n`, uniform to within n / 2^32; 0 for n = 0.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// Fills `out` with the next uniforms.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn fill(&mut self, out: &mut [f32]) {
        for u in out {
            *u = self.uniform();
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn first(seed: u64, purpose: Purpose, step: u64, example: u64, layer: usize) -> u32 {
        Stream::new(seed, purpose, step, example, layer).0.next_u32()
    }

    #[test]
    fn addresses_give_distinct_streams_that_repeat() {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        for seed in 0..4 {
            for step in 0..8 {
                for example in 0..8 {
                    for layer in 0..4 {
                        for purpose in [Purpose::Sample, Purpose::Partner, Purpose::Evaluate] {
                            seen.insert(first(seed, purpose, step, example, layer));
                            count += 1;
                        }
                    }
                }
            }
        }
        // 3072 draws from 2^32: a collision has probability 1.1e-3; the seeds are fixed, so this is no flake.
        assert_eq!(seen.len(), count);
        assert_eq!(first(7, Purpose::Sample, 1, 2, 3), first(7, Purpose::Sample, 1, 2, 3));
    }

    #[test]
    fn uniforms_are_inside_and_uniform() {
        let mut u = std::vec![0.0; 100_000];
        Stream::new(1, Purpose::Sample, 0, 0, 0).fill(&mut u);
        assert!(u.iter().all(|&u| u > 0.0 && u < 1.0 && 1.0 - (1.0 - u) == u));
        let mut bins = [0f64; 20];
        for &u in &u {
            bins[(u * 20.0) as usize] += 1.0;
        }
        let chi2: f64 = bins.iter().map(|b| (b - 5000.0).powi(2) / 5000.0).sum();
        // 19 degrees of freedom: exceeded with probability 1e-6.
        assert!(chi2 < 63.0, "{chi2}");
    }

    #[test]
    fn known_values() {
        let mut s = Stream::new(42, Purpose::Sample, 3, 5, 1);
        let got: Vec<u32> = (0..4).map(|_| (s.uniform() * 16_777_216.0) as u32).collect();
        // From the implementation in tests/golden/vae_gradient.py.
        assert_eq!(got, [2831671, 3098327, 10221059, 4471963]);
    }
}
