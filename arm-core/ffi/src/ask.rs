//! What a network says: scores, samples, how far it is.

use crate::block::{self, Net, open};
use crate::learn::on_inputs;
use crate::pointers::{check, one, slice_mut};
use crate::status::*;
use crate::types::*;

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
    // SAFETY: the caller's promise.
    unsafe { on_inputs(net, [(x, x_words)], nats, |net, [x]| net.score(x, samples)) }
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
    // SAFETY: the caller's promise.
    unsafe {
        on_inputs(net, [(x, x_words), (y, y_words)], nats, |net, [x, y]| net.score_conditional(x, y, samples))
    }
}

/// Sample `index` from the model: the probability of a one for each of the `count` input units, in `p`.
///
/// # Safety
///
/// As `sbn_step`; `p` points to `count` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_sample(net: *const sbn_network, index: u32, p: *mut f32, count: usize) -> i32 {
    let sample = |net: &mut Net| {
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
    unsafe { open(net, |block| check(p, count)?.clear_of(block), sample) }
}

/// Stores in `steps` the number of steps begun, refused ones included, modulo 2^32.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_steps(net: *const sbn_network, steps: *mut u32) -> i32 {
    if let Err(Refusal(status)) = one(steps) {
        return status;
    }
    // SAFETY: the caller's promise.
    match unsafe { block::steps(net) } {
        Ok(count) => {
            // SAFETY: checked.
            unsafe { steps.write(count) };
            SBN_OK
        }
        Err(status) => status,
    }
}

/// Where the parameters are, in `params`, and how many, in `count`: for each layer `inputs` rows of `width` weights and a
/// row of biases. To be read only, until the next call.
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
    if let Err(Refusal(status)) = one(params).and(one(count)) {
        return status;
    }
    // SAFETY: the caller's promise.
    match unsafe { block::params(net) } {
        Ok((start, n)) => {
            // SAFETY: checked.
            unsafe {
                params.write(start);
                count.write(n);
            }
            SBN_OK
        }
        Err(status) => status,
    }
}
