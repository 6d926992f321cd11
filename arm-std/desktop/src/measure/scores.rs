//! Scores of rows as files, for what comes after: thresholds, plots, alarms.

use crate::data::write_npy_header;
use crate::files::{may_replace, replace};
use crate::measure::evaluate::Scores;
use std::io::{self, Write};
use std::path::Path;

/// The formats of a file of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text: a line of names, then `row,neg_elbo,nll` for each row.
    Csv,
    /// NumPy's array format: little-endian float32, rows x 2, neg_elbo and nll.
    Npy,
}

/// The first line of the text.
const HEAD: &str = "row,neg_elbo,nll\n";

/// NumPy's name of little-endian float32.
const FLOAT: &str = "<f4";

impl Format {
    /// The format that the ending of a name asks for: `.csv` or `.npy`.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "csv" => Some(Format::Csv),
            "npy" => Some(Format::Npy),
            _ => None,
        }
    }

    /// What a file with so many rows holds, in words.
    pub fn describe(self, rows: usize) -> String {
        match self {
            Format::Csv => format!("{rows} lines of row, neg_elbo, nll"),
            Format::Npy => format!("float32 ({rows}, 2): neg_elbo, nll"),
        }
    }

    /// Whether `path` may be written: nothing is there, or what [`write()`] wrote, or an empty file.
    pub fn may_replace(self, path: &Path) -> io::Result<bool> {
        may_replace(path, |head| {
            let head = String::from_utf8_lossy(head);
            match self {
                Format::Csv => head.starts_with(HEAD),
                Format::Npy => head.contains(&format!("'descr': '{FLOAT}'")) && head.contains(", 2)"),
            }
        })
    }
}

/// Writes scores to a file that is whole or, after an error, as it was before.
pub fn write(scores: &Scores, format: Format, path: &Path) -> io::Result<()> {
    let pairs = || scores.neg_elbo.iter().zip(&scores.nll);
    replace(path, |file| match format {
        Format::Csv => {
            file.write_all(HEAD.as_bytes())?;
            pairs()
                .enumerate()
                .try_for_each(|(row, (neg_elbo, nll))| writeln!(file, "{row},{neg_elbo},{nll}"))
        }
        Format::Npy => {
            write_npy_header(FLOAT, [scores.nll.len(), 2], file)?;
            pairs().try_for_each(|(neg_elbo, nll)| {
                file.write_all(&neg_elbo.to_le_bytes())?;
                file.write_all(&nll.to_le_bytes())
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn scores() -> Scores {
        Scores { neg_elbo: vec![1.5, 0.1, 30.25], nll: vec![1.25, 0.05, 1e-7], nll_samples: 9 }
    }

    #[test]
    fn both_formats_hold_every_score() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&scores(), Format::Csv, &at("s.csv")).unwrap();
        let text = fs::read_to_string(at("s.csv")).unwrap();
        assert_eq!(text, "row,neg_elbo,nll\n0,1.5,1.25\n1,0.1,0.05\n2,30.25,0.0000001\n");
        write(&scores(), Format::Npy, &at("s.npy")).unwrap();
        let bytes = fs::read(at("s.npy")).unwrap();
        let (head, numbers) = bytes.split_at(bytes.len() - 24);
        assert!(head.starts_with(b"\x93NUMPY\x01\x00") && head.len() % 64 == 0 && head.ends_with(b"\n"));
        assert_eq!(usize::from(u16::from_le_bytes([head[8], head[9]])), head.len() - 10);
        let dictionary = String::from_utf8_lossy(&head[10..]).trim_end().to_string();
        assert_eq!(dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
        let numbers: Vec<f32> = numbers.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        assert_eq!(numbers, [1.5, 1.25, 0.1, 0.05, 30.25, 1e-7]);
    }

    #[test]
    fn only_scores_and_empty_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for (format, ending) in [(Format::Csv, "csv"), (Format::Npy, "npy")] {
            let path = folder.path().join("s").with_extension(ending);
            assert_eq!(Format::of(&path), Some(format));
            let may = || format.may_replace(&path).unwrap();
            assert!(may());
            write(&scores(), format, &path).unwrap();
            assert!(may());
            fs::write(&path, "").unwrap();
            assert!(may());
            fs::write(&path, "row,temperature\n0,17\n").unwrap();
            assert!(!may());
        }
        assert_eq!(Format::of(Path::new("scores.txt")), None);
        assert_eq!(Format::of(Path::new("scores")), None);
    }
}
