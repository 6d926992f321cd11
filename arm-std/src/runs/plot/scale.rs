//! Axes: linear or logarithmic, with round ticks.

/// A range of values on a linear or a logarithmic axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    log: bool,
}

impl Scale {
    /// The axis that holds all finite `values` (all positive ones where it is logarithmic), with a little room.
    pub(crate) fn around(values: impl Iterator<Item = f64>, log: bool) -> Scale {
        let usable = values.filter(|v| v.is_finite() && (!log || *v > 0.0));
        let ends = usable.fold(None, |ends: Option<(f64, f64)>, v| {
            Some(ends.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        });
        let (low, high) = ends.unwrap_or((1.0, 1.0));
        if log {
            let room = (high / low).powf(0.04).max(1.2);
            return Scale { low: low / room, high: high * room, log };
        }
        let room = if high > low { 0.03 * (high - low) } else { 0.5 * low.abs().max(1e-12) };
        Scale { low: low - room, high: high + room, log }
    }

    /// The axis of `count` names at 0, 1, ..
    pub(crate) fn of_names(count: usize) -> Scale {
        Scale { low: -0.4, high: count.max(1) as f64 - 0.6, log: false }
    }

    /// The axis from `low` to `high`, both of which have a place on this one.
    pub(crate) fn within(self, low: f64, high: f64) -> Scale {
        Scale::around([low, high].into_iter(), self.log)
    }

    /// Whether `v` has a place on the axis.
    pub(crate) fn shows(&self, v: f64) -> bool {
        v.is_finite() && (!self.log || v > 0.0)
    }

    /// Where `v` lies: 0 at the low end, 1 at the high end.
    pub(crate) fn share(&self, v: f64) -> f64 {
        let place = |v: f64| if self.log { v.max(f64::MIN_POSITIVE).ln() } else { v };
        let share = (place(v) - place(self.low)) / (place(self.high) - place(self.low));
        // Far outside is as good as a little outside, and short to write.
        share.clamp(-1.0, 2.0)
    }

    /// Round values, at most `most`.
    pub(crate) fn ticks(&self, most: usize) -> Vec<f64> {
        if most == 0 {
            return Vec::new();
        }
        if self.log {
            let (first, last) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
            let decades = last - first + 1;
            if decades >= 2 {
                let every = (decades as usize).div_ceil(most).max(1);
                return (first..=last).step_by(every).map(|e| 10f64.powi(e)).collect();
            }
            let around = (first - 1..=last + 1).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(e)));
            return around.filter(|v| (self.low..=self.high).contains(v)).take(most).collect();
        }
        let raw = (self.high - self.low) / most as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw * 0.999_999);
        let step = step.unwrap_or(raw);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// A number in few characters: 4 significant digits, `200k`, `1e-7`.
pub(crate) fn number(v: f64) -> String {
    let trimmed = |text: String| match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        None => text,
    };
    match v.abs() {
        0.0 => "0".into(),
        a if !(1e-3..1e9).contains(&a) => {
            let text = format!("{v:.3e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{}e{exponent}", trimmed(digits.into()))
        }
        a if a >= 1e6 => trimmed(format!("{:.3}", v / 1e6)) + "M",
        a if a >= 1e4 => trimmed(format!("{:.3}", v / 1e3)) + "k",
        a => trimmed(format!("{v:.*}", (3 - a.log10().floor() as i32).max(0) as usize)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let linear = Scale::around([97.3, 204.7].into_iter(), false);
        assert_eq!(linear.ticks(6), [100.0, 120.0, 140.0, 160.0, 180.0, 200.0]);
        let log = Scale::around([3e-9, 0.2].into_iter(), true);
        assert_eq!(log.ticks(20).first().map(|t| number(*t)).as_deref(), Some("1e-8"));
        assert!(log.ticks(4).len() <= 4);
        let narrow = Scale::around([2.1, 4.0].into_iter(), true);
        assert_eq!(narrow.ticks(5), [2.0]);
        for v in [0.0, -3.0, 1e-300, f64::MAX] {
            let one = Scale::around([v].into_iter(), false);
            assert!(one.low < one.high && one.ticks(5).len() <= 6, "{v}");
        }
    }

    #[test]
    fn what_has_no_place_is_left_out() {
        let log = Scale::around([0.0, -1.0, f64::NAN, f64::INFINITY, 10.0, 100.0].into_iter(), true);
        assert!(log.low > 5.0 && log.high < 200.0);
        assert!(!log.shows(0.0) && !log.shows(f64::NAN) && log.shows(3.0));
        let none = Scale::around(std::iter::empty(), true);
        assert!(none.low < none.high);
        assert_eq!((log.share(log.low), log.share(log.high)), (0.0, 1.0));
        assert_eq!((log.share(1e300), log.share(-1.0)), (2.0, -1.0));
        let names = Scale::of_names(3);
        assert!(names.share(0.0) > 0.0 && names.share(2.0) < 1.0);
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (98.4, "98.4"),
            (0.049, "0.049"),
            (200_000.0, "200k"),
            (1.2e6, "1.2M"),
            (1e-7, "1e-7"),
            (-2.5e-4, "-2.5e-4"),
            (1500.0, "1500"),
        ];
        for (v, text) in cases {
            assert_eq!(number(v), text);
        }
    }
}
