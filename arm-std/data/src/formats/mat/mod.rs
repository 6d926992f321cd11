//! MATLAB v5 files (`save -v7` and older, and `scipy.io.savemat`): a header of 128 bytes, then elements of
//! type, length and bytes, a matrix being an element of elements, whole or zlib-compressed.
//!
//! They are read here and not by the `matfile` crate: it inflates without a limit, prints to the terminal,
//! and panics on dimensions whose product overflows.

mod elements;

use elements::{COMPRESSED, Elements, MATRIX, TAG};

use crate::Fault;
use crate::bytes::{Cursor, LIMIT, inflate_head, inflate_zlib};
use crate::columns::Want;
use crate::formats::array::{Array, Element};
use crate::formats::arrays::Arrays;
use crate::numbers::Raw;

/// Bytes of the file header.
const HEADER: usize = 128;

// Types of elements.
const INT8: u32 = 1;
const INT32: u32 = 5;
const UINT32: u32 = 6;

/// The class of sparse matrices; those above it, up to 15, are full matrices of numbers.
const SPARSE: u32 = 5;
const COMPLEX: u32 = 0x0800;

/// Whether the content begins as a MATLAB v5 file: version and byte order at the end of the header.
pub(crate) fn is_mat(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MATLAB 5.0") || matches!(bytes.get(124..HEADER), Some(b"\x00\x01IM" | b"\x01\x00MI"))
}

/// The matrices of numbers in a file. Rows are examples.
pub(crate) struct Mat<'a> {
    variables: Vec<Variable<'a>>,
    big_endian: bool,
}

impl<'a> Mat<'a> {
    /// Reads what stands before the numbers of each.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Mat<'a>, Fault> {
        let big_endian = match bytes.get(124..HEADER) {
            Some(b"\x00\x01IM") => false,
            Some(b"\x01\x00MI") => true,
            Some(_) => {
                let problem = "no version 1.0 and byte order mark in the MATLAB header".to_owned();
                return Err(Fault::Malformed { offset: 124, problem });
            }
            None => return Err(Fault::CutShort { offset: 0 }),
        };
        let mut variables = Vec::new();
        let mut elements = Elements { cursor: Cursor::new(bytes, HEADER), big_endian };
        while !elements.cursor.rest().is_empty() {
            let (kind, content) = elements.next()?;
            if let Some(variable) = Variable::read(kind, content, big_endian)? {
                variables.push(variable);
            }
        }
        if variables.is_empty() {
            let what = "a file without a matrix of numbers".to_owned();
            return Err(Fault::Unsupported { what, remedy: "save a matrix of rows x columns" });
        }
        Ok(Mat { variables, big_endian })
    }
}

impl Arrays for Mat<'_> {
    fn names(&self) -> Vec<(String, bool)> {
        let is_table = |shape: &[u64]| shape.len() == 2 && shape.iter().all(|&axis| axis > 1);
        self.variables.iter().map(|variable| (variable.name.clone(), is_table(&variable.shape))).collect()
    }

    fn read(&mut self, at: usize, want: &Want) -> Result<Raw, Fault> {
        let variable = &self.variables[at];
        let read = variable.numbers(self.big_endian, want);
        read.map_err(|fault| fault.at(format!("variable `{}`", variable.name)))
    }
}

/// A matrix of numbers: what stands before the numbers, and the element it is in.
struct Variable<'a> {
    name: String,
    class: u32,
    complex: bool,
    shape: Vec<u64>,
    /// Where in the matrix the numbers begin.
    numbers: usize,
    /// The element, inflated or not.
    element: (u32, &'a [u8]),
}

/// Bytes of a compressed matrix that surely hold all that stands before its numbers (a name has 63 letters at
/// most).
const HEAD: u64 = 4096;

impl<'a> Variable<'a> {
    /// Reads what stands before the numbers, or gives nothing for cells, structures, objects and text.
    fn read(kind: u32, content: &'a [u8], big_endian: bool) -> Result<Option<Variable<'a>>, Fault> {
        let inflated;
        let matrix = match kind {
            MATRIX => content,
            COMPRESSED => {
                inflated = inflate_head(content, HEAD)?;
                let (tag, matrix) = inflated.split_at_checked(TAG).ok_or(Fault::CutShort { offset: 0 })?;
                if (Elements { cursor: Cursor::new(tag, 0), big_endian }).number()? != MATRIX {
                    return Ok(None);
                }
                matrix
            }
            _ => return Ok(None),
        };
        let mut elements = Elements { cursor: Cursor::new(matrix, 0), big_endian };
        let flags = elements.words(UINT32, "array flags")?.first().copied().unwrap_or(0);
        let class = flags & 0xff;
        if !(SPARSE..=15).contains(&class) {
            return Ok(None);
        }
        let shape = elements.words(INT32, "dimensions")?.into_iter().map(u64::from).collect();
        let offset = elements.cursor.at();
        let (name_kind, name) = elements.next()?;
        if name_kind != INT8 {
            let problem = format!("no variable name here but type {name_kind}");
            return Err(Fault::Malformed { offset, problem });
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let numbers = elements.cursor.at();
        Ok(Some(Variable {
            name,
            class,
            complex: flags & COMPLEX != 0,
            shape,
            numbers,
            element: (kind, content),
        }))
    }

    fn numbers(&self, big_endian: bool, want: &Want) -> Result<Raw, Fault> {
        let unsupported = |what: &str, remedy| Err(Fault::Unsupported { what: what.to_owned(), remedy });
        if self.class == SPARSE {
            return unsupported("a sparse matrix", "save full(X)");
        }
        if self.complex {
            return unsupported("a complex matrix", "save its real part");
        }
        if self.shape.len() != 2 {
            return Err(Fault::Shape(self.shape.clone()));
        }
        let inflated;
        let matrix = match self.element {
            (COMPRESSED, content) => {
                inflated = inflate_zlib(content, LIMIT)?;
                Elements { cursor: Cursor::new(&inflated, 0), big_endian }.next()?.1
            }
            (_, content) => content,
        };
        let (kind, bytes) = Elements { cursor: Cursor::new(matrix, self.numbers), big_endian }.next()?;
        // MATLAB stores numbers in the smallest type that holds them, whatever their class.
        let element = match kind {
            1 => Element::I8,
            2 => Element::U8,
            3 => Element::I16,
            4 => Element::U16,
            5 => Element::I32,
            6 => Element::U32,
            7 => Element::F32,
            9 => Element::F64,
            12 => Element::I64,
            13 => Element::U64,
            _ => {
                let problem = format!("type {kind} is no MATLAB number type");
                return Err(Fault::Malformed { offset: self.numbers, problem });
            }
        };
        Array { element, big_endian, shape: &self.shape, first_axis_fastest: true }.table(bytes, want)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;
    use crate::Table;
    use crate::formats::{arrays, mutate};

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        arrays::only(&mut Mat::open(bytes)?, &Want::default()).and_then(Raw::table)
    }

    /// A variable of class uint8.
    struct Matrix<'a> {
        name: &'a str,
        flags: u32,
        shape: &'a [i32],
        kind: u32,
        numbers: &'a [u8],
    }

    const BITS: Matrix<'_> =
        Matrix { name: "X", flags: 9, shape: &[2, 3], kind: 2, numbers: &[0, 1, 1, 0, 0, 1] };

    fn element(kind: u32, content: &[u8], big_endian: bool) -> Vec<u8> {
        let words = [kind, content.len() as u32];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| number(*word, big_endian)).collect();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn number(number: u32, big_endian: bool) -> [u8; 4] {
        if big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn compressed(element: &[u8], big_endian: bool) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(element).unwrap();
        let content = encoder.finish().unwrap();
        [&number(COMPRESSED, big_endian), &number(content.len() as u32, big_endian), &content[..]].concat()
    }

    fn file_of(matrices: &[Matrix<'_>], compress: bool, big_endian: bool) -> Vec<u8> {
        let mut bytes = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
        bytes.resize(124, b' ');
        bytes.extend(if big_endian { b"\x01\x00MI" } else { b"\x00\x01IM" });
        for matrix in matrices {
            let flags: Vec<u8> =
                [matrix.flags, 0].into_iter().flat_map(|word| number(word, big_endian)).collect();
            let shape: Vec<u8> =
                matrix.shape.iter().flat_map(|&axis| number(axis as u32, big_endian)).collect();
            let parts = [
                element(UINT32, &flags, big_endian),
                element(INT32, &shape, big_endian),
                element(INT8, matrix.name.as_bytes(), big_endian),
                element(matrix.kind, matrix.numbers, big_endian),
            ];
            let whole = element(MATRIX, &parts.concat(), big_endian);
            bytes.extend(if compress { compressed(&whole, big_endian) } else { whole });
        }
        bytes
    }

    /// A file with one variable `X` of bytes, stored column after column.
    pub(crate) fn file(rows: i32, cols: i32, by_columns: &[u8]) -> Vec<u8> {
        file_of(&[Matrix { shape: &[rows, cols], numbers: by_columns, ..BITS }], true, false)
    }

    /// A file of variables of 3 columns: name, rows, numbers stored column after column.
    pub(crate) fn splits(variables: &[(&str, i32, &[u8])]) -> Vec<u8> {
        let shapes: Vec<[i32; 2]> = variables.iter().map(|(_, rows, _)| [*rows, 3]).collect();
        let matrix = |(&(name, _, numbers), shape)| Matrix { name, shape, numbers, ..BITS };
        let matrices: Vec<Matrix<'_>> =
            variables.iter().zip(shapes.iter().map(|shape| &shape[..])).map(matrix).collect();
        file_of(&matrices, true, false)
    }

    #[test]
    fn columns_become_rows_whole_or_compressed_in_either_byte_order() {
        for (compress, big_endian) in [(false, false), (false, true), (true, false), (true, true)] {
            let bytes = file_of(&[BITS], compress, big_endian);
            assert!(is_mat(&bytes));
            let Ok(Table::Bits(table)) = read(&bytes) else { panic!("{:?}", read(&bytes)) };
            // Rows 0 1 0 and 1 0 1.
            assert_eq!((table.rows(), table.cols(), table.words()), (2, 3, &[0b010, 0b101][..]));
        }
    }

    #[test]
    fn small_elements_are_read() {
        let mut bytes = file_of(&[], false, false);
        let parts = [
            element(UINT32, &[9, 0, 0, 0, 0, 0, 0, 0], false),
            element(INT32, &[1, 0, 0, 0, 3, 0, 0, 0], false),
            vec![1, 0, 1, 0, b'X', 0, 0, 0],
            vec![2, 0, 3, 0, 7, 8, 9, 0],
        ];
        bytes.extend(element(MATRIX, &parts.concat(), false));
        let Ok(Table::Grey(table)) = read(&bytes) else { panic!() };
        assert_eq!(table.levels(), [7, 8, 9]);
        bytes[128 + 8 + 16 + 16 + 8 + 2] = 5;
        assert!(matches!(read(&bytes).unwrap_err().innermost(), Fault::Malformed { .. }));
    }

    #[test]
    fn doubles_stored_as_doubles_are_read() {
        let numbers: Vec<u8> = [0.5_f64, 1.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let matrix = Matrix { flags: 6, shape: &[1, 2], kind: 9, numbers: &numbers, ..BITS };
        let Ok(Table::Grey(table)) = read(&file_of(&[matrix], true, false)) else { panic!() };
        assert_eq!(table.levels(), [128, 255]);
    }

    #[test]
    fn of_several_variables_x_is_read() {
        let other = Matrix { name: "labels", numbers: &[9; 6], ..BITS };
        let text = Matrix { name: "note", flags: 4, ..BITS };
        assert!(matches!(read(&file_of(&[other, BITS], true, false)), Ok(Table::Bits(_))));
        let other = || Matrix { name: "labels", numbers: &[9; 6], ..BITS };
        assert!(matches!(read(&file_of(&[other(), text], true, false)), Ok(Table::Grey(_))));
        let message =
            read(&file_of(&[other(), Matrix { name: "Y", ..BITS }], true, false)).unwrap_err().to_string();
        assert!(message.contains("(labels, Y)"), "{message}");
        assert!(matches!(read(&file_of(&[], false, false)), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn matrices_that_are_no_table_are_refused_by_name() {
        let fault = |matrix: Matrix<'_>| match read(&file_of(&[matrix], true, false)).unwrap_err() {
            Fault::At { place, fault } if place == "variable `X`" => *fault,
            other => panic!("{other}"),
        };
        assert!(matches!(fault(Matrix { flags: SPARSE, ..BITS }), Fault::Unsupported { .. }));
        assert!(matches!(fault(Matrix { flags: 9 | COMPLEX, ..BITS }), Fault::Unsupported { .. }));
        assert!(matches!(fault(Matrix { shape: &[2, 3, 1], ..BITS }), Fault::Shape(_)));
        assert!(matches!(fault(Matrix { shape: &[0, 3], ..BITS }), Fault::NoRows));
        assert!(matches!(fault(Matrix { shape: &[-2, -3], ..BITS }), Fault::Length { .. }));
        assert!(matches!(fault(Matrix { shape: &[65536, 65536], ..BITS }), Fault::Length { .. }));
        assert!(matches!(fault(Matrix { kind: 8, ..BITS }), Fault::Malformed { .. }));
    }

    #[test]
    fn damaged_containers_are_refused() {
        let good = file_of(&[BITS], true, false);
        assert!(matches!(read(&good[..100]), Err(Fault::CutShort { .. })));
        assert!(matches!(read(&good[..good.len() - 9]), Err(Fault::Length { .. })));
        let mut damaged = good.clone();
        damaged[140] ^= 0x55;
        assert!(matches!(read(&damaged), Err(Fault::Compressed(_))));
        let mut damaged = good;
        damaged[126] = b'?';
        assert!(matches!(read(&damaged), Err(Fault::Malformed { offset: 124, .. })));
    }

    #[test]
    fn mutated_files_never_panic() {
        for compress in [false, true] {
            mutate::survives(&file_of(&[BITS], compress, false), read);
        }
    }
}
