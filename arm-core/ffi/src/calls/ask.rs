//! What a network says: scores, samples, how far it is.

use super::learn::on_inputs;
use crate::block::{self, open};
use crate::by_kind::{by_kind, per_kind};
use crate::kind::{Floats, Integers, Kind, Net};
use crate::pointers::{check, slice_mut};
use crate::status::*;
use crate::types::*;
use arm_core::Error;

/// A bound of -log p(x) in nats, with `samples` samples (importance weighted; the -ELBO with one), in `nats`. It is above
/// -log p(x) in the mean over its samples, not each time. For an anomaly detector this is the anomaly score.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_score(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    samples: u32,
    nats: *mut f32,
) -> i32 {
    by_kind!(net, score(net, x, x_words, samples, nats))
}

/// `sbn_score` of a conditional network: a bound of -log p(y | x).
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_score_conditional(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
    samples: u32,
    nats: *mut f32,
) -> i32 {
    by_kind!(net, score_conditional(net, x, x_words, y, y_words, samples, nats))
}

/// Sample `index` from the model: the probability of a one for each of the `count` input units, in `p`.
///
/// # Safety
///
/// As `sbn_step`; `p` points to `count` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_sample(net: *const sbn_network, index: u32, p: *mut f32, count: usize) -> i32 {
    by_kind!(net, sample(net, index, p, count))
}

/// Stores in `steps` the number of steps begun, refused ones included, modulo 2^32.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_steps(net: *const sbn_network, steps: *mut u32) -> i32 {
    by_kind!(net, steps(net, steps))
}

/// Where the parameters are, in `params`, and how many, in `count`: for each layer `inputs` rows of `width` weights and a
/// row of biases. To be read only, until the next call. `SBN_ERROR_OTHER_NUMBERS` of a network in integers:
/// `sbn_integer_params`.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_params(
    net: *const sbn_network,
    params: *mut *const f32,
    count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { block::params::<Floats>(net, params, count) }
}

/// The parameters of a network in integers, as `sbn_params`: multiples of 2^-12.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_integer_params(
    net: *const sbn_network,
    params: *mut *const i16,
    count: *mut usize,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { block::params::<Integers>(net, params, count) }
}

/// Stores in `count` how many results of a network in integers have become the ends of their ranges since `sbn_init`, or since
/// its block was moved: units of a layer, rows of parameters, values of f. A few do no harm; where they go on, lower the rate.
/// 0 for floats.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_saturated(net: *const sbn_network, count: *mut u32) -> i32 {
    by_kind!(net, saturated(net, count))
}

per_kind! {
    fn score(net: *mut sbn_network, x: *const u32, x_words: usize, samples: u32, nats: *mut f32) -> i32;
    fn score_conditional(net: *mut sbn_network, x: *const u32, x_words: usize, y: *const u32, y_words: usize, samples: u32, nats: *mut f32) -> i32;
    fn sample(net: *const sbn_network, index: u32, p: *mut f32, count: usize) -> i32;
    fn steps(net: *const sbn_network, steps: *mut u32) -> i32;
    fn saturated(net: *const sbn_network, count: *mut u32) -> i32;
}

/// Stores what a call has found.
///
/// # Safety
///
/// `to` is a float's place.
#[inline(always)]
unsafe fn stored(found: Result<f32, Error>, to: *mut f32) -> i32 {
    match found {
        Ok(value) => {
            // SAFETY: the caller's promise.
            unsafe { to.write(value) };
            SBN_OK
        }
        Err(error) => error.code(),
    }
}

/// # Safety
///
/// As [`sbn_score`]; `net` is not null, and aligned.
unsafe fn score<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    samples: u32,
    nats: *mut f32,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        on_inputs::<N, _>(net, [(x, x_words)], nats, |net, [x]| stored(N::score(net, x, samples), nats))
    }
}

/// # Safety
///
/// As [`sbn_score_conditional`]; `net` is not null, and aligned.
unsafe fn score_conditional<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
    samples: u32,
    nats: *mut f32,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        on_inputs::<N, _>(net, [(x, x_words), (y, y_words)], nats, |net, [x, y]| {
            stored(N::score_conditional(net, x, y, samples), nats)
        })
    }
}

/// # Safety
///
/// As [`sbn_sample`]; `net` is not null, and aligned.
unsafe fn sample<N: Kind>(net: *const sbn_network, index: u32, p: *mut f32, count: usize) -> i32 {
    let sample = |net: &mut Net<N>| {
        // Zero floats are refused, with the error that it is.
        let decoder = net.shape().decoder().last().map_or(0, |layer| layer.width());
        let given = if count == decoder { count } else { 0 };
        // SAFETY: checked before; C need not have written to them, hence the zeros before there is a reference.
        let out = unsafe {
            p.write_bytes(0, given);
            slice_mut(p, given)
        };
        net.sample(u64::from(index), out)?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| check(p, count)?.clear_of(block), sample) }
}

/// # Safety
///
/// As [`sbn_steps`].
unsafe fn steps<N: Kind>(net: *const sbn_network, steps: *mut u32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { block::steps::<N>(net, steps) }
}

/// # Safety
///
/// As [`sbn_saturated`].
unsafe fn saturated<N: Kind>(net: *const sbn_network, count: *mut u32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { block::saturated::<N>(net, count) }
}
