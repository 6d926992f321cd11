//! Small files of every kind that people have, where they are beside the workspace: what is read, by value, and what is
//! said.

use std::fs;

use crate::{BitTable, Loaded, Table, load};

/// All rows of a single table that was split, one byte a bit.
fn bits(loaded: &Loaded) -> Vec<u8> {
    let mut all = Vec::new();
    for table in [&loaded.train, &loaded.valid, &loaded.test] {
        let Table::Bits(table) = table else { panic!("{}: grey levels", loaded.path.display()) };
        all.extend((0..table.rows() * 16).map(|at| u8::from(table.get(at / 16, at % 16))));
    }
    assert_eq!(loaded.train.cols(), 16, "{}", loaded.path.display());
    all
}

/// The digits of a text.
fn digits(text: &[u8]) -> Vec<u8> {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect()
}

#[test]
fn every_case_has_its_right_outcome() {
    let Some(folder) = arm_needs::beside("cases") else { return };
    let expected = digits(&fs::read(folder.join("quoted.csv")).unwrap());
    assert_eq!(expected.len(), 300 * 16);
    let mut seen = 0;
    let mut read = |name: &str, bits_of: usize, notes: &[&str]| {
        seen += 1;
        let loaded = load(&folder.join(name)).unwrap();
        assert_eq!(bits(&loaded), expected[..bits_of * 16], "{name}");
        assert_eq!(loaded.notes.len(), notes.len(), "{name}: {:?}", loaded.notes);
        for (note, words) in loaded.notes.iter().zip(notes) {
            assert!(note.to_string().contains(words), "{name}: {note}");
        }
    };
    for name in ["quoted.csv", "quotedhdr.csv", "trail.csv", "latin1.csv", "utf16.csv", "f16.npy"] {
        read(name, 300, &[]);
    }
    read("pandas_index_small.csv", 200, &["index of a data frame and left out"]);
    read("01_2.npy", 300, &["the values 1 and 2 are read as bits: 1 as 0, 2 as 1"]);
    read("i1pm.npy", 300, &["the values -1 and 1 are read as bits: -1 as 0, 1 as 1"]);
    read("X.npz", 300, &["X is read and y passed over"]);

    let likert = load(&folder.join("likert.csv")).unwrap();
    let mut levels = Vec::new();
    for table in [&likert.train, &likert.valid, &likert.test] {
        let Table::Grey(table) = table else { panic!() };
        levels.extend_from_slice(table.levels());
    }
    assert_eq!(levels, digits(&fs::read(folder.join("likert.csv")).unwrap()));
    let note = likert.notes[0].to_string();
    assert!(
        likert.notes[0].is_warning() && note.contains("--binarise") && note.contains("thermometer"),
        "{note}"
    );

    let splits = load(&folder.join("traintest.mat")).unwrap();
    assert_eq!([&splits.train, &splits.valid, &splits.test].map(Table::rows), [250, 50, 50]);
    let all = bits(&Loaded { test: Table::Bits(BitTable::new(0, 16)), ..splits.clone() });
    assert_eq!(all, expected);
    assert_eq!(splits.origins[2], "array `test` of traintest.mat (MATLAB v5)");

    // The images of the two IDX files are the same 300, whatever lies around them.
    let images = |name: &str| {
        let loaded = load(&folder.join(name)).unwrap();
        assert_eq!([&loaded.train, &loaded.valid, &loaded.test].map(Table::rows), [200, 50, 50], "{name}");
        loaded
    };
    let [padded, twice] = ["trailzero.idx.gz", "doublegz.idx.gz.gz"].map(images);
    assert_eq!([&padded.train, &padded.valid, &padded.test], [&twice.train, &twice.valid, &twice.test]);
    assert!(matches!(&padded.train, Table::Grey(table) if table.row(0)[..4] == [0xf7, 0xf5, 0x74, 0x61]));
    assert!(twice.origins[0].ends_with("(IDX, gzip 2 times)"), "{}", twice.origins[0]);

    for (name, words) in [
        ("v4.mat", ["MATLAB 4", "-v7"]),
        ("page.html", ["HTML page", "download the file itself"]),
        ("data.json", ["JSON", "CSV or NPY"]),
    ] {
        let message = load(&folder.join(name)).unwrap_err().to_string();
        assert!(message.contains(name) && words.iter().all(|word| message.contains(word)), "{message}");
    }
    // The cases above, likert.csv, traintest.mat, two of IDX, three that are refused, and the page that lists them all.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), seen + 1 + 1 + 2 + 3 + 1, "a case is not looked at");
}
