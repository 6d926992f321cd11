//! `arm data` and training on what it writes.

use crate::common::{arm, done, refused};
use std::fs;
use std::process::Command;

/// An IDX file of `rows` images of 4 x 4 grey levels.
fn images(rows: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    [rows, 4, 4].iter().for_each(|axis| bytes.extend(axis.to_be_bytes()));
    bytes.extend((0..rows * 16).map(|i| if i % 17 < 5 { 255 } else { (i % 100) as u8 }));
    bytes
}

#[test]
fn info_describes_what_people_have() {
    let dir = tempfile::tempdir().unwrap();
    let raw = dir.path().join("MNIST/raw");
    fs::create_dir_all(&raw).unwrap();
    fs::write(raw.join("train-images-idx3-ubyte"), images(60)).unwrap();
    fs::write(raw.join("t10k-images-idx3-ubyte"), images(10)).unwrap();
    fs::write(raw.join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 0]).unwrap();
    let text = done(dir.path(), &["data", "info", ".", "--picture", "first.png"]);
    for words in [
        ".: 16 columns, shown as 4 x 4",
        "train        50 rows of grey levels",
        "from train-images-idx3-ubyte (IDX)",
        "valid        10 rows of grey levels",
        "from the last rows of train",
        "test         10 rows of grey levels",
        "from t10k-images-idx3-ubyte (IDX)",
        "█",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() < 120), "{text}");
    let png = fs::read(dir.path().join("first.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let message = refused(dir.path(), &["data", "info", "nothing"], 1);
    assert!(message.contains("nothing: does not exist"), "{message}");
}

#[test]
fn what_convert_writes_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |count: usize| -> String {
        (0..count).map(|i| if i % 3 == 0 { "0,1,1,0\n" } else { "1,0,0,0\n" }).collect()
    };
    for (name, count) in [("train", 20), ("valid", 3), ("test", 4)] {
        fs::write(dir.path().join(format!("t.{name}.csv")), rows(count)).unwrap();
    }
    let line = |text: String| text.lines().skip(1).map(|l| l[..40].to_owned()).collect::<Vec<_>>();
    let original = line(done(dir.path(), &["data", "info", "t"]));
    for out in ["packed", "t.npz"] {
        let said = done(dir.path(), &["data", "convert", "t", out]);
        assert!(said.contains("20 train, 3 valid, 4 test rows of 4 columns"), "{said}");
        assert_eq!(line(done(dir.path(), &["data", "info", out])), original, "{out}");
    }
    for out in ["one.npy", "one.idx", "one.bits"] {
        done(dir.path(), &["data", "convert", "t", out, "--split", "train"]);
        let said = done(dir.path(), &["data", "info", out]);
        assert!(said.contains("train        14 rows of bits, density 0.339286"), "{said}");
        let message = refused(dir.path(), &["data", "convert", "t", out, "--split", "test"], 2);
        assert!(message.contains("--force"), "{message}");
        done(dir.path(), &["data", "convert", "t.train.csv", out, "--force"]);
    }
    assert_eq!(
        fs::read(dir.path().join("packed/train.bits")).unwrap(),
        fs::read(dir.path().join("one.bits")).unwrap()
    );
    assert!(refused(dir.path(), &["data", "convert", "t", "x.npy"], 2).contains("--split"));
    assert!(refused(dir.path(), &["data", "convert", "t", "x", "--split", "train"], 2).contains("--split"));
}

#[test]
fn grey_levels_need_a_threshold_to_be_packed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("grey.idx3"), images(30)).unwrap();
    assert!(refused(dir.path(), &["data", "convert", "grey.idx3", "out"], 2).contains("--binarise 0.5"));
    assert!(refused(dir.path(), &["data", "convert", "grey.idx3", "g.bits"], 2).contains("--binarise 0.5"));
    assert!(
        refused(dir.path(), &["data", "convert", "grey.idx3", "out", "--binarise", "2"], 2)
            .contains("outside 0..1")
    );
    done(dir.path(), &["data", "convert", "grey.idx3", "g.npy"]);
    assert!(done(dir.path(), &["data", "info", "g.npy"]).contains("grey levels"));
    done(dir.path(), &["data", "convert", "grey.idx3", "out", "--binarise", "0.5"]);
    assert!(done(dir.path(), &["data", "info", "out"]).contains("rows of bits"));
}

/// A table of `rows` rows with a name for each column: an identifier, four bits, a label.
fn survey(rows: usize) -> String {
    let row = |at: usize| {
        format!(
            "{},{},{},{},{},{}\n",
            7 * at,
            at % 2,
            at / 2 % 2,
            at / 3 % 2,
            at / 5 % 2,
            ["cat", "dog"][at % 2]
        )
    };
    let rows: String = (0..rows).map(row).collect();
    format!("id,q1,\"q2, twice\",q3,q4,kind\n{rows}")
}

#[test]
fn columns_are_chosen_by_name_or_number_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("s.csv"), survey(120)).unwrap();
    let message = refused(dir.path(), &["data", "info", "s.csv"], 1);
    assert!(message.contains("line 2: field 6 is \"cat\"") && message.contains("--drop kind"), "{message}");
    let message = refused(dir.path(), &["data", "info", "s.csv", "--columns", "q9"], 1);
    assert!(message.contains("s.csv: --columns: has no column \"q9\"; there are: id, q1"), "{message}");
    let info = |args: &[&str]| done(dir.path(), &[&["data", "info", "s.csv"], args].concat());
    let all = info(&["--drop", "id,kind"]);
    assert!(all.contains("s.csv: 4 columns"), "{all}");
    for args in [["--columns", "1-4"], ["--columns", "q1,\"q2, twice\",3-4"], ["--drop", "0,5"]] {
        assert_eq!(info(&args), all, "{args:?}");
    }
    done(dir.path(), &["data", "convert", "s.csv", "s.npy", "--drop", "id,kind"]);
    assert_eq!(
        done(dir.path(), &["data", "info", "s.npy"]).lines().skip(5).last(),
        all.lines().skip(5).last()
    );
    let compare = ["--preset", "linear", "--batch", "10", "--steps", "2", "--nll-samples", "1"];
    let run = |args: &[&str]| done(dir.path(), &[args, &compare].concat());
    run(&["compare", "--estimators", "arm", "--data", "s.csv", "--drop", "id,kind"]);
    run(&["train", "--out", "run", "--data", "s.csv", "--drop", "id,kind"]);
    let config = fs::read_to_string(dir.path().join("run/config.toml")).unwrap();
    assert!(config.contains("drop = [\"id\", \"kind\"]"), "{config}");
    // The columns of the run are those of what follows.
    done(dir.path(), &["train", "--resume", "run", "--steps", "4"]);
    for model in ["run", "run/model.safetensors"] {
        assert!(done(dir.path(), &["eval", model, "--data", "s.csv"]).contains("test -ELBO"));
    }
    done(
        dir.path(),
        &[
            "variance",
            "run",
            "--data",
            "s.csv",
            "--estimators",
            "arm",
            "--draws",
            "2",
            "--batch",
            "5",
            "--warm-up",
            "0",
            "--timed",
            "1",
        ],
    );
    let message = refused(dir.path(), &["eval", "run", "--data", "s.csv", "--drop", "id,kind,q4"], 1);
    assert!(message.contains("has 3 units, but the model takes 4"), "{message}");
    let message =
        refused(dir.path(), &["train", "--resume", "run", "--drop", "id,kind,q4", "--steps", "6"], 2);
    assert!(message.contains("--resume"), "{message}");
}

#[test]
fn what_was_assumed_is_said_once_on_the_error_stream() {
    let dir = tempfile::tempdir().unwrap();
    let answers: String = (0..240_usize)
        .map(|at| format!("{}{}", at * 7 % 5 + 1, if at % 4 == 3 { "\n" } else { "," }))
        .collect();
    fs::write(dir.path().join("likert.csv"), answers).unwrap();
    let signs: String =
        (0..60_usize).map(|at| format!("{at},{},{}\n", ["no", "Yes"][at % 2], [-1, 1][at / 2 % 2])).collect();
    fs::write(dir.path().join("signs.csv"), signs).unwrap();
    let train = |data: &str, more: &[&str]| {
        let args = [
            "train",
            "--data",
            data,
            "--out",
            &format!("run-{data}"),
            "--force",
            "--preset",
            "linear",
            "--batch",
            "10",
            "--steps",
            "1",
        ];
        let output = arm(dir.path(), &[&args, more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = train("likert.csv", &[]);
    assert_eq!(
        said.matches("warning: likert.csv: values 1 to 5 are read as grey levels").count(),
        1,
        "{said}"
    );
    assert!(!train("likert.csv", &["--binarise", "0.0137"]).contains("warning"));
    let said = train("signs.csv", &[]);
    for words in [
        "warning: signs.csv: column 0 counts 0, 1, 2, ..: taken as an index and left out",
        "note: signs.csv: words are read as bits: no as 0; yes as 1",
        "note: signs.csv: the values -1 and 1 of column 2 are read as bits: -1 as 0, 1 as 1",
    ] {
        assert_eq!(said.matches(words).count(), 1, "{words}: {said}");
    }
    let info = done(dir.path(), &["data", "info", "signs.csv"]);
    assert!(info.contains("signs.csv: 2 columns") && info.contains("-1 as 0, 1 as 1"), "{info}");
}

#[cfg(feature = "fetch")]
#[test]
fn fetch_keeps_nothing_that_is_not_the_file() {
    use std::io::{Read, Write};
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/mnist", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let count = stream.read(&mut request).unwrap();
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9912422\r\nConnection: close\r\n\r\n";
        stream.write_all(head).unwrap();
        let _ = stream.write_all(&vec![7; 9_912_422]);
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let message = refused(dir.path(), &["data", "fetch", "mnist", "--from", &base], 1);
    assert!(message.contains("SHA-256") && message.contains("not kept"), "{message}");
    assert!(server.join().unwrap().starts_with("GET /mnist/train-images-idx3-ubyte.gz "));
    assert_eq!(fs::read_dir(dir.path().join("mnist")).unwrap().count(), 0);
    let message = refused(dir.path(), &["data", "fetch", "minst"], 2);
    assert!(message.contains("mnist, fashion-mnist"), "{message}");
}

/// A hundred thousand rows of 784 bits are 10 MB packed and 78 MB as bytes: a run on them must fit into far less memory
/// than the bytes would take, whatever format they come in.
#[cfg(target_os = "linux")]
#[test]
fn a_large_binary_table_takes_the_memory_of_its_bits() {
    let dir = tempfile::tempdir().unwrap();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (100000, 784), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16 + 1).to_le_bytes());
    npy.extend(header.bytes());
    npy.push(b'\n');
    let mut state = 1u32;
    let rows: Vec<u8> = (0..1000 * 784)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::from(state >> 29 == 0)
        })
        .collect();
    npy.extend(rows.repeat(100));
    fs::write(dir.path().join("large.npy"), npy).unwrap();
    done(dir.path(), &["data", "convert", "large.npy", "large.bits"]);
    assert_eq!(fs::metadata(dir.path().join("large.bits")).unwrap().len(), 24 + 100_000 * 25 * 4);
    for data in ["large.npy", "large.bits"] {
        // The address space, with the padding of large pages; one arena, since another reserves 64 MB at once. The bytes
        // would be 78 MB more.
        let script = format!(
            "ulimit -v 131072; export MALLOC_ARENA_MAX=1; exec '{}' train --data {data} --preset linear --steps 3 --threads 1 --nll-images 10 \
             --nll-samples 1 --out run-{data}",
            env!("CARGO_BIN_EXE_arm")
        );
        // Stacks are address space, too, and may have been asked to be large.
        let mut command = Command::new("bash");
        command.current_dir(dir.path()).args(["-c", &script]).env_remove("RUST_MIN_STACK");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{data}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
