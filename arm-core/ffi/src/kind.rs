//! The two kinds of numbers that a network computes with: what a learner of each is and does.

use crate::rules::{self, Chosen, InIntegers};
use crate::status::*;
use crate::types::*;
use arm_core::codec::{Source, encoded_len_of};
use arm_core::estimator::Estimator;
use arm_core::kernels::{Integer, Simd, WeightOf};
use arm_core::learner::{Progress, Slices, State};
use arm_core::optim::{Optimiser, Rule, Sgd};
use arm_core::record::{Fault, Record};
use arm_core::{Bits, Error, Estimates, Learner, Shape};
use embedded_storage::nor_flash::NorFlash;

/// What `sbn_config` says to compute in floats of 32 bits.
#[unsafe(no_mangle)]
pub static sbn_floats: sbn_numbers = sbn_numbers { kind: Floats::READY };

/// What `sbn_config` says to compute in integers of 16 bits, for chips without a floating-point unit.
#[unsafe(no_mangle)]
pub static sbn_integers: sbn_numbers = sbn_numbers { kind: Integers::READY };

/// A network in floats.
#[derive(Debug)]
pub(crate) struct Floats;

/// A network in integers.
#[derive(Debug)]
pub(crate) struct Integers;

/// The learner of a kind that C sees.
pub(crate) type Net<N> =
    Learner<'static, 'static, <N as Kind>::Estimator, <N as Kind>::Rule, <N as Kind>::Kernels>;

/// A parameter of a kind.
pub(crate) type Weight<N> = WeightOf<<N as Kind>::Kernels>;

/// A kind of numbers, and what a learner of that kind does.
pub(crate) trait Kind: Sized + 'static {
    type Kernels: Estimates;
    type Estimator: Estimator + 'static;
    type Rule: Optimiser;
    /// The mark of a network of this kind that nobody works with.
    const READY: u32;

    /// The estimator that was chosen, as this kind has it.
    fn estimator(chosen: Chosen) -> Self::Estimator;
    /// The optimiser of a configuration, checked.
    fn rule(c: &sbn_config) -> Result<Self::Rule, Refusal>;
    fn rate_of(rule: &mut Self::Rule) -> &mut f32;
    /// Whether the estimator can serve the network.
    fn check(estimator: &Self::Estimator, shape: &Shape<'_>) -> Result<(), Error> {
        estimator.check(shape)?;
        <Self::Kernels as Estimates>::check(estimator, shape)
    }
    /// Words of scratch; `usize::MAX` for more than can be counted.
    fn scratch(shape: &Shape<'_>, samples: usize) -> usize;
    fn saved_bytes(shape: &Shape<'_>) -> usize;
    /// A learner, with fresh parameters or as one was left.
    fn learner(
        shape: Shape<'static>,
        estimator: Self::Estimator,
        rule: Self::Rule,
        seed: u64,
        memory: Slices<'static, <Self::Kernels as arm_core::kernels::Arithmetic>::Numbers>,
        left: Option<State>,
    ) -> Result<Net<Self>, Error>;
    fn saturated(net: &Net<Self>) -> u32;

    fn begin(net: &mut Net<Self>, x: &[u32]) -> Result<(), Error>;
    fn begin_conditional(net: &mut Net<Self>, x: &[u32], y: &[u32]) -> Result<(), Error>;
    fn begin_black_box(net: &mut Net<Self>, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<(), Error>;
    /// A status, and f where it is `SBN_OK`: two registers.
    fn poll(net: &mut Net<Self>, budget: usize) -> (i32, f32);
    fn score(net: &mut Net<Self>, x: &[u32], samples: u32) -> Result<f32, Error>;
    fn score_conditional(net: &mut Net<Self>, x: &[u32], y: &[u32], samples: u32) -> Result<f32, Error>;
    fn save_to<F: From<Error>>(net: &Net<Self>, sink: impl FnMut(&[u8]) -> Result<(), F>) -> Result<(), F>;
    fn load_from<S: Source>(net: &mut Net<Self>, source: &mut S) -> Result<(), S::Error>;
    fn save<F: NorFlash>(net: &Net<Self>, record: &mut Record<F>) -> Result<u32, Fault<F::Error>>;
    fn load<F: NorFlash>(net: &mut Net<Self>, record: &mut Record<F>) -> Result<(), Fault<F::Error>>;
}

/// What a learner of any kind does.
macro_rules! calls {
    () => {
        #[inline(always)]
        fn begin(net: &mut Net<Self>, x: &[u32]) -> Result<(), Error> {
            net.begin(x)
        }
        #[inline(always)]
        fn begin_conditional(net: &mut Net<Self>, x: &[u32], y: &[u32]) -> Result<(), Error> {
            net.begin_conditional(x, y)
        }
        #[inline(always)]
        fn begin_black_box(
            net: &mut Net<Self>,
            x: &[u32],
            f: impl FnMut(Bits<'_>) -> f32,
        ) -> Result<(), Error> {
            net.begin_black_box(x, f)
        }
        #[inline(always)]
        fn poll(net: &mut Net<Self>, budget: usize) -> (i32, f32) {
            net.poll_then(budget, |result| match result {
                Ok(Progress::Working) => (SBN_WORKING, 0.0),
                Ok(Progress::Idle) => (SBN_IDLE, 0.0),
                Ok(Progress::Done(f)) => (SBN_OK, f),
                Err(error) => (error.code(), 0.0),
            })
        }
        #[inline(always)]
        fn score(net: &mut Net<Self>, x: &[u32], samples: u32) -> Result<f32, Error> {
            net.score(x, samples)
        }
        #[inline(always)]
        fn score_conditional(net: &mut Net<Self>, x: &[u32], y: &[u32], samples: u32) -> Result<f32, Error> {
            net.score_conditional(x, y, samples)
        }
        #[inline(always)]
        fn save_to<F: From<Error>>(
            net: &Net<Self>,
            sink: impl FnMut(&[u8]) -> Result<(), F>,
        ) -> Result<(), F> {
            net.save_to(sink)
        }
        #[inline(always)]
        fn load_from<S: Source>(net: &mut Net<Self>, source: &mut S) -> Result<(), S::Error> {
            net.load_from(source)
        }
        #[inline(always)]
        fn save<F: NorFlash>(net: &Net<Self>, record: &mut Record<F>) -> Result<u32, Fault<F::Error>> {
            net.save(record)
        }
        #[inline(always)]
        fn load<F: NorFlash>(net: &mut Net<Self>, record: &mut Record<F>) -> Result<(), Fault<F::Error>> {
            net.load(record)
        }
        #[inline(always)]
        fn saved_bytes(shape: &Shape<'_>) -> usize {
            encoded_len_of::<Weight<Self>>(shape)
        }
    };
}

impl Kind for Floats {
    type Kernels = Simd;
    type Estimator = Chosen;
    type Rule = Rule;
    const READY: u32 = u32::from_le_bytes(*b"SSSS");

    #[inline(always)]
    fn estimator(chosen: Chosen) -> Chosen {
        chosen
    }

    #[inline(always)]
    fn rule(c: &sbn_config) -> Result<Rule, Refusal> {
        rules::rule(c)
    }

    #[inline(always)]
    fn rate_of(rule: &mut Rule) -> &mut f32 {
        rules::rate_of(rule)
    }

    #[inline(always)]
    fn scratch(shape: &Shape<'_>, samples: usize) -> usize {
        shape.training_scratch(1, samples).saturating_add(arm_core::bits::words(shape.inputs()))
    }

    #[inline(always)]
    fn learner(
        shape: Shape<'static>,
        estimator: Chosen,
        rule: Rule,
        seed: u64,
        memory: Slices<'static>,
        left: Option<State>,
    ) -> Result<Net<Self>, Error> {
        match left {
            None => Learner::new(shape, estimator, rule, seed, memory),
            Some(state) => Learner::attach(shape, estimator, rule, seed, memory, state),
        }
    }

    #[inline(always)]
    fn saturated(_: &Net<Self>) -> u32 {
        0
    }

    calls!();
}

impl Kind for Integers {
    type Kernels = Integer;
    type Estimator = InIntegers;
    type Rule = Sgd;
    const READY: u32 = u32::from_le_bytes(*b"iiii");

    #[inline(always)]
    fn estimator(chosen: Chosen) -> InIntegers {
        InIntegers(chosen)
    }

    #[inline(always)]
    fn rule(c: &sbn_config) -> Result<Sgd, Refusal> {
        match rules::rule(c)? {
            Rule::Sgd(sgd) => Ok(sgd),
            _ => Err(Refusal(SBN_ERROR_FLOAT_ONLY)),
        }
    }

    #[inline(always)]
    fn rate_of(sgd: &mut Sgd) -> &mut f32 {
        &mut sgd.rate
    }

    #[inline(always)]
    fn scratch(shape: &Shape<'_>, samples: usize) -> usize {
        // Floats take more: what they can count integers can.
        match shape.training_scratch(1, samples) {
            usize::MAX => usize::MAX,
            _ => shape.integer_scratch_for(samples),
        }
    }

    #[inline(always)]
    fn learner(
        shape: Shape<'static>,
        estimator: InIntegers,
        sgd: Sgd,
        seed: u64,
        memory: Slices<'static, Integer>,
        left: Option<State>,
    ) -> Result<Net<Self>, Error> {
        match left {
            None => Learner::chosen(shape, estimator, sgd, seed, memory),
            Some(state) => Learner::attach_chosen(shape, estimator, sgd, seed, memory, state),
        }
    }

    #[inline(always)]
    fn saturated(net: &Net<Self>) -> u32 {
        net.saturated()
    }

    calls!();
}
