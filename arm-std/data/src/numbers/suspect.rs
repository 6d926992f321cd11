//! What a table is likely to hold that is no pixel and no answer: labels, few grey levels, bits among levels.

use super::SHARE;
use super::levels::{Levels, Scale};
use super::raw::Labels;
use crate::{Fault, Note};

/// The highest level of a table that is told to be dark: tables of 16 grey levels count to 15, or as scikit-learn's digits
/// to 16.
const DARK: u8 = 16;

/// Looks at grey levels for what is likely to be none.
pub(super) fn look(levels: &Levels, cols: usize, labels: &Labels, notes: &mut Vec<Note>) {
    if levels.scale() != Scale::Whole || levels.levels().len() < SHARE * cols {
        return;
    }
    let all = levels.levels();
    let (least, most) =
        all.iter().fold((255, 0), |(least, most), &level| (least.min(level), most.max(level)));
    if most <= DARK {
        let known = notes.iter_mut().find_map(|note| match note {
            Note::Dark { levels } => Some(levels),
            _ => None,
        });
        match known {
            Some(levels) => *levels = (levels.0.min(least), levels.1.max(most)),
            None => notes.push(Note::Dark { levels: (least, most) }),
        }
        return;
    }
    // Labels stand first or last, and each class occurs.
    for column in [0, cols - 1] {
        let mut seen = 0_u32;
        let small = all.iter().skip(column).step_by(cols).all(|&level| {
            seen |= 1_u32.checked_shl(level.into()).unwrap_or(0);
            level < DARK
        });
        let classes = seen.trailing_ones();
        if cols > 1 && small && classes > 1 && seen == (1 << classes) - 1 && labels.name(column).is_none() {
            let note = Note::Label { column: labels.label(column), most: Some((classes - 1) as u8) };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
}

/// A table in which one column in so many holds 0 and 1, and the others more, is no picture: of those, hardly a pixel is
/// never above 1 of 255.
const BITS_AMONG: usize = 4;

/// An error where many columns hold 0 and 1 and some hold more: as grey levels, bits would be almost black.
pub(super) fn odd_columns(levels: &Levels, cols: usize, labels: &Labels) -> Result<(), Fault> {
    if levels.scale() != Scale::Whole || levels.levels().len() < SHARE * cols {
        return Ok(());
    }
    let mut most = vec![0_u8; cols];
    for row in levels.levels().chunks_exact(cols) {
        most.iter_mut().zip(row).for_each(|(most, &level)| *most = level.max(*most));
    }
    let bits = most.iter().filter(|&&most| most == 1).count();
    let odd: Vec<usize> = (0..cols).filter(|&column| most[column] > 1).collect();
    if BITS_AMONG * bits <= odd.len() {
        return Ok(());
    }
    Err(Fault::OddColumns { columns: odd.into_iter().map(|column| labels.label(column)).collect(), bits })
}

/// The names that columns of labels have.
const LABELS: [&str; 12] = [
    "label", "labels", "class", "classes", "target", "targets", "y", "species", "category", "outcome", "id",
    "row_id",
];

/// Notes columns that are called what labels are called.
pub(super) fn named_labels(labels: &Labels, cols: usize, notes: &mut Vec<Note>) {
    let Some(names) = &labels.names else { return };
    if names.len() > 1 {
        for column in 0..cols {
            let is_label = |name: &str| LABELS.contains(&name.to_ascii_lowercase().as_str());
            if labels.name(column).is_some_and(is_label) {
                notes.push(Note::Label { column: labels.label(column), most: None });
            }
        }
    }
}
