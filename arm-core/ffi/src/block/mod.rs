//! The block of memory behind a network: head, layers, means, the learner, parameters, moments, scratch.
//!
//! Head, layers and means say everything; the learner is put together from them and kept, so that a call need not do so
//! again. It holds addresses: where a block was copied elsewhere, the next call puts it together anew.

mod form;
mod head;
mod kept;

pub(crate) use form::{Flawed, Form, Layers};

use crate::claim::{claim, claim_any, look, refused, release};
use crate::kind::{Floats, Integers, Kind, Net, Weight};
use crate::pointers::{Span, apart, one};
use crate::rules::Chosen;
use crate::status::*;
use crate::types::*;
use arm_core::estimator::Estimator;
use arm_core::optim::Optimiser;
use arm_core::{Coding, Shape};
use head::{Fixed, HEAD_WORDS, Head, LAYER_WORDS, Settings, address_of, head_of, start};
use kept::{Kept, attach};

/// Words of a network's memory beside layers, parameters, moments and scratch, and of a layer: as in the header.
pub(crate) const SBN_STATE_WORDS: usize = if size_of::<usize>() == 4 { 112 } else { 244 };
pub(crate) const SBN_LAYER_WORDS: usize = if size_of::<usize>() == 4 { 7 } else { 8 };

/// Words of the block, the head included. Saturates where they would not fit.
pub(crate) fn words<N: Kind>(shape: &Shape<'_>, rule: &N::Rule, samples: usize) -> usize {
    let means = if let Coding::Centred(means) = shape.x_coding() { means.len() } else { 0 };
    words_of::<N>(shape.params().saturating_mul(1 + rule.rule().moments()))
        .saturating_add(start(shape.network_layers(), means))
        .saturating_add(N::scratch(shape, samples))
}

/// Words of so many parameters.
fn words_of<N: Kind>(params: usize) -> usize {
    if size_of::<Weight<N>>() == 4 { params } else { params.div_ceil(2) }
}

/// Makes a network in the `given` words at `base`, from what C describes.
///
/// # Safety
///
/// `base` passed [`check`] for so many words, which are the caller's and disjoint from all that is read.
pub(crate) unsafe fn create<N: Kind>(
    base: *mut u32,
    given: usize,
    (encoder, decoder): (&[sbn_layer], &[sbn_layer]),
    form: Form<'_>,
    config: sbn_config,
) -> Result<(), Refusal> {
    let (needed, params) = {
        let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
        let shape =
            form.shape(encoder.len(), read.all(), &codings, encoder.iter().chain(decoder).copied())?;
        let (estimator, rule) = (N::estimator(Chosen::new(&config)?), N::rule(&config)?);
        rule.rule().check()?;
        N::check(&estimator, &shape)?;
        (words::<N>(&shape, &rule, estimator.samples()), shape.params())
    };
    if given < needed || given < HEAD_WORDS || needed > u32::MAX as usize / 4 {
        return Err(Refusal(SBN_ERROR_SIZE));
    }
    // SAFETY: aligned, and there are more words.
    let before = unsafe { claim_any(base) }.map_err(Refusal)?;
    // SAFETY: claimed, large enough.
    let made = unsafe { write::<N>(base, [needed, params], (encoder, decoder), form, config) };
    // SAFETY: claimed above.
    unsafe { release(base, if made.is_ok() { N::READY } else { before }) };
    made
}

/// # Safety
///
/// As [`create`]; the block is claimed, and `needed` words of it are there.
unsafe fn write<N: Kind>(
    base: *mut u32,
    [needed, params]: [usize; 2],
    (encoder, decoder): (&[sbn_layer], &[sbn_layer]),
    form: Form<'_>,
    config: sbn_config,
) -> Result<(), Refusal> {
    let (count, means) = (encoder.len() + decoder.len(), form.means.len());
    // SAFETY: so many words are there, behind the mark. C need not have written to them: there are no references yet.
    unsafe { base.add(1).write_bytes(0, needed - 1) };
    let sbn_config { estimator, optimiser, rate, momentum, beta2, epsilon, samples, decay, .. } = config;
    let seed = [config.seed_low, config.seed_high];
    let fixed = Fixed { bytes: 4 * needed as u32, kept: 0, address: [0; 2] };
    let head = Head {
        sum: 0,
        fixed,
        others_sum: 0,
        start: start(count, means) as u32,
        params: params as u32,
        inputs: form.inputs,
        encoder: encoder.len() as u32,
        decoder: decoder.len() as u32,
        prior_units: form.prior_units,
        flags: form.flags,
        config: Settings { estimator, optimiser, rate, momentum, beta2, epsilon, seed, samples, decay },
    };
    // SAFETY: the head, layers and means are in the block; the caller's arrays are not.
    unsafe {
        head_of(base).write(head);
        let layers = base.add(HEAD_WORDS).cast::<sbn_layer>();
        encoder.iter().chain(decoder).enumerate().for_each(|(i, layer)| layers.add(i).write(*layer));
        let to = base.add(HEAD_WORDS + LAYER_WORDS * count).cast::<f32>();
        form.means.iter().enumerate().for_each(|(i, mean)| to.add(i).write(*mean));
        attach::<N>(base, true)
    }
}

/// Claims the network at `net`, checks the other arguments, none of which may lie in its block, runs `work`, and gives the
/// network back.
///
/// # Safety
///
/// `net` is not null and aligned, and came from `sbn_init`, or its mark says that it did not.
#[inline(always)]
pub(crate) unsafe fn open<N: Kind>(
    net: *const sbn_network,
    arguments: impl FnOnce(Span) -> Result<(), Refusal>,
    work: impl FnOnce(&mut Net<N>) -> Result<i32, Refusal>,
) -> i32 {
    let base = net.cast_mut().cast::<u32>();
    // SAFETY: not null and aligned. Nothing else of the block is looked at before.
    if let Err(status) = unsafe { claim(base, N::READY) } {
        return status;
    }
    let run = || {
        // SAFETY: claimed.
        let net = unsafe { ready::<N>(base)? };
        // SAFETY: a block is at least a head.
        let block = Span::of(base.cast::<u8>(), unsafe { (*head_of(base)).fixed.bytes } as usize);
        arguments(block)?;
        // SAFETY: kept in the block, which is claimed: there is no other reference to it.
        work(unsafe { &mut *net })
    };
    let result = run();
    // SAFETY: claimed above.
    unsafe { release(base, N::READY) };
    result.unwrap_or_else(|Refusal(status)| status)
}

/// The learner of a block.
///
/// # Safety
///
/// The block is claimed: `sbn_init` has made it.
#[inline(always)]
unsafe fn ready<N: Kind>(base: *mut u32) -> Result<*mut Net<N>, Refusal> {
    // SAFETY: a block is at least a head, and claimed. Where its sum is right, all else that it says is there.
    unsafe {
        let head = head_of(base);
        if (*head).sum != (*head).fixed.sum(address_of(base)) {
            moved::<N>(base)?;
        }
        let kept = base.byte_add((*head).fixed.kept as usize).cast::<Kept<N>>();
        Ok(&raw mut (*kept).net)
    }
}

/// Puts the learner of a block together anew that was copied to `base`; of no other block whose sum is not that for `base`.
///
/// # Safety
///
/// As [`ready`].
#[cold]
#[inline(never)]
unsafe fn moved<N: Kind>(base: *mut u32) -> Result<(), Refusal> {
    // SAFETY: as in `ready`.
    unsafe {
        let Head { sum, fixed, .. } = &*head_of(base);
        let [_, high] = fixed.address;
        if *sum != fixed.sum(fixed.address) || (size_of::<usize>() == 4 && high != 0) {
            return Err(Refusal(SBN_ERROR_MEMORY));
        }
        attach::<N>(base, false)
    }
}

/// Tells a word or two of a network that nobody works with, without claiming it: what is read belongs to one call. It is given the
/// head, and the block, in which no result may lie.
///
/// # Safety
///
/// As [`open`]; `net` may also be null or not aligned.
#[inline(always)]
unsafe fn peek<N: Kind>(
    net: *const sbn_network,
    tell: impl FnOnce(*const Head, Span) -> Result<(), Refusal>,
) -> i32 {
    let base = net.cast_mut().cast::<u32>();
    if let Err(Refusal(status)) = one(base) {
        return status;
    }
    // SAFETY: not null and aligned.
    match unsafe { look(base) } {
        mark if mark == N::READY => {
            // SAFETY: a block is at least a head, of which these words change only where the block is put together.
            let (head, fixed) = unsafe { (head_of(base), &(*head_of(base)).fixed) };
            // SAFETY: as above.
            let sum = unsafe { (*head).sum };
            // That for where it lay: a block may have been copied since.
            if sum != fixed.sum(fixed.address) {
                return SBN_ERROR_MEMORY;
            }
            match tell(head, Span::of(base.cast::<u8>(), fixed.bytes as usize)) {
                Ok(()) => SBN_OK,
                Err(Refusal(status)) => status,
            }
        }
        Floats::READY | Integers::READY => SBN_ERROR_OTHER_NUMBERS,
        found => refused(found),
    }
}

/// The learner of a block that is ready. It was copied with the block, and is only asked for numbers.
///
/// # Safety
///
/// As [`peek`]; `head` is that of the block.
#[inline(always)]
unsafe fn learner<'a, N: Kind>(net: *const sbn_network, head: *const Head) -> &'a Net<N> {
    // SAFETY: a block that is ready has a learner there.
    unsafe { &(*net.byte_add((*head).fixed.kept as usize).cast::<Kept<N>>()).net }
}

/// Stores the number of steps begun, modulo 2^32.
///
/// # Safety
///
/// As [`peek`].
#[inline(always)]
pub(crate) unsafe fn steps<N: Kind>(net: *const sbn_network, steps: *mut u32) -> i32 {
    // SAFETY: ready; checked before it is stored.
    unsafe {
        peek::<N>(net, |head, block| {
            apart(steps, block)?;
            steps.write(learner::<N>(net, head).steps() as u32);
            Ok(())
        })
    }
}

/// Stores how many results left their range.
///
/// # Safety
///
/// As [`peek`].
#[inline(always)]
pub(crate) unsafe fn saturated<N: Kind>(net: *const sbn_network, count: *mut u32) -> i32 {
    // SAFETY: as in `steps`.
    unsafe {
        peek::<N>(net, |head, block| {
            apart(count, block)?;
            count.write(N::saturated(learner::<N>(net, head)));
            Ok(())
        })
    }
}

/// Stores where the parameters are, and their number.
///
/// # Safety
///
/// As [`peek`].
#[inline(always)]
pub(crate) unsafe fn params<N: Kind>(
    net: *const sbn_network,
    params: *mut *const Weight<N>,
    count: *mut usize,
) -> i32 {
    // SAFETY: a block has that many words before its parameters; checked before it is stored.
    unsafe {
        peek::<N>(net, |head, block| {
            apart(params, block)?;
            apart(count, block)?;
            params.write(net.cast::<u32>().add((*head).start as usize).cast());
            count.write((*head).params as usize);
            Ok(())
        })
    }
}
