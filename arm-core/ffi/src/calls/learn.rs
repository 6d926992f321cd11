//! Steps, whole or in slices.

use crate::block::open;
use crate::by_kind::{by_kind, per_kind};
use crate::kind::{Kind, Net};
use crate::pointers::{apart, check, slice};
use crate::status::*;
use crate::types::*;
use arm_core::{Bits, Error};
use core::ffi::c_void;

/// One step of a variational auto-encoder on the packed binary vector `x` of `x_words` words (`SBN_INPUT_WORDS`; unit i
/// is bit i % 32 of word i / 32, unused bits are zero). Stores the -ELBO before the step, in nats, in `f`.
///
/// Errors leave the network as it was.
///
/// # Safety
///
/// Pointers that are not null point to what their types say; `net` is from `sbn_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_step(net: *mut sbn_network, x: *const u32, x_words: usize, f: *mut f32) -> i32 {
    by_kind!(net, step(net, x, x_words, f))
}

/// `sbn_step` of a conditional network: `y` of `y_words` words is the target. Stores the bound of -log p(y | x) with one sample
/// in `f`.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_step_conditional(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
    f: *mut f32,
) -> i32 {
    by_kind!(net, step_conditional(net, x, x_words, y, y_words, f))
}

/// One step that lowers the expectation of `objective`, which is called for each sample of the top layer (two for ARM
/// on one layer) with `context`. `x` is the input; null and 0 for free logits. Stores f of the sample in `f`.
///
/// Errors leave the network as it was; `SBN_ERROR_OBJECTIVE` where f is NaN or infinite, in integers beyond ±8191. The next step then draws
/// fresh samples.
///
/// # Safety
///
/// As `sbn_step`; `objective` can be called with `context` and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_step_black_box(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    objective: sbn_objective,
    context: *mut c_void,
    f: *mut f32,
) -> i32 {
    by_kind!(net, step_black_box(net, x, x_words, objective, context, f))
}

/// The first half of `sbn_step`: draws samples and computes gradients, changes no parameter. The input is copied.
/// `sbn_poll` does the rest. `SBN_ERROR_BUSY` when a step is under way already; until it is done scores, samples and bytes to save
/// are refused with that too.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_begin(net: *mut sbn_network, x: *const u32, x_words: usize) -> i32 {
    by_kind!(net, begin(net, x, x_words))
}

/// `sbn_begin` of a conditional network: the first half of `sbn_step_conditional`.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_begin_conditional(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
) -> i32 {
    by_kind!(net, begin_conditional(net, x, x_words, y, y_words))
}

/// `sbn_begin` for an objective: the first half of `sbn_step_black_box`, with all its calls of `objective`.
///
/// # Safety
///
/// As `sbn_step_black_box`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_begin_black_box(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    objective: sbn_objective,
    context: *mut c_void,
) -> i32 {
    by_kind!(net, begin_black_box(net, x, x_words, objective, context))
}

/// Goes on with the step that is under way: updates at most `budget` parameters, but at least a row of a layer. The
/// result has the same bits whatever the budgets are.
///
/// `SBN_WORKING` while there is more to do; `SBN_OK` when the step is done, its f is then stored in `f`; `SBN_IDLE`
/// when there is no step.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_poll(net: *mut sbn_network, budget: usize, f: *mut f32) -> i32 {
    by_kind!(net, poll(net, budget, f))
}

/// Sets the learning rate, for a schedule. `SBN_ERROR_SETTING` outside [0, 1e6]. Of a step that is under way it holds from
/// the next layer on.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_set_rate(net: *mut sbn_network, rate: f32) -> i32 {
    by_kind!(net, set_rate(net, rate))
}

per_kind! {
    fn step(net: *mut sbn_network, x: *const u32, x_words: usize, f: *mut f32) -> i32;
    fn step_conditional(net: *mut sbn_network, x: *const u32, x_words: usize, y: *const u32, y_words: usize, f: *mut f32) -> i32;
    fn step_black_box(net: *mut sbn_network, x: *const u32, x_words: usize, objective: sbn_objective, context: *mut c_void, f: *mut f32) -> i32;
    fn begin(net: *mut sbn_network, x: *const u32, x_words: usize) -> i32;
    fn begin_conditional(net: *mut sbn_network, x: *const u32, x_words: usize, y: *const u32, y_words: usize) -> i32;
    fn begin_black_box(net: *mut sbn_network, x: *const u32, x_words: usize, objective: sbn_objective, context: *mut c_void) -> i32;
    fn poll(net: *mut sbn_network, budget: usize, f: *mut f32) -> i32;
    fn set_rate(net: *mut sbn_network, rate: f32) -> i32;
}

/// # Safety
///
/// As [`sbn_step`]; `net` is not null, and aligned.
unsafe fn step<N: Kind>(net: *mut sbn_network, x: *const u32, x_words: usize, f: *mut f32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { on_inputs::<N, _>(net, [(x, x_words)], f, |net, [x]| finish::<N>(N::begin(net, x), net, f)) }
}

/// # Safety
///
/// As [`sbn_step_conditional`]; `net` is not null, and aligned.
unsafe fn step_conditional<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
    f: *mut f32,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        on_inputs::<N, _>(net, [(x, x_words), (y, y_words)], f, |net, [x, y]| {
            finish::<N>(N::begin_conditional(net, x, y), net, f)
        })
    }
}

/// # Safety
///
/// As [`sbn_step_black_box`]; `net` is not null, and aligned.
unsafe fn step_black_box<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    objective: sbn_objective,
    context: *mut c_void,
    f: *mut f32,
) -> i32 {
    let Some(objective) = objective else { return SBN_ERROR_NULL };
    // SAFETY: the caller's promise; the bits outlive the call.
    let call = |b: Bits<'_>| unsafe { objective(b.words().as_ptr(), b.len(), context) };
    // SAFETY: the caller's promise.
    unsafe {
        on_inputs::<N, _>(net, [(x, x_words)], f, |net, [x]| {
            finish::<N>(N::begin_black_box(net, x, call), net, f)
        })
    }
}

/// All that is left of a step. A step in C is made of its two halves, of which the first has a small result and the second a
/// number: there is less on the stack than of a whole one.
///
/// # Safety
///
/// `f` is a float's place.
#[inline(always)]
unsafe fn finish<N: Kind>(begun: Result<(), Error>, net: &mut Net<N>, f: *mut f32) -> i32 {
    match begun {
        // SAFETY: the caller's promise.
        Ok(()) => unsafe { slice_of_step::<N>(net, usize::MAX, f) },
        Err(error) => error.code(),
    }
}

/// A slice of a step.
///
/// # Safety
///
/// `f` is a float's place.
#[inline(always)]
pub(crate) unsafe fn slice_of_step<N: Kind>(net: &mut Net<N>, budget: usize, f: *mut f32) -> i32 {
    let (status, value) = N::poll(net, budget);
    if status == SBN_OK {
        // SAFETY: the caller's promise.
        unsafe { f.write(value) };
    }
    status
}

/// # Safety
///
/// As [`sbn_begin`]; `net` is not null, and aligned.
unsafe fn begin<N: Kind>(net: *mut sbn_network, x: *const u32, x_words: usize) -> i32 {
    let begin = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        N::begin(net, unsafe { slice(x, x_words) })?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| check(x, x_words)?.clear_of(block), begin) }
}

/// # Safety
///
/// As [`sbn_begin_conditional`]; `net` is not null, and aligned.
unsafe fn begin_conditional<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    y: *const u32,
    y_words: usize,
) -> i32 {
    let begin = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        unsafe { N::begin_conditional(net, slice(x, x_words), slice(y, y_words))? };
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe {
        open::<N>(
            net,
            |block| {
                check(x, x_words)?.clear_of(block)?;
                check(y, y_words)?.clear_of(block)
            },
            begin,
        )
    }
}

/// # Safety
///
/// As [`sbn_begin_black_box`]; `net` is not null, and aligned.
unsafe fn begin_black_box<N: Kind>(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    objective: sbn_objective,
    context: *mut c_void,
) -> i32 {
    let Some(objective) = objective else { return SBN_ERROR_NULL };
    // SAFETY: the caller's promise; the bits outlive the call.
    let call = |b: Bits<'_>| unsafe { objective(b.words().as_ptr(), b.len(), context) };
    let begin = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        N::begin_black_box(net, unsafe { slice(x, x_words) }, call)?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| check(x, x_words)?.clear_of(block), begin) }
}

/// # Safety
///
/// As [`sbn_poll`]; `net` is not null, and aligned.
unsafe fn poll<N: Kind>(net: *mut sbn_network, budget: usize, f: *mut f32) -> i32 {
    // SAFETY: checked before; the caller's own.
    let poll = |net: &mut Net<N>| Ok(unsafe { slice_of_step::<N>(net, budget, f) });
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| apart(f, block), poll) }
}

/// # Safety
///
/// As [`sbn_set_rate`]; `net` is not null, and aligned.
unsafe fn set_rate<N: Kind>(net: *mut sbn_network, rate: f32) -> i32 {
    if !(0.0..=arm_core::optim::MAX_RATE).contains(&rate) {
        return SBN_ERROR_SETTING;
    }
    let set = |net: &mut Net<N>| {
        *N::rate_of(net.optimiser_mut()) = rate;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |_| Ok(()), set) }
}

/// A call with inputs and a float's place, which `work` may store to.
///
/// # Safety
///
/// As [`sbn_step`]; `net` is not null, and aligned.
#[inline(always)]
pub(crate) unsafe fn on_inputs<N: Kind, const I: usize>(
    net: *mut sbn_network,
    inputs: [(*const u32, usize); I],
    f: *mut f32,
    work: impl FnOnce(&mut Net<N>, [&[u32]; I]) -> i32,
) -> i32 {
    let arguments = |block| {
        for (x, x_words) in inputs {
            check(x, x_words)?.clear_of(block)?;
        }
        apart(f, block)
    };
    let run = |net: &mut Net<N>| {
        let mut slices = [&[][..]; I];
        for (to, (x, x_words)) in slices.iter_mut().zip(inputs) {
            // SAFETY: checked before; there by the caller's promise.
            *to = unsafe { slice(x, x_words) };
        }
        Ok(work(net, slices))
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, arguments, run) }
}
