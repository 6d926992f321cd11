extern crate std;
use super::*;
use crate::Memory;
use crate::estimator::Arm;
use crate::optim::Sgd;
use crate::shape::{Layer, Prior, Shape};
use heapless::spsc::Queue;
use std::vec;
use std::vec::Vec;

/// Windows of bits, sample by sample, the slow way.
fn expected(samples: &[f32], levels: &[f32], n: usize, step: usize) -> Vec<Vec<bool>> {
    let mut out = vec![];
    let mut start = 0;
    while start + n <= samples.len() {
        let bits = samples[start..start + n].iter().flat_map(|s| levels.iter().map(move |l| s > l));
        out.push(bits.collect());
        start += step;
    }
    out
}

fn same<const N: usize, const L: usize, const W: usize>() {
    let samples: Vec<f32> = (0..200).map(|i| (i as f32 * 1.7).sin()).collect();
    let encoder = Thermometer::<f32, L>::even(-1.0, 1.0).unwrap();
    for step in 1..=N {
        let mut windows = Windows::<_, N, W, 256>::new(encoder, step).unwrap();
        let whole = samples.iter().filter(|&&s| windows.push(s) == Pushed::Window).count();
        let wanted = expected(&samples, encoder.levels(), N, step);
        assert_eq!(whole, wanted.len());
        for bits in wanted {
            let window = windows.next().unwrap();
            let got: Vec<bool> = (0..32 * W).map(|i| window[i / 32] >> (i % 32) & 1 == 1).collect();
            assert_eq!(got[..N * L], bits[..]);
            assert!(!got[N * L..].contains(&true), "the unused bits stay zero");
        }
    }
}

#[test]
fn windows_overlap_as_asked() {
    same::<4, 1, 1>();
    same::<32, 1, 1>();
    same::<33, 1, 2>();
    same::<16, 4, 2>();
    same::<13, 7, 3>();
    same::<20, 5, 4>();
    same::<1, 40, 2>();
}

#[test]
fn bad_settings_are_refused() {
    assert!(Windows::<_, 4, 1, 2>::new(Threshold(0i16), 0).is_err());
    assert!(Windows::<_, 4, 1, 2>::new(Threshold(0i16), 5).is_err());
    assert!(Thermometer::new([1i16, 1]).is_err() && Thermometer::new([2i16, 1]).is_err());
    assert!(Thermometer::new([0.0, f32::NAN]).is_err() && Thermometer::new([f32::INFINITY]).is_err());
    for (low, high) in
        [(1.0, 1.0), (1.0, 0.0), (f32::NAN, 1.0), (0.0, f32::INFINITY), (1.0, 1.0 + f32::EPSILON)]
    {
        assert!(Thermometer::<f32, 4>::even(low, high).is_err(), "{low} {high}");
    }
    assert_eq!(Thermometer::<f32, 3>::even(0.0, 4.0).unwrap().levels(), &[1.0, 2.0, 3.0]);
}

#[test]
fn samples_that_are_no_numbers_are_counted_and_dropped() {
    let mut windows = Windows::<_, 3, 1, 2>::new(Threshold(0.0f32), 3).unwrap();
    let samples = [1.0, f32::NAN, -1.0, f32::INFINITY, f32::NEG_INFINITY, 2.0];
    let pushed = samples.map(|s| windows.push(s));
    assert_eq!(pushed[4..], [Pushed::Unsound, Pushed::Window]);
    assert_eq!((windows.unsound(), windows.next()), (3, Some([0b101])));
}

#[test]
fn a_full_queue_drops_the_newest_and_counts() {
    let mut windows = Windows::<_, 2, 1, 2>::new(Threshold(0i16), 1).unwrap();
    let pushed = [1, 1, 0, 1, 1].map(|s| windows.push(s));
    assert_eq!(pushed, [Pushed::Kept, Pushed::Window, Pushed::Window, Pushed::Full, Pushed::Full]);
    assert_eq!((windows.waiting(), windows.dropped()), (2, 2));
    assert_eq!(windows.next(), Some([0b11]));
    // There is room again, and the samples in between were not lost to the window.
    assert_eq!(
        (windows.push(0), windows.next(), windows.next()),
        (Pushed::Window, Some([0b01]), Some([0b01]))
    );
}

#[test]
fn draining_waits_for_room_and_loses_nothing() {
    let mut windows = Windows::<_, 2, 1, 2>::new(Threshold(0i16), 2).unwrap();
    let mut queue = Queue::<i16, 16>::new();
    let (mut interrupt, mut main) = queue.split();
    (0..10).for_each(|i| interrupt.enqueue(i % 3).unwrap());
    assert_eq!([0; 4].map(|_| windows.drain(&mut main)), [2, 2, 0, 0]);
    assert_eq!((windows.waiting(), windows.next()), (2, Some([0b10])));
    assert_eq!((windows.drain(&mut main), windows.drain(&mut main), windows.dropped()), (2, 0, 0));
    assert_eq!([0; 3].map(|_| windows.next()), [Some([0b01]), Some([0b11]), None]);
}

const SHAPE: Shape = Shape::vae(
    16,
    &const { [Layer::hidden(6, 0.1), Layer::bernoulli(4)] },
    &const { [Layer::hidden(6, 0.1), Layer::bernoulli(16)] },
    Prior::Fixed,
);
type Room = Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }>;

#[test]
fn an_interrupts_samples_are_learned_within_the_budget() {
    let mut memory = Room::ZERO;
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.01 }, 1, memory.slices()).unwrap();
    let mut windows = Windows::<_, 16, 1, 4>::new(Threshold(0.0f32), 8).unwrap();
    let mut queue = Queue::<f32, 32>::new();
    let (mut interrupt, mut main) = queue.split();
    let (mut lost, mut scores) = (0, vec![]);
    for i in 0..40_000 {
        let sample = (i as f32 * core::f32::consts::TAU / 16.0).sin() + 0.1;
        lost += u32::from(interrupt.enqueue(sample).is_err());
        if i % 5 == 0 {
            windows.drain(&mut main);
        }
        let before = learner.params().to_vec();
        if let Progress::Done(score) = windows.poll(&mut learner, 50).unwrap() {
            scores.push(score);
        }
        let changed = before.iter().zip(learner.params()).filter(|(a, b)| a != b).count();
        assert!(changed <= 50);
    }
    // The layers' 278 parameters take seven calls, a window comes every eighth.
    let mean = |s: &[f32]| s.iter().sum::<f32>() / s.len() as f32;
    let (first, last) = (mean(&scores[..50]), mean(&scores[scores.len() - 50..]));
    assert!(lost == 0 && scores.len() > 4900 && last < 0.3 * first, "{lost} {} {first} {last}", scores.len());
}

#[test]
fn windows_of_zeros_and_of_ones_leave_the_model_sound() {
    let mut memory = Room::ZERO;
    for rate in [0.01, 1e3] {
        let mut learner = Learner::new(SHAPE, Arm, Sgd { rate }, 1, memory.slices()).unwrap();
        let mut windows = Windows::<_, 16, 1, 2>::new(Threshold(0i16), 16).unwrap();
        for i in 0..16 * 2000 {
            windows.push(if i / 16 % 2 == 0 { i16::MIN } else { i16::MAX });
            while windows.waiting() > 0 || learner.state().pending.is_some() {
                let before = learner.params().to_vec();
                if windows.poll(&mut learner, usize::MAX).is_err() {
                    assert_eq!(learner.params(), before, "a refused window changes nothing");
                }
            }
        }
        assert!(learner.params().iter().all(|p| p.is_finite()));
        let score = learner.score(&[0xffff], 10).unwrap();
        assert!(rate > 1.0 || score < 6.0, "{score}");
    }
}
