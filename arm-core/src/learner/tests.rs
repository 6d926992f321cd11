extern crate std;
use super::*;
use crate::estimator::{Arm, Baseline, DisArm, Reinforce};
use crate::kernels::{Integer, Portable};
use crate::optim::{Adam, Momentum, Sgd};
use crate::shape::{Layer, Prior};
use std::vec;
use std::vec::Vec;

/// What every build has code for.
const SMALL: Shape = Shape::vae(
    40,
    &const { [Layer::hidden(6, 0.1), Layer::bernoulli(5)] },
    &const { [Layer::hidden(7, 0.1), Layer::bernoulli(40)] },
    Prior::Fixed,
);
const DEEP: Shape = Shape::vae(
    40,
    &const { [Layer::hidden(6, 0.1), Layer::bernoulli(5), Layer::bernoulli(3)] },
    &const { [Layer::bernoulli(5), Layer::hidden(7, 0.1), Layer::bernoulli(40)] },
    Prior::Learned,
);
const SHAPE: Shape = if DEEP.check().is_ok() { DEEP } else { SMALL };
const CHAIN: Shape = Shape::chain(100, &const { [Layer::bernoulli(4)] });

struct Room {
    params: Vec<f32>,
    moments: Vec<f32>,
    scratch: Vec<u32>,
}

impl Room {
    fn new<O: Optimiser>(shape: &Shape<'_>) -> Self {
        let scratch = vec![0; shape.scratch()];
        Room { params: vec![0.0; shape.params()], moments: vec![0.0; shape.moments::<O>()], scratch }
    }

    fn slices(&mut self) -> Slices<'_> {
        Slices { params: &mut self.params, moments: &mut self.moments, scratch: &mut self.scratch }
    }
}

fn input(step: u32) -> [u32; 2] {
    let x = step.wrapping_mul(0x9e37_79b9);
    [x, x >> 24]
}

fn run<E: Estimator, O: Optimiser>(
    estimator: E,
    optimiser: O,
    budget: Option<usize>,
) -> (Vec<u32>, Vec<u32>) {
    let mut room = Room::new::<O>(&SHAPE);
    let mut learner = Learner::new(SHAPE, estimator, optimiser, 5, room.slices()).unwrap();
    let mut fs = vec![];
    for step in 0..20 {
        let x = input(step);
        let f = match budget {
            None => learner.step(&x).unwrap(),
            Some(budget) => {
                learner.begin(&x).unwrap();
                loop {
                    match learner.poll(budget).unwrap() {
                        Progress::Done(f) => break f,
                        progress => assert_eq!(progress, Progress::Working),
                    }
                }
            }
        };
        fs.push(f.to_bits());
    }
    assert_eq!((learner.steps(), learner.poll(9)), (20, Ok(Progress::Idle)));
    (fs, learner.params().iter().map(|p| p.to_bits()).collect())
}

#[test]
fn any_slices_give_the_same_bits() {
    for budget in [0, 1, 7, 40, 100, 1000, usize::MAX] {
        let sgd = Sgd { rate: 0.1 };
        assert_eq!(run(Arm, sgd, Some(budget)), run(Arm, sgd, None));
        let momentum = Momentum { rate: 0.1, momentum: 0.9 };
        assert_eq!(run(DisArm, momentum, Some(budget)), run(DisArm, momentum, None));
        let reinforce = || Reinforce { baseline: Baseline::moving(0.9) };
        let adam = Adam::new(0.01);
        assert_eq!(run(reinforce(), adam, Some(budget)), run(reinforce(), adam, None));
    }
}

#[test]
fn a_call_updates_no_more_than_its_budget() {
    let mut room = Room::new::<Sgd>(&SHAPE);
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, room.slices()).unwrap();
    for budget in [1, 12, 41, 90] {
        learner.begin(&input(3)).unwrap();
        let (mut changed, mut calls) = (0, 0);
        while calls == 0 || learner.state().pending.is_some() {
            let before = learner.params().to_vec();
            learner.poll(budget).unwrap();
            let n = before.iter().zip(learner.params()).filter(|(a, b)| a != b).count();
            assert!(n <= budget.max(40), "{n} of {budget}");
            (changed, calls) = (changed + n, calls + 1);
        }
        assert!(changed > 100 && calls >= SHAPE.params() / budget.max(40), "{changed} {calls}");
    }
}

#[test]
fn a_step_under_way_is_not_disturbed() {
    let mut room = Room::new::<Sgd>(&SHAPE);
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, room.slices()).unwrap();
    let mut bytes = vec![0; crate::storage::codec::encoded_len(&SHAPE)];
    learner.save_bytes(&mut bytes).unwrap();
    learner.begin(&input(3)).unwrap();
    assert_eq!(learner.poll(1), Ok(Progress::Working));
    let state = learner.state();
    assert_eq!(learner.begin(&input(4)), Err(Error::Busy));
    assert_eq!(learner.step(&input(4)), Err(Error::Busy));
    assert_eq!(learner.score(&input(4), 1), Err(Error::Busy));
    assert_eq!(learner.sample(0, &mut [0.0; 40]), Err(Error::Busy));
    assert_eq!(learner.save_bytes(&mut bytes.clone()), Err(Error::Busy));
    for rate in [f32::NAN, f32::INFINITY, -1.0] {
        learner.optimiser_mut().rate = rate;
        assert_eq!(learner.poll(1000), Err(Error::Setting));
    }
    assert_eq!(learner.state(), state);
    // Loading is the way out.
    learner.load_bytes(&bytes).unwrap();
    assert_eq!((learner.poll(1), learner.state()), (Ok(Progress::Idle), State::default()));
}

#[test]
fn refused_input_leaves_the_model_as_it_was() {
    let mut room = Room::new::<Sgd>(&SHAPE);
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, room.slices()).unwrap();
    let (params, state) = (learner.params().to_vec(), learner.state());
    for x in [&[][..], &[1], &[1, 2, 3], &[0, 1 << 8]] {
        assert!(matches!(learner.begin(x), Err(Error::Width { needed: 40, .. })));
    }
    learner.optimiser_mut().rate = f32::INFINITY;
    assert_eq!(learner.begin(&[0, 0]), Err(Error::Setting));
    learner.optimiser_mut().rate = 0.0;
    assert!(learner.step(&[0, 0]).is_ok() && learner.params() == params, "a rate of zero learns nothing");
    learner.core.held.state = State::default();
    assert!(learner.begin_black_box(&[0, 0], |_| 0.0).is_err());
    assert_eq!((learner.params(), learner.state()), (&params[..], state));
    let mut room = Room::new::<Sgd>(&CHAIN);
    let mut learner = Learner::new(CHAIN, Arm, Sgd { rate: 0.1 }, 5, room.slices()).unwrap();
    let params = learner.params().to_vec();
    for f in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(learner.step_black_box(&[0; 4], |_| f), Err(Error::Objective));
        assert_eq!(learner.params(), &params[..]);
    }
}

/// f is NaN for one of four samples, which are equally likely at first.
#[test]
fn a_refused_step_draws_fresh_samples() {
    const FREE: Shape = Shape::chain(0, &const { [Layer::bernoulli(2)] });
    let estimator = Reinforce { baseline: Baseline::Constant(0.5) };
    let f = |b: Bits<'_>| if b.count_ones() == 2 { f32::NAN } else { b.count_ones() as f32 };
    let mut room = Room::new::<Adam>(&FREE);
    let mut learner = Learner::new(FREE, estimator, Adam::new(0.1), 5, room.slices()).unwrap();
    let (mut results, mut bytes) = (vec![], vec![0; crate::storage::codec::encoded_len(&FREE)]);
    for step in 1..=200 {
        let before = learner.params().to_vec();
        let result = learner.step_black_box(&[], f);
        assert_eq!(learner.steps(), step);
        assert!(result.is_ok() || learner.params() == before);
        results.push(result);
    }
    let refused = results.iter().filter(|r| **r == Err(Error::Objective)).count() as u64;
    assert!(refused > 0, "a refusal is what this is about");
    assert_eq!(learner.state().updates, 200 - refused);
    assert!(learner.params().iter().all(|p| *p < -1.0), "{:?}", learner.params());
    // The bytes know about refused steps, so that a copy goes on with the same samples.
    learner.save_bytes(&mut bytes).unwrap();
    let mut room = Room::new::<Adam>(&FREE);
    let mut copy = Learner::new(FREE, estimator, Adam::new(0.1), 5, room.slices()).unwrap();
    copy.load_bytes(&bytes).unwrap();
    assert_eq!(copy.state(), State { updates: 0, ..learner.state() });
    assert_eq!(copy.step_black_box(&[], f), learner.step_black_box(&[], f));
}

#[test]
fn short_scratch_is_refused_with_the_size_it_needs() {
    for shape in [SHAPE, CHAIN] {
        let mut room = Room::new::<Sgd>(&shape);
        let needed = room.scratch.len();
        for given in 0..needed {
            let slices = room.slices();
            let slices = Slices { scratch: &mut slices.scratch[..given], ..slices };
            let fresh = Learner::new(shape, Arm, Sgd { rate: 0.1 }, 5, slices);
            assert_eq!(fresh.map(|_| ()), Err(Error::Size { needed, given }));
            let slices = room.slices();
            let slices = Slices { scratch: &mut slices.scratch[..given], ..slices };
            let attached = Learner::attach(shape, Arm, Sgd { rate: 0.1 }, 5, slices, State::default());
            let mut learner = attached.unwrap();
            let x = [0; 4];
            let x = &x[..words(shape.inputs())];
            let result = if shape.is_vae() { learner.begin(x) } else { learner.begin_black_box(x, |_| 0.0) };
            assert_eq!(result, Err(Error::Size { needed, given }));
            room.scratch.truncate(given);
            let state = State { pending: Some(Pending { layer: 0, row: 0, f: 0.0 }), ..State::default() };
            let attached = Learner::attach(shape, Arm, Sgd { rate: 0.1 }, 5, room.slices(), state);
            assert_eq!(attached.map(|_| ()), Err(Error::Size { needed, given }));
            room.scratch.resize(needed, 0);
        }
    }
}

#[test]
fn bytes_carry_a_learner_on_with_the_same_bits() {
    let mut bytes = vec![0; crate::storage::codec::encoded_len(&SHAPE)];
    let (mut a, mut b) = (Room::new::<Sgd>(&SHAPE), Room::new::<Sgd>(&SHAPE));
    let mut a = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, a.slices()).unwrap();
    (0..10).for_each(|step| a.step(&input(step)).map(|_| ()).unwrap());
    a.save_bytes(&mut bytes).unwrap();
    let mut b = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, b.slices()).unwrap();
    b.load_bytes(&bytes).unwrap();
    for step in 10..20 {
        assert_eq!(a.step(&input(step)), b.step(&input(step)));
    }
    assert_eq!((a.params(), a.steps()), (b.params(), b.steps()));
}

#[test]
fn memory_can_be_left_and_taken_up_again_in_the_middle_of_a_step() {
    let expected = run(Arm, Adam::new(0.01), None);
    let mut room = Room::new::<Adam>(&SHAPE);
    let mut state = Learner::new(SHAPE, Arm, Adam::new(0.01), 5, room.slices()).unwrap().state();
    let mut fs = vec![];
    while fs.len() < 20 {
        let mut learner = Learner::attach(SHAPE, Arm, Adam::new(0.01), 5, room.slices(), state).unwrap();
        match learner.poll(30).unwrap() {
            Progress::Idle => learner.begin(&input(fs.len() as u32)).unwrap(),
            Progress::Working => {}
            Progress::Done(f) => fs.push(f.to_bits()),
        }
        state = learner.state();
    }
    assert_eq!((fs, room.params.iter().map(|p| p.to_bits()).collect()), expected);
}

#[test]
fn features_that_a_network_does_not_need_do_not_change_a_bit() {
    let mut room = Room::new::<Sgd>(&SMALL);
    let mut learner = Learner::new(SMALL, Arm, Sgd { rate: 0.05 }, 5, room.slices()).unwrap();
    let mut hash = 0u64;
    for step in 0..50 {
        let x = input(step);
        for f in [learner.step(&x).unwrap(), learner.score(&x, 3).unwrap()] {
            hash = (hash ^ u64::from(f.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // The same with all features and with none.
    assert_eq!(hash, 0x5ff5_6578_df11_e3c2);
}

#[test]
fn a_conditional_network_learns_its_target() {
    const LAYERS: [Layer; 2] = [Layer::hidden(6, 0.1), Layer::bernoulli(5)];
    const OUTPUT: [Layer; 1] = [Layer::bernoulli(33)];
    const SHAPE: Shape = Shape::conditional(40, &LAYERS, &OUTPUT);
    let mut room = Room::new::<Sgd>(&SHAPE);
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 5, room.slices()).unwrap();
    let (x, y) = ([0xf0f0_1234, 0x5a], [0x0ff0_aa55, 1]);
    let before = learner.score_conditional(&x, &y, 50).unwrap();
    for _ in 0..200 {
        learner.step_conditional(&x, &y).unwrap();
    }
    assert!(learner.score_conditional(&x, &y, 50).unwrap() < 0.2 * before);
    let params = learner.params().to_vec();
    for wrong in [&[][..], &[1], &[0, 2]] {
        assert!(matches!(learner.step_conditional(&x, wrong), Err(Error::Width { .. })));
        assert!(matches!(learner.score_conditional(&x, wrong, 1), Err(Error::Width { .. })));
    }
    assert!(learner.step(&x).is_err() && learner.score(&x, 1).is_err());
    assert_eq!(learner.params(), params);
    learner.begin_conditional(&x, &y).unwrap();
    assert_eq!(learner.poll(1), Ok(Progress::Working));
}

/// The word behind the last of the input is no part of it.
fn with_more_room<K: Estimates + Clone>(kernels: K)
where
    WeightOf<K>: Copy + Default + PartialEq + core::fmt::Debug,
    Vae: Objective<K>,
{
    const WHOLE: Shape = Shape::vae(
        32,
        &const { [Layer::hidden(16, 0.1), Layer::bernoulli(16)] },
        &const { [Layer::hidden(16, 0.1), Layer::bernoulli(32)] },
        Prior::Fixed,
    );
    let train = |kernels: K, more: usize| {
        let mut params = vec![WeightOf::<K>::default(); WHOLE.params()];
        let mut scratch = vec![u32::MAX; WHOLE.scratch() + more];
        let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
        let mut learner = Learner::fresh(kernels, WHOLE, Arm, Sgd { rate: 0.1 }, 1, memory).unwrap();
        for step in 0..3 {
            learner.step(&input(step)[..1]).unwrap();
        }
        params
    };
    assert_eq!(train(kernels.clone(), 0), train(kernels, 9));
}

#[test]
fn scratch_may_have_more_words_than_it_needs() {
    with_more_room(Portable);
    with_more_room(Simd);
    with_more_room(Integer::default());
}
