//! Text tables: one row a line, numbers separated by commas, semicolons, tabs or spaces. The text `.amat` of
//! static MNIST is one.
//!
//! Numbers need none of the quoting that the `csv` crate is for, and runs of spaces, which it does not take,
//! are common.

use super::content::Content;
use super::levels::Levels;
use super::{Fault, Table};

/// Reads a text table. Blank lines, lines that begin with `#` and a first line of column names (or of 0, 1,
/// 2, ..., the names pandas gives) are passed over. CR LF and a byte order mark are taken.
pub(super) fn read(mut content: Content<'_>) -> Result<Table, Fault> {
    let (mut line, mut number) = (Vec::new(), 0_u64);
    let mut table: Option<(u8, usize, Levels)> = None;
    while content.line(&mut line)? {
        number += 1;
        let text = match number {
            1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line),
            _ => &line,
        };
        let text = text.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let (separator, cols, levels) = match &mut table {
            Some((separator, cols, levels)) => (*separator, *cols, levels),
            None => {
                let separator = b",;".iter().copied().find(|separator| text.contains(separator));
                let separator = separator.unwrap_or(b' ');
                let cols = fields(text, separator).count();
                let (.., levels) = table.insert((separator, cols, Levels::new(cols)));
                if is_header(text, separator) {
                    continue;
                }
                (separator, cols, levels)
            }
        };
        row(text, separator, cols, levels).map_err(|fault| fault.at(format!("line {number}")))?;
    }
    table.map_or(Err(Fault::NoRows), |(.., levels)| levels.finish())
}

fn row(line: &[u8], separator: u8, cols: usize, levels: &mut Levels) -> Result<(), Fault> {
    let mut found = 0;
    for field in fields(line, separator) {
        found += 1;
        if found > cols {
            found = fields(line, separator).count();
            break;
        }
        let value = match field {
            b"0" => 0.0,
            b"1" => 1.0,
            _ => number(field).ok_or_else(|| Fault::NotANumber { field: found, text: excerpt(field) })?,
        };
        levels.push(value)?;
    }
    if found == cols { Ok(()) } else { Err(Fault::Ragged { found, expected: cols }) }
}

/// The fields of a line; for spaces, any run of blanks separates.
fn fields(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let blank = separator == b' ';
    line.split(move |&byte| byte == separator || blank && byte == b'\t')
        .map(<[u8]>::trim_ascii)
        .filter(move |field| !blank || !field.is_empty())
}

fn number(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn excerpt(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(20).collect()
}

fn is_header(line: &[u8], separator: u8) -> bool {
    // One number among words is a typo in a row, not a name.
    let named = fields(line, separator).all(|field| number(field).is_none());
    let mut count = 0;
    let counted = fields(line, separator).all(|field| {
        count += 1;
        number(field) == Some(f64::from(count - 1))
    });
    named || counted && count > 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{BitTable, mutate};

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        super::read(Content::of(bytes)?)
    }

    fn bits(cols: usize, bytes: &[u8]) -> Table {
        Table::Bits(BitTable::from_bytes(cols, bytes).unwrap())
    }

    #[test]
    fn every_separator_gives_the_same_table() {
        let expected = bits(3, &[0, 1, 1, 1, 0, 0]);
        for text in [
            "0,1,1\n1,0,0\n",
            "0, 1 ,1\r\n1,0,0",
            "0 1 1 \n1  0 0 \n",
            "0\t1\t1\n1\t0 0\n\n\n",
            "0;1;1\n1;0;0\n",
            "# made by numpy.savetxt\n0 1 1\n# and more\n1 0 0\n",
            "\u{feff}a,\"b\",ç\n0,1,1\n1,0,0\n",
            "0,1,2\n0,1,1\n1,0,0\n",
            "0.000e+00 1.000e+00 1.000e+00\n1.0 0.0 -0\n",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_above_one_are_grey() {
        let Ok(Table::Grey(table)) = read(b"0,17\n255,1\n") else { panic!() };
        assert_eq!(table.levels(), [0, 17, 255, 1]);
    }

    #[test]
    fn faults_name_the_line() {
        let message = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(message("0,1\n\n0,1,1\n").starts_with("line 3: has 3 fields where the lines before have 2"));
        assert!(message("0,1\n0\n").starts_with("line 2: has 1 fields"));
        assert!(message("0,1\n0,\n").starts_with("line 2: field 2 is \"\", which is not a number"));
        assert!(message("a,b\n0,x1\n").starts_with("line 2: field 2 is \"x1\""));
        assert!(message("0 1\n0 nan\n").starts_with("line 2: row 1, column 1 holds NaN"));
        assert!(message("0 1\n0 2\n0.5 1\n").starts_with("line 3: row 2, column 0 holds 0.5, but"));
        assert!(message("0 -1\n").starts_with("line 1: row 0, column 1 holds -1"));
        assert!(message("0110\n1010\n").starts_with("line 2: row 1, column 0 holds 1010"));
    }

    #[test]
    fn no_rows_are_refused() {
        for text in ["\n\n", "a,b\n", "# only a remark\n"] {
            assert!(matches!(read(text.as_bytes()), Err(Fault::NoRows)), "{text:?}");
        }
    }

    #[test]
    fn mutated_files_never_panic() {
        mutate::survives(b"a,b,c\n0,1,1\n1,0,1\n0.5,0.25,1e-3\n", read);
    }
}
