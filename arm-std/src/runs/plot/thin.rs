//! Curves of many points with few: what a picture can show of them.

use super::Spread;
use std::ops::Range;

/// Runs of points that fall into one of `bins` equal parts of 0..`width`; `x` says where a point lies.
fn bins<T>(points: &[T], width: f64, bins: usize, x: impl Fn(&T) -> f64) -> Vec<Range<usize>> {
    let bin = |p: &T| (x(p) / width * bins as f64).floor();
    let mut all: Vec<Range<usize>> = Vec::new();
    for (i, point) in points.iter().enumerate() {
        match all.last_mut() {
            Some(last) if bin(&points[last.start]) == bin(point) => last.end = i + 1,
            _ => all.push(i..i + 1),
        }
    }
    all
}

/// About `most` of the points of a curve, which keep its lowest and highest places.
pub(crate) fn curve(points: &[(f64, f64)], width: f64, most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(most);
    for bin in bins(points, width, most / 2, |p| p.0) {
        let height = |i: &usize| points[*i].1;
        let low = bin.clone().min_by(|a, b| height(a).total_cmp(&height(b)));
        let high = bin.clone().max_by(|a, b| height(a).total_cmp(&height(b)));
        let (Some(low), Some(high)) = (low, high) else { continue };
        kept.push(points[low.min(high)]);
        if low != high {
            kept.push(points[low.max(high)]);
        }
    }
    // The ends are where they were.
    let ends = points.first().into_iter().chain(points.last());
    for (end, at) in ends.zip([0, kept.len()]) {
        if !kept.contains(end) {
            kept.insert(at.min(kept.len()), *end);
        }
    }
    kept
}

/// About `most` places of a band, each as wide as the band is around it.
pub(crate) fn band(points: &[Spread], width: f64, most: usize) -> Vec<Spread> {
    if points.len() <= most {
        return points.to_vec();
    }
    let widest = |bin: Range<usize>| {
        let part = &points[bin];
        let x = part.iter().map(|p| p.x).sum::<f64>() / part.len() as f64;
        let (low, high) = part.iter().fold((f64::NAN, f64::NAN), |(l, h), p| (p.low.min(l), p.high.max(h)));
        Spread { x, low, high }
    };
    bins(points, width, most, |p| p.x).into_iter().map(widest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_ends_stay() {
        let mut points: Vec<_> =
            (0..10_000).map(|i| (f64::from(i) / 20.0, f64::from(i % 7) / 100.0)).collect();
        points[4321].1 = 90.0;
        points[777].1 = -5.0;
        let few = curve(&points, 500.0, 100);
        assert!(few.len() <= 102 && few.windows(2).all(|w| w[0].0 < w[1].0), "{}", few.len());
        assert!(few.contains(&points[4321]) && few.contains(&points[777]));
        assert!(few[0] == points[0] && few[few.len() - 1] == points[9999]);
        assert_eq!(curve(&points[..100], 500.0, 100), points[..100]);
        let wide: Vec<_> = points.iter().map(|&(x, y)| Spread { x, low: y - 1.0, high: y + 1.0 }).collect();
        let few = band(&wide, 500.0, 100);
        assert!(few.len() <= 101 && few.iter().any(|p| p.high == 91.0) && few.iter().any(|p| p.low == -6.0));
    }
}
