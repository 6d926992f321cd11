//! Charts of curves as SVG.

mod draw;
mod focus;
mod legend;
mod scale;
mod thin;

use draw::{HEIGHT, WIDTH, draw};
use legend::Legend;
use svg::Document;
use svg::node::element::{Group, Rectangle};

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Its name with the unit.
    pub label: String,
    /// Whether it is logarithmic; values that are not positive are then left out.
    pub log: bool,
    /// Whether it ends where the curves are most of the time; what lies beyond is cut off, and the chart says so.
    pub focus: bool,
    /// Names of the places 0, 1, .. instead of numbers.
    pub names: Vec<String>,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), ..Axis::default() }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), log: true, ..Axis::default() }
    }

    /// A horizontal axis with names at 0, 1, ..
    pub fn names(label: impl Into<String>, names: Vec<String>) -> Axis {
        Axis { label: label.into(), names, ..Axis::default() }
    }

    /// The same as a vertical axis that leaves out what curves do for a moment only, such as their first steps.
    pub fn focused(self) -> Axis {
        Axis { focus: true, ..self }
    }
}

/// A named curve. Points that are not finite leave a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Points in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
    /// A band around it.
    pub band: Vec<Spread>,
}

/// A place of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Where.
    pub x: f64,
    /// From here.
    pub low: f64,
    /// To here.
    pub high: f64,
}

impl Curve {
    /// A curve without a band.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Curve {
        Curve { name: name.into(), points: points.into_iter().collect(), band: Vec::new() }
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
    /// The curves, the most important ones first: those that find no style of their own are grey and lie behind.
    pub curves: Vec<Curve>,
}

/// Distinguishable colours, also for most colour-blind readers (Okabe & Ito 2008; the yellow darkened for white paper).
const COLOURS: [&str; 8] =
    ["#000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#968c14"];

/// Lengths of dash and gap in pixels of the k-th eight of curves.
const DASHES: [Option<&str>; 3] = [None, Some("7 4"), Some("2 3")];

/// How a curve is drawn.
#[derive(Clone, Copy)]
struct Style {
    colour: &'static str,
    dash: Option<&'static str>,
    width: f64,
    /// Of its band.
    opacity: f64,
}

/// The style of the k-th curve; `None` for one that has none of its own.
fn style(k: usize) -> Option<Style> {
    let dash = *DASHES.get(k / COLOURS.len())?;
    Some(Style { colour: COLOURS[k % COLOURS.len()], dash, width: 2.0, opacity: 0.18 })
}

/// The style of all others.
const GREY: Style = Style { colour: "#aaa", dash: None, width: 0.8, opacity: 0.06 };

/// Points on a page, beyond which curves lose detail: some 600 kB.
const POINTS: usize = 48_000;

/// An SVG page of `charts` in rows of `columns`, with one legend at the right, or below where there is one column. The
/// legend is that of the chart with the most curves. However many curves and points there are, the page stays below 1 MB.
/// Errors: a page without charts.
pub fn page(charts: &[Chart], columns: usize) -> Result<String, String> {
    let columns = columns.clamp(1, charts.len().max(1));
    let rows = charts.len().div_ceil(columns);
    let names = charts.iter().max_by_key(|c| c.curves.len()).ok_or("a page needs a chart")?;
    let (right, bottom) = ((columns * WIDTH) as f64, (rows * HEIGHT) as f64);
    let legend = Legend::new(&names.curves, (columns == 1).then_some(right));
    let (width, height, at) = match columns {
        1 => (right, bottom + legend.height, (0.0, bottom)),
        _ => (right + legend.width, bottom.max(legend.height), (right, 0.0)),
    };
    let share = |curve: &Curve| if curve.band.is_empty() { 1 } else { 3 };
    let shares: usize = charts.iter().flat_map(|c| &c.curves).map(share).sum();
    let most = (POINTS / shares.max(1)).clamp(8, 2 * WIDTH);
    let mut text = Group::new().set("font-family", "sans-serif").set("font-size", 12);
    for (i, chart) in charts.iter().enumerate() {
        let corner = (i % columns * WIDTH, i / columns * HEIGHT);
        text = text.add(moved(draw(chart, most), (corner.0 as f64, corner.1 as f64)));
    }
    text = text.add(moved(legend.draw(), at));
    let white = Rectangle::new().set("width", width).set("height", height).set("fill", "#fff");
    let page = Document::new()
        .set("width", width)
        .set("height", height)
        .set("viewBox", (0, 0, width, height))
        .add(white)
        .add(text);
    Ok(format!("{page}\n"))
}

fn moved(group: Group, (x, y): (f64, f64)) -> Group {
    group.set("transform", format!("translate({x} {y})"))
}

#[cfg(test)]
mod tests;
