//! One chart.

use crate::runs::plot::focus::focused;
use crate::runs::plot::scale::{Scale, number};
use crate::runs::plot::{Chart, Curve, GREY, Spread, Style, style, thin};
use std::fmt::Write;
use svg::node::element::{Circle, Group, Line, Polygon, Polyline, Rectangle, SVG, Text};

/// Size of a chart in pixels.
pub(crate) const WIDTH: usize = 520;
pub(crate) const HEIGHT: usize = 330;

/// The frame: left, top, width and height.
const FRAME: (f64, f64, f64, f64) = (70.0, 34.0, 434.0, 244.0);

/// Names beyond this many letters in all are written slanted.
const LETTERS: usize = 62;

/// Names on an axis, at most.
const NAMES: usize = 48;

/// The chart, with about `most` points a curve.
pub(crate) fn draw(chart: &Chart, most: usize) -> Group {
    let values =
        |pick: fn(&(f64, f64)) -> f64| chart.curves.iter().flat_map(move |c| c.points.iter().map(pick));
    let x = match chart.x.names.len() {
        0 => Scale::around(values(|p| p.0), chart.x.log),
        count => Scale::of_names(count),
    };
    let bands = chart.curves.iter().flat_map(|c| c.band.iter().flat_map(|b| [b.low, b.high]));
    // A band may reach below what a logarithmic axis can show, and is cut there.
    let bands = bands.filter(|_| !chart.y.log);
    let whole = Scale::around(values(|p| p.1).chain(bands), chart.y.log);
    let y = if chart.y.focus { focused(&chart.curves, x, whole) } else { whole };
    let cut = values(|p| p.1).any(|v| y.shows(v) && v > y.high);
    let mut inside = SVG::new()
        .set("x", FRAME.0)
        .set("y", FRAME.1)
        .set("width", FRAME.2)
        .set("height", FRAME.3)
        .set("viewBox", (0, 0, FRAME.2, FRAME.3));
    // The first curves lie over the others.
    for (k, curve) in chart.curves.iter().enumerate().rev() {
        inside =
            inside.add(draw_curve(curve, style(k).unwrap_or(GREY), x, y, most, !chart.x.names.is_empty()));
    }
    let title = text(&chart.title, (FRAME.0 + FRAME.2 / 2.0, 22.0), "middle").set("font-size", 15);
    let mut group = axes(chart, x, y).add(title).add(inside);
    if cut {
        let note = format!("values above {} are cut off", number(y.high));
        let at = (FRAME.0 + FRAME.2 - 4.0, FRAME.1 + 13.0);
        group = group.add(text(&note, at, "end").set("font-size", 10).set("fill", "#666"));
    }
    group
}

fn text(what: &str, (x, y): (f64, f64), anchor: &str) -> Text {
    Text::new(what).set("x", x).set("y", y).set("text-anchor", anchor)
}

/// A number of pixels as it is written.
fn px(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

/// Frame, grid, ticks and names of the axes.
fn axes(chart: &Chart, x: Scale, y: Scale) -> Group {
    let (left, top, width, height) = FRAME;
    let bottom = top + height;
    let line = |from: (f64, f64), to: (f64, f64)| {
        Line::new().set("x1", px(from.0)).set("y1", px(from.1)).set("x2", px(to.0)).set("y2", px(to.1))
    };
    let (mut grid, mut labels) = (Group::new().set("stroke", "#e0e0e0"), Group::new());
    for tick in y.ticks(7) {
        let at = bottom - height * y.share(tick);
        grid = grid.add(line((left, at), (left + width, at)));
        labels = labels.add(text(&number(tick), (left - 6.0, px(at + 4.0)), "end"));
    }
    let names = &chart.x.names;
    let every = names.len().div_ceil(NAMES).max(1);
    let slanted = names.iter().map(|n| n.chars().count() + 1).sum::<usize>() > LETTERS;
    let mut ticks: Vec<_> =
        names.iter().enumerate().step_by(every).map(|(i, n)| (i as f64, n.clone())).collect();
    if names.is_empty() {
        ticks = x.ticks(7).into_iter().map(|t| (t, number(t))).collect();
    }
    for (tick, name) in ticks {
        let at = px(left + width * x.share(tick));
        grid = grid.add(line((at, top), (at, bottom)));
        let label = match slanted {
            false => text(&name, (at, bottom + 17.0), "middle"),
            true => text(&name, (0.0, 0.0), "end")
                .set("transform", format!("translate({} {}) rotate(-35)", at + 4.0, bottom + 13.0))
                .set("font-size", 10),
        };
        labels = labels.add(label);
    }
    let frame = Rectangle::new()
        .set("x", left)
        .set("y", top)
        .set("width", width)
        .set("height", height)
        .set("fill", "none")
        .set("stroke", "#444");
    let of_x = text(&chart.x.label, (left + width / 2.0, HEIGHT as f64 - 8.0), "middle").set("font-size", 13);
    let of_y = text(&chart.y.label, (0.0, 0.0), "middle")
        .set("font-size", 13)
        .set("transform", format!("translate(16 {}) rotate(-90)", top + height / 2.0));
    Group::new().add(grid).add(frame).add(labels).add(of_x).add(of_y)
}

fn draw_curve(curve: &Curve, style: Style, x: Scale, y: Scale, most: usize, dots: bool) -> Group {
    let (_, _, width, height) = FRAME;
    let place = |(px, py): (f64, f64)| (width * x.share(px), height * (1.0 - y.share(py)));
    let mut group = Group::new();
    for part in curve.band.split(|b| !(x.shows(b.x) && y.shows(b.high) && b.low.is_finite())) {
        let placed: Vec<_> = part
            .iter()
            .map(|spread| {
                // On a logarithmic axis a low end that is not positive is at the bottom.
                let low = if y.shows(spread.low) { spread.low } else { y.low };
                let (x, low) = place((spread.x, low));
                Spread { x, low, high: place((spread.x, spread.high)).1 }
            })
            .collect();
        let placed = thin::band(&placed, width, most);
        if placed.len() > 1 {
            let there = placed.iter().map(|b| (b.x, b.high));
            let back = placed.iter().rev().map(|b| (b.x, b.low));
            let area = Polygon::new().set("points", points(there.chain(back)));
            group = group.add(area.set("fill", style.colour).set("fill-opacity", style.opacity));
        }
    }
    let stroke = |line: Polyline| {
        let line = line
            .set("fill", "none")
            .set("stroke", style.colour)
            .set("stroke-width", style.width)
            .set("stroke-linejoin", "round");
        if let Some(dash) = style.dash { line.set("stroke-dasharray", dash) } else { line }
    };
    for part in curve.points.split(|p| !(x.shows(p.0) && y.shows(p.1))) {
        let placed: Vec<_> = part.iter().map(|p| place(*p)).collect();
        let placed = thin::curve(&placed, width, most);
        if placed.len() > 1 {
            group = group.add(stroke(Polyline::new().set("points", points(placed.iter().copied()))));
        }
        // A point alone is no line.
        if dots || placed.len() == 1 {
            for (cx, cy) in &placed {
                let dot = Circle::new().set("cx", px(*cx)).set("cy", px(*cy)).set("r", 3);
                group = group.add(dot.set("fill", style.colour));
            }
        }
    }
    group
}

fn points(all: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (x, y) in all {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{space}{},{}", px(x), px(y));
    }
    text
}
