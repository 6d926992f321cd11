//! The block of memory behind a network: head, layers, means, the learner, parameters, moments, scratch.
//!
//! Head, layers and means say everything; the learner is put together from them and kept, so that a call need not do so
//! again. It holds addresses: where a block was copied elsewhere, the next call puts it together anew.

use crate::claim::{READY, claim, claim_any, release};
use crate::pointers::{Span, check, one, slice, slice_mut};
use crate::rules::{self, Chosen, rate_of};
use crate::status::*;
use crate::types::*;
use arm_core::learner::{Slices, State};
use arm_core::optim::Rule;
use arm_core::{Coding, Codings, Layer, Learner, Prior, Shape};

/// The learner that C sees.
pub(crate) type Net = Learner<'static, 'static, Chosen, Rule>;

const LAYER_WORDS: usize = size_of::<sbn_layer>() / 4;
/// Beside the flags that C may give: there are means of the input.
const CENTRED: u32 = 8;

/// The head of the block, behind its mark. All fields are words for which any bits are valid.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Of `fixed`.
    sum: u32,
    fixed: Fixed,
    /// These are only read when the learner is put together.
    inputs: u32,
    encoder: u32,
    decoder: u32,
    prior_units: u32,
    flags: u32,
    config: Settings,
}

/// What no call changes, and every call checks.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Fixed {
    /// Of what follows in the head, and of the layers.
    others_sum: u32,
    words: u32,
    /// Words before the parameters, and their number.
    start: u32,
    params: u32,
    /// Bytes before the learner.
    kept: u32,
    /// Where the block lay when the learner was put together.
    address: [u32; 2],
}

/// The words of a configuration that do not change.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Settings {
    estimator: u32,
    optimiser: u32,
    /// That at the beginning.
    rate: f32,
    momentum: f32,
    beta2: f32,
    epsilon: f32,
    seed: [u32; 2],
    samples: u32,
    decay: f32,
}

/// Words of mark and head.
const HEAD_WORDS: usize = 1 + size_of::<Head>() / 4;

/// Words of a network's memory beside layers, parameters, moments and scratch, and of a layer: as in the header.
pub(crate) const SBN_STATE_WORDS: usize = if size_of::<usize>() == 4 { 112 } else { 180 };
pub(crate) const SBN_LAYER_WORDS: usize = if size_of::<usize>() == 4 { 7 } else { 8 };

/// What is put together from the head; the layers of the shape follow it.
struct Kept {
    codings: Codings<'static>,
    net: Net,
}

/// Words of [`Kept`], with one for its alignment. What C reserves may be more.
const KEPT_WORDS: usize = SBN_STATE_WORDS - HEAD_WORDS;
const KEPT_LAYER_WORDS: usize = SBN_LAYER_WORDS - LAYER_WORDS;

const _: () =
    assert!(align_of::<Head>() == 4 && align_of::<Kept>() <= 8 && align_of::<Kept>() >= align_of::<Layer>());
const _: () = assert!(size_of::<Kept>().is_multiple_of(align_of::<Layer>()));
const _: () = assert!(size_of::<Kept>() + 4 <= 4 * KEPT_WORDS && size_of::<Layer>() <= 4 * KEPT_LAYER_WORDS);

fn join([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn address_of(base: *mut u32) -> [u32; 2] {
    let address = base.addr() as u64;
    [address as u32, (address >> 32) as u32]
}

impl Head {
    fn config(&self) -> sbn_config {
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
        }
    }

    fn form<'a>(&self, means: &'a [f32]) -> Form<'a> {
        Form { inputs: self.inputs, prior_units: self.prior_units, flags: self.flags, means }
    }

    fn layers(&self) -> usize {
        (self.encoder as usize).saturating_add(self.decoder as usize)
    }

    fn means(&self) -> usize {
        if self.flags & CENTRED == 0 { 0 } else { self.inputs as usize }
    }
}

/// What a shape is beside its layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    pub inputs: u32,
    pub prior_units: u32,
    flags: u32,
    means: &'a [f32],
}

impl<'a> Form<'a> {
    /// That of C's fields; `means` are those of all inputs, or none.
    pub(crate) fn new(s: &sbn_shape, means: &'a [f32]) -> Result<Self, Refusal> {
        let known = SBN_SIGNED_INPUTS | SBN_SIGNED_UNITS | SBN_CONDITIONAL;
        let (inputs, prior_units) = (s.inputs, s.prior_units);
        let twice = s.flags & SBN_SIGNED_INPUTS != 0 && !means.is_empty();
        if s.flags & !known != 0 || twice || (s.flags & SBN_CONDITIONAL != 0 && prior_units != 0) {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        let flags = s.flags | if means.is_empty() { 0 } else { CENTRED };
        Ok(Form { inputs, prior_units, flags, means })
    }

    /// The numbers that units stand for.
    pub(crate) fn codings(&self) -> Codings<'a> {
        let x = match self.flags & (SBN_SIGNED_INPUTS | CENTRED) {
            0 => Coding::ZeroOne,
            CENTRED => Coding::Centred(self.means),
            _ => Coding::Signed,
        };
        let b = if self.flags & SBN_SIGNED_UNITS == 0 { Coding::ZeroOne } else { Coding::Signed };
        Codings { x, b }
    }

    /// The network, of which `layers` are those that `arm-core` wants.
    pub(crate) fn described<'s>(
        &self,
        encoder: usize,
        layers: &'s [Layer],
        codings: &'s Codings<'s>,
    ) -> Shape<'s> {
        let inputs = self.inputs as usize;
        let (up, down) = layers.split_at_checked(encoder).unwrap_or_default();
        let prior = if self.prior_units == 0 { Prior::Fixed } else { Prior::Learned };
        let shape = match self.flags & SBN_CONDITIONAL {
            0 => Shape::vae(inputs, up, down, prior),
            _ => Shape::conditional(inputs, up, down),
        };
        if self.flags & !SBN_CONDITIONAL == 0 { shape } else { shape.coded(codings) }
    }

    /// The network, checked: `stored` are the layers as C has them.
    pub(crate) fn shape<'s>(
        &self,
        encoder: usize,
        layers: &'s [Layer],
        codings: &'s Codings<'s>,
        mut stored: impl Iterator<Item = sbn_layer>,
    ) -> Result<Shape<'s>, Refusal> {
        let prior_units = self.prior_units;
        let shape = self.described(encoder, layers, codings);
        shape.check()?;
        let linked = (0..layers.len())
            .all(|i| stored.next().is_some_and(|layer| layer.inputs as usize == shape.dense(i).inputs));
        let prior_fits = prior_units == 0 || prior_units as usize == shape.top_width();
        if linked && prior_fits { Ok(shape) } else { Err(Refusal(SBN_ERROR_SHAPE)) }
    }
}

/// A layer as `arm-core` wants it.
fn layer(c: sbn_layer) -> Result<Layer, Refusal> {
    match c.kind {
        SBN_HIDDEN => Ok(Layer::hidden(c.width as usize, c.slope)),
        SBN_BERNOULLI => Ok(Layer::bernoulli(c.width as usize)),
        _ => Err(Refusal(SBN_ERROR_SHAPE)),
    }
}

/// Layers as `arm-core` wants them, read from C's.
pub(crate) struct Layers {
    all: [Layer; SBN_MAX_LAYERS as usize],
    count: usize,
}

impl Layers {
    /// Reads a C array each; the kinds are checked here, the rest by [`Form::shape`].
    pub(crate) fn read(encoder: &[sbn_layer], decoder: &[sbn_layer]) -> Result<Self, Refusal> {
        let mut all = [Layer::bernoulli(1); SBN_MAX_LAYERS as usize];
        let count = encoder.len() + decoder.len();
        if count > all.len() {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        for (to, c) in all.iter_mut().zip(encoder.iter().chain(decoder)) {
            *to = layer(*c)?;
        }
        Ok(Layers { all, count })
    }

    pub(crate) fn all(&self) -> &[Layer] {
        self.all.get(..self.count).unwrap_or_default()
    }
}

/// Words before the parameters.
fn start(layers: usize, means: usize) -> usize {
    SBN_STATE_WORDS + SBN_LAYER_WORDS * layers + means
}

/// Words of the block, the head included. Saturates where they would not fit.
pub(crate) fn words(shape: &Shape<'_>, rule: &Rule, samples: usize) -> usize {
    let means = if let Coding::Centred(means) = shape.x_coding() { means.len() } else { 0 };
    shape
        .params()
        .saturating_mul(1 + rule.moments())
        .saturating_add(start(shape.network_layers(), means))
        .saturating_add(shape.training_scratch(1, samples))
        .saturating_add(arm_core::bits::words(shape.inputs()))
}

/// Makes a network in the `given` words at `base`, from what C describes.
///
/// # Safety
///
/// `base` passed [`check`] for so many words, which are the caller's and disjoint from all that is read.
pub(crate) unsafe fn create(
    base: *mut u32,
    given: usize,
    (encoder, decoder): (&[sbn_layer], &[sbn_layer]),
    form: Form<'_>,
    config: sbn_config,
) -> Result<(), Refusal> {
    let needed = {
        let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
        let shape =
            form.shape(encoder.len(), read.all(), &codings, encoder.iter().chain(decoder).copied())?;
        let (chosen, rule) = (Chosen::new(&config)?, rules::rule(&config)?);
        rule.check()?;
        arm_core::estimator::Estimator::check(&chosen, &shape)?;
        words(&shape, &rule, arm_core::estimator::Estimator::samples(&chosen))
    };
    if given < needed || given < HEAD_WORDS {
        return Err(Refusal(SBN_ERROR_SIZE));
    }
    // SAFETY: aligned, and there are more words.
    let before = unsafe { claim_any(base) }.map_err(Refusal)?;
    // SAFETY: claimed, large enough.
    let made = unsafe { write(base, needed, (encoder, decoder), form, config) };
    // SAFETY: claimed above.
    unsafe { release(base, if made.is_ok() { READY } else { before }) };
    made
}

/// # Safety
///
/// As [`create`]; the block is claimed, and `needed` words of it are there.
unsafe fn write(
    base: *mut u32,
    needed: usize,
    (encoder, decoder): (&[sbn_layer], &[sbn_layer]),
    form: Form<'_>,
    config: sbn_config,
) -> Result<(), Refusal> {
    let (count, means) = (encoder.len() + decoder.len(), form.means.len());
    // SAFETY: so many words are there, behind the mark. C need not have written to them: there are no references yet.
    unsafe { base.add(1).write_bytes(0, needed - 1) };
    let sbn_config { estimator, optimiser, rate, momentum, beta2, epsilon, samples, decay, .. } = config;
    let seed = [config.seed_low, config.seed_high];
    let (start, words) = (start(count, means) as u32, needed as u32);
    let fixed = Fixed { others_sum: 0, words, start, params: 0, kept: 0, address: [0; 2] };
    let head = Head {
        sum: 0,
        fixed,
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
        attach(base, true)
    }
}

/// Puts the learner together where the block lies now; `fresh` ones draw their parameters.
///
/// # Safety
///
/// The block is claimed, and its head is that of [`write`].
#[cold]
#[inline(never)]
unsafe fn attach(base: *mut u32, fresh: bool) -> Result<(), Refusal> {
    let lost = |_| Refusal(SBN_ERROR_MEMORY);
    // SAFETY: a block is at least a head.
    let mut head = unsafe { head_of(base).read() };
    let (count, means) = (head.layers(), head.means());
    let (begin, needed) = (start(count, means), head.fixed.words as usize);
    if count > SBN_MAX_LAYERS as usize || begin != head.fixed.start as usize || needed < begin {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    check(base, needed)?;
    // SAFETY: the block has so many layers.
    let others_sum = unsafe { sum_of_others(base, count) };
    if !fresh && others_sum != head.fixed.others_sum {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    head.fixed.others_sum = others_sum;
    // SAFETY: a block that was not made just now holds the learner that was put together elsewhere, at this place.
    let before = if fresh { None } else { Some(unsafe { left(base.byte_add(head.fixed.kept as usize)) }) };
    // SAFETY: what is behind head and layers, within the `needed` words of the block. Their contents are plain words,
    // written before; nothing else refers to them, because a learner that was kept here is not used any more.
    let (means, kept, layers) = unsafe {
        let means = slice(base.add(HEAD_WORDS + LAYER_WORDS * count).cast::<f32>(), means);
        let kept = kept(base, count, means.len());
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
    let (chosen, rule) = (Chosen::new(&config).map_err(lost)?, rules::rule(&config).map_err(lost)?);
    let samples = arm_core::estimator::Estimator::samples(&chosen);
    if words(&shape, &rule, samples) != needed {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    let (params, moments) = (shape.params(), shape.params() * rule.moments());
    // SAFETY: parameters, moments and scratch lie behind each other up to the end of the block; they were all written
    // before, and nobody else refers to them.
    let memory = unsafe {
        let at = base.add(begin);
        Slices {
            params: slice_mut(at.cast(), params),
            moments: slice_mut(at.add(params).cast(), moments),
            scratch: slice_mut(at.add(params + moments), needed - begin - params - moments),
        }
    };
    let seed = join(head.config.seed);
    let net = match before {
        None => Learner::new(shape, chosen, rule, seed, memory)?,
        Some(Left { state, rate, learned }) => {
            let mut net = Learner::attach(shape, chosen, rule, seed, memory, state)?;
            *rate_of(net.optimiser_mut()) = rate;
            net.set_learned_state(learned.as_slice())?;
            net
        }
    };
    head.fixed.kept = (kept.addr() - base.addr()) as u32;
    (head.fixed.params, head.fixed.address) = (params as u32, address_of(base));
    head.sum = head.fixed.sum();
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
unsafe fn left(bytes: *mut u32) -> Left {
    let mut copy = core::mem::MaybeUninit::<Kept>::uninit();
    // SAFETY: so many bytes lie there, which need not be aligned for a learner here. What it refers to is not touched.
    unsafe {
        copy.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.cast(), size_of::<Kept>());
        let net = &mut (*copy.as_mut_ptr()).net;
        let (state, rate) = (net.state(), *rate_of(net.optimiser_mut()));
        Left { state, rate, learned: net.learned_state().first().copied() }
    }
}

/// The head behind the mark.
///
/// # Safety
///
/// The block has one.
#[inline(always)]
unsafe fn head_of(base: *mut u32) -> *mut Head {
    // SAFETY: within the block.
    unsafe { base.add(1).cast() }
}

/// Where the learner is kept.
///
/// # Safety
///
/// The block has so many layers and means.
#[inline(always)]
unsafe fn kept(base: *mut u32, layers: usize, means: usize) -> *mut Kept {
    // SAFETY: within the block; there is a word more for the alignment.
    let room = unsafe { base.add(HEAD_WORDS + LAYER_WORDS * layers + means) };
    room.map_addr(|address| address.next_multiple_of(align_of::<Kept>())).cast()
}

/// Layer `i` as it was described.
///
/// # Safety
///
/// The block has such a layer.
unsafe fn stored(base: *mut u32, i: usize) -> sbn_layer {
    // SAFETY: behind the head; layers are words, of which any bits are valid.
    unsafe { base.add(HEAD_WORDS).cast::<sbn_layer>().add(i).read() }
}

impl Fixed {
    /// A sum over all of it.
    #[inline(always)]
    fn sum(&self) -> u32 {
        // In a row: an array would be put on the stack.
        let sum = add(add(add(SEED, self.others_sum), self.words), self.start);
        let [low, high] = self.address;
        add(add(add(add(sum, self.params), self.kept), low), high)
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
unsafe fn sum_of_others(base: *mut u32, layers: usize) -> u32 {
    let from = 1 + core::mem::offset_of!(Head, inputs) / 4;
    // SAFETY: in the block; all are words.
    (from..HEAD_WORDS + LAYER_WORDS * layers).fold(SEED, |sum, i| add(sum, unsafe { base.add(i).read() }))
}

/// Claims the network at `net`, checks the other arguments, none of which may lie in its block, runs `work`, and gives the
/// network back.
///
/// # Safety
///
/// `net` came from `sbn_init`, or fails the checks here.
#[inline(always)]
pub(crate) unsafe fn open(
    net: *const sbn_network,
    arguments: impl FnOnce(Span) -> Result<(), Refusal>,
    work: impl FnOnce(&mut Net) -> Result<i32, Refusal>,
) -> i32 {
    let base = net.cast_mut().cast::<u32>();
    if let Err(Refusal(status)) = one(base) {
        return status;
    }
    // SAFETY: not null and aligned. Nothing else of the block is looked at before.
    if let Err(status) = unsafe { claim(base) } {
        return status;
    }
    let run = || {
        // SAFETY: claimed.
        let net = unsafe { ready(base)? };
        // SAFETY: a block is at least a head.
        let block = Span::of(base, unsafe { (*head_of(base)).fixed.words } as usize);
        arguments(block)?;
        // SAFETY: kept in the block, which is claimed: there is no other reference to it.
        work(unsafe { &mut *net })
    };
    let result = run();
    // SAFETY: claimed above.
    unsafe { release(base, READY) };
    result.unwrap_or_else(|Refusal(status)| status)
}

/// The learner of a block.
///
/// # Safety
///
/// The block is claimed: `sbn_init` has made it.
#[inline(always)]
unsafe fn ready(base: *mut u32) -> Result<*mut Net, Refusal> {
    // SAFETY: a block is at least a head, and claimed. Where its sum is right, all else that it says is there.
    unsafe {
        let head = head_of(base);
        if (*head).sum != (*head).fixed.sum() {
            return Err(Refusal(SBN_ERROR_MEMORY));
        }
        if (*head).fixed.address != address_of(base) {
            attach(base, false)?;
        }
        let kept = base.byte_add((*head).fixed.kept as usize).cast::<Kept>();
        Ok(&raw mut (*kept).net)
    }
}

/// A word or two of the head, of a network that nobody works with, without claiming it: what is read belongs to one call.
///
/// # Safety
///
/// As [`open`].
#[inline(always)]
unsafe fn peek<R>(net: *const sbn_network, read: impl FnOnce(*const Head) -> R) -> Result<R, i32> {
    let base = net.cast_mut().cast::<u32>();
    one(base).map_err(|Refusal(status)| status)?;
    // SAFETY: not null and aligned.
    match unsafe { crate::claim::look(base) } {
        // SAFETY: a block is at least a head.
        READY => Ok(read(unsafe { head_of(base) })),
        crate::claim::BUSY => Err(SBN_ERROR_BUSY),
        _ => Err(SBN_ERROR_MEMORY),
    }
}

/// The number of steps begun, modulo 2^32.
///
/// # Safety
///
/// As [`open`].
#[inline(always)]
pub(crate) unsafe fn steps(net: *const sbn_network) -> Result<u32, i32> {
    // SAFETY: a block that is ready has a learner there; it was copied with the block, and is only asked for a number.
    unsafe {
        peek(net, |head| {
            let kept = net.byte_add((*head).fixed.kept as usize).cast::<Kept>();
            (*kept).net.steps() as u32
        })
    }
}

/// Where the parameters are, and their number.
///
/// # Safety
///
/// As [`open`].
#[inline(always)]
pub(crate) unsafe fn params(net: *const sbn_network) -> Result<(*const f32, usize), i32> {
    // SAFETY: a block is at least a head, and has that many words before its parameters.
    unsafe {
        peek(net, |head| {
            let (start, params) = ((*head).fixed.start as usize, (*head).fixed.params as usize);
            (net.cast::<u32>().add(start).cast::<f32>(), params)
        })
    }
}
