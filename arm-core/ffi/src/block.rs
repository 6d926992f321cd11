//! The block of memory behind a network: state, layers, parameters, moments, scratch.

use crate::pointers::{Span, check, slice, slice_mut};
use crate::rules::{self, Pair};
use crate::status::*;
use crate::types::*;
use arm_core::learner::{Pending, Slices, State as Progress};
use arm_core::optim::Rule;
use arm_core::{Coding, Codings, Layer, Learner, Prior, Shape};

/// The learner that C sees.
pub(crate) type Net<'m, 's> = Learner<'m, 's, Pair, Rule>;

const READY: u32 = u32::from_le_bytes(*b"SBN1");
const BUSY: u32 = u32::from_le_bytes(*b"SBN~");
const LAYER_WORDS: usize = size_of::<sbn_layer>() / 4;
const NO_STEP: u32 = u32::MAX;
/// Beside the flags that C may give: there are means of the input.
const CENTRED: u32 = 8;

/// The head of the block. All fields are words for which any bits are valid, and none is a pointer: the block may be
/// copied elsewhere between two calls.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Head {
    magic: u32,
    words: u32,
    inputs: u32,
    encoder: u32,
    decoder: u32,
    prior_units: u32,
    config: sbn_config,
    steps: [u32; 2],
    scores: [u32; 2],
    layer: u32,
    row: u32,
    f: f32,
    updates: [u32; 2],
    flags: u32,
}

const _: () = assert!(size_of::<Head>() == 4 * SBN_STATE_WORDS as usize && align_of::<Head>() == 4);

fn join([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn split(v: u64) -> [u32; 2] {
    [v as u32, (v >> 32) as u32]
}

impl Head {
    fn seed(&self) -> u64 {
        join([self.config.seed_low, self.config.seed_high])
    }

    fn progress(&self) -> Progress {
        let pending = Pending { layer: self.layer as usize, row: self.row as usize, f: self.f };
        Progress {
            steps: join(self.steps),
            scores: join(self.scores),
            updates: join(self.updates),
            pending: (self.layer != NO_STEP).then_some(pending),
        }
    }

    fn keep(&mut self, progress: Progress) {
        self.steps = split(progress.steps);
        self.scores = split(progress.scores);
        self.updates = split(progress.updates);
        (self.layer, self.row, self.f) =
            progress.pending.map_or((NO_STEP, 0, 0.0), |p| (p.layer as u32, p.row as u32, p.f));
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

    /// The numbers that units stand for; `None` for 0 and 1.
    pub(crate) fn codings(&self) -> Option<Codings<'a>> {
        let x = match self.flags & (SBN_SIGNED_INPUTS | CENTRED) {
            0 => Coding::ZeroOne,
            CENTRED => Coding::Centred(self.means),
            _ => Coding::Signed,
        };
        let b = if self.flags & SBN_SIGNED_UNITS == 0 { Coding::ZeroOne } else { Coding::Signed };
        (self.flags & !SBN_CONDITIONAL != 0).then_some(Codings { x, b })
    }
}

/// Layers as `arm-core` wants them.
pub(crate) struct Layers {
    all: [Layer; SBN_MAX_LAYERS as usize],
    encoder: usize,
    count: usize,
}

impl Layers {
    /// Reads a C array each; the kinds are checked here, the rest by [`Layers::shape`].
    pub(crate) fn read(encoder: &[sbn_layer], decoder: &[sbn_layer]) -> Result<Self, Refusal> {
        let mut all = [Layer::bernoulli(1); SBN_MAX_LAYERS as usize];
        let count = encoder.len() + decoder.len();
        if count > all.len() {
            return Err(Refusal(SBN_ERROR_SHAPE));
        }
        for (layer, c) in all.iter_mut().zip(encoder.iter().chain(decoder)) {
            *layer = match c.kind {
                SBN_HIDDEN => Layer::hidden(c.width as usize, c.slope),
                SBN_BERNOULLI => Layer::bernoulli(c.width as usize),
                _ => return Err(Refusal(SBN_ERROR_SHAPE)),
            };
        }
        let layers = Layers { all, encoder: encoder.len(), count };
        Ok(layers)
    }

    /// The network, checked; `codings` are those of `form`, `read` the layers it was read from.
    pub(crate) fn shape<'a, 's>(
        &'s self,
        form: &Form<'_>,
        codings: Option<&'s Codings<'s>>,
        mut read: impl Iterator<Item = &'a sbn_layer>,
    ) -> Result<Shape<'s>, Refusal> {
        let (inputs, prior_units) = (form.inputs as usize, form.prior_units);
        let (encoder, rest) = self.all.split_at_checked(self.encoder).unwrap_or_default();
        let decoder = rest.get(..self.count.saturating_sub(self.encoder)).unwrap_or_default();
        let prior = if prior_units == 0 { Prior::Fixed } else { Prior::Learned };
        let shape = match form.flags & SBN_CONDITIONAL {
            0 => Shape::vae(inputs, encoder, decoder, prior),
            _ => Shape::conditional(inputs, encoder, decoder),
        };
        let shape = codings.map_or(shape, |codings| shape.coded(codings));
        shape.check()?;
        let linked = (0..self.count)
            .all(|i| read.next().is_some_and(|layer| layer.inputs as usize == shape.dense(i).inputs));
        let prior_fits = prior_units == 0 || prior_units as usize == shape.top_width();
        if linked && prior_fits { Ok(shape) } else { Err(Refusal(SBN_ERROR_SHAPE)) }
    }
}

/// Words of the block, the head included. Saturates where they would not fit.
pub(crate) fn words(shape: &Shape<'_>, rule: &Rule) -> usize {
    let means = if let Coding::Centred(means) = shape.x_coding() { means.len() } else { 0 };
    let head = SBN_STATE_WORDS as usize + LAYER_WORDS * shape.network_layers() + means;
    shape.params().saturating_mul(1 + rule.moments()).saturating_add(head).saturating_add(shape.scratch())
}

/// The block behind head, layers and means, taken apart.
fn slices<'m>(shape: &Shape<'_>, rule: &Rule, rest: &'m mut [u32]) -> Option<Slices<'m>> {
    let (params, rest) = rest.split_at_mut_checked(shape.params())?;
    let (moments, scratch) = rest.split_at_mut_checked(shape.params() * rule.moments())?;
    Some(Slices {
        params: bytemuck::try_cast_slice_mut(params).ok()?,
        moments: bytemuck::try_cast_slice_mut(moments).ok()?,
        scratch,
    })
}

/// Makes a network in `block`, which is free to be written to.
pub(crate) fn create(
    block: &mut [u32],
    (encoder, decoder): (&[sbn_layer], &[sbn_layer]),
    form: Form<'_>,
    config: sbn_config,
) -> Result<(), Refusal> {
    let (read, codings) = (Layers::read(encoder, decoder)?, form.codings());
    let shape = read.shape(&form, codings.as_ref(), encoder.iter().chain(decoder))?;
    let (pair, rule) = (Pair::new(config.estimator)?, rules::rule(&config)?);
    rule.check()?;
    let needed = words(&shape, &rule);
    let block = block.get_mut(..needed).ok_or(Refusal(SBN_ERROR_SIZE))?;
    let (head, rest) = block.split_at_mut_checked(SBN_STATE_WORDS as usize).unwrap_or_default();
    let (layers, rest) = rest.split_at_mut_checked(LAYER_WORDS * shape.network_layers()).unwrap_or_default();
    for (words, layer) in layers.chunks_exact_mut(LAYER_WORDS).zip(encoder.iter().chain(decoder)) {
        let fields = [layer.kind, layer.inputs, layer.width, layer.slope.to_bits()];
        words.iter_mut().zip(fields).for_each(|(word, field)| *word = field);
    }
    let (means, rest) = rest.split_at_mut_checked(form.means.len()).unwrap_or_default();
    means.iter_mut().zip(form.means).for_each(|(word, mean)| *word = mean.to_bits());
    let mut state = Head {
        magic: READY,
        words: needed as u32,
        inputs: form.inputs,
        encoder: encoder.len() as u32,
        decoder: decoder.len() as u32,
        prior_units: form.prior_units,
        config,
        steps: [0; 2],
        scores: [0; 2],
        layer: NO_STEP,
        row: 0,
        f: 0.0,
        updates: [0; 2],
        flags: form.flags,
    };
    let memory = slices(&shape, &rule, rest).ok_or(Refusal(SBN_ERROR_SIZE))?;
    let learner = Learner::new(shape, pair, rule, state.seed(), memory)?;
    state.keep(learner.state());
    // SAFETY: `head` has the size and the alignment of `Head`.
    unsafe { head.as_mut_ptr().cast::<Head>().write(state) };
    Ok(())
}

/// Runs `work` on the network at `net`, while nothing of `foreign` lies in its block.
///
/// # Safety
///
/// `net` came from `sbn_init`, or fails the checks here; nobody else uses the block meanwhile.
pub(crate) unsafe fn open(
    net: *mut sbn_network,
    foreign: &[Span],
    work: &mut dyn FnMut(&mut Net<'_, '_>) -> Result<i32, Refusal>,
) -> Result<i32, Refusal> {
    let base = net.cast::<u32>();
    check(base, SBN_STATE_WORDS as usize)?;
    // SAFETY: not null and aligned; a network's block is at least a head, of which any bits are valid. Read through the
    // raw pointer, because a callback may be running that was called with the rest of the block borrowed.
    let mut head = unsafe { net.cast::<Head>().read() };
    match head.magic {
        READY => {}
        BUSY => return Err(Refusal(SBN_ERROR_BUSY)),
        _ => return Err(Refusal(SBN_ERROR_MEMORY)),
    }
    let (encoder, decoder) = (head.encoder as usize, head.decoder as usize);
    let count = encoder.saturating_add(decoder);
    if count > SBN_MAX_LAYERS as usize {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    // SAFETY: the magic number says that a head of `words` words is followed by that many layers, in the same block.
    let start = unsafe { base.add(SBN_STATE_WORDS as usize) };
    // SAFETY: as above; layers are words, of which any bits are valid.
    let stored = unsafe { slice(start.cast::<sbn_layer>(), count) };
    let (up, down) = stored.split_at_checked(encoder).unwrap_or_default();
    let lost = |_| Refusal(SBN_ERROR_MEMORY);
    let layers = Layers::read(up, down).map_err(lost)?;
    let means = if head.flags & CENTRED == 0 { 0 } else { head.inputs as usize };
    let before = LAYER_WORDS * count + means;
    if (head.words as usize).saturating_sub(SBN_STATE_WORDS as usize) < before {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    // SAFETY: as above, and the block has that many words; means are words, of which any bits are valid.
    let means = unsafe { slice(start.add(LAYER_WORDS * count).cast::<f32>(), means) };
    let Head { inputs, prior_units, flags, .. } = head;
    let form = Form { inputs, prior_units, flags, means };
    let codings = form.codings();
    let shape = layers.shape(&form, codings.as_ref(), stored.iter()).map_err(lost)?;
    let (pair, rule) =
        (Pair::new(head.config.estimator).map_err(lost)?, rules::rule(&head.config).map_err(lost)?);
    let needed = words(&shape, &rule);
    if needed != head.words as usize {
        return Err(Refusal(SBN_ERROR_MEMORY));
    }
    let block = check(base, needed)?;
    if foreign.iter().any(|span| span.overlaps(block)) {
        return Err(Refusal(SBN_ERROR_OVERLAP));
    }
    let rest = needed - SBN_STATE_WORDS as usize - before;
    // SAFETY: `needed` words, which `sbn_init` was given, less head, layers and means. Nothing else refers to them: `foreign`
    // does not overlap, other calls are kept out by the busy mark (set now), and what was read above lies before them.
    let rest = unsafe { slice_mut(start.add(before), rest) };
    let memory = slices(&shape, &rule, rest).ok_or(Refusal(SBN_ERROR_MEMORY))?;
    let mut learner = Learner::attach(shape, pair, rule, head.seed(), memory, head.progress())?;
    // SAFETY: the head is disjoint from all references made here.
    unsafe { base.write(BUSY) };
    let status = work(&mut learner);
    head.keep(learner.state());
    let rate = match learner.optimiser_mut() {
        Rule::Sgd(o) => o.rate,
        Rule::Momentum(o) => o.rate,
        Rule::Adam(o) => o.rate,
    };
    head.config.rate = rate;
    // SAFETY: as above; `head.magic` is `READY`.
    unsafe { net.cast::<Head>().write(head) };
    status
}
