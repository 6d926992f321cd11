//! Estimators with one sample, which may have a partner or a flip.

use crate::law::{Law, Two, pieces, with};

/// The law of a function of a uniform for each unit, piecewise polynomial between 0, p, 1 - p and 1.
fn of_uniforms(two: &Two<'_>, gradient: impl Fn([f64; 2]) -> [f64; 2]) -> Law {
    let p = two.p();
    // Up to the fourth moment of what is linear in u.
    let [first, second] = p.map(|p| pieces(3, &[p, 1.0 - p]));
    let mut law = Law::default();
    for (u, w) in &first {
        for (v, x) in &second {
            law.push(w * x, gradient([*u, *v]));
        }
    }
    law
}

/// The pair of ARM: 1\[u > 1 - p\] and 1\[u < p\].
fn pair(two: &Two<'_>, u: [f64; 2]) -> ([f64; 2], [f64; 2]) {
    let p = two.p();
    let bit = |set: bool| f64::from(u8::from(set));
    ([0, 1].map(|v| bit(u[v] > 1.0 - p[v])), [0, 1].map(|v| bit(u[v] < p[v])))
}

/// (f(b) - c) (1 - 2u), b = 1\[u < p\].
pub fn ar(two: &Two<'_>, c: f64) -> Law {
    of_uniforms(two, |u| {
        let f = (two.f)(pair(two, u).1) - c;
        u.map(|u| f * (1.0 - 2.0 * u))
    })
}

/// (f(b) - f(b~)) (u - 1/2).
pub fn arm(two: &Two<'_>) -> Law {
    of_uniforms(two, |u| {
        let (b, partner) = pair(two, u);
        u.map(|u| ((two.f)(b) - (two.f)(partner)) * (u - 0.5))
    })
}

/// (f(b) - f(b~)) (b - b~) max(p, 1 - p) / 2 of unit `v`.
fn disarm_of(two: &Two<'_>, u: [f64; 2], v: usize) -> f64 {
    let ((b, partner), p) = (pair(two, u), two.p()[v]);
    0.5 * ((two.f)(b) - (two.f)(partner)) * (b[v] - partner[v]) * p.max(1.0 - p)
}

/// DisARM.
pub fn disarm(two: &Two<'_>) -> Law {
    of_uniforms(two, |u| [0, 1].map(|v| disarm_of(two, u, v)))
}

/// p (1 - p) (f(b_v = 1) - f(b_v = 0)).
fn flip_of(two: &Two<'_>, b: [f64; 2], v: usize) -> f64 {
    two.pq()[v] * ((two.f)(with(b, v, 1.0)) - (two.f)(with(b, v, 0.0)))
}

/// p (1 - p) (f(b_v = 1) - f(b_v = 0)) of every unit v.
pub fn leg(two: &Two<'_>) -> Law {
    two.of_samples(1, |b| [0, 1].map(|v| flip_of(two, b[0], v)))
}

/// That of one unit, uniform on the two, times two.
pub fn bitflip(two: &Two<'_>) -> Law {
    let mut law = Law::default();
    for (p, b) in two.tuples(1) {
        for j in 0..2 {
            law.push(p / 2.0, with([0.0; 2], j, 2.0 * flip_of(two, b[0], j)));
        }
    }
    law
}

/// bitflip-1 for units with min(p, 1 - p) <= 1/4, DisARM for the others.
pub fn ugc(two: &Two<'_>) -> Law {
    let p = two.p();
    let [first, second] = p.map(|p| pieces(1, &[p, 1.0 - p]));
    let mut law = Law::default();
    for (u, w) in &first {
        for (v, x) in &second {
            let u = [*u, *v];
            let b = pair(two, u).0;
            for j in 0..2 {
                let gradient = [0, 1].map(|v| match (p[v].min(1.0 - p[v]) <= 0.25, v == j) {
                    (true, true) => 2.0 * flip_of(two, b, v),
                    (true, false) => 0.0,
                    (false, _) => disarm_of(two, u, v),
                });
                law.push(w * x / 2.0, gradient);
            }
        }
    }
    law
}

/// (f(b) - c) (b - p).
pub fn reinforce(two: &Two<'_>, c: f64) -> Law {
    two.of_samples(1, |b| two.score(b[0]).map(|s| s * ((two.f)(b[0]) - c)))
}
