//! Rows of zeros and ones, from text to source.

use std::fs;
use std::path::Path;

/// The rows of a text file as arrays of bits.
pub(crate) fn bits(file: &Path) -> String {
    let array = |row: Vec<bool>| format!("{row:?},");
    format!("[{}]", read(file).into_iter().map(array).collect::<String>())
}

/// The files `*.train.*` and `*.test.*` of a folder as rows of sixteen bits, with a name that ends in `.data`.
pub(crate) fn survey(folder: &Path) -> String {
    let rows = |split: &str| -> String {
        let file = folder.join(format!("nltcs.{split}.data"));
        let pair = |row: Vec<bool>| {
            let byte = |bits: &[bool]| bits.iter().rev().fold(0u8, |byte, &bit| byte << 1 | u8::from(bit));
            assert_eq!(row.len(), 16, "{}: rows have sixteen bits", file.display());
            format!("[{},{}],", byte(&row[..8]), byte(&row[8..]))
        };
        read(&file).into_iter().map(pair).collect()
    };
    format!("Rows::Given(&[{}], &[{}])", rows("train"), rows("test"))
}

fn read(file: &Path) -> Vec<Vec<bool>> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let bits = |line: &str| line.chars().filter(|c| matches!(c, '0' | '1')).map(|c| c == '1').collect();
    text.lines().map(bits).collect()
}
