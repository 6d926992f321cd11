//! Which estimator varies less: what theory promises in every table, and what holds usually in a stated share of random
//! ones. Exact laws of two units (`arm_tests::reference`, which `two_units.rs` compares with the estimators): nothing is drawn
//! but the tables, f uniform in (-1, 1) at each of the four samples and logits uniform in (-3, 3).

use arm_core::rng::{Purpose, Stream};
use arm_tests::law::{Law, Two};
use arm_tests::reference;

const TABLES: usize = 2000;

/// Share of the tables in which `holds`; f between the samples is bilinear.
fn share(holds: impl Fn(&Two<'_>) -> bool) -> f64 {
    let mut stream = Stream::new(1, Purpose::Order, 0, 0, 0);
    let mut uniform = |size: f64| (2.0 * f64::from(stream.uniform()) - 1.0) * size;
    let mut count = 0;
    for _ in 0..TABLES {
        let [c, x, y, xy] = [0; 4].map(|_| uniform(1.0));
        let (x, y, xy) = (x - c, y - c, xy - x - y + c);
        let f = |z: [f64; 2]| c + x * z[0] + y * z[1] + xy * z[0] * z[1];
        let slope = |z: [f64; 2]| [x + xy * z[1], y + xy * z[0]];
        let phi = [0; 2].map(|_| uniform(3.0));
        count += usize::from(holds(&Two { phi, f: &f, slope: &slope, log_q: false }));
    }
    count as f64 / TABLES as f64
}

/// Whether no unit varies more.
fn each(less: &Law, more: &Law) -> bool {
    (0..2).all(|i| less.variance(i) <= more.variance(i) + 1e-12)
}

fn in_all(less: &Law, more: &Law) -> bool {
    less.trace() <= more.trace() + 1e-12
}

/// XOR at logits of -2 and 0.
fn xor(of: impl Fn(&Two<'_>) -> Law) -> Law {
    let f = |z: [f64; 2]| z[0] + z[1] - 2.0 * z[0] * z[1];
    let slope = |z: [f64; 2]| [1.0 - 2.0 * z[1], 1.0 - 2.0 * z[0]];
    of(&Two { phi: [-2.0, 0.0], f: &f, slope: &slope, log_q: false })
}

#[test]
fn disarm_never_varies_more_than_arm() {
    assert_eq!(share(|two| each(&reference::disarm(two), &reference::arm(two))), 1.0);
}

#[test]
fn arm_never_varies_more_than_ar_with_any_constant_baseline() {
    for c in [-2.0, -0.5, 0.0, 0.3, 1.0] {
        assert_eq!(share(|two| each(&reference::arm(two), &reference::ar(two, c))), 1.0, "{c}");
    }
}

/// The mean of two estimates with the same law varies no more than one of them.
#[test]
fn symmetrised_local_disarm_never_varies_more() {
    for log_q in [false, true] {
        let of = |two: &Two<'_>, symmetrised| reference::local_disarm(&Two { log_q, ..*two }, 2, symmetrised);
        assert_eq!(share(|two| each(&of(two, true), &of(two, false))), 1.0);
    }
}

#[test]
fn ugc_usually_varies_less_than_disarm() {
    let share = share(|two| in_all(&reference::ugc(two), &reference::disarm(two)));
    assert!((0.90..0.92).contains(&share), "{share}");
    let (ugc, disarm) = (xor(reference::ugc), xor(reference::disarm));
    assert!((ugc.variance(0) - 0.0220).abs() < 1e-4 && disarm.variance(0) == 0.0, "{ugc:?}");
}

#[test]
fn flipping_every_unit_usually_varies_less_than_disarm() {
    let share = share(|two| in_all(&reference::leg(two), &reference::disarm(two)));
    assert!((0.94..0.95).contains(&share), "{share}");
}

/// In all of these tables; nothing is known here that would promise it for every f.
#[test]
fn antithetic_samples_vary_less_than_independent_ones_in_all_of_these_tables() {
    for n in [2, 4] {
        assert_eq!(share(|two| in_all(&reference::arms(two, n), &reference::rloo(two, n))), 1.0);
    }
}

#[test]
fn a_negative_factor_of_double_cv_usually_lowers_the_variance() {
    let share = share(|two| in_all(&reference::double_cv(two, 2, -0.5), &reference::double_cv(two, 2, 0.0)));
    assert!((0.90..0.92).contains(&share), "{share}");
}

#[test]
fn muprop_usually_varies_less_than_reinforce() {
    let share = share(|two| in_all(&reference::muprop(two), &reference::reinforce(two, 0.0)));
    assert!((0.87..0.88).contains(&share), "{share}");
}

#[test]
fn ovis_usually_varies_less_than_vimco() {
    for (samples, at_least) in [(2, 0.89), (3, 0.96)] {
        let share = share(|two| {
            let two = Two { log_q: true, ..*two };
            in_all(&reference::ovis(&two, samples), &reference::vimco(&two, samples))
        });
        assert!((at_least..at_least + 0.01).contains(&share), "{samples}: {share}");
    }
}

/// A layer of one unit with logit 0.4 below one unit, whose probability is `above[b]`, and f(b, c): the second moment of
/// the difference of f of a pair, the layer above drawn with the same uniform or with another.
fn squared_difference(above: [f64; 2], f: [[f64; 2]; 2], shared: bool) -> f64 {
    let [p0, p1] = above;
    let both = if shared { p0.min(p1) } else { p0 * p1 };
    let law = [(1, 1, both), (1, 0, p1 - both), (0, 1, p0 - both), (0, 0, 1.0 - p0 - p1 + both)];
    law.iter().map(|(c1, c0, p): &(usize, usize, f64)| p * (f[1][*c1] - f[0][*c0]).powi(2)).sum()
}

/// Shared uniforms above a pair lower the variance where the upper unit moves f in the same direction for both, and only
/// there.
#[test]
fn shared_upper_uniforms_vary_less_where_the_upper_unit_does_the_same_to_both() {
    let mut stream = Stream::new(2, Purpose::Order, 0, 0, 0);
    let mut uniform = || f64::from(stream.uniform());
    let mut same = 0;
    for _ in 0..TABLES {
        let (above, f) = ([uniform(), uniform()], [[uniform(), uniform()], [uniform(), uniform()]]);
        let agree = (f[0][1] - f[0][0]) * (f[1][1] - f[1][0]) > 0.0;
        let of = |shared| squared_difference(above, f, shared);
        assert_eq!(of(true) <= of(false), agree, "{above:?} {f:?}");
        same += usize::from(agree);
    }
    assert!((0.45..0.55).contains(&(same as f64 / TABLES as f64)));
}
