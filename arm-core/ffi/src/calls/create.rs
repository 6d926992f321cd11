//! A network in memory of the caller's.

use crate::block::{Flawed, Form, Layers, create, words};
use crate::by_kind::per_kind;
use crate::kind::{Floats, Integers, Kind};
use crate::pointers::{Span, check, one, slice};
use crate::rules::Chosen;
use crate::status::*;
use crate::types::*;
use arm_core::estimator::Estimator;
use arm_core::optim::Optimiser;
use core::ffi::c_char;

/// The status of a result.
fn status(result: Result<i32, Refusal>) -> i32 {
    result.unwrap_or_else(|Refusal(status)| status)
}

/// Layers of a shape that C describes, and what it is beside them.
type Described = (&'static [sbn_layer], &'static [sbn_layer], Form<'static>, [Span; 4]);

/// # Safety
///
/// What `shape` points to, and what that points to, is there and not written to while the result is used.
unsafe fn described(shape: *const sbn_shape) -> Result<Described, Refusal> {
    let outer = one(shape)?;
    // SAFETY: checked; there by the caller's promise.
    let s = unsafe { shape.read() };
    let (up, down) = (s.encoder_layers as usize, s.decoder_layers as usize);
    let means = if s.means.is_null() { 0 } else { s.inputs as usize };
    let spans = [outer, check(s.encoder, up)?, check(s.decoder, down)?, check(s.means, means)?];
    // SAFETY: checked; there by the caller's promise.
    let (encoder, decoder) = unsafe { (slice(s.encoder, up), slice(s.decoder, down)) };
    // SAFETY: likewise.
    let form = Form::new(&s, unsafe { slice(s.means, means) })?;
    Ok((encoder, decoder, form, spans))
}

/// Makes a network in `memory` of `bytes` bytes (`SBN_BYTES`), with fresh parameters drawn from the seed, and stores
/// the handle, which is the address of the memory, in `net`; null where it is refused, `SBN_ERROR_BUSY` included.
///
/// The shape is copied. The memory must not be touched while the network is used; to free it just stop using it.
/// Errors: `SBN_ERROR_NULL`, `_MISALIGNED`, `_OVERLAP` (any two of the arguments), `_SHAPE`, `_SETTING`, `_SIZE`,
/// and `_FLOAT_ONLY` for what integers do not do (`SBN_USE_INTEGERS`).
///
/// # Safety
///
/// Pointers that are not null point to what their types say, `bytes` bytes in the case of `memory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_init(
    net: *mut *mut sbn_network,
    memory: *mut u32,
    bytes: usize,
    shape: *const sbn_shape,
    config: *const sbn_config,
) -> i32 {
    let make = || {
        let (out, given) = (one(net)?, bytes / 4);
        let block = if memory.is_null() { Err(Refusal(SBN_ERROR_NULL)) } else { check(memory, given) };
        if let Ok(block) = block {
            out.clear_of(block)?;
        }
        // SAFETY: checked. A handle of before is gone, whatever comes of this.
        unsafe { net.write(core::ptr::null_mut()) };
        let (block, settings) = (block?, one(config)?);
        settings.clear_of(block)?;
        // SAFETY: the caller's promise.
        let made = unsafe {
            if in_integers(config)? {
                of_integers::init(memory, given, shape, config)
            } else {
                of_floats::init(memory, given, shape, config)
            }
        };
        if made < 0 {
            return Err(Refusal(made));
        }
        // SAFETY: checked.
        unsafe { net.write(memory.cast()) };
        Ok(SBN_OK)
    };
    status(make())
}

/// Bytes of memory that `sbn_init` needs, what `SBN_BYTES` computes; 0 for what it refuses.
///
/// # Safety
///
/// As `sbn_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_bytes(shape: *const sbn_shape, config: *const sbn_config) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match in_integers(config) {
            Ok(true) => of_integers::bytes(shape, config),
            Ok(false) => of_floats::bytes(shape, config),
            Err(_) => 0,
        }
    }
}

/// What is wrong with a shape that `sbn_init` refuses with `SBN_ERROR_SHAPE` or `_LEFT_OUT`, as a text, and, where it is about
/// a layer, which one (from 0, the encoder's first, on to those of the decoder) in `layer`, which may be null and is
/// `UINT32_MAX` otherwise. "ok" for a shape that is accepted; never null.
///
/// # Safety
///
/// As `sbn_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_explain(shape: *const sbn_shape, layer: *mut u32) -> *const c_char {
    // SAFETY: the caller's promise.
    let (text, at) = match unsafe { explained(shape) } {
        Ok(Flawed { text, layer }) => (text.as_ptr(), layer),
        Err(Refusal(status)) => (sbn_message(status), None),
    };
    if one(layer).is_ok() {
        // SAFETY: checked.
        unsafe { layer.write(at.map_or(u32::MAX, |at| at as u32)) };
    }
    text
}

/// See [`sbn_explain`].
///
/// # Safety
///
/// As `sbn_init`.
unsafe fn explained(shape: *const sbn_shape) -> Result<Flawed, Refusal> {
    one(shape)?;
    // SAFETY: checked; there by the caller's promise.
    let count = unsafe { (*shape).encoder_layers as usize + (*shape).decoder_layers as usize };
    if count > SBN_MAX_LAYERS as usize {
        return Ok(Flawed { text: c"there are more than 16 layers", layer: None });
    }
    // SAFETY: likewise.
    if let Some(text) = unsafe { Form::flaw(&*shape) } {
        return Ok(Flawed { text, layer: None });
    }
    // SAFETY: the caller's promise.
    let (encoder, decoder, form, _) = unsafe { described(shape)? };
    let all = || encoder.iter().chain(decoder);
    if let Some(i) = all().position(|layer| ![SBN_HIDDEN, SBN_BERNOULLI].contains(&layer.kind)) {
        let text = c"the kind of a layer is neither SBN_HIDDEN nor SBN_BERNOULLI";
        return Ok(Flawed { text, layer: Some(i) });
    }
    let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
    Ok(form.explain(encoder.len(), read.all(), &codings, all().copied()))
}

per_kind! {
    fn init(memory: *mut u32, given: usize, shape: *const sbn_shape, config: *const sbn_config) -> i32;
    fn bytes(shape: *const sbn_shape, config: *const sbn_config) -> usize;
}

/// Whether a configuration names integers.
///
/// # Safety
///
/// `config` is null, not aligned, or there, and so is what it names.
unsafe fn in_integers(config: *const sbn_config) -> Result<bool, Refusal> {
    one(config)?;
    // SAFETY: checked; there by the caller's promise.
    let numbers = unsafe { (*config).numbers };
    one(numbers)?;
    // SAFETY: likewise.
    match unsafe { (*numbers).kind } {
        Floats::READY => Ok(false),
        Integers::READY => Ok(true),
        _ => Err(Refusal(SBN_ERROR_SETTING)),
    }
}

/// # Safety
///
/// As [`sbn_init`]; `memory` is of `given` words, and `config` is not null, and aligned.
unsafe fn init<N: Kind>(
    memory: *mut u32,
    given: usize,
    shape: *const sbn_shape,
    config: *const sbn_config,
) -> i32 {
    let make = || {
        let block = check(memory, given)?;
        // SAFETY: the caller's promise.
        let (encoder, decoder, form, spans) = unsafe { described(shape)? };
        if spans.iter().any(|span| span.overlaps(block)) {
            return Err(Refusal(SBN_ERROR_OVERLAP));
        }
        // SAFETY: checked; there by the caller's promise.
        let config = unsafe { config.read() };
        // SAFETY: checked; the caller's own, and disjoint from all that is read.
        unsafe { create::<N>(memory, given, (encoder, decoder), form, config)? };
        Ok(SBN_OK)
    };
    status(make())
}

/// # Safety
///
/// As [`sbn_bytes`]; `config` is not null, and aligned.
unsafe fn bytes<N: Kind>(shape: *const sbn_shape, config: *const sbn_config) -> usize {
    let count = || {
        // SAFETY: the caller's promise; checked.
        let ((encoder, decoder, form, _), config) = unsafe { (described(shape)?, config.read()) };
        let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
        let layers = encoder.iter().chain(decoder).copied();
        let shape = form.shape(encoder.len(), read.all(), &codings, layers)?;
        let (estimator, rule) = (N::estimator(Chosen::new(&config)?), N::rule(&config)?);
        rule.rule().check()?;
        N::check(&estimator, &shape)?;
        Ok::<usize, Refusal>(words::<N>(&shape, &rule, estimator.samples()).saturating_mul(4))
    };
    count().unwrap_or(0)
}
