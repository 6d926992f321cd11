//! What becomes of numbers that are pushed row by row.

use super::raw::{Raw, Store};
use super::rows::Rows;
use crate::columns::Want;
use crate::{BitTable, Fault, Table};

fn raw(cols: usize, values: &[f64]) -> Result<Raw, Fault> {
    let want = Want::default();
    let mut rows = Rows::new(cols, &want);
    values.iter().try_for_each(|&value| rows.push(value))?;
    rows.finish()
}

fn table(cols: usize, values: &[f64]) -> Result<Table, Fault> {
    raw(cols, values)?.table()
}

fn levels(cols: usize, values: &[f64]) -> Vec<u8> {
    match table(cols, values).unwrap() {
        Table::Grey(table) => table.levels().to_vec(),
        Table::Bits(_) => panic!("{values:?} gave bits"),
    }
}

#[test]
fn zeros_and_ones_are_bits() {
    let expected = BitTable::from_bytes(2, &[0, 1, 1, 0]).unwrap();
    assert_eq!(table(2, &[-0.0, 1.0, 1.0, 0.0]).unwrap(), Table::Bits(expected));
}

#[test]
fn values_outside_every_scale_are_named() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.25, 1.5, 256.0, 1e300] {
        let fault = table(2, &[0.0, 1.0, 1.0, value]).unwrap_err();
        assert!(matches!(fault, Fault::Value { row: 1, column: 1, .. }), "{fault}");
    }
}

#[test]
fn mixed_scales_are_refused() {
    for values in [[2.0, 0.5], [0.5, 2.0]] {
        let fault = table(2, &values).unwrap_err();
        assert!(matches!(fault, Fault::MixedScales { row: 0, column: 1, .. }), "{values:?}: {fault}");
    }
}

#[test]
fn whole_numbers_may_come_many_at_once() {
    let values: Vec<u8> = (0..60_u8).map(|at| at % 23 * 7 % 2).collect();
    for (cols, last) in [(4, 1), (4, 2), (4, 9), (3, 1), (1, 5)] {
        let mut values = values.clone();
        values[59] = last;
        for piece in [1, 5, 60] {
            let want = Want::default();
            let mut rows = Rows::new(cols, &want);
            values.chunks(piece).try_for_each(|piece| rows.push_whole(piece)).unwrap();
            let many = rows.finish().unwrap().store;
            let one: Vec<f64> = values.iter().map(|&value| value.into()).collect();
            let one = raw(cols, &one).unwrap().store;
            assert_eq!(format!("{many:?}"), format!("{one:?}"), "{cols} {last} {piece}");
        }
    }
}

#[test]
fn bits_turn_into_levels_when_a_later_number_says_so() {
    let bits: Vec<f64> = (0..240).map(|i| f64::from(i % 3 == 0 || i % 7 == 0)).collect();
    for (value, one) in [(9.0, 1), (0.2, 255)] {
        let mut values = bits.clone();
        values[215] = value;
        let mut expected: Vec<u8> = bits.iter().map(|&bit| one * bit as u8).collect();
        expected[215] = if one == 1 { 9 } else { 51 };
        let Store::Grey(levels) = raw(40, &values).unwrap().store else { panic!() };
        assert_eq!(levels.levels(), expected);
    }
}

#[test]
fn bits_take_the_memory_of_bits() {
    let want = Want::default();
    let mut rows = Rows::new(784, &want);
    (0..1000).for_each(|_| rows.push_whole(&[1; 784]).unwrap());
    let Store::Plain(words) = &rows.store else { panic!() };
    assert!(4 * words.capacity() + 8 * rows.row.capacity() < 1000 * 784 / 3);
}

#[test]
fn no_numbers_are_no_rows() {
    assert!(matches!(table(3, &[]), Err(Fault::NoRows)));
    assert!(matches!(table(3, &[1.0]), Err(Fault::Length { .. })));
}

/// A column that counts beside two of bits, or of levels.
fn counting(start: f64, rows: usize, step: f64) -> Vec<f64> {
    let row = |at: usize| [start + at as f64, step * (at % 2) as f64, step * (at / 2 % 2) as f64];
    (0..rows).flat_map(row).collect()
}

#[test]
fn a_column_that_counts_is_an_index() {
    for (start, rows) in [(0.0, 6), (0.0, 1000), (1.0, 300)] {
        let raw = raw(3, &counting(start, rows, 1.0)).unwrap();
        assert_eq!((raw.cols, raw.left_out.as_slice(), raw.notes.len()), (2, &[0][..], 1), "{start} {rows}");
        let note = raw.notes[0].to_string();
        assert!(note.starts_with(&format!("column 0 counts {start}, {}", start + 1.0)), "{note}");
        assert!(matches!(raw.table().unwrap(), Table::Bits(table) if table.cols() == 2 && table.get(1, 0)));
    }
    let grey: Vec<f64> = (0..40)
        .flat_map(|at| [f64::from(at * 37 % 251), f64::from(at + 1), f64::from(at * 11 % 200)])
        .collect();
    assert_eq!(raw(3, &grey).map(|raw| (raw.cols, raw.left_out)).unwrap(), (2, vec![1]));
    // From 100, down from 999, and from a number that is no level.
    for (start, step) in [(100.0, 1.0), (999.0, -1.0), (70_000.0, 1.0), (10.0, -1.0)] {
        let mut values = grey.clone();
        values
            .iter_mut()
            .skip(1)
            .step_by(3)
            .zip(0..)
            .for_each(|(value, at)| *value = start + step * f64::from(at));
        let raw = raw(3, &values).unwrap();
        assert_eq!((raw.cols, raw.left_out.as_slice()), (2, &[1][..]), "{start}");
        let (note, second) = (raw.notes[0].to_string(), start + step);
        assert!(note.contains(&format!("counts {start}, {second}, {}, ..", second + step)), "{note}");
    }
}

#[test]
fn a_column_that_counts_no_longer_is_none() {
    let mut values = counting(0.0, 20, 1.0);
    values[3 * 15] = 3.0;
    let Store::Grey(store) = raw(3, &values).unwrap().store else { panic!() };
    let first: Vec<u8> = store.levels().iter().copied().step_by(3).collect();
    assert_eq!(first, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 3, 16, 17, 18, 19]);
    let mut values = counting(0.0, 20, 40.0);
    values[3 * 15] = 3.0;
    assert_eq!(levels(3, &values)[3 * 14..3 * 16], [14, 0, 40, 3, 40, 40]);
    let mut values = counting(0.0, 300, 1.0);
    values[3 * 290] = 3.0;
    assert!(matches!(raw(3, &values).unwrap_err(), Fault::Value { row: 256, column: 0, .. }));
    // Too few rows, and a table of one column.
    assert_eq!(levels(3, &counting(0.0, 4, 1.0)), [0, 0, 0, 1, 1, 0, 2, 0, 1, 3, 1, 1]);
    assert_eq!(levels(1, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn columns_are_chosen() {
    let of = |columns: Option<&str>, drop: Option<&str>| {
        let parse = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let selection = crate::Selection { columns: parse(columns), drop: parse(drop) };
        let want = Want { selection, ..Want::default() };
        let mut rows = Rows::new(3, &want);
        counting(0.0, 9, 1.0).into_iter().try_for_each(|value| rows.push(value)).unwrap();
        rows.finish().unwrap()
    };
    assert_eq!(of(None, Some("0")).labels.numbers, Some(vec![1, 2]));
    assert_eq!(of(None, Some("0")).notes, []);
    assert_eq!(of(None, Some("2")).left_out, [0]);
    assert_eq!(of(None, Some("2")).labels.label(0), "1");
    assert_eq!(of(Some("0-"), None).cols, 3);
    assert!(
        matches!(of(Some("0,2"), None).store, Store::Grey(levels) if levels.levels()[..6] == [0, 0, 1, 0, 2, 1])
    );
}

#[test]
fn a_third_value_beside_signs_names_its_column() {
    let mut values: Vec<f64> = (0..30).map(|at| [-1.0, 1.0][at * 7 % 5 % 2]).collect();
    values[28] = 4.0;
    let message = raw(3, &values).unwrap_err().to_string();
    assert!(message.starts_with("row 9, column 1 holds 4, a third value"), "{message}");
}
