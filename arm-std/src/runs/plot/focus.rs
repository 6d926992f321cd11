//! Which part of a vertical axis matters.

use crate::runs::plot::Curve;
use crate::runs::plot::scale::Scale;

/// The share of the width of a chart in which a curve may be beyond its end.
const BEYOND: f64 = 0.1;

/// How many times as high as the curve in the middle another one makes the chart.
const MOST: f64 = 4.0;

/// The axis from the lowest value to the highest that curves hold for more than a tenth of the chart's width; a curve far
/// above most others does not squeeze them.
pub(crate) fn focused(curves: &[Curve], x: Scale, y: Scale) -> Scale {
    let places: Vec<_> = curves.iter().filter_map(|c| range(&c.points, x, y)).collect();
    let low = places.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let mut highs: Vec<_> = places.iter().map(|p| p.1).collect();
    highs.sort_by(f64::total_cmp);
    let (Some(&most), Some(&middle)) = (highs.last(), highs.get((highs.len().max(1) - 1) / 2)) else {
        return y;
    };
    let high = most.min(low + MOST * (middle - low));
    if high > low { y.within(low, high) } else { y.within(low, most) }
}

/// The lowest value of a curve, and the one that it exceeds in a tenth of the width that it takes.
fn range(points: &[(f64, f64)], x: Scale, y: Scale) -> Option<(f64, f64)> {
    let shown: Vec<_> = points.iter().filter(|p| x.shows(p.0) && y.shows(p.1)).collect();
    let mut weighed: Vec<(f64, f64)> = Vec::with_capacity(shown.len());
    for (i, p) in shown.iter().enumerate() {
        let of = |i: usize| shown.get(i).map_or(x.share(p.0), |p| x.share(p.0));
        weighed.push((p.1, (of(i + 1) - of(i.saturating_sub(1))).abs() / 2.0));
    }
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut left = BEYOND * weighed.iter().map(|w| w.1).sum::<f64>();
    let high = weighed.iter().find(|(_, weight)| {
        left -= weight;
        left <= 0.0
    });
    Some((weighed.last()?.0, high?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(curves: &[Curve]) -> Scale {
        let values =
            |pick: fn(&(f64, f64)) -> f64| curves.iter().flat_map(move |c| c.points.iter().map(pick));
        let y = Scale::around(values(|p| p.1), false);
        focused(curves, Scale::around(values(|p| p.0), false), y)
    }

    fn falling(name: &str, end: f64) -> Curve {
        Curve::new(name, (1..=200).map(|i| (f64::from(i), end + 400.0 / f64::from(i))))
    }

    #[test]
    fn the_first_steps_do_not_decide() {
        let scale = axis(&[falling("a", 100.0), falling("b", 103.0)]);
        assert!(
            scale.low > 100.0 && scale.low < 102.0 && scale.high > 115.0 && scale.high < 130.0,
            "{scale:?}"
        );
    }

    #[test]
    fn one_curve_far_away_does_not_decide() {
        let scale = axis(&[falling("a", 100.0), falling("b", 101.0), falling("c", 1e6)]);
        assert!(scale.high < 200.0, "{scale:?}");
        let none = Scale::around(std::iter::empty(), true);
        assert_eq!(focused(&[], none, none), none);
        let one = axis(&[Curve::new("flat", [(1.0, 5.0)])]);
        assert!(one.low < 5.0 && one.high > 5.0);
    }
}
