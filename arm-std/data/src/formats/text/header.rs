//! Whether the first line of a text table is names, and how many columns there are.

use super::cells::{self, Cells, Words};

/// What the first lines of a text table say.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// Lines before the first row: 0 or 1.
    pub(super) lines: usize,
    /// The names of the columns, one each.
    pub(super) names: Option<Vec<String>>,
    pub(super) cols: usize,
    /// Whether every row ends with a separator.
    pub(super) trailing: bool,
    /// Whether the names are numbers that might have been a row.
    pub(super) is_guess: bool,
}

impl Header {
    /// Reads the cells of the first lines; nothing where there is no row.
    pub(super) fn find(lines: &[Vec<&[u8]>], cells: &Cells) -> Option<Header> {
        let (first, rest) = lines.split_first()?;
        let kind = kind(first, rest, cells);
        let rows = if kind == Kind::Row { lines } else { rest };
        let trailing = rows.iter().all(|row| row.len() > 1 && row.last().is_some_and(|cell| cell.is_empty()));
        let cols = rows.first()?.len() - usize::from(trailing);
        if kind == Kind::Row {
            return Some(Header { lines: 0, names: None, cols, trailing, is_guess: false });
        }
        let mut names: Vec<String> = first.iter().map(|cell| cells::text(cell)).collect();
        if names.len() == cols + 1 && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        // R writes no name for the names of rows.
        if names.len() + 1 == cols {
            names.insert(0, String::new());
        }
        // A line of another length is found to be one when it is read as a row.
        let (lines, names) = if names.len() == cols { (1, Some(names)) } else { (1, None) };
        Some(Header { lines, names, cols, trailing, is_guess: kind == Kind::Guess })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Row,
    Names,
    /// Numbers that can be no row of the table below.
    Guess,
}

fn kind(first: &[&[u8]], rest: &[Vec<&[u8]>], cells: &Cells) -> Kind {
    let word = |cell: &[u8]| Words::default().bit(cell).is_some();
    let numbers: Vec<f64> = first.iter().filter_map(|cell| cells.number(cell)).collect();
    let others = || first.iter().filter(|cell| !cell.is_empty() && cells.number(cell).is_none());
    let distinct = numbers.iter().enumerate().all(|(at, number)| !numbers[..at].contains(number));
    if others().any(|cell| !word(cell)) {
        // Numbers that are repeated, or begin with bits, are cells of a row, in which something else stands by mistake or is
        // missing.
        let bits = numbers.iter().all(|&number| number == 0.0 || number == 1.0);
        let begins_with_bits = bits && cells.number(first[0]).is_some();
        let missing = others().all(|cell| is_missing(cell));
        return if numbers.is_empty() || distinct && !missing && !begins_with_bits {
            Kind::Names
        } else {
            Kind::Row
        };
    }
    if others().next().is_some() {
        // Words such as `y` and `t` are names where numbers stand below them.
        let named = |column: usize| {
            word(first[column])
                && !rest.is_empty()
                && rest.iter().all(|row| row.get(column).is_some_and(|cell| cells.number(cell).is_some()))
        };
        return if (0..first.len()).any(named) { Kind::Names } else { Kind::Row };
    }
    // Above an index stands no name.
    let index = first.len() > 2 && first[0].is_empty() && !numbers.is_empty();
    if numbers.len() < 3 && !index || !distinct {
        return Kind::Row;
    }
    if numbers.iter().enumerate().all(|(at, &number)| number == at as f64) {
        return Kind::Names;
    }
    let row_of = |row: &Vec<&[u8]>| row.iter().filter_map(|cell| cells.number(cell)).collect::<Vec<_>>();
    let bits = |row: &Vec<&[u8]>| row.iter().all(|cell| matches!(cells.number(cell), Some(0.0 | 1.0)));
    let words = |row: &Vec<&[u8]>| row.iter().all(|cell| word(cell) && cells.number(cell).is_none());
    match rest.len() {
        1.. if rest.iter().all(words) => Kind::Names,
        2.. if rest.iter().all(bits) => Kind::Guess,
        CODED.. if has_two_values(rest, cells) => Kind::Guess,
        CODED.. if counts(&numbers) && !rest.iter().any(|row| counts(&row_of(row))) => Kind::Guess,
        _ => Kind::Row,
    }
}

/// Rows that show by two values which are not 0 and 1 that there are no others.
const CODED: usize = 8;

/// Whether numbers are one more each than the one before, and too many of them for a row of a table to do so by chance.
fn counts(numbers: &[f64]) -> bool {
    numbers.len() >= 5 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0)
}

/// Whether `rows` hold two numbers at most.
fn has_two_values(rows: &[Vec<&[u8]>], cells: &Cells) -> bool {
    let mut pair: [Option<f64>; 2] = [None; 2];
    rows.iter().flatten().all(|cell| match cells.number(cell) {
        None => false,
        known if pair.contains(&known) => true,
        new => pair.iter_mut().find(|value| value.is_none()).is_some_and(|value| {
            *value = new;
            true
        }),
    })
}

/// Whether a cell says that its value is not known.
fn is_missing(cell: &[u8]) -> bool {
    ["na", "n/a", "nan", "null", "none", "?", "-", "."]
        .iter()
        .any(|word| cell.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<Header> {
        let cells = Cells::sniff(text.as_bytes());
        let lines: Vec<Vec<&[u8]>> =
            text.lines().map(|line| line.split(',').map(|cell| cell.trim().as_bytes()).collect()).collect();
        Header::find(&lines, &cells)
    }

    #[test]
    fn names_are_told_from_rows() {
        for (first, names) in [
            ("a,b,c", true),
            ("a,a,a", true),
            ("id,0,1", true),
            (",0,1", true),
            ("id,2019,2020", true),
            ("2019,2020,2021", true),
            ("1,2,3", true),
            ("0,1,2", true),
            ("y,n,t", true),
            ("q1,y,3", true),
            ("0,1,1", false),
            ("0,1,x", false),
            ("x,0,1", true),
            ("1,1,x", false),
            ("0,1,", false),
            ("0,1,NA", false),
        ] {
            let header = find(&format!("{first}\n0,1,1\n1,0,1\n0,0,1")).unwrap();
            assert_eq!((header.lines, header.cols), (usize::from(names), 3), "{first}");
        }
        assert_eq!(find("2019,2020,2021\n0,1,7\n1,0,1").unwrap().lines, 0, "grey levels");
        assert!(find("2019,2020,2021\n0,1,1\n1,0,1").unwrap().is_guess);
        assert_eq!(find("yes,no,no\nno,yes,no").unwrap().lines, 0);
        assert_eq!(find("101,102,103\nno,yes,no").unwrap().lines, 1);
        for (pair, rows, lines) in [(["1", "2"], 8, 1), (["-1", "1"], 8, 1), (["1", "2"], 7, 0)] {
            let [a, b] = pair;
            let text = format!("1990,1991,1992{}", format!("\n{a},{b},{b}").repeat(rows));
            assert_eq!(find(&text).unwrap().lines, lines, "{text}");
        }
        assert_eq!(find("a,b,c"), None);
        // Answers of 1 to 5 under numbered questions, and rows of which each counts.
        for first in ["1,2,3,4,5,6", "101,102,103,104,105,106", "1,2,3,4,5,7"] {
            let header = find(&format!("{first}{}", "\n1,5,2,3,4,3".repeat(8))).unwrap();
            assert_eq!(
                (header.lines, header.is_guess),
                if first.ends_with('7') { (0, false) } else { (1, true) }
            );
        }
        assert_eq!(find(&"1,2,3,4,5\n2,3,4,5,6\n".repeat(5)).unwrap().lines, 0);
        assert_eq!(find(",,\n0,1,1\n1,0,1").unwrap().lines, 0);
    }

    #[test]
    fn separators_at_the_end_are_no_column() {
        for text in ["0,1,\n1,0,", "a,b\n0,1,\n1,0,", "a,b,\n0,1,\n1,0,", "a,b,\n0,1\n1,0"] {
            assert_eq!(find(text).unwrap().cols, 2, "{text}");
        }
        let header = find("a,b\n1,0,1\n2,1,0").unwrap();
        assert_eq!((header.cols, header.names.unwrap()), (3, ["", "a", "b"].map(str::to_owned).to_vec()));
        assert_eq!(find("0,1,1\n0,1,").unwrap().cols, 3);
    }
}
