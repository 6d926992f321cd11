//! Files that hold no table this library reads, called what they are.

use crate::Fault;

const SAVE: &str = "save the table as CSV or NPY";
const UNPACK: &str = "decompress it first, or compress it with gzip";
const NO_DATA: &str = "give a file of rows of numbers";
const PICTURE: &str = "give one table of all pictures, an example a row, as NPY or IDX";

/// The first bytes, what begins with them, and what to do.
const MAGICS: [(&[u8], &str, &str); 36] = [
    (b"BZh", "a bzip2 file", UNPACK),
    (b"\xfd7zXZ\0", "an xz file", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 file", UNPACK),
    (b"\x1f\x9d", "a file of `compress`", UNPACK),
    (b"LZIP", "an lzip file", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and give the file in it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and give the file in it"),
    (b"PAR1", "a Parquet file", "save the table as CSV or NPY, e.g. with pandas: read_parquet, then to_csv"),
    (b"ARROW1", "an Arrow (Feather) file", SAVE),
    (b"FEA1", "a Feather file", SAVE),
    (b"Obj\x01", "an Avro file", SAVE),
    (b"ORC", "an ORC file", SAVE),
    (b"CDF\x01", "a netCDF file", SAVE),
    (b"CDF\x02", "a netCDF file", SAVE),
    (b"SQLite format 3\0", "an SQLite data base", SAVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file", "save the sheet as CSV"),
    (b"RDX2\n", "an R workspace", "save the table with write.csv(x, file, row.names = FALSE)"),
    (b"RDX3\n", "an R workspace", "save the table with write.csv(x, file, row.names = FALSE)"),
    (b"X\n\0\0\0", "an R object (RDS)", "save the table with write.csv(x, file, row.names = FALSE)"),
    (b"<stata_dta>", "a Stata file", "save the table as CSV with `export delimited`"),
    (b"$FL2", "an SPSS file", SAVE),
    (b"$FL3", "an SPSS file", SAVE),
    (b"SIMPLE  =", "a FITS file", SAVE),
    (b"\x89PNG", "a PNG picture", PICTURE),
    (b"\xff\xd8\xff", "a JPEG picture", PICTURE),
    (b"GIF8", "a GIF picture", PICTURE),
    (b"II*\0", "a TIFF picture", PICTURE),
    (b"MM\0*", "a TIFF picture", PICTURE),
    (b"P4\n", "a PBM picture", PICTURE),
    (b"P5\n", "a PGM picture", PICTURE),
    (b"%PDF-", "a PDF document", NO_DATA),
    (b"\x7fELF", "a program", NO_DATA),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file",
        "fetch the file itself with `git lfs pull`",
    ),
    (b"@relation", "a Weka (ARFF) file", "remove the lines down to @data, or save it as CSV"),
    (b"@RELATION", "a Weka (ARFF) file", "remove the lines down to @DATA, or save it as CSV"),
];

/// What a file is, from its first bytes, where that is known and no table.
pub(crate) fn refuse(head: &[u8]) -> Result<(), Fault> {
    let fault = |what: &str, remedy| Err(Fault::Unsupported { what: what.to_owned(), remedy });
    if let Some((_, what, remedy)) = MAGICS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return fault(what, remedy);
    }
    if head.starts_with(b"MATLAB 7.3") || head.starts_with(b"\x89HDF\r\n\x1a\n") {
        return fault(
            "an HDF5 file (MATLAB v7.3, Keras, h5py)",
            "save the table from MATLAB with -v7, or as NPY",
        );
    }
    if is_matlab_4(head) {
        return fault(
            "a MATLAB 4 file",
            "save it from MATLAB with -v6 or -v7, or from SciPy with format='5'",
        );
    }
    if head.first() == Some(&0x80) && matches!(head.get(1), Some(2..=5)) {
        return fault("a Python pickle", "save the table with numpy.save");
    }
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return fault("text in UTF-32", "save it as UTF-8");
    }
    if head.get(257..262) == Some(b"ustar") {
        return fault("a tar archive", "unpack it and give the file or folder in it");
    }
    let safetensors = head.get(8..10) == Some(b"{\"") && head.get(3..8) == Some(&[0; 5]);
    if safetensors {
        return fault("a safetensors file (a model?)", NO_DATA);
    }
    refuse_markup(head)
}

/// Web pages, JSON and XML.
fn refuse_markup(head: &[u8]) -> Result<(), Fault> {
    let fault = |what: &str, remedy| Err(Fault::Unsupported { what: what.to_owned(), remedy });
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = text[..text.len().min(256)].to_ascii_lowercase();
    let has = |word: &[u8]| start.windows(word.len()).any(|part| part == word);
    match start.first() {
        Some(b'<') if has(b"<!doctype html") || has(b"<html") || has(b"<head") || has(b"<body") => {
            fault("an HTML page (an error page of a download?)", "download the file itself")
        }
        Some(b'<') => fault("XML", SAVE),
        Some(b'{' | b'[') => fault("JSON, or a printed list,", SAVE),
        _ => Ok(()),
    }
}

/// What a zip archive is that holds no NPY file, from the names in it.
pub(crate) fn archive(names: &[String]) -> Fault {
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    let (what, remedy) = if has("xl/workbook") {
        ("an Excel workbook", "save the sheet as CSV")
    } else if has("data.pkl") {
        ("a PyTorch file", "save the tensor with numpy.save(file, tensor.numpy())")
    } else if names.iter().any(|name| name == "content.xml") {
        ("an OpenDocument file", "save the sheet as CSV")
    } else if names.is_empty() {
        ("an empty zip archive", "give an NPZ with arrays, or a file of one table")
    } else {
        ("a zip archive without an NPY array", "unpack it and give the file or folder in it")
    };
    Fault::Unsupported { what: what.to_owned(), remedy }
}

/// A MATLAB 4 file has no magic: five words of 32 bits (type, rows, columns, whether complex, length of the name), then
/// the name with its zero.
fn is_matlab_4(head: &[u8]) -> bool {
    let Some(words) = head.first_chunk::<20>() else { return false };
    let (words, _) = words.as_chunks::<4>();
    let header = |word: fn([u8; 4]) -> u32, machine: u32| {
        let [kind, rows, cols, complex, length] = [0, 1, 2, 3, 4].map(|at| word(words[at]));
        let digits = [kind / 1000, kind / 100 % 10, kind / 10 % 10, kind % 10];
        let typed = digits[0] == machine && digits[1] == 0 && digits[2] <= 5 && digits[3] <= 2;
        let name = head.get(20..20 + length.min(64) as usize).and_then(<[u8]>::split_last);
        typed
            && rows > 0
            && cols > 0
            && complex <= 1
            && name.is_some_and(|(end, name)| {
                *end == 0
                    && name.first().is_some_and(u8::is_ascii_alphabetic)
                    && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            })
    };
    header(u32::from_le_bytes, 0) || header(u32::from_be_bytes, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> String {
        refuse(head).map_or_else(|fault| fault.to_string(), |()| String::new())
    }

    #[test]
    fn files_are_called_what_they_are() {
        for (head, words) in [
            (&b"BZh91AY"[..], "bzip2 file cannot be read; decompress it first"),
            (b"\xfd7zXZ\0\0", "xz file"),
            (b"PAR1", "Parquet"),
            (b"\x80\x04\x95", "pickle"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"  <!DOCTYPE html><html>", "HTML page"),
            (b"\xef\xbb\xbf<html>", "HTML page"),
            (b"<?xml version='1.0'?><html xmlns=''>", "HTML page"),
            (b"<?xml version='1.0'?><rows>", "XML"),
            (b"[[0,1],[1,0]]", "JSON"),
            (b"\n{\"x\": 1}", "JSON"),
            (b"\xff\xfe\0\x000\0\0\0", "UTF-32"),
            (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        ] {
            assert!(what(head).contains(words), "{words}: {}", what(head));
        }
        for head in
            [&b"0,1\n1,0\n"[..], b"\0\0\x08\x03\0\0\x01\x2c\0\0\0\x04\0\0\0\x04", b"a,b\n", b"P,Q\n0,1"]
        {
            assert_eq!(what(head), "");
        }
    }

    #[test]
    fn a_matlab_4_file_is_told_from_idx() {
        let header = |words: [u32; 5], big: bool| -> Vec<u8> {
            let bytes = words.into_iter().flat_map(|w| if big { w.to_be_bytes() } else { w.to_le_bytes() });
            bytes.chain(*b"X\0").chain([0; 64]).collect()
        };
        for (kind, big) in [(0, false), (10, false), (50, false), (1000, true), (1050, true)] {
            assert!(what(&header([kind, 300, 16, 0, 2], big)).contains("MATLAB 4"), "{kind}");
            assert!(what(&header([kind, 300, 16, 0, 2], big)).contains("-v7"), "{kind}");
        }
        assert_eq!(what(&header([0, 300, 16, 7, 2], false)), "");
        assert_eq!(what(&header([0, 300, 16, 0, 3], false)), "");
    }
}
