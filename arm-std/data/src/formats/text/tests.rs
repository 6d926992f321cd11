//! Text tables as people have them.

use super::*;
use crate::formats::mutate;
use crate::{BitTable, Table};

fn read(bytes: &[u8]) -> Result<Table, Fault> {
    super::read(Content::of(bytes)?, &Want::default()).and_then(Raw::table)
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
    assert!(message("0 1\n0 2\n0.5 1\n").starts_with("row 2, column 0 holds 0.5, but"));
    assert!(message("3 0\n4 5\n9 0\n0.5 1\n").starts_with("line 4: row 3, column 0 holds 0.5, but"));
    assert!(message("0 -1\n").starts_with("row 0, column 1 holds -1"));
    assert!(message("0110\n1010\n").starts_with("row 1, column 0 holds 1010"));
}

/// What was assumed, and the bits, of a table of bits.
fn told(bytes: &[u8]) -> (Vec<String>, Table) {
    let raw = super::read(Content::of(bytes).unwrap(), &Want::default()).unwrap();
    let decoded = crate::numbers::decode(vec![raw], None);
    let (mut tables, notes, _) = decoded.map_err(|(_, fault)| fault).unwrap();
    (notes.iter().map(ToString::to_string).collect(), tables.remove(0))
}

#[test]
fn quotes_headers_and_trailing_separators_are_read() {
    let expected = bits(3, &[0, 1, 1, 1, 0, 0]);
    for text in [
        "\"0\",\"1\",\"1\"\n\"1\",\"0\",\"0\"\n",
        "\"a, b\",\"c\nd\",\"say \"\"e\"\"\"\n0,1,1\n1,0,0\n",
        "0,1,1,\n1,0,0,\n",
        "a,b,c\n0,1,1,\n1,0,0,\n",
        "a;b;c;\n0;1;1;\n1;0;0;\n",
        "0|1|1\n1|0|0\n",
        "\"0\" \"1\" \"1\"\n1 0 0\n",
        "sep=;\n0;1;1\n1;0;0\n",
        "0,1,1\r1,0,0\r",
        "0;1,0;1,0\n1,0;0,0;0\n",
        "t,n,f\n0,1,1\n1,0,0\n",
        "# a \"remark\n0,1,1\n1,0,0\n",
    ] {
        assert_eq!(told(text.as_bytes()), (vec![], expected.clone()), "{text:?}");
    }
    let latin = b"f\xe9e,b,c\n0,1,1\n1,0,0\n";
    assert_eq!(told(latin), (vec![], expected.clone()));
    let (notes, table) = told(b"\"a\" \"b b\" \"c\"\n\"r 1\" 0 1 1\n\"r 2\" 1 0 0\n");
    assert_eq!(table, expected);
    assert!(notes[0].contains("column 0 is taken as the index of a data frame"), "{notes:?}");
    let (notes, table) = told(b"2019,2020,2021\n0,1,1\n1,0,0\n");
    assert_eq!(table, expected);
    assert!(notes[0].contains("column names"), "{notes:?}");
}

#[test]
fn words_are_bits_and_the_larger_is_yes() {
    for [no, yes] in [["no", "yes"], ["False", "TRUE"], ["n", "Y"], ["F", "T"], ["off", "on"]] {
        let text = format!("q1,q2\n{no},{yes}\n{yes},{no}\n");
        let (notes, table) = told(text.as_bytes());
        assert_eq!(table, bits(2, &[0, 1, 1, 0]), "{no}");
        let (no, yes) = (no.to_lowercase(), yes.to_lowercase());
        assert_eq!(notes, [format!("words are read as bits: {no} as 0; {yes} as 1")]);
    }
}

#[test]
fn a_column_of_text_is_named() {
    let text = "q1,kind of,q2\n0,cat,1\n1,dog,0\n";
    let message = read(text.as_bytes()).unwrap_err().to_string();
    assert!(message.starts_with("line 2: field 2 is \"cat\", which is not a number; give"), "{message}");
    assert!(message.ends_with("--drop 'kind of'"), "{message}");
    let mut want = Want::default();
    want.selection.drop = "kind of".parse().ok();
    let table = super::read(Content::of(text.as_bytes()).unwrap(), &want).and_then(Raw::table);
    assert_eq!(table.unwrap(), bits(2, &[0, 1, 1, 0]));
}

#[test]
fn a_quote_that_is_never_closed_is_no_endless_line() {
    let text = format!("0,1\n\"{}", "0,1\n".repeat(5 << 20));
    let message = read(text.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("never closed"), "{message}");
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
