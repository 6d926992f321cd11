//! Recordings of an accelerometer: how much each of its three axes changes from sample to sample, added up.

use std::fs;
use std::path::Path;

/// The samples of a recording, in thousandths of g.
pub(crate) struct Recording {
    pub(crate) label: String,
    pub(crate) split: String,
    jerks: Vec<i16>,
}

/// All recordings of a folder with `acceleration.npy` (rows of three `f32`, in g) and `recordings.csv`.
pub(crate) fn recordings(folder: &Path) -> Vec<Recording> {
    let (array, table) = (folder.join("acceleration.npy"), folder.join("recordings.csv"));
    let bytes = fs::read(&array).unwrap_or_else(|e| panic!("{}: {e}", array.display()));
    let text = fs::read_to_string(&table).unwrap_or_else(|e| panic!("{}: {e}", table.display()));
    let header = String::from_utf8_lossy(&bytes[10..128]);
    assert!(header.contains("'<f4'") && header.contains("False"), "{}: rows of f32", array.display());
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values: Vec<f32> =
        bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    let rows: Vec<&[f32]> = values.chunks_exact(3).collect();
    let recording = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells[i].parse::<usize>().expect("a number of rows");
        let rows = &rows[number(0)..number(0) + number(1)];
        let jerk = |pair: &[&[f32]]| -> i16 {
            let sum: f32 = pair[0].iter().zip(pair[1]).map(|(a, b)| (a - b).abs()).sum();
            (1000.0 * sum) as i16
        };
        let jerks = rows.windows(2).map(jerk).collect();
        Recording { split: cells[2].into(), label: cells[3].into(), jerks }
    };
    text.lines().skip(1).map(recording).collect()
}

/// Samples of `idle` to learn, others of it, and those of the gestures, as little-endian bytes.
pub(crate) fn parts(recordings: &[Recording]) -> [Vec<u8>; 3] {
    let of = |keep: &dyn Fn(&Recording) -> bool| -> Vec<u8> {
        let kept = recordings.iter().filter(|r| keep(r)).flat_map(|r| &r.jerks);
        kept.flat_map(|jerk| jerk.to_le_bytes()).collect()
    };
    let idle = |r: &Recording| r.label == "idle";
    [
        of(&|r| idle(r) && r.split == "training"),
        of(&|r| idle(r) && r.split == "testing"),
        of(&|r| !idle(r) && r.split == "testing"),
    ]
}
