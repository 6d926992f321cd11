//! The learner that is kept in a block, and how it is put together.

use super::form::layer;
use super::head::{HEAD_WORDS, Head, LAYER_WORDS, address_of, head_of, join, start, stored, sum_of_others};
use super::{SBN_LAYER_WORDS, SBN_STATE_WORDS, words, words_of};
use crate::kind::{Floats, Integers, Kind, Net};
use crate::pointers::{check, slice, slice_mut};
use crate::rules::Chosen;
use crate::status::*;
use crate::types::*;
use arm_core::estimator::Estimator;
use arm_core::learner::{Slices, State};
use arm_core::optim::Optimiser;
use arm_core::{Codings, Layer};

/// What is put together from the head; the layers of the shape follow it.
pub(super) struct Kept<N: Kind> {
    codings: Codings<'static>,
    pub(super) net: Net<N>,
}

/// Words of [`Kept`], with one for its alignment. What C reserves may be more.
const KEPT_WORDS: usize = SBN_STATE_WORDS - HEAD_WORDS;
const KEPT_LAYER_WORDS: usize = SBN_LAYER_WORDS - LAYER_WORDS;

const _: () = assert!(align_of::<Head>() == 4 && size_of::<Layer>() <= 4 * KEPT_LAYER_WORDS);
const _: () = assert!(fits::<Floats>() && fits::<Integers>());

const fn fits<N: Kind>() -> bool {
    let align = align_of::<Kept<N>>();
    let layers = align >= align_of::<Layer>() && size_of::<Kept<N>>().is_multiple_of(align_of::<Layer>());
    layers && align <= 8 && size_of::<Kept<N>>() + 4 <= 4 * KEPT_WORDS
}

/// Puts the learner together where the block lies now; `fresh` ones draw their parameters.
///
/// # Safety
///
/// The block is claimed, and its head is that of [`write`].
#[cold]
#[inline(never)]
pub(super) unsafe fn attach<N: Kind>(base: *mut u32, fresh: bool) -> Result<(), Refusal> {
    let lost = |_| Refusal(SBN_ERROR_MEMORY);
    // SAFETY: a block is at least a head.
    let mut head = unsafe { head_of(base).read() };
    let (count, means) = (head.layers(), head.means());
    let (begin, needed) = (start(count, means), head.fixed.bytes as usize / 4);
    if count > SBN_MAX_LAYERS as usize || begin != head.start as usize || needed < begin {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    check(base, needed)?;
    // SAFETY: the block has so many layers.
    let others_sum = unsafe { sum_of_others(base, count) };
    if !fresh && others_sum != head.others_sum {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    head.others_sum = others_sum;
    let before = if fresh {
        None
    } else {
        // SAFETY: a block that was not made just now holds the learner that was put together elsewhere, at this place.
        Some(unsafe { left::<N>(base.byte_add(head.fixed.kept as usize)) })
    };
    // SAFETY: what is behind head and layers, within the `needed` words of the block. Their contents are plain words,
    // written before; nothing else refers to them, because a learner that was kept here is not used any more.
    let (means, kept, layers) = unsafe {
        let means = slice(base.add(HEAD_WORDS + LAYER_WORDS * count).cast::<f32>(), means);
        let kept = kept::<N>(base, count, means.len());
        (means, kept, kept.add(1).cast::<Layer>())
    };
    for i in 0..count {
        // SAFETY: as above; there is room for a layer each behind the learner.
        unsafe { layers.add(i).write(layer(stored(base, i)).map_err(lost)?) };
    }
    let form = head.form(means);
    // SAFETY: in the block, and written now. Both stay as they are while the learner is used.
    let (codings, layers) = unsafe {
        (&raw mut (*kept).codings).write(form.codings());
        (&(*kept).codings, slice(layers, count))
    };
    // SAFETY: as above.
    let all = (0..count).map(|i| unsafe { stored(base, i) });
    let shape = form.shape(head.encoder as usize, layers, codings, all).map_err(lost)?;
    let config = head.config();
    let estimator = N::estimator(Chosen::new(&config).map_err(lost)?);
    let mut rule = N::rule(&config).map_err(lost)?;
    let same = words::<N>(&shape, &rule, estimator.samples()) == needed;
    if !same || head.params as usize != shape.params() {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    let (params, moments) = (shape.params(), shape.params() * rule.rule().moments());
    let numbers = words_of::<N>(params + moments);
    // SAFETY: parameters, moments and scratch lie behind each other up to the end of the block; they were all written
    // before, and nobody else refers to them.
    let memory = unsafe {
        let at = base.add(begin);
        Slices {
            params: slice_mut(at.cast(), params),
            moments: slice_mut(at.add(params).cast(), moments),
            scratch: slice_mut(at.add(numbers), needed - begin - numbers),
        }
    };
    let seed = join(head.config.seed);
    let state = before.as_ref().map(|left| left.state);
    if let Some(left) = &before {
        *N::rate_of(&mut rule) = left.rate;
    }
    let mut net = N::learner(shape, estimator, rule, seed, memory, state)?;
    if let Some(left) = &before {
        net.set_learned_state(left.learned.as_slice())?;
    }
    head.fixed.kept = (kept.addr() - base.addr()) as u32;
    head.fixed.address = address_of(base);
    head.sum = head.fixed.sum(head.fixed.address);
    // SAFETY: within the block; whatever was there needs no drop. The mark stays as it is.
    unsafe {
        (&raw mut (*kept).net).write(net);
        head_of(base).write(head);
    }
    Ok(())
}

/// What a learner has come to.
struct Left {
    state: State,
    rate: f32,
    learned: Option<f32>,
}

/// That of the learner whose bytes lie here, wherever what it refers to was.
///
/// # Safety
///
/// They were copied from one that was put together.
unsafe fn left<N: Kind>(bytes: *mut u32) -> Left {
    let mut copy = core::mem::MaybeUninit::<Kept<N>>::uninit();
    // SAFETY: so many bytes lie there, which need not be aligned for a learner here. What it refers to is not touched.
    unsafe {
        copy.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.cast(), size_of::<Kept<N>>());
        let net = &mut (*copy.as_mut_ptr()).net;
        let (state, rate) = (net.state(), *N::rate_of(net.optimiser_mut()));
        Left { state, rate, learned: net.learned_state().first().copied() }
    }
}

/// Where the learner is kept.
///
/// # Safety
///
/// The block has so many layers and means.
#[inline(always)]
unsafe fn kept<N: Kind>(base: *mut u32, layers: usize, means: usize) -> *mut Kept<N> {
    // SAFETY: within the block; there is a word more for the alignment.
    let room = unsafe { base.add(HEAD_WORDS + LAYER_WORDS * layers + means) };
    room.map_addr(|address| address.next_multiple_of(align_of::<Kept<N>>())).cast()
}
