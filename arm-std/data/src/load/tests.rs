//! Data sets as they lie on disks.

use std::fs;

use super::*;
use crate::formats::{idx, mat, npz};
use crate::{BitTable, Table};

fn sizes(loaded: &Loaded) -> [usize; 4] {
    [loaded.train.rows(), loaded.valid.rows(), loaded.test.rows(), loaded.train.cols()]
}

fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn density(table: &Table) -> f64 {
    match table {
        Table::Bits(table) => table.density(),
        Table::Grey(_) => panic!("grey"),
    }
}

#[test]
fn a_folder_with_three_files_is_a_data_set() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("x_train.csv", b"0,1\n1,1\n"),
            ("x_valid.csv", b"1,0\n"),
            ("x_test.data", b"0 0\n"),
            ("README.md", b"#"),
        ],
    );
    let loaded = load(folder.path()).unwrap();
    assert_eq!(sizes(&loaded), [2, 1, 1, 2]);
    assert_eq!(loaded.valid, Table::Bits(BitTable::from_bytes(2, &[1, 0]).unwrap()));
    assert_eq!(load(&folder.path().join("x")).unwrap().train, loaded.train);
}

#[test]
fn torchvision_folders_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let images = idx::tests::file(&[6, 1, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let labels = idx::tests::file(&[6], &[0; 6]);
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"] {
        write(folder.path(), &[(&format!("MNIST/raw/{name}"), &images)]);
    }
    write(folder.path(), &[("MNIST/raw/train-labels-idx1-ubyte", &labels)]);
    let loaded = load(folder.path()).unwrap();
    assert_eq!(sizes(&loaded), [5, 1, 6, 2]);
    assert!(matches!(&loaded.valid, Table::Grey(table) if table.levels() == [10, 11]));
    assert_eq!(load(&folder.path().join("MNIST")).unwrap().test, loaded.test);
    write(folder.path(), &[("Other/raw/train.csv", b"0"), ("Other/raw/test.csv", b"0")]);
    assert!(matches!(load(folder.path()).unwrap_err().fault, Fault::Several { names } if names.len() == 2));
}

#[test]
fn several_data_sets_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["b.train.data", "b.test.data", "a.train.data", "a.test.data"];
    files.iter().for_each(|name| write(folder.path(), &[(name, b"0,1\n0,0\n1,0\n1,1\n0,1\n0,1")]));
    let Fault::Several { names } = load(folder.path()).unwrap_err().fault else { panic!() };
    assert_eq!(names, ["a", "b"].map(|name| folder.path().join(name).display().to_string()));
    assert_eq!(sizes(&load(&folder.path().join("b")).unwrap()), [5, 1, 6, 2]);
    let message = load(&folder.path().join("c")).unwrap_err().to_string();
    assert!(message.ends_with("c: does not exist; there are: a, b"), "{message}");
}

#[test]
fn npz_files_hold_splits_or_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.npz");
    let put = |arrays: &[(&str, &str, &[u8])]| {
        fs::write(&path, npz::tests::file(arrays)).unwrap();
        load(&path)
    };
    let (train, valid, test) =
        (("train", "(2, 1)", &[0, 1][..]), ("val", "(1, 1)", &[1][..]), ("test", "(1, 1)", &[0][..]));
    assert_eq!(sizes(&put(&[train, valid, test]).unwrap()), [2, 1, 1, 1]);
    assert_eq!(load(folder.path()).unwrap().path, path);
    let keras = [
        ("y_test", "(6,)", &[0; 6][..]),
        ("x_train", "(6, 1)", &[0, 1, 0, 1, 0, 1]),
        ("x_test", "(1, 1)", &[1]),
    ];
    assert_eq!(sizes(&put(&keras).unwrap()), [5, 1, 1, 1]);
    assert_eq!(sizes(&put(&[("train", "(6, 1)", &[0; 6])]).unwrap()), [4, 1, 1, 1]);
    assert_eq!(sizes(&put(&[("anything", "(7, 1)", &[0; 7])]).unwrap()), [5, 1, 1, 1]);
    assert!(matches!(put(&[train, valid]).unwrap_err().fault, Fault::NoSplit { split: "test", .. }));
    let message = put(&[train, test, ("valid", "(1, 2)", &[0, 0])]).unwrap_err().to_string();
    assert!(
        message.ends_with("array `valid`: has 2 columns, but train has 1; give splits of one width"),
        "{message}"
    );
}

#[test]
fn of_examples_and_labels_the_examples_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.npz");
    let examples = ("X", "(6, 2)", &[0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0][..]);
    fs::write(&path, npz::tests::file(&[("y", "(6,)", &[0; 6]), examples])).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(sizes(&loaded), [4, 1, 1, 2]);
    assert_eq!(loaded.test, Table::Bits(BitTable::from_bytes(2, &[1, 0]).unwrap()));
    assert_eq!(loaded.notes[0].to_string(), "of the arrays in the file X is read and y passed over");
    fs::write(&path, npz::tests::file(&[("a", "(6, 1)", &[0; 6]), ("b", "(6, 3)", &[0; 18])])).unwrap();
    assert_eq!(sizes(&load(&path).unwrap()), [4, 1, 1, 3]);
}

#[test]
fn a_matlab_file_may_hold_splits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.mat");
    let bits: &[u8] = &[0, 1, 1, 0, 0, 1];
    fs::write(
        &path,
        mat::tests::splits(&[("train_x", 2, bits), ("train_y", 2, bits), ("test_x", 1, &bits[..3])]),
    )
    .unwrap();
    assert!(matches!(load(&path).unwrap_err().fault, Fault::TooFewRows { rows: 2, .. }));
    let splits = [("train", 2, bits), ("val", 1, &bits[..3]), ("test", 2, bits)];
    fs::write(&path, mat::tests::splits(&splits)).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(sizes(&loaded), [2, 1, 2, 3]);
    assert_eq!(loaded.train, Table::Bits(BitTable::from_bytes(3, &[0, 1, 0, 1, 0, 1]).unwrap()));
    assert_eq!(loaded.origins[2], "array `test` of data.mat (MATLAB v5)");
}

#[test]
fn an_index_is_left_out_of_all_splits() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |first: usize, count: usize| -> String {
        (first..first + count).map(|row| format!("{row},{},{}\n", row % 2, row / 2 % 2)).collect()
    };
    let text = [("train.csv", rows(0, 40)), ("valid.csv", rows(40, 4)), ("test.csv", rows(900, 9))];
    text.iter().for_each(|(name, text)| write(folder.path(), &[(name, text.as_bytes())]));
    let loaded = load(folder.path()).unwrap();
    assert_eq!((sizes(&loaded), loaded.notes.len()), ([40, 4, 9, 2], 1));
    assert!(matches!(&loaded.test, Table::Bits(table) if !table.get(0, 0) && table.get(1, 0)));
    let selection = Selection { columns: "2".parse().ok(), drop: None };
    let loaded = load_columns(folder.path(), &selection).unwrap();
    assert_eq!((sizes(&loaded), loaded.notes.len()), ([40, 4, 9, 1], 0));
    assert!(matches!(&loaded.test, Table::Bits(table) if !table.get(1, 0) && table.get(2, 0)));
}

#[test]
fn a_single_file_is_split_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("levels.csv");
    fs::write(&path, (0..13).map(|row| format!("{},9\n", row + 100)).collect::<String>()).unwrap();
    let loaded = load(&path).unwrap();
    assert_eq!(sizes(&loaded), [9, 2, 2, 2]);
    assert!(matches!(&loaded.valid, Table::Grey(table) if table.levels() == [109, 9, 110, 9]));
    assert!(matches!(&loaded.test, Table::Grey(table) if table.levels() == [111, 9, 112, 9]));
    fs::write(&path, "0\n1\n0\n1\n0\n").unwrap();
    assert!(matches!(load(&path).unwrap_err().fault, Fault::TooFewRows { rows: 5, least: 6 }));
}

#[test]
fn incomplete_and_unequal_splits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(load(folder.path()).unwrap_err().fault, Fault::NothingFound));
    write(folder.path(), &[("notes.txt", b"hello"), ("test.csv", b"0,1\n"), ("valid.csv", b"0,1\n")]);
    assert!(matches!(load(folder.path()).unwrap_err().fault, Fault::NoSplit { split: "train", .. }));
    write(folder.path(), &[("train.csv", b"0,1,1\n")]);
    let error = load(folder.path()).unwrap_err();
    assert_eq!(error.file, folder.path().join("valid.csv"));
    assert!(matches!(error.fault, Fault::Width { found: 2, expected: 3, .. }));
    fs::remove_file(folder.path().join("test.csv")).unwrap();
    assert!(matches!(load(folder.path()).unwrap_err().fault, Fault::NoSplit { split: "test", .. }));
    fs::remove_file(folder.path().join("valid.csv")).unwrap();
    assert!(matches!(load(folder.path()).unwrap_err().fault, Fault::TooFewRows { rows: 1, .. }));
    let missing = load(&folder.path().join("no/such/place")).unwrap_err();
    assert!(matches!(missing.fault, Fault::NotFound(Hint(names)) if names.is_empty()));
}

#[test]
fn static_mnist_has_its_published_means() {
    let Some(path) = arm_needs::data("mnist_static") else { return };
    let loaded = load(&path).unwrap();
    assert_eq!(sizes(&loaded), [50_000, 10_000, 10_000, 784]);
    for (table, mean) in [(&loaded.train, 0.130562), (&loaded.valid, 0.131127), (&loaded.test, 0.132512)] {
        assert!((density(table) - mean).abs() < 5e-7, "{}", density(table));
    }
}

#[test]
fn the_other_shared_data_load() {
    let names = ["binary_tables", "mnist", "omniglot28", "imu_gestures"];
    let [Some(path), Some(mnist), Some(omniglot), Some(motion)] = names.map(arm_needs::data) else { return };
    assert!(matches!(load(&path).unwrap_err().fault, Fault::Several { names } if names.len() == 4));
    assert_eq!(sizes(&load(&path.join("nltcs")).unwrap()), [16181, 2157, 3236, 16]);
    assert_eq!(sizes(&load(&path.join("dna")).unwrap())[3], 180);
    let mnist = load(&mnist).unwrap();
    assert_eq!(sizes(&mnist), [50_000, 10_000, 10_000, 784]);
    assert!(matches!(mnist.test, Table::Grey(_)));
    let omniglot = load(&omniglot).unwrap();
    assert_eq!(sizes(&omniglot), [24_345 - 4_057, 4_057, 8_115, 784]);
    let motion = load(&motion).unwrap_err();
    assert!(matches!(motion.fault, Fault::Value { row: 0, .. }), "{motion}");
}
