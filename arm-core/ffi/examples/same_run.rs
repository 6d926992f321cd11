//! What examples/firmware-c/src/main.c does, or with the argument `integers` integers.c, without C: the lines must be the same on
//! every machine.

use arm_core::estimator::{Arm, Baseline, DisArm, Estimator, IntegerEstimator, Reinforce, Rloo};
use arm_core::kernels::Integer;
use arm_core::learner::{Progress, Slices};
use arm_core::objective::Vae;
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::{Bits, Error, Estimates, Layer, Learner, Numbers, Prior, Shape, codec, objective::Objective};

const fn h(width: usize, slope: f32) -> Layer {
    Layer::hidden(width, slope)
}
const fn b(width: usize) -> Layer {
    Layer::bernoulli(width)
}
const REFERENCE: Shape = Shape::vae(64, &[h(32, 0.1), b(16)], &[h(32, 0.1), b(64)], Prior::Fixed);
const DEEP: Shape = Shape::vae(64, &[h(9, 0.2), b(7), b(5)], &[b(7), h(9, 0.2), b(64)], Prior::Learned);
const BLACK_BOX: Shape = Shape::chain(0, &[b(24)]);
const MAPPING: Shape = Shape::conditional(20, &[b(5)], &[h(7, 0.1), b(11)]);

struct Room<W = f32> {
    params: Vec<W>,
    moments: Vec<W>,
    scratch: Vec<u32>,
}

impl Room<i16> {
    fn integer(shape: &Shape<'_>, samples: usize) -> Self {
        let scratch = vec![0; shape.integer_scratch_for(samples)];
        Room { params: vec![0; shape.params()], moments: vec![], scratch }
    }
}

impl<W> Room<W> {
    fn slices<N: Numbers<Weight = W>>(&mut self) -> Slices<'_, N> {
        Slices { params: &mut self.params, moments: &mut self.moments, scratch: &mut self.scratch }
    }
}

impl Room {
    fn new<O: Optimiser>(shape: &Shape<'_>) -> Self {
        Room {
            params: vec![0.0; shape.params()],
            moments: vec![0.0; shape.moments::<O>()],
            scratch: vec![0; shape.scratch()],
        }
    }
}

fn hash(start: u64, values: &[f32]) -> u64 {
    values.iter().fold(start, |h, v| (h ^ u64::from(v.to_bits())).wrapping_mul(0x100_0000_01b3))
}

fn print_hex(name: &str, v: u64) {
    println!("  {name} {v:016x}");
}

fn print_params(params: &[f32]) {
    print_hex("parameters", hash(0xcbf2_9ce4_8422_2325, params));
}

fn input(i: u32) -> [u32; 2] {
    let mut s = i.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        s
    };
    [(); 2].map(|()| next() & next().rotate_right(7))
}

fn train<E: Estimator, O: Optimiser, K: Estimates>(
    learner: &mut Learner<'_, '_, E, O, K>,
    budget: usize,
) -> Result<(), Error>
where
    Vae: Objective<K>,
{
    let mut f = 0.0;
    for i in 0..200 {
        let x = input(i);
        if budget == 0 {
            f = learner.step(&x)?;
            continue;
        }
        learner.begin(&x)?;
        loop {
            match learner.poll(budget)? {
                Progress::Working => {}
                Progress::Done(last) => break f = last,
                Progress::Idle => break,
            }
        }
    }
    print_hex("last f", hash(0, &[f]));
    Ok(())
}

fn distance(b: Bits<'_>) -> f32 {
    b.words().iter().map(|w| (w ^ 0x00c0_ffee).count_ones() as f32).sum()
}

fn sum_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

fn print_integers(params: &[i16]) {
    let words = params.iter().map(|p| u64::from(*p as u16));
    print_hex("parameters", words.fold(0xcbf2_9ce4_8422_2325, |h, p| (h ^ p).wrapping_mul(0x100_0000_01b3)));
}

fn train_integers<E: Estimator + IntegerEstimator>(
    shape: &Shape<'_>,
    estimator: E,
    samples: usize,
    budget: usize,
) -> Result<(), Error> {
    let mut room = Room::integer(shape, samples);
    let mut learner = Learner::integer(*shape, estimator, Sgd { rate: 0.01 }, 7, room.slices())?;
    train(&mut learner, budget)?;
    print_integers(learner.params());
    if shape.encoder().len() == 2 {
        print_hex("score", hash(0, &[learner.score(&input(3), 10)?]));
        let mut p = [0.0; 64];
        learner.sample(5, &mut p)?;
        print_hex("sample", hash(0, &p));
        let mut bytes = vec![0; codec::encoded_len_of::<i16>(shape)];
        learner.save_bytes(&mut bytes)?;
        print_hex("bytes", sum_of(&bytes));
    }
    Ok(())
}

fn integers() -> Result<(), Error> {
    println!("reference network in integers, 200 steps");
    train_integers(&REFERENCE, Arm, 1, 0)?;
    println!("two layers and a learned prior in integers, DisARM, 200 steps in slices of 100 parameters");
    train_integers(&DEEP, DisArm, 1, 100)?;
    println!("the same with four samples and leave-one-out, 200 steps");
    train_integers(&DEEP, Rloo { samples: 4 }, 4, 0)?;

    println!("black box in integers, 24 free logits, 200 steps");
    let sgd = Sgd { rate: 0.05 };
    let mut room = Room::integer(&BLACK_BOX, 1);
    let mut learner = Learner::integer(BLACK_BOX, Arm, sgd, 7, room.slices())?;
    let mut f = 0.0;
    for _ in 0..200 {
        f = learner.step_black_box(&[], distance)?;
    }
    print_hex("last f", hash(0, &[f]));
    print_integers(learner.params());

    println!("y from x in integers, REINFORCE, 200 steps");
    let mut room = Room::integer(&MAPPING, 1);
    let reinforce = Reinforce { baseline: Baseline::moving(0.9) };
    let mut learner: Learner<'_, '_, _, _, Integer> =
        Learner::integer(MAPPING, reinforce, sgd, 7, room.slices())?;
    let (mut x, mut y) = (0, 0);
    for i in 0..200 {
        let [first, second] = input(i);
        (x, y) = (first & 0xf_ffff, second & 0x7ff);
        f = learner.step_conditional(&[x], &[y])?;
    }
    print_hex("last f", hash(0, &[f]));
    print_integers(learner.params());
    print_hex("score", hash(0, &[learner.score_conditional(&[x], &[y], 4)?]));
    println!("all done");
    Ok(())
}

fn main() -> Result<(), Error> {
    if std::env::args().nth(1).as_deref() == Some("integers") {
        return integers();
    }
    println!("reference network, SGD, 200 steps");
    let sgd = Sgd { rate: 0.05 };
    let mut room = Room::new::<Sgd>(&REFERENCE);
    let mut learner = Learner::new(REFERENCE, Arm, sgd, 7, room.slices())?;
    train(&mut learner, 0)?;
    print_params(learner.params());
    print_hex("score", hash(0, &[learner.score(&input(3), 10)?]));
    let mut p = [0.0; 64];
    learner.sample(5, &mut p)?;
    print_hex("sample", hash(0, &p));
    let mut bytes = vec![0; codec::encoded_len(&REFERENCE)];
    learner.save_bytes(&mut bytes)?;

    println!("reference network, Adam, 200 steps in slices of 100 parameters");
    let mut room = Room::new::<Adam>(&REFERENCE);
    let mut adam = Learner::new(REFERENCE, Arm, Adam::new(0.003), 7, room.slices())?;
    train(&mut adam, 100)?;
    print_params(adam.params());

    println!("two layers and a learned prior, DisARM, momentum, 200 steps");
    let mut room = Room::new::<Momentum>(&DEEP);
    let momentum = Momentum { rate: 0.01, momentum: 0.9 };
    let mut learner = Learner::new(DEEP, DisArm, momentum, 7, room.slices())?;
    train(&mut learner, 0)?;
    print_params(learner.params());

    println!("black box, 24 free logits, 200 steps");
    let mut room = Room::new::<Sgd>(&BLACK_BOX);
    let mut learner = Learner::new(BLACK_BOX, Arm, sgd, 7, room.slices())?;
    let mut f = 0.0;
    for _ in 0..200 {
        f = learner.step_black_box(&[], distance)?;
    }
    print_hex("last f", hash(0, &[f]));
    print_params(learner.params());

    println!("saved and loaded");
    print_hex("bytes", sum_of(&bytes));
    adam.load_bytes(&bytes)?;
    print_params(adam.params());
    println!("bad input was refused\na record loads wherever power was lost");
    println!("windows, targets, estimators and alarms are right\nall done");
    Ok(())
}
