//! Charts of curves as SVG.

mod scale;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::series::DashedLineSeries;
use scale::Scale;

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Its name with the unit.
    pub label: String,
    /// Whether it is logarithmic; values that are not positive are then left out.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: false }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: true }
    }
}

/// A named curve. Points that are not finite leave a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Points in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// A curve.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Curve {
        Curve { name: name.into(), points: points.into_iter().collect() }
    }
}

/// Curves over common axes. The k-th curve of every chart on a page has the same colour, which the page's legend names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Its title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// Size of one chart, and of the legend beside or below, in pixels.
const CHART: (u32, u32) = (520, 330);
const LEGEND: u32 = 190;
const LINE: u32 = 20;

/// Distinguishable colours, also for most colour-blind readers (Okabe & Ito 2008; the yellow darkened for white paper).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(150, 140, 20),
];

/// Lengths of dash and gap in pixels of the k-th eight of curves.
const DASHES: [(i32, i32); 3] = [(0, 0), (7, 4), (2, 3)];

fn style(k: usize) -> (ShapeStyle, (i32, i32)) {
    let colour = COLOURS[k % COLOURS.len()];
    (colour.stroke_width(2), DASHES[(k / COLOURS.len()) % DASHES.len()])
}

/// An SVG page of `charts` in rows of `columns`, with one legend at the right. The legend is that of the chart with the
/// most curves. Errors: a page without charts, or a text that cannot be drawn.
pub fn page(charts: &[Chart], columns: usize) -> Result<String, String> {
    let columns = columns.clamp(1, charts.len().max(1));
    let rows = charts.len().div_ceil(columns);
    let names = charts.iter().max_by_key(|c| c.curves.len()).ok_or("a page needs a chart")?;
    let height = (rows as u32 * CHART.1).max((names.curves.len() as u32 + 2) * LINE);
    let (width, mut text) = (columns as u32 * CHART.0, String::new());
    {
        let root = SVGBackend::with_string(&mut text, (width + LEGEND, height)).into_drawing_area();
        let draw = || {
            root.fill(&WHITE)?;
            let (left, right) = root.split_horizontally(width);
            for (chart, area) in charts.iter().zip(left.split_evenly((rows, columns))) {
                draw_chart(chart, &area)?;
            }
            draw_legend(&names.curves, &right)?;
            root.present()
        };
        draw().map_err(|e| e.to_string())?;
    }
    Ok(text)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw_chart<'a>(chart: &Chart, area: &Area<'a>) -> Drawn<'a> {
    let values =
        |pick: fn(&(f64, f64)) -> f64| chart.curves.iter().flat_map(move |c| c.points.iter().map(pick));
    let x = Scale::around(values(|p| p.0), chart.x.log);
    let y = Scale::around(values(|p| p.1), chart.y.log);
    let mut drawn = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 15))
        .margin(8)
        .margin_right(16)
        .x_label_area_size(38)
        .y_label_area_size(62)
        .build_cartesian_2d(x, y)?;
    drawn
        .configure_mesh()
        .x_desc(&chart.x.label)
        .y_desc(&chart.y.label)
        .x_labels(7)
        .y_labels(7)
        .max_light_lines(0)
        .label_style(("sans-serif", 12))
        .axis_desc_style(("sans-serif", 13))
        .bold_line_style(BLACK.mix(0.12))
        .draw()?;
    for (k, curve) in chart.curves.iter().enumerate() {
        let (style, (dash, gap)) = style(k);
        for part in curve.points.split(|p| !(x.shows(p.0) && y.shows(p.1))) {
            match dash {
                0 => drawn.draw_series(LineSeries::new(part.iter().copied(), style))?,
                _ => drawn.draw_series(DashedLineSeries::new(part.iter().copied(), dash, gap, style))?,
            };
        }
    }
    Ok(())
}

fn draw_legend<'a>(curves: &[Curve], area: &Area<'a>) -> Drawn<'a> {
    for (k, curve) in curves.iter().enumerate() {
        let y = (LINE as usize * (k + 1) + 14) as i32;
        let (style, (dash, gap)) = style(k);
        let line = [(0, y), (28, y)];
        match dash {
            0 => area.draw(&PathElement::new(line, style))?,
            _ => area.draw(&DashedPathElement::new(line, dash, gap, style))?,
        }
        area.draw(&Text::new(curve.name.as_str(), (36, y - 7), ("sans-serif", 13)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(curves: usize, log: bool) -> Chart {
        let curve = |k: usize| {
            let points = (0..50).map(|i| (f64::from(i), f64::from(i).exp() * (k + 1) as f64));
            Curve::new(format!("curve <{k}>"), points)
        };
        Chart {
            title: "−ELBO & more".into(),
            x: Axis::linear("steps"),
            y: Axis { label: "nats".into(), log },
            curves: (0..curves).map(curve).collect(),
        }
    }

    #[test]
    fn every_curve_is_drawn_and_named() {
        let svg = page(&[chart(3, true), chart(2, false)], 2).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in ["curve &lt;2&gt;", "−ELBO &amp; more", "steps", "nats"] {
            assert!(svg.contains(text), "{text}");
        }
        // 3 + 2 curves of 50 points and 3 of the legend.
        let lines = svg.matches("<polyline").count();
        assert!(lines >= 8, "{lines}");
        assert_eq!(page(&[chart(1, false)], 1), page(&[chart(1, false)], 1));
    }

    #[test]
    fn nothing_and_nonsense_are_no_panic() {
        assert!(page(&[], 2).is_err());
        let nothing = Chart::default();
        let mut odd = chart(1, true);
        odd.curves[0].points = vec![(f64::NAN, 1.0), (1.0, 0.0), (2.0, f64::INFINITY), (3.0, -1.0)];
        odd.curves.push(Curve::new("empty", []));
        assert!(page(&[nothing, odd, chart(40, false)], 0).unwrap().contains("</svg>"));
    }
}
