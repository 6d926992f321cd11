//! The functions of `sbn.h`.

use crate::block::{Form, Layers, Net, create, open, words};
use crate::pointers::{Span, check, slice, slice_mut};
use crate::rules;
use crate::status::*;
use crate::types::*;
use arm_core::codec::Source;
use arm_core::learner::Progress;
use arm_core::optim::Rule;
use arm_core::{Bits, Error, codec};
use core::ffi::c_void;

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
    let outer = check(shape, 1)?;
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
/// the handle, which is the address of the memory, in `net`.
///
/// The shape is copied. The memory must not be touched while the network is used; to free it just stop using it.
/// Errors: `SBN_ERROR_NULL`, `_MISALIGNED`, `_OVERLAP` (any two of the arguments), `_SHAPE`, `_SETTING`, `_SIZE`.
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
        let given = bytes / 4;
        if memory.is_null() {
            return Err(Refusal(SBN_ERROR_NULL));
        }
        let (block, out, settings) = (check(memory, given)?, check(net, 1)?, check(config, 1)?);
        // SAFETY: the caller's promise.
        let (encoder, decoder, form, spans) = unsafe { described(shape)? };
        if spans.iter().chain([&out, &settings]).any(|span| span.overlaps(block)) {
            return Err(Refusal(SBN_ERROR_OVERLAP));
        }
        // SAFETY: checked; there by the caller's promise.
        let config = unsafe { config.read() };
        // SAFETY: checked; the caller's own, and disjoint from all that is read.
        let block = unsafe { slice_mut(memory, given) };
        create(block, (encoder, decoder), form, config)?;
        // SAFETY: checked.
        unsafe { net.write(memory.cast()) };
        Ok(SBN_OK)
    };
    status(make())
}

/// Bytes of memory that `sbn_init` needs, what `SBN_BYTES` computes; 0 for a shape or an optimiser that it refuses.
///
/// # Safety
///
/// As `sbn_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_bytes(shape: *const sbn_shape, optimiser: u32) -> usize {
    let count = || {
        // SAFETY: the caller's promise.
        let (encoder, decoder, form, _) = unsafe { described(shape)? };
        let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
        let shape = read.shape(&form, codings.as_ref(), encoder.iter().chain(decoder))?;
        let config = sbn_config {
            estimator: 0,
            optimiser,
            rate: 0.0,
            momentum: 0.0,
            beta2: 0.0,
            epsilon: 0.0,
            seed_low: 0,
            seed_high: 0,
        };
        Ok::<usize, Refusal>(words(&shape, &rules::rule(&config)?).saturating_mul(4))
    };
    count().unwrap_or(0)
}

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
    // SAFETY: the caller's promise.
    unsafe {
        with_input(net, x, x_words, f, &mut |n, x, f| {
            *f = n.step(x)?;
            Ok(SBN_OK)
        })
    }
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
    // SAFETY: the caller's promise.
    unsafe {
        with_pair(net, (x, x_words), (y, y_words), f, &mut |n, x, y, f| {
            *f = n.step_conditional(x, y)?;
            Ok(SBN_OK)
        })
    }
}

/// One step that lowers the expectation of `objective`, which is called for each sample of the top layer (two for ARM
/// on one layer) with `context`. `x` is the input; null and 0 for free logits. Stores f of the sample in `f`.
///
/// Errors leave the network as it was; `SBN_ERROR_OBJECTIVE` where f is NaN or infinite. The next step then draws
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
    let Some(objective) = objective else { return SBN_ERROR_NULL };
    // SAFETY: the caller's promise; the bits outlive the call.
    let call = |b: Bits<'_>| unsafe { objective(b.words().as_ptr(), b.len(), context) };
    // SAFETY: the caller's promise.
    unsafe {
        with_input(net, x, x_words, f, &mut |n, x, f| {
            *f = n.step_black_box(x, call)?;
            Ok(SBN_OK)
        })
    }
}

/// The first half of `sbn_step`: draws samples and computes gradients, changes no parameter. The input is copied.
/// `sbn_poll` does the rest. `SBN_ERROR_BUSY` when a step is under way already.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_begin(net: *mut sbn_network, x: *const u32, x_words: usize) -> i32 {
    let mut unused = 0.0;
    // SAFETY: the caller's promise.
    unsafe {
        with_input(net, x, x_words, &mut unused, &mut |n, x, _| {
            n.begin(x)?;
            Ok(SBN_OK)
        })
    }
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
    let mut work = |n: &mut Net<'_, '_>, value: &mut Option<f32>| {
        Ok(match n.poll(budget)? {
            Progress::Idle => SBN_IDLE,
            Progress::Working => SBN_WORKING,
            Progress::Done(f) => {
                *value = Some(f);
                SBN_OK
            }
        })
    };
    // SAFETY: the caller's promise.
    unsafe { with_output(net, f, &mut work) }
}

/// An upper bound of -log p(x) in nats, with `samples` samples (importance weighted; the -ELBO with one), in `nats`.
/// For an anomaly detector this is the anomaly score.
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
    unsafe {
        with_input(net, x, x_words, nats, &mut |n, x, nats| {
            *nats = n.score(x, samples)?;
            Ok(SBN_OK)
        })
    }
}

/// `sbn_score` of a conditional network: an upper bound of -log p(y | x).
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
        with_pair(net, (x, x_words), (y, y_words), nats, &mut |n, x, y, nats| {
            *nats = n.score_conditional(x, y, samples)?;
            Ok(SBN_OK)
        })
    }
}

/// Sample `index` from the model: the probability of a one for each of the `count` input units, in `p`.
///
/// # Safety
///
/// As `sbn_step`; `p` points to `count` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_sample(net: *mut sbn_network, index: u32, p: *mut f32, count: usize) -> i32 {
    let draw = || {
        let span = check(p, count)?;
        // SAFETY: the caller's promise; `p` becomes a reference only inside, after the check for overlap.
        unsafe {
            open(net, &[span], &mut |n| {
                n.sample(u64::from(index), slice_mut(p, count))?;
                Ok(SBN_OK)
            })
        }
    };
    status(draw())
}

/// Sets the learning rate, for a schedule. `SBN_ERROR_SETTING` outside [0, 1e6].
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_set_rate(net: *mut sbn_network, rate: f32) -> i32 {
    let mut set = |n: &mut Net<'_, '_>| {
        if !(0.0..=arm_core::optim::MAX_RATE).contains(&rate) {
            return Err(Refusal(SBN_ERROR_SETTING));
        }
        match n.optimiser_mut() {
            Rule::Sgd(o) => o.rate = rate,
            Rule::Momentum(o) => o.rate = rate,
            Rule::Adam(o) => o.rate = rate,
        }
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    status(unsafe { open(net, &[], &mut set) })
}

/// Stores in `steps` the number of steps begun, refused ones included, modulo 2^32.
///
/// # Safety
///
/// As `sbn_step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_steps(net: *mut sbn_network, steps: *mut u32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        with_output(net, steps, &mut |n, out| {
            *out = Some(n.steps() as u32);
            Ok(SBN_OK)
        })
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
    net: *mut sbn_network,
    params: *mut *const f32,
    count: *mut usize,
) -> i32 {
    let find = || {
        let spans = [check(params, 1)?, check(count, 1)?];
        let mut found = (core::ptr::null(), 0);
        // SAFETY: the caller's promise.
        let status = unsafe {
            open(net, &spans, &mut |n| {
                found = (n.params().as_ptr(), n.params().len());
                Ok(SBN_OK)
            })?
        };
        // SAFETY: checked.
        unsafe {
            params.write(found.0);
            count.write(found.1);
        }
        Ok(status)
    };
    status(find())
}

/// Writes parameters and number of steps as bytes (`SBN_SAVED_BYTES` of them) to `bytes`, which has room for `size`, and
/// their number to `written`. The same bytes load on any device and on the desktop.
///
/// # Safety
///
/// As `sbn_step`; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_save(
    net: *mut sbn_network,
    bytes: *mut u8,
    size: usize,
    written: *mut usize,
) -> i32 {
    let save = || {
        let (room, out) = (check(bytes, size)?, check(written, 1)?);
        if room.overlaps(out) {
            return Err(Refusal(SBN_ERROR_OVERLAP));
        }
        let mut count = 0;
        // SAFETY: the caller's promise; `bytes` becomes a reference only inside, after the check for overlap.
        let status = unsafe {
            open(net, &[room, out], &mut |n| {
                count = n.save_bytes(slice_mut(bytes, size))?;
                Ok(SBN_OK)
            })?
        };
        // SAFETY: checked.
        unsafe { written.write(count) };
        Ok(status)
    };
    status(save())
}

/// Loads the bytes of `sbn_save`, from here or elsewhere; forgets the optimiser's moments and a step that is under way.
///
/// All is checked before anything changes: `SBN_ERROR_LENGTH`, `_MAGIC`, `_OLDER`, `_NEWER`, `_CORRUPT`, `_OTHER_SHAPE`,
/// `_PARAMETER`.
///
/// # Safety
///
/// As `sbn_step`; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_load(net: *mut sbn_network, bytes: *const u8, size: usize) -> i32 {
    let load = || {
        let span = check(bytes, size)?;
        // SAFETY: the caller's promise; `bytes` becomes a reference only inside, after the check for overlap.
        unsafe {
            open(net, &[span], &mut |n| {
                n.load_bytes(slice(bytes, size))?;
                Ok(SBN_OK)
            })
        }
    };
    status(load())
}

/// `sbn_save` without a buffer: hands the bytes to `sink` in order, in pieces of `SBN_PIECE` and a shorter last one.
/// `SBN_ERROR_CALLBACK` when the sink returns anything but 0.
///
/// # Safety
///
/// As `sbn_step`; `sink` can be called with `context` and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_save_to(net: *mut sbn_network, sink: sbn_sink, context: *mut c_void) -> i32 {
    let Some(sink) = sink else { return SBN_ERROR_NULL };
    // SAFETY: the caller's promise.
    let result = unsafe {
        open(net, &[], &mut |n| {
            n.save_to(|piece| match sink(piece.as_ptr(), piece.len(), context) {
                0 => Ok(()),
                _ => Err(Refusal(SBN_ERROR_CALLBACK)),
            })?;
            Ok(SBN_OK)
        })
    };
    status(result)
}

/// `sbn_load` without a buffer: `source` is asked twice for all `size` bytes in order, and must give the same.
/// `SBN_ERROR_CALLBACK` when it returns anything but 0; only if that happens the second time, parameters may have
/// changed.
///
/// # Safety
///
/// As `sbn_step`; `source` can be called with `context` and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_load_from(
    net: *mut sbn_network,
    size: usize,
    source: sbn_source,
    context: *mut c_void,
) -> i32 {
    let Some(call) = source else { return SBN_ERROR_NULL };
    // SAFETY: the caller's promise.
    let mut read =
        |offset, out: &mut [u8]| match unsafe { call(offset, out.as_mut_ptr(), out.len(), context) } {
            0 => Ok(()),
            _ => Err(Refusal(SBN_ERROR_CALLBACK)),
        };
    let mut work = |n: &mut Net<'_, '_>| {
        n.load_from(&mut Callback { size, read: &mut read })?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    status(unsafe { open(net, &[], &mut work) })
}

type Read<'a> = dyn FnMut(usize, &mut [u8]) -> Result<(), Refusal> + 'a;
type OnInput<'a> = dyn FnMut(&mut Net<'_, '_>, &[u32], &mut f32) -> Result<i32, Error> + 'a;
type OnPair<'a> = dyn FnMut(&mut Net<'_, '_>, &[u32], &[u32], &mut f32) -> Result<i32, Error> + 'a;
type WithResult<'a, T> = dyn FnMut(&mut Net<'_, '_>, &mut Option<T>) -> Result<i32, Error> + 'a;

struct Callback<'a> {
    size: usize,
    read: &'a mut Read<'a>,
}

impl Source for Callback<'_> {
    type Error = Refusal;

    fn size(&self) -> usize {
        self.size
    }

    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Refusal> {
        (self.read)(offset, out)
    }
}

/// A call with an input and a float for the result, which is stored on success.
///
/// # Safety
///
/// As `sbn_step`.
unsafe fn with_input(
    net: *mut sbn_network,
    x: *const u32,
    x_words: usize,
    f: *mut f32,
    work: &mut OnInput<'_>,
) -> i32 {
    // SAFETY: the caller's promise; there is no target.
    unsafe { with_pair(net, (x, x_words), (core::ptr::null(), 0), f, &mut |n, x, _, f| work(n, x, f)) }
}

/// [`with_input`] with a target.
///
/// # Safety
///
/// As `sbn_step`.
unsafe fn with_pair(
    net: *mut sbn_network,
    (x, x_words): (*const u32, usize),
    (y, y_words): (*const u32, usize),
    f: *mut f32,
    work: &mut OnPair<'_>,
) -> i32 {
    let mut run = || {
        let spans = [check(x, x_words)?, check(y, y_words)?, check(f, 1)?];
        let mut value = 0.0;
        // SAFETY: the caller's promise; `x` and `y` become references only inside, after the check for overlap.
        let status = unsafe {
            open(net, &spans, &mut |n| Ok(work(n, slice(x, x_words), slice(y, y_words), &mut value)?))?
        };
        // SAFETY: checked.
        unsafe { f.write(value) };
        Ok(status)
    };
    status(run())
}

/// A call with a result, which is stored if there is one.
///
/// # Safety
///
/// As `sbn_step`.
unsafe fn with_output<T>(net: *mut sbn_network, out: *mut T, work: &mut WithResult<'_, T>) -> i32 {
    let mut run = || {
        let span = check(out, 1)?;
        let mut value = None;
        // SAFETY: the caller's promise.
        let status = unsafe { open(net, &[span], &mut |n| Ok(work(n, &mut value)?))? };
        if let Some(value) = value {
            // SAFETY: checked.
            unsafe { out.write(value) };
        }
        Ok(status)
    };
    status(run())
}

const _: () = assert!(codec::PIECE == SBN_PIECE as usize);
