//! Arrays of numbers as they lie in a file: element type, byte order, shape and axis order over borrowed
//! bytes.

use crate::Fault;
use crate::bytes::content::Content;
use crate::columns::Want;
use crate::numbers::{Raw, Rows};

/// The type of the numbers. Booleans are `U8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::U16 | Element::I16 | Element::F16 => 2,
            Element::U32 | Element::I32 | Element::F32 => 4,
            Element::U64 | Element::I64 | Element::F64 => 8,
        }
    }
}

/// An array in a file. The first axis counts rows; the others, flattened with the last running fastest, are
/// columns.
pub(crate) struct Array<'a> {
    pub(crate) element: Element,
    pub(crate) big_endian: bool,
    pub(crate) shape: &'a [u64],
    /// The first axis runs fastest, as in Fortran and MATLAB.
    pub(crate) first_axis_fastest: bool,
}

/// What the shape of an array asks for.
struct Extent {
    rows: u128,
    cols: u128,
    bytes: u128,
}

/// Rows transposed at a time: a cache line of bytes of each column.
const BLOCK: usize = 64;

/// Bytes of a stream that are read at a time.
const PIECE: usize = 1 << 16;

impl Array<'_> {
    /// Reads the table from a stream that must end with it. Memory grows with the bytes that come, not with the
    /// shape; only the first axis running fastest needs all of them at once.
    pub(crate) fn stream(&self, mut content: Content<'_>, want: &Want) -> Result<Raw, Fault> {
        let Extent { cols, bytes: wanted, .. } = self.extent()?;
        if self.first_axis_fastest {
            return self.table(&content.rest()?, want);
        }
        let mut table = Rows::new(usize::try_from(cols).unwrap_or(usize::MAX), want);
        let (mut piece, mut present) = (vec![0; PIECE], 0_u128);
        loop {
            let room = usize::try_from(wanted - present).map_or(PIECE, |left| left.min(PIECE));
            let count = content.fill(&mut piece[..room])?;
            self.push(&piece[..count], &mut table)?;
            present += count as u128;
            if present == wanted || count < room {
                break;
            }
        }
        present += content.drain()? as u128;
        if present == wanted {
            table.finish()
        } else {
            Err(Fault::Length { wanted, present: usize::try_from(present).unwrap_or(usize::MAX) })
        }
    }

    /// Reads the table from exactly the bytes of the array.
    pub(crate) fn table(&self, bytes: &[u8], want: &Want) -> Result<Raw, Fault> {
        let Extent { rows, cols, bytes: wanted } = self.extent()?;
        if wanted != bytes.len() as u128 {
            return Err(Fault::Length { wanted, present: bytes.len() });
        }
        // No axis is 0, so both are at most the number of bytes, and fit.
        let (rows, cols) = (rows as usize, cols as usize);
        let mut table = Rows::new(cols, want);
        if !self.first_axis_fastest {
            self.push(bytes, &mut table)?;
            return table.finish();
        }
        let order = self.column_order(cols);
        let mut block = vec![0; BLOCK.min(rows) * cols * self.element.bytes()];
        for first in (0..rows).step_by(BLOCK) {
            let height = BLOCK.min(rows - first);
            let block = &mut block[..height * cols * self.element.bytes()];
            match self.element.bytes() {
                1 => transpose::<1>(bytes, &order, rows, first, block),
                2 => transpose::<2>(bytes, &order, rows, first, block),
                4 => transpose::<4>(bytes, &order, rows, first, block),
                _ => transpose::<8>(bytes, &order, rows, first, block),
            }
            self.push(block, &mut table)?;
        }
        table.finish()
    }

    /// Hands on numbers in row-major order. A part of a number at the end is left.
    fn push(&self, bytes: &[u8], table: &mut Rows<'_>) -> Result<(), Fault> {
        macro_rules! push {
            ($number:ty) => {
                push!($number, |number| number as f64)
            };
            ($bits:ty, $value:expr) => {{
                let (cells, _) = bytes.as_chunks();
                let mut push = |bits: $bits| table.push($value(bits));
                if self.big_endian {
                    cells.iter().try_for_each(|&cell| push(<$bits>::from_be_bytes(cell)))
                } else {
                    cells.iter().try_for_each(|&cell| push(<$bits>::from_le_bytes(cell)))
                }
            }};
        }
        match self.element {
            Element::U8 => table.push_whole(bytes),
            Element::I8 => push!(i8),
            Element::U16 => push!(u16),
            Element::I16 => push!(i16),
            Element::U32 => push!(u32),
            Element::I32 => push!(i32),
            Element::U64 => push!(u64),
            Element::I64 => push!(i64),
            Element::F16 => push!(u16, of_half),
            Element::F32 => push!(f32),
            Element::F64 => push!(f64),
        }
    }

    /// Errors: a shape without rows, without columns, or of one axis.
    fn extent(&self) -> Result<Extent, Fault> {
        let [rows, rest @ ..] = self.shape else { return Err(Fault::Shape(Vec::new())) };
        if rest.is_empty() || rest.contains(&0) {
            return Err(Fault::Shape(self.shape.to_vec()));
        }
        if *rows == 0 {
            return Err(Fault::NoRows);
        }
        // A shape that cannot even be counted asks for more than there is.
        let product = |first: u128, axes: &[u64]| {
            axes.iter()
                .try_fold(first, |product, &axis| product.checked_mul(axis.into()))
                .unwrap_or(u128::MAX)
        };
        Ok(Extent {
            rows: (*rows).into(),
            cols: product(1, rest),
            bytes: product(self.element.bytes() as u128, self.shape),
        })
    }

    /// For each column, where it is stored when the first axis runs fastest: the column's place counted with
    /// the second axis running fastest.
    fn column_order(&self, cols: usize) -> Vec<usize> {
        let axes = &self.shape[1..];
        (0..cols)
            .map(|column| {
                let (mut rest, mut stride, mut stored) = (column, cols, 0);
                for &axis in axes.iter().rev() {
                    stride /= axis as usize;
                    stored += rest % axis as usize * stride;
                    rest /= axis as usize;
                }
                stored
            })
            .collect()
    }
}

/// The value of a half-precision number. (The library for it is compiled for longer than all other formats together.)
fn of_half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

/// Rows `first..` of an array stored column after column, as rows; `order` tells where each column is stored.
fn transpose<const N: usize>(bytes: &[u8], order: &[usize], rows: usize, first: usize, block: &mut [u8]) {
    let ((cells, _), (block, _)) = (bytes.as_chunks::<N>(), block.as_chunks_mut::<N>());
    let height = block.len() / order.len().max(1);
    for (column, &stored) in order.iter().enumerate() {
        let cells = &cells[stored * rows + first..][..height];
        for (row, &cell) in cells.iter().enumerate() {
            block[row * order.len() + column] = cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn halves_have_their_values() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 2f64.powi(-24)),
            (0x03ff, 1023.0 * 2f64.powi(-24)),
            (0x3555, 0.333251953125),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(of_half(bits), value, "{bits:#x}");
        }
        assert!(of_half(0x7e00).is_nan() && of_half(0x8000).is_sign_negative());
        // Those that are not the smallest lie among the single-precision numbers, with another bias.
        for bits in (0x0400..0x7c00u16).chain(0x8400..0xfc00) {
            let (sign, rest) = (u32::from(bits >> 15), u32::from(bits & 0x7fff));
            let single = f32::from_bits(sign << 31 | ((rest << 13) + (112 << 23)));
            assert_eq!(of_half(bits), f64::from(single), "{bits:#x}");
        }
    }

    fn read(
        element: Element,
        shape: &[u64],
        first_axis_fastest: bool,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let array = Array { element, big_endian: false, shape, first_axis_fastest };
        let table = || array.table(bytes, &Want::default()).and_then(Raw::table);
        if !bytes.is_empty() {
            let streamed = array.stream(Content::of(bytes).unwrap(), &Want::default()).and_then(Raw::table);
            assert_eq!(streamed.map_err(|e| e.to_string()), table().map_err(|e| e.to_string()));
        }
        match table()? {
            Table::Grey(table) => Ok(table.levels().to_vec()),
            Table::Bits(table) => Ok((0..table.rows() * table.cols())
                .map(|at| u8::from(table.get(at / table.cols(), at % table.cols())))
                .collect()),
        }
    }

    #[test]
    fn numbers_of_every_type_are_read() {
        macro_rules! check {
            ($($element:ident $number:ty),*) => {$(
                for big_endian in [false, true] {
                    let bytes: Vec<u8> = [0, 9, 1, 100].into_iter().flat_map(|number| {
                        let number = number as $number;
                        if big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
                    }).collect();
                    let element = Element::$element;
                    let array = Array { element, big_endian, shape: &[2, 2], first_axis_fastest: false };
                    let read = array.table(&bytes, &Want::default()).and_then(Raw::table);
                    let Ok(Table::Grey(table)) = read else { panic!("{element:?}") };
                    assert_eq!((table.rows(), table.levels()), (2, &[0, 9, 1, 100][..]), "{element:?}");
                }
            )*};
        }
        check!(U8 u8, I8 i8, U16 u16, I16 i16, U32 u32, I32 i32, U64 u64, I64 i64, F32 f32, F64 f64);
    }

    #[test]
    fn either_axis_order_gives_the_same_rows() {
        // Shape (2, 3, 4): element (i, j, k) holds 12 i + 4 j + k + 2.
        let by_rows: Vec<u8> = (2..26).collect();
        let mut by_columns = vec![0; 24];
        for (i, j, k) in (0..24).map(|n| (n / 12, n / 4 % 3, n % 4)) {
            by_columns[i + 2 * (j + 3 * k)] = (12 * i + 4 * j + k + 2) as u8;
        }
        assert_eq!(read(Element::U8, &[2, 3, 4], false, &by_rows).unwrap(), by_rows);
        assert_eq!(read(Element::U8, &[2, 3, 4], true, &by_columns).unwrap(), by_rows);
    }

    #[test]
    fn tables_longer_than_a_block_are_transposed_whole() {
        let rows = 2 * BLOCK + 7;
        let by_columns: Vec<u8> =
            (0..3 * rows).map(|at| (at % rows % 100 + 100 * (at / rows)) as u8 / 2).collect();
        let by_rows: Vec<u8> = (0..3 * rows).map(|at| by_columns[at % 3 * rows + at / 3]).collect();
        assert_eq!(read(Element::U8, &[rows as u64, 3], true, &by_columns).unwrap(), by_rows);
    }

    #[test]
    fn streams_longer_than_a_piece_are_read_whole_and_to_their_end() {
        let bytes: Vec<u8> = (0..3 * PIECE + 12).map(|at| (at % 251) as u8).collect();
        let array = |rows: usize, element| {
            let shape = &[rows as u64, 12];
            let array = Array { element, big_endian: false, shape, first_axis_fastest: false };
            array.stream(Content::of(&bytes).unwrap(), &Want::default()).and_then(Raw::table)
        };
        let rows = bytes.len() / 12;
        assert!(matches!(array(rows, Element::U8), Ok(Table::Grey(table)) if table.levels() == bytes));
        let fault = array(rows - 2, Element::U8).unwrap_err();
        assert!(matches!(fault, Fault::Length { present, .. } if present == bytes.len()), "{fault}");
        let fault = array(rows + 1, Element::U8).unwrap_err();
        assert!(matches!(fault, Fault::Length { present, .. } if present == bytes.len()), "{fault}");
    }

    #[test]
    fn shapes_that_contradict_the_bytes_are_refused_before_allocating() {
        let fault = |shape: &[u64]| read(Element::F64, shape, false, &[0; 16]).unwrap_err();
        assert!(matches!(fault(&[2, 2]), Fault::Length { wanted: 32, present: 16 }));
        assert!(matches!(fault(&[1, 1]), Fault::Length { wanted: 8, .. }));
        assert!(matches!(fault(&[u64::MAX, u64::MAX]), Fault::Length { .. }));
        assert!(matches!(fault(&[u64::MAX, u64::MAX, u64::MAX]), Fault::Length { wanted: u128::MAX, .. }));
        assert!(matches!(fault(&[0, 4]), Fault::NoRows));
        assert!(matches!(fault(&[2, 0]), Fault::Shape(shape) if shape == [2, 0]));
        assert!(matches!(fault(&[2]), Fault::Shape(_)));
        assert!(matches!(fault(&[]), Fault::Shape(_)));
    }
}
