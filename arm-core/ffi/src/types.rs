//! What C declares.
#![allow(non_camel_case_types)]

use core::ffi::c_void;

/// Deterministic units: LeakyReLU.
pub const SBN_HIDDEN: u32 = 0;
/// Stochastic units.
pub const SBN_BERNOULLI: u32 = 1;
/// A flag of `sbn_shape`: units of the input stand for -1 and 1 instead of 0 and 1.
pub const SBN_SIGNED_INPUTS: u32 = 1;
/// A flag: units of stochastic layers stand for -1 and 1.
pub const SBN_SIGNED_UNITS: u32 = 2;
/// A flag: the decoder ends in a target of its own instead of the input; see `sbn_step_conditional`.
pub const SBN_CONDITIONAL: u32 = 4;
/// Augment-REINFORCE-Merge.
pub const SBN_ARM: u32 = 0;
/// DisARM (U2G): ARM with the uniforms integrated out.
pub const SBN_DISARM: u32 = 1;
/// Augment-REINFORCE: one evaluation of f.
pub const SBN_AR: u32 = 2;
/// REINFORCE: one evaluation of f; `decay` of `sbn_config` is that of a moving average of f that is subtracted.
pub const SBN_REINFORCE: u32 = 3;
/// bitflip-1: one unit of a layer is flipped.
pub const SBN_BITFLIP: u32 = 4;
/// Local expectation gradients: every unit is flipped, one at a time.
pub const SBN_LEG: u32 = 5;
/// Unbiased gradient variance clipping: bitflip-1 for units that are nearly certain, DisARM for all others.
pub const SBN_UGC: u32 = 6;
/// Leave-one-out REINFORCE with `samples` samples, at least 2.
pub const SBN_RLOO: u32 = 7;
/// VIMCO, for the bound of `samples` samples, at least 2.
pub const SBN_VIMCO: u32 = 8;
/// ARMS: leave-one-out REINFORCE with 2 to 128 antithetic samples.
pub const SBN_ARMS: u32 = 9;
/// ARMS for the bound of 2 to 128 samples; it draws twice as many.
pub const SBN_ARMS_BOUND: u32 = 10;
/// Local DisARM, for the bound of `samples` samples.
pub const SBN_LOCAL_DISARM: u32 = 11;
/// OVIS, for the bound of `samples` samples, at least 2.
pub const SBN_OVIS: u32 = 12;
/// Reweighted wake-sleep, the wake phase of q: biased, for the bound of `samples` samples, at least 2.
pub const SBN_RWS: u32 = 13;
/// Plain stochastic gradient descent: no moments.
pub const SBN_SGD: u32 = 0;
/// Gradient descent with momentum: one float a parameter.
pub const SBN_MOMENTUM: u32 = 1;
/// Adam: two floats a parameter.
pub const SBN_ADAM: u32 = 2;
/// Most layers of encoder and decoder together.
pub const SBN_MAX_LAYERS: u32 = 16;
/// Words of the memory of windows beside levels and windows.
pub const SBN_WINDOWS_WORDS: u32 = 10;
/// Most bytes that a sink or source is called for at a time.
pub const SBN_PIECE: u32 = 64;

/// One dense layer. Write layers as a list macro and turn it into an array with `SBN_LAYERS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct sbn_layer {
    /// `SBN_HIDDEN` or `SBN_BERNOULLI`.
    pub kind: u32,
    /// Units it reads: those of the layer before it. Only checked.
    pub inputs: u32,
    /// Units it has.
    pub width: u32,
    /// Slope of a hidden layer below zero, in [0, 1].
    pub slope: f32,
}

/// A network. Layers and means are copied by `sbn_init`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sbn_shape {
    /// Units of the input; 0 for free logits.
    pub inputs: u32,
    /// From the input up to the top stochastic layer.
    pub encoder: *const sbn_layer,
    /// Number of them.
    pub encoder_layers: u32,
    /// From the top down to the input; null for a black-box objective.
    pub decoder: *const sbn_layer,
    /// Number of them; 0 for a black-box objective.
    pub decoder_layers: u32,
    /// Units of a learned prior: those of the top layer, or 0 for a fixed prior.
    pub prior_units: u32,
    /// 0, or the sum of `SBN_SIGNED_INPUTS`, `SBN_SIGNED_UNITS` and `SBN_CONDITIONAL`.
    pub flags: u32,
    /// Null, or a mean in [0, 1] of each unit of the input, which is subtracted from it: `SBN_MEANS_BYTES` bytes beyond `SBN_BYTES`.
    pub means: *const f32,
}

/// A kind of numbers: `sbn_floats` or `sbn_integers`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct sbn_numbers {
    /// Means something to the library.
    pub kind: u32,
}

/// How it learns. Fill it with `SBN_USE_SGD`, `SBN_USE_MOMENTUM`, `SBN_USE_ADAM` or `SBN_USE_INTEGERS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct sbn_config {
    /// `SBN_ARM` to `SBN_RWS`.
    pub estimator: u32,
    /// `SBN_SGD`, `SBN_MOMENTUM` or `SBN_ADAM`.
    pub optimiser: u32,
    /// Learning rate, in [0, 1e6].
    pub rate: f32,
    /// Share of the velocity that is kept, or Adam's decay of the first moment, in [0, 1).
    pub momentum: f32,
    /// Adam's decay of the second moment, in [0, 1).
    pub beta2: f32,
    /// Adam's epsilon, positive.
    pub epsilon: f32,
    /// Seed of all its uniforms, low word.
    pub seed_low: u32,
    /// High word.
    pub seed_high: u32,
    /// Samples for each step, of an estimator that draws several (`SBN_BYTES_FOR`); 0 or 1 for all others.
    pub samples: u32,
    /// Of REINFORCE's moving average of f: the share of the past that is kept, in [0, 1); 0 for none.
    pub decay: f32,
    /// `&sbn_floats`, or `&sbn_integers` for 16-bit integers, with which a chip without floating-point unit is some 25 times as
    /// fast and parameters take half the memory. A program has the code of the kinds that it names.
    pub numbers: *const sbn_numbers,
}

/// A network in the caller's memory, made by `sbn_init`.
#[derive(Debug)]
pub struct sbn_network(());

/// Windows of a sensor's samples in the caller's memory, made by `sbn_windows_init`.
#[derive(Debug)]
pub struct sbn_windows(());

/// A detector; its fields are the library's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sbn_detector {
    /// Numbers that mean something to the library.
    pub kept: [u32; 8],
}

/// A flash with two slots for a record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sbn_flash {
    /// Reads `count` bytes (`SBN_PIECE`) from `address` on; 0 for success.
    pub read: sbn_flash_read,
    /// Writes `count` bytes (`SBN_PIECE`, to a multiple of it), which were erased; 0 for success.
    pub write: sbn_flash_write,
    /// Erases the page at `address`: all its bytes are 0xff then; 0 for success.
    pub erase: sbn_flash_erase,
    /// What the three are called with.
    pub context: *mut c_void,
    /// Address of the first slot; the second lies behind it. A multiple of `page`.
    pub start: u32,
    /// Bytes of a slot: `SBN_SLOT_BYTES`.
    pub slot: u32,
    /// Bytes that are erased at a time, a multiple of `SBN_PIECE`.
    pub page: u32,
}

/// Reads from a flash: see `sbn_flash`.
pub type sbn_flash_read =
    Option<unsafe extern "C" fn(address: u32, bytes: *mut u8, count: usize, context: *mut c_void) -> i32>;

/// Writes to a flash: see `sbn_flash`.
pub type sbn_flash_write =
    Option<unsafe extern "C" fn(address: u32, bytes: *const u8, count: usize, context: *mut c_void) -> i32>;

/// Erases a page: see `sbn_flash`.
pub type sbn_flash_erase = Option<unsafe extern "C" fn(address: u32, context: *mut c_void) -> i32>;

/// An objective to be lowered: f of the packed units of the top layer, `units` of them. It must return, and must not
/// call the library for the same network.
pub type sbn_objective =
    Option<unsafe extern "C" fn(bits: *const u32, units: usize, context: *mut c_void) -> f32>;

/// Takes the next `count` bytes (at most `SBN_PIECE`); 0 to go on.
pub type sbn_sink = Option<unsafe extern "C" fn(bytes: *const u8, count: usize, context: *mut c_void) -> i32>;

/// Fills in `count` bytes (at most `SBN_PIECE`) from `offset` on; 0 to go on.
pub type sbn_source =
    Option<unsafe extern "C" fn(offset: usize, bytes: *mut u8, count: usize, context: *mut c_void) -> i32>;
