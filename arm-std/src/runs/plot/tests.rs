use crate::runs::plot::*;

fn chart(curves: usize, log: bool) -> Chart {
    let curve = |k: usize| {
        let points = (0..50).map(|i| (f64::from(i), f64::from(i).exp() * (k + 1) as f64));
        Curve::new(format!("curve <{k}>"), points)
    };
    Chart {
        title: "−ELBO & more".into(),
        x: Axis::linear("steps"),
        y: Axis { label: "nats".into(), log, ..Axis::default() },
        curves: (0..curves).map(curve).collect(),
    }
}

#[test]
fn every_curve_is_drawn_and_named() {
    for columns in [1, 2] {
        let svg = page(&[chart(3, true), chart(2, false)], columns).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in ["curve &lt;2&gt;", "−ELBO &amp; more", "steps", "nats"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<polyline").count(), 5);
    }
    assert_eq!(page(&[chart(1, false)], 1), page(&[chart(1, false)], 1));
}

#[test]
fn nothing_and_nonsense_are_no_panic() {
    assert!(page(&[], 2).is_err());
    let nothing = Chart::default();
    let mut odd = chart(1, true);
    odd.curves[0].points = vec![(f64::NAN, 1.0), (1.0, 0.0), (2.0, f64::INFINITY), (3.0, -1.0)];
    odd.curves[0].band = vec![
        Spread { x: 1.0, low: f64::NAN, high: 2.0 },
        Spread { x: 2.0, low: -1.0, high: f64::INFINITY },
        Spread { x: 3.0, low: -2.0, high: -1.0 },
    ];
    odd.curves.push(Curve::new("empty", []));
    let svg = page(&[nothing, odd, chart(40, false)], 0).unwrap();
    assert!(svg.contains("</svg>") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// 500 curves with bands of 1000 points each, on two charts: a million points.
#[test]
fn many_long_curves_stay_small() {
    let noise = |k: usize, i: usize| ((k * 7919 + i * 104_729) % 1009) as f64 / 1009.0;
    let curve = |k: usize| {
        let y = |i: usize| 100.0 + 50.0 / i as f64 + noise(k, i);
        let band = (1..=1000).map(|i| Spread { x: i as f64, low: y(i) - 1.0, high: y(i) + 1.0 }).collect();
        Curve { band, ..Curve::new(format!("run {k}"), (1..=1000).map(|i| (i as f64, y(i)))) }
    };
    let all = |log| Chart {
        x: Axis { log, ..Axis::default() },
        curves: (0..500).map(curve).collect(),
        ..Chart::default()
    };
    let svg = page(&[all(true), all(false)], 2).unwrap();
    assert!(svg.len() < 1_000_000, "{}", svg.len());
    assert_eq!((svg.matches("<polygon").count(), svg.matches("<polyline").count()), (1000, 1000));
    assert!(svg.contains("476 others") && svg.contains("run 23\n") && !svg.contains("run 24\n"));
    assert!(svg.matches("stroke-dasharray").count() == 3 * 16);
}

#[test]
fn an_axis_of_names_shows_them_and_dots() {
    let names: Vec<String> = (0..6).map(|i| format!("encoder.{i}")).collect();
    let x = Axis::names("layer", names.clone());
    let curves = vec![Curve::new("arm", (0..6).map(|i| (f64::from(i), 1.0)))];
    let svg = page(&[Chart { x, curves, ..Chart::default() }], 1).unwrap();
    assert!(names.iter().all(|n| svg.contains(n)), "{svg}");
    assert_eq!(svg.matches("<circle").count(), 6);
}

#[test]
fn what_is_cut_off_is_said() {
    let spike = |y: Axis| Chart {
        y,
        curves: vec![Curve::new("a", (1..100).map(|i| (f64::from(i), 100.0 + 1e4 / f64::from(i * i))))],
        ..Chart::default()
    };
    let focused = page(&[spike(Axis::linear("nats").focused())], 1).unwrap();
    assert!(focused.contains("are cut off"));
    assert!(!page(&[spike(Axis::linear("nats"))], 1).unwrap().contains("cut off"));
}
