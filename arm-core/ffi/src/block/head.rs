//! The head of a block and the layers behind it: what says everything about the network, as words that C may copy.

use super::form::{CENTRED, Form};
use super::{SBN_LAYER_WORDS, SBN_STATE_WORDS};
use crate::types::*;

pub(super) const LAYER_WORDS: usize = size_of::<sbn_layer>() / 4;

/// The head of the block, behind its mark. All fields are words for which any bits are valid.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Of `fixed`.
    pub(super) sum: u32,
    pub(super) fixed: Fixed,
    /// Of what follows in the head, and of the layers.
    pub(super) others_sum: u32,
    /// Words before the parameters, and their number.
    pub(super) start: u32,
    pub(super) params: u32,
    /// These are only read when the learner is put together.
    pub(super) inputs: u32,
    pub(super) encoder: u32,
    pub(super) decoder: u32,
    pub(super) prior_units: u32,
    pub(super) flags: u32,
    pub(super) config: Settings,
}

/// What no call changes, and every call checks.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    /// Of the block.
    pub(super) bytes: u32,
    /// Bytes before the learner.
    pub(super) kept: u32,
    /// Where the block lay when the learner was put together.
    pub(super) address: [u32; 2],
}

/// The words of a configuration that do not change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) estimator: u32,
    pub(super) optimiser: u32,
    /// That at the beginning.
    pub(super) rate: f32,
    pub(super) momentum: f32,
    pub(super) beta2: f32,
    pub(super) epsilon: f32,
    pub(super) seed: [u32; 2],
    pub(super) samples: u32,
    pub(super) decay: f32,
}

/// Words of mark and head.
pub(super) const HEAD_WORDS: usize = 1 + size_of::<Head>() / 4;

pub(super) fn join([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

pub(super) fn address_of(base: *mut u32) -> [u32; 2] {
    let address = base.addr() as u64;
    [address as u32, (address >> 32) as u32]
}

impl Head {
    pub(super) fn config(&self) -> sbn_config {
        let Settings { estimator, optimiser, rate, momentum, beta2, epsilon, seed, samples, decay } =
            self.config;
        let [seed_low, seed_high] = seed;
        sbn_config {
            estimator,
            optimiser,
            rate,
            momentum,
            beta2,
            epsilon,
            seed_low,
            seed_high,
            samples,
            decay,
            // The block's mark says it.
            numbers: core::ptr::null(),
        }
    }

    pub(super) fn form<'a>(&self, means: &'a [f32]) -> Form<'a> {
        Form { inputs: self.inputs, prior_units: self.prior_units, flags: self.flags, means }
    }

    pub(super) fn layers(&self) -> usize {
        (self.encoder as usize).saturating_add(self.decoder as usize)
    }

    pub(super) fn means(&self) -> usize {
        if self.flags & CENTRED == 0 { 0 } else { self.inputs as usize }
    }
}

/// Words before the parameters.
pub(super) fn start(layers: usize, means: usize) -> usize {
    SBN_STATE_WORDS + SBN_LAYER_WORDS * layers + means
}

/// The head behind the mark.
///
/// # Safety
///
/// The block has one.
#[inline(always)]
pub(super) unsafe fn head_of(base: *mut u32) -> *mut Head {
    // SAFETY: within the block.
    unsafe { base.add(1).cast() }
}

/// Layer `i` as it was described.
///
/// # Safety
///
/// The block has such a layer.
pub(super) unsafe fn stored(base: *mut u32, i: usize) -> sbn_layer {
    // SAFETY: behind the head; layers are words, of which any bits are valid.
    unsafe { base.add(HEAD_WORDS).cast::<sbn_layer>().add(i).read() }
}

impl Fixed {
    /// A sum over all of it, of a block that lies at `address`.
    #[inline(always)]
    pub(super) fn sum(&self, [low, high]: [u32; 2]) -> u32 {
        // In a row: an array would be put on the stack.
        let sum = add(add(self.bytes, self.kept), low);
        // There is nothing in the high word of a microcontroller.
        if size_of::<usize>() == 4 { sum } else { add(sum, high) }
    }
}

const SEED: u32 = 0x5bd1_e995;

#[inline(always)]
fn add(sum: u32, word: u32) -> u32 {
    sum.rotate_left(1) ^ word
}

/// A sum over the rest of the head and the layers.
///
/// # Safety
///
/// The block has so many layers.
pub(super) unsafe fn sum_of_others(base: *mut u32, layers: usize) -> u32 {
    let from = 1 + core::mem::offset_of!(Head, start) / 4;
    // SAFETY: in the block; all are words.
    (from..HEAD_WORDS + LAYER_WORDS * layers).fold(SEED, |sum, i| add(sum, unsafe { base.add(i).read() }))
}
