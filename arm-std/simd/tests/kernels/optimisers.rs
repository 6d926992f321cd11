//! Updates of parameters, and gradients that are at once given to one.

use super::{Rows, bits, close, levels, near, same, shapes};
use arm_core::kernels::{AdamBlock, AdamRates, Input, Kernels, LayerGradient, Portable};
use arm_core::matrix::{BitMatrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::PrefetchHint;
use arm_simd::memory::Aligned;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn optimisers() {
    for kernels in levels() {
        for n in [1, 15, 16, 100, 209] {
            let mut rng = Stream::new(3, Purpose::Initial, 0, 0, n);
            let mut random = |scale: f32| (0..n).map(|_| rng.uniform() * scale).collect::<Vec<_>>();
            let (g, m, v, w) = (random(1.0), random(0.1), random(0.01), random(1.0));
            let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-3, scale: 1.5, epsilon: 1e-8 };
            let (mut a, mut b) = ((m.clone(), v.clone(), w.clone()), (m.clone(), v.clone(), w.clone()));
            kernels.adam(rates, &g, &mut a.0, &mut a.1, &mut a.2);
            Portable.adam(rates, &g, &mut b.0, &mut b.1, &mut b.2);
            assert!(a.2 != w);
            [(&a.0, &b.0), (&a.1, &b.1), (&a.2, &b.2)].into_iter().for_each(|(a, b)| near(a, b));
            let mut shared = (m.clone(), v.clone(), Aligned::zeroed(n));
            shared.2.floats_mut().copy_from_slice(&w);
            kernels.streaming_stores(true).adam(
                rates,
                &g,
                &mut shared.0,
                &mut shared.1,
                shared.2.floats_mut(),
            );
            assert!(same(&shared.0, &a.0) && same(&shared.1, &a.1) && same(shared.2.floats(), &a.2));
            kernels.momentum(0.1, 0.9, &g, &mut a.1, &mut a.2);
            Portable.momentum(0.1, 0.9, &g, &mut b.1, &mut b.2);
            kernels.axpy(0.3, &g, &mut a.0);
            Portable.axpy(0.3, &g, &mut b.0);
            [(&a.0, &b.0), (&a.1, &b.1), (&a.2, &b.2)].into_iter().for_each(|(a, b)| near(a, b));
            let mut copy = Aligned::zeroed(n);
            kernels.publish([(&g[..], copy.floats_mut())].into_iter());
            assert!(same(copy.floats(), &g));
        }
    }
}

/// Adam without gradients: moments decay as they should and end as nothing, never as subnormal numbers.
#[test]
fn moments_fade_away() {
    let rates = AdamRates { beta1: 0.5, beta2: 0.5, rate: 0.0, scale: 1.0, epsilon: 1e-8 };
    for (kernels, rate) in levels().into_iter().flat_map(|k| [(k, 0.0), (k, 1e-40)]) {
        let rates = AdamRates { rate, ..rates };
        let (g, mut m, mut v, mut w) = ([0.0; 17], [3.0; 17], [5.0; 17], [2.0; 17]);
        for step in 1..200 {
            kernels.adam(rates, &g, &mut m, &mut v, &mut w);
            let half = f32::powi(0.5, step);
            for (start, moment) in [(3.0, m), (5.0, v)] {
                let exact = start * half;
                for now in moment {
                    assert!(
                        now == exact || step > 70 && (now - exact).abs() < f32::powi(0.5, 100),
                        "{now} {exact}"
                    );
                    assert!(now == 0.0 || now.is_normal());
                }
            }
        }
        assert_eq!((m, v, w), ([0.0; 17], [0.0; 17], [2.0; 17]), "a rate of nothing changes nothing");
    }
}

/// One pass against a gradient that is stored first. Lines of 64 bytes are what the driver gives.
#[test]
fn adam_gradient() {
    for kernels in levels() {
        for (rows, inputs, outputs) in shapes([(150, 40, 50), (3, 0, 20), (50, 450, 40), (100, 450, 70)]) {
            let mut rng = Stream::new(7, Purpose::Initial, 1, 0, rows);
            let x = Rows::new(&mut rng, rows, inputs.max(1), 16, f32::NAN);
            let words = [0.2, 0.7].map(|density| bits(&mut rng, rows, inputs, density));
            let mut d = Rows::new(&mut rng, rows, outputs, 16, 0.0);
            let (first, stride) = (inputs / 3, d.stride);
            let height = inputs + 1 - first;
            let block = |rng: &mut Stream, low: f32| {
                let mut block = Aligned::zeroed(height * stride);
                for row in block.floats_mut().chunks_mut(stride) {
                    row[..outputs].fill_with(|| low + rng.uniform());
                }
                block
            };
            let start = [block(&mut rng, -0.5), block(&mut rng, 0.01), block(&mut rng, -0.5)];
            let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-2, scale: 1.5, epsilon: 1e-8 };
            let (a, terms) = (1.0 / rows as f32, rows);
            let [few, many] = words.each_ref().map(|words| Input::Bits(BitMatrix::new(words, inputs)));
            for x in [few, many, Input::Real(x.view())] {
                if matches!(x, Input::Real(_)) && inputs == 0 {
                    continue;
                }
                let what = format!("{:?} {rows} {inputs} {outputs} {x:?}", kernels.level());
                let mut g = vec![0.0; height * stride];
                let out = MatrixMut::new(&mut g, stride, outputs);
                match x {
                    Input::Bits(x) => Portable.gradient_bits(a, x, first, d.view(), out),
                    Input::Real(x) => Portable.gradient(a, x, first, d.view(), out),
                }
                let [mut m, mut v, mut w] = start.clone();
                Portable.adam(rates, &g, m.floats_mut(), v.floats_mut(), w.floats_mut());
                let gradient = LayerGradient { x, d: d.view() };
                for shared in [false, true] {
                    let mut own = start.clone();
                    let [new_m, new_v, new_w] = own.each_mut().map(Aligned::floats_mut);
                    let room = &mut vec![f32::NAN; 7 * stride];
                    let blocks = AdamBlock { m: new_m, v: new_v, w: new_w };
                    let kernels = kernels.streaming_stores(shared);
                    assert!(kernels.adam_gradient(rates, a, &gradient, first, room, blocks));
                    for (own, expected) in own.iter().zip([&m, &v, &w]) {
                        let rows =
                            |data: &Aligned| Rows { data: data.floats().to_vec(), stride, cols: outputs };
                        close(&rows(own), &rows(expected), terms, &what);
                        assert!(rows(own).padding().all(|p| p == 0.0), "{what}");
                    }
                    // In two parts that ask for memory: the same bits.
                    let mut parts = start.clone();
                    let kernels = kernels.prefetching(PrefetchHint::new(parts[2].floats(), &d.data));
                    let [m, v, w] =
                        parts.each_mut().map(|all| all.floats_mut().split_at_mut(height / 3 * stride));
                    let halves = [AdamBlock { m: m.0, v: v.0, w: w.0 }, AdamBlock { m: m.1, v: v.1, w: w.1 }];
                    for (first, blocks) in [first, first + height / 3].into_iter().zip(halves) {
                        assert!(kernels.adam_gradient(rates, a, &gradient, first, room, blocks));
                    }
                    assert!(own.iter().zip(&parts).all(|(a, b)| same(a.floats(), b.floats())), "{what}");
                }
            }
            // Nothing is done where rows are not whole lines, or not aligned to them.
            d.stride = outputs.max(17) | 1;
            d.data = vec![0.0; rows * d.stride];
            let none = AdamBlock { m: &mut [][..], v: &mut [][..], w: &mut [][..] };
            let gradient = LayerGradient { x: few, d: d.view() };
            assert!(!kernels.adam_gradient(rates, a, &gradient, first, &mut [0.0; 900], none));
        }
    }
}

/// Rows so far behind the layer that their number overflows are refused and not read.
#[test]
fn rows_behind_the_layer_are_refused() {
    const ROWS: usize = 40;
    for kernels in levels() {
        let mut rng = Stream::new(7, Purpose::Initial, 1, 0, 0);
        let (x, d) = (Rows::new(&mut rng, ROWS, 48, 16, 0.0), Rows::new(&mut rng, ROWS, 16, 16, 0.0));
        let words = [0.1, 0.9].map(|density| bits(&mut rng, ROWS, 48, density));
        let [few, many] = words.each_ref().map(|words| Input::Bits(BitMatrix::new(words, 48)));
        let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-2, scale: 1.5, epsilon: 1e-8 };
        for x in [few, many, Input::Real(x.view())] {
            for first in [49, usize::MAX - 16, usize::MAX - 1, usize::MAX] {
                let mut blocks = [(); 3].map(|()| Aligned::zeroed(16 * 16));
                let result = catch_unwind(AssertUnwindSafe(|| {
                    let [m, v, w] = blocks.each_mut().map(Aligned::floats_mut);
                    let gradient = LayerGradient { x, d: d.view() };
                    kernels.adam_gradient(rates, 1.0, &gradient, first, &mut [0.0; 16], AdamBlock { m, v, w })
                }));
                let message = result.unwrap_err();
                assert_eq!(message.downcast_ref(), Some(&"rows outside of the layer"), "{first}");
                assert!(blocks.iter().all(|block| block.floats() == [0.0; 256]));
            }
        }
    }
}
