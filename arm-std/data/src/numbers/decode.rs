//! What the values of all splits of a data set mean, decided once for all of them.

use super::SHARE;
use super::coded::{Coded, seen};
use super::levels::Levels;
use super::raw::{Labels, Raw, Store};
use super::reading::Reading;
use super::suspect::{look, named_labels, odd_columns};
use crate::{BitTable, Fault, Note, Table};

/// Tables, what was assumed of them, and how others are read alike.
pub(crate) type Decoded = (Vec<Table>, Vec<Note>, Reading);

/// The tables of files of one width that belong together, read like others where those are given. A fault comes with the number
/// of its file.
pub(crate) fn decode(mut parts: Vec<Raw>, like: Option<&Reading>) -> Result<Decoded, (usize, Fault)> {
    let mut notes: Vec<Note> = Vec::new();
    for part in &mut parts {
        for note in std::mem::take(&mut part.notes) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    let Some(first) = parts.first() else { return Ok((vec![], notes, Reading::default())) };
    let (labels, cols, left_out) = (first.labels.clone(), first.cols, first.left_out.clone());
    let like = like.filter(|like| like.is_grey || like.values.len() == cols);
    let is_grey = like.is_some_and(|like| like.is_grey)
        || parts.iter().any(|part| matches!(part.store, Store::Grey(_)));
    let is_coded =
        like.is_some_and(Reading::is_coded) || parts.iter().any(|part| matches!(part.store, Store::Coded(_)));
    let known = like.map_or_else(|| vec![Vec::new(); cols], |like| like.values.clone());
    let values = if is_grey { None } else { Some(values(&mut parts, &labels, known)?) };
    let rows = parts.iter().map(|part| part.rows).sum::<usize>() + like.map_or(0, |like| like.rows);
    let ones = match &values {
        Some(values) if is_coded => ones(values, rows, &labels, &mut notes),
        _ => None,
    };
    if let Some(like) = like {
        like.compare(&labels, &mut notes);
    }
    let reading = Reading::new(rows, values.filter(|_| ones.is_some() || !is_coded), &labels, cols, left_out);
    let mut tables = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        let Raw { rows, cols, store, labels, .. } = part;
        let fail = |fault| (at, labels.fault(fault));
        let grey = |levels: Levels| {
            // The parts after the first may have too few rows to tell.
            if at == 0 {
                odd_columns(&levels, cols, &labels)?;
            }
            levels.finish().map(Table::Grey)
        };
        let table = match (store, &ones) {
            (Store::Plain(words), None) => Table::Bits(BitTable::from_words(rows, cols, words)),
            (Store::Plain(words), Some(ones)) => {
                Table::Bits(bits(Coded::of(BitTable::from_words(rows, cols, words)), ones))
            }
            (Store::Coded(coded), Some(ones)) => Table::Bits(bits(coded, ones)),
            (Store::Coded(coded), None) => {
                let levels = coded.levels(|_, _| None).map_err(fail)?;
                look(&levels, cols, &labels, &mut notes);
                grey(levels).map_err(fail)?
            }
            (Store::Grey(levels), _) => {
                look(&levels, cols, &labels, &mut notes);
                grey(levels).map_err(fail)?
            }
        };
        tables.push(table);
    }
    named_labels(&labels, tables[0].cols(), &mut notes);
    Ok((tables, notes, reading))
}

fn bits(coded: Coded, ones: &[f64]) -> BitTable {
    coded.bits(|column, [first, second]| {
        let one = ones[column];
        usize::from(if second.is_nan() { first != one } else { second == one })
    })
}

/// The values of each column in all parts and those that are known, in order. None of the parts may hold grey levels.
fn values(
    parts: &mut [Raw],
    labels: &Labels,
    mut columns: Vec<Vec<f64>>,
) -> Result<Vec<Vec<f64>>, (usize, Fault)> {
    for (at, part) in parts.iter_mut().enumerate() {
        let pairs = match &mut part.store {
            Store::Coded(coded) => coded.pairs.clone(),
            Store::Plain(words) => {
                let coded = Coded::of(BitTable::from_words(part.rows, part.cols, std::mem::take(words)));
                *words = coded.bits.into_words();
                coded.pairs
            }
            Store::Grey(_) => continue,
        };
        for (column, (values, pair)) in columns.iter_mut().zip(pairs).enumerate() {
            let (here, there) = (seen(pair), values.clone());
            here.iter().for_each(|value| {
                if !values.contains(value) {
                    values.push(*value);
                }
            });
            if values.len() > 2 {
                return Err((at, Fault::Coding { column: labels.label(column), here, there }));
            }
            values.sort_by(f64::total_cmp);
        }
    }
    Ok(columns)
}

/// The value of each column that stands for 1, where they are not to be taken as grey levels. `rows` were looked at.
fn ones(columns: &[Vec<f64>], rows: usize, labels: &Labels, notes: &mut Vec<Note>) -> Option<Vec<f64>> {
    let mut all: Vec<f64> = Vec::new();
    for value in columns.iter().flatten() {
        if all.len() < 3 && !all.contains(value) {
            all.push(*value);
        }
    }
    all.sort_by(f64::total_cmp);
    // A few rows are no evidence that there are no other values; no grey level is negative.
    if rows < SHARE && all != [-1.0, 1.0] {
        return None;
    }
    let intensities = columns.iter().flatten().all(|value| (0.0..=1.0).contains(value));
    match all[..] {
        _ if intensities => None,
        [_] => None,
        [zero, one] => {
            notes.push(Note::Coding { zero, one, columns: vec![] });
            Some(vec![one; columns.len()])
        }
        _ => Some(by_column(columns, labels, notes)),
    }
}

/// The value of each column that stands for 1, where columns hold two values each, but not all the same.
fn by_column(columns: &[Vec<f64>], labels: &Labels, notes: &mut Vec<Note>) -> Vec<f64> {
    // The pairs, the most frequent first, and the columns that hold each.
    let mut pairs: Vec<([f64; 2], Vec<usize>)> = Vec::new();
    for (column, values) in columns.iter().enumerate() {
        let [zero, one] = values[..] else { continue };
        match pairs.iter_mut().find(|(pair, _)| *pair == [zero, one]) {
            Some((_, of)) => of.push(column),
            None => pairs.push(([zero, one], vec![column])),
        }
    }
    pairs.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    for ([zero, one], of) in &pairs {
        if [*zero, *one] != [0.0, 1.0] {
            let columns = of.iter().map(|&column| labels.label(column)).collect();
            notes.push(Note::Coding { zero: *zero, one: *one, columns });
        }
    }
    let one = |values: &Vec<f64>| match values[..] {
        [_, one] => one,
        // The one value of a column is what it is in columns that hold two.
        [only] => match pairs.iter().find(|(pair, _)| pair.contains(&only)) {
            Some((pair, _)) => pair[1],
            None if only > 0.0 => only,
            None => f64::NAN,
        },
        _ => f64::NAN,
    };
    columns.iter().map(one).collect()
}

impl Raw {
    /// The table by itself.
    pub(crate) fn table(self) -> Result<Table, Fault> {
        super::decode::decode(vec![self], None)
            .map(|(mut tables, ..)| tables.remove(0))
            .map_err(|(_, fault)| fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Want;
    use crate::numbers::rows::Rows;

    fn raw(cols: usize, values: &[f64]) -> Raw {
        let want = Want::default();
        let mut rows = Rows::new(cols, &want);
        values.iter().try_for_each(|&value| rows.push(value)).unwrap();
        rows.finish().unwrap()
    }

    fn table(cols: usize, values: &[f64]) -> (Table, Vec<String>) {
        let decoded = decode(vec![raw(cols, values)], None);
        let (mut tables, notes, _) = decoded.map_err(|(_, fault)| fault).unwrap();
        (tables.remove(0), notes.iter().map(ToString::to_string).collect())
    }

    fn bits(cols: usize, bytes: &[u8]) -> Table {
        Table::Bits(BitTable::from_bytes(cols, bytes).unwrap())
    }

    /// 0 and 1 of 8 rows of 3 columns, all patterns.
    const ALL: [u8; 24] = [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1];

    #[test]
    fn two_values_of_a_table_are_bits_and_the_larger_is_one() {
        for [zero, one] in [[-1.0, 1.0], [1.0, 2.0], [0.0, 2.0], [0.0, 255.0], [-0.5, 1.5], [300.0, 7e9]] {
            let values: Vec<f64> = ALL.iter().map(|&bit| [zero, one][usize::from(bit)]).collect();
            let (table, notes) = table(3, &values);
            assert_eq!(table, bits(3, &ALL), "{zero} {one}");
            assert_eq!(
                notes,
                [format!("the values {zero} and {one} are read as bits: {zero} as 0, {one} as 1")]
            );
        }
        // Even where a column holds but one of them.
        let values: Vec<f64> = ALL
            .iter()
            .enumerate()
            .map(|(at, &bit)| if at % 3 == 1 { 1.0 } else { f64::from(bit) + 1.0 })
            .collect();
        let expected: Vec<u8> =
            ALL.iter().enumerate().map(|(at, &bit)| if at % 3 == 1 { 0 } else { bit }).collect();
        assert_eq!(table(3, &values).0, bits(3, &expected));
    }

    #[test]
    fn two_values_of_every_column_are_bits() {
        let pairs = [[0.0, 1.0], [1.0, 2.0], [-1.0, 1.0]];
        let values: Vec<f64> =
            ALL.iter().enumerate().map(|(at, &bit)| pairs[at % 3][usize::from(bit)]).collect();
        let (table, notes) = table(3, &values);
        assert_eq!(table, bits(3, &ALL));
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("1 and 2 of column 1 are")), "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("-1 and 1 of column 2 are")), "{notes:?}");
    }

    #[test]
    fn few_rows_intensities_and_third_values_are_no_coding() {
        assert_eq!(table(3, &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]), (bits(3, &[0, 1, 1, 0, 1, 0]), vec![]));
        assert!(
            matches!(table(2, &[7.0, 8.0, 8.0, 7.0]).0, Table::Grey(table) if table.levels() == [7, 8, 8, 7])
        );
        let half: Vec<f64> = ALL.iter().map(|&bit| f64::from(bit) / 2.0).collect();
        assert!(matches!(table(3, &half).0, Table::Grey(table) if table.levels()[5] == 128));
        assert_eq!(table(1, &[-1.0, 1.0]).0, bits(1, &[0, 1]));
    }

    #[test]
    fn all_splits_are_coded_alike() {
        let train: Vec<f64> = ALL.iter().map(|&bit| f64::from(bit) + 1.0).collect();
        let parts = || vec![raw(3, &train), raw(3, &[1.0, 1.0, 1.0]), raw(3, &[2.0, 2.0, 1.0])];
        let (tables, notes, _) = decode(parts(), None).map_err(|(_, fault)| fault).unwrap();
        assert_eq!(tables[1..], [bits(3, &[0, 0, 0]), bits(3, &[1, 1, 0])]);
        assert_eq!(notes.len(), 1);
        let (at, fault) = decode(vec![raw(3, &train), raw(3, &[0.0, 1.0, 1.0])], None).unwrap_err();
        assert_eq!(at, 1);
        assert!(fault.to_string().starts_with("column 0 holds 0, and 1 and 2 in another split"), "{fault}");
        // Levels of which a short split holds two.
        let levels: Vec<f64> = (0..30).map(|at| f64::from(at * 7 % 5 + 1)).collect();
        let (tables, ..) = decode(vec![raw(3, &levels), raw(3, &[1.0, 2.0, 2.0])], None)
            .map_err(|(_, fault)| fault)
            .unwrap();
        assert!(matches!(&tables[1], Table::Grey(table) if table.levels() == [1, 2, 2]));
    }

    #[test]
    fn other_data_are_read_like_those_of_the_training() {
        let coded: Vec<f64> = ALL.iter().map(|&bit| f64::from(bit) + 1.0).collect();
        let signs: Vec<f64> = ALL.iter().map(|&bit| 2.0 * f64::from(bit) - 1.0).collect();
        let reading = |values: &[f64]| decode(vec![raw(3, values)], None).unwrap().2;
        let read = |values: &[f64], like: &Reading| {
            decode(vec![raw(3, values)], Some(like)).map(|(mut tables, ..)| tables.remove(0))
        };
        // By themselves ones are ones, and a few rows are grey.
        let like = reading(&coded);
        assert_eq!(read(&[1.0; 3], &like).unwrap(), bits(3, &[0, 0, 0]));
        assert_eq!(read(&[2.0; 3], &like).unwrap(), bits(3, &[1, 1, 1]));
        assert_eq!(read(&[2.0, 1.0, 2.0], &like).unwrap(), bits(3, &[1, 0, 1]));
        assert_eq!(read(&[-1.0; 3], &reading(&signs)).unwrap(), bits(3, &[0, 0, 0]));
        let plain: Vec<f64> = ALL.iter().map(|&bit| bit.into()).collect();
        assert_eq!(read(&[1.0; 3], &reading(&plain)).unwrap(), bits(3, &[1, 1, 1]));
        let (_, fault) = read(&[0.0, 1.0, 1.0], &like).unwrap_err();
        assert!(matches!(fault, Fault::Coding { .. }), "{fault}");
        let levels: Vec<f64> = (0..30).map(|at| f64::from(at * 7 % 5 + 1)).collect();
        let read = read(&[1.0, 2.0, 2.0], &reading(&levels)).unwrap();
        assert!(matches!(read, Table::Grey(table) if table.levels() == [1, 2, 2]));
    }

    #[test]
    fn dark_levels_and_labels_are_told() {
        let likert: Vec<f64> = (0..60).map(|at| f64::from(at * 7 % 5 + 1)).collect();
        assert!(table(3, &likert).1[0].starts_with("values 1 to 5 are read as grey levels"));
        let digits: Vec<f64> = (0..90).map(|at| f64::from(at * 7 % 17)).collect();
        assert!(table(3, &digits).1[0].starts_with("values 0 to 16 are read as grey levels"));
        let labelled: Vec<f64> = (0..80)
            .flat_map(|row| [f64::from(row * 7 % 10), f64::from(row * 3), f64::from(240 - 2 * row)])
            .collect();
        let (_, notes) = table(3, &labelled);
        assert!(notes[0].starts_with("column 0 holds 0 to 9, like a label"), "{notes:?}");
        assert!(notes[0].contains("--drop 0"), "{notes:?}");
        assert!(matches!(table(3, &labelled).0, Table::Grey(table) if table.rows() == 80));
    }

    #[test]
    fn columns_that_are_no_bits_among_bits_are_refused_by_name() {
        let mixed: Vec<f64> =
            (0..30).flat_map(|row| [row % 2, row / 2 % 2, row * 7 % 5 + 1].map(f64::from)).collect();
        let (_, fault) = decode(vec![raw(3, &mixed)], None).unwrap_err();
        let message = fault.to_string();
        assert!(
            message.starts_with("column 2 holds more than two values where 2 other columns"),
            "{message}"
        );
        assert!(message.contains("--drop 2"), "{message}");
    }
}
