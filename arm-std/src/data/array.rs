//! Arrays of numbers as they lie in a file: element type, byte order, shape and axis order over borrowed
//! bytes.

use super::levels::Levels;
use super::{Fault, Table};

/// The type of the numbers. Booleans are `U8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::U16 | Element::I16 => 2,
            Element::U32 | Element::I32 | Element::F32 => 4,
            Element::U64 | Element::I64 | Element::F64 => 8,
        }
    }
}

/// An array in a file. The first axis counts rows; the others, flattened with the last running fastest, are
/// columns.
pub(super) struct Array<'a> {
    pub(super) element: Element,
    pub(super) big_endian: bool,
    pub(super) shape: &'a [u64],
    /// The first axis runs fastest, as in Fortran and MATLAB.
    pub(super) first_axis_fastest: bool,
    pub(super) bytes: &'a [u8],
}

/// Rows transposed at a time: a cache line of bytes of each column.
const BLOCK: usize = 64;

impl Array<'_> {
    /// Reads the table. The shape is checked against the bytes before anything is allocated.
    pub(super) fn table(&self) -> Result<Table, Fault> {
        macro_rules! read {
            ($number:ty) => {
                if self.big_endian {
                    self.read(|levels, cells| {
                        cells.iter().try_for_each(|&cell| levels.push(<$number>::from_be_bytes(cell) as f64))
                    })
                } else {
                    self.read(|levels, cells| {
                        cells.iter().try_for_each(|&cell| levels.push(<$number>::from_le_bytes(cell) as f64))
                    })
                }
            };
        }
        match self.element {
            Element::U8 => self.read(|levels, cells: &[[u8; 1]]| levels.push_whole(cells.as_flattened())),
            Element::I8 => read!(i8),
            Element::U16 => read!(u16),
            Element::I16 => read!(i16),
            Element::U32 => read!(u32),
            Element::I32 => read!(i32),
            Element::U64 => read!(u64),
            Element::I64 => read!(i64),
            Element::F32 => read!(f32),
            Element::F64 => read!(f64),
        }
    }

    /// Hands the numbers to `push` in row-major order, a run of them at a time.
    fn read<const N: usize>(
        &self,
        push: impl Fn(&mut Levels, &[[u8; N]]) -> Result<(), Fault>,
    ) -> Result<Table, Fault> {
        let (rows, cols) = self.size()?;
        let (cells, _) = self.bytes.as_chunks::<N>();
        let mut levels = Levels::new(cols);
        levels.reserve(cells.len());
        if !self.first_axis_fastest {
            push(&mut levels, cells)?;
            return levels.finish();
        }
        let order = self.column_order(cols);
        let mut block = vec![[0; N]; BLOCK.min(rows) * cols];
        for first in (0..rows).step_by(BLOCK) {
            let height = BLOCK.min(rows - first);
            for (column, &stored) in order.iter().enumerate() {
                let cells = &cells[stored * rows + first..][..height];
                for (row, &cell) in cells.iter().enumerate() {
                    block[row * cols + column] = cell;
                }
            }
            push(&mut levels, &block[..height * cols])?;
        }
        levels.finish()
    }

    /// Rows and columns, once the bytes are known to hold exactly that many numbers.
    fn size(&self) -> Result<(usize, usize), Fault> {
        let [rows, rest @ ..] = self.shape else { return Err(Fault::Shape(Vec::new())) };
        if rest.is_empty() || rest.contains(&0) {
            return Err(Fault::Shape(self.shape.to_vec()));
        }
        if *rows == 0 {
            return Err(Fault::NoRows);
        }
        let bytes = self
            .shape
            .iter()
            .try_fold(self.element.bytes() as u128, |bytes, &axis| bytes.checked_mul(axis.into()));
        if bytes != Some(self.bytes.len() as u128) {
            return Err(Fault::Length { wanted: bytes.unwrap_or(u128::MAX), present: self.bytes.len() });
        }
        // No axis is 0, so rows and columns are at most the number of bytes, and fit.
        let rows = *rows as usize;
        Ok((rows, self.bytes.len() / self.element.bytes() / rows))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        element: Element,
        shape: &[u64],
        first_axis_fastest: bool,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let array = Array { element, big_endian: false, shape, first_axis_fastest, bytes };
        match array.table()? {
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
                    let (shape, bytes) = (&[2, 2], &bytes);
                    let array = Array { element, big_endian, shape, first_axis_fastest: false, bytes };
                    let Ok(Table::Grey(table)) = array.table() else { panic!("{element:?}") };
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
