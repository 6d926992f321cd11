//! Names of the curves.

use crate::runs::plot::{Curve, GREY, Style, style};
use svg::node::element::{Group, Line, Text};

/// Height of an entry, and width of a character, in pixels.
const ENTRY: f64 = 20.0;
const LETTER: f64 = 8.6;
/// Where the text of an entry begins.
const TEXT: f64 = 36.0;
/// The longest text.
const MOST: usize = 52;

/// The entries with their places, and the room that they take.
pub(crate) struct Legend {
    entries: Vec<(String, Style, (f64, f64))>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Legend {
    /// A legend in one column, or in rows where it has a `width`.
    pub(crate) fn new(curves: &[Curve], width: Option<f64>) -> Legend {
        let mut entries = Vec::new();
        for (k, curve) in curves.iter().enumerate().filter(|(_, c)| !c.name.is_empty()) {
            match style(k) {
                Some(style) => entries.push((short(&curve.name), style)),
                None => {
                    entries.push((format!("{} others", curves.len() - k), GREY));
                    break;
                }
            }
        }
        let longest = entries.iter().map(|e| e.0.chars().count()).max().unwrap_or(0) as f64;
        let column = TEXT + LETTER * longest + 16.0;
        let columns = width.map_or(1, |width| ((width - 20.0) / column).floor().max(1.0) as usize);
        let rows = entries.len().div_ceil(columns);
        let place = |i: usize| ((i % columns) as f64 * column, (i / columns) as f64 * ENTRY + 14.0);
        let left = if width.is_some() { 20.0 } else { 4.0 };
        let entries = entries.into_iter().enumerate().map(|(i, (name, style))| {
            let (x, y) = place(i);
            (name, style, (x + left, if width.is_some() { y } else { y + 14.0 }))
        });
        let margin = if width.is_some() { 10.0 } else { 30.0 };
        let height = if rows == 0 { 0.0 } else { rows as f64 * ENTRY + margin };
        Legend { entries: entries.collect(), width: width.unwrap_or(column + left), height }
    }

    pub(crate) fn draw(&self) -> Group {
        self.entries.iter().fold(Group::new(), |group, (name, style, (x, y))| {
            let mut line = Line::new()
                .set("x1", *x)
                .set("x2", x + 28.0)
                .set("y1", *y)
                .set("y2", *y)
                .set("stroke", style.colour)
                .set("stroke-width", 2);
            if let Some(dash) = style.dash {
                line = line.set("stroke-dasharray", dash);
            }
            let text = Text::new(name.as_str()).set("x", x + TEXT).set("y", y + 4.5).set("font-size", 13);
            group.add(line).add(text)
        })
    }
}

/// A name that has room.
fn short(name: &str) -> String {
    if name.chars().count() <= MOST {
        return name.into();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}
