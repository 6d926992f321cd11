//! Tables of bits.

use crate::errors::value;
use arm_std::data::BitTable;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// Rows of bits, a bit each: `rows * ceil(cols / 32)` little-endian words.
#[pyclass(frozen, module = "sbn._sbn")]
pub(crate) struct Table(pub(crate) Arc<BitTable>);

impl Table {
    pub(crate) fn of(rows: usize, cols: usize, bytes: &[u8]) -> Result<BitTable, String> {
        let (words, rest) = bytes.as_chunks::<4>();
        let width = cols.div_ceil(32);
        if rows.checked_mul(width) != Some(words.len()) || !rest.is_empty() {
            return Err(format!("{} bytes are no {rows} rows of {cols} bits", bytes.len()));
        }
        let mut words: Vec<u32> = words.iter().map(|b| u32::from_le_bytes(*b)).collect();
        if !cols.is_multiple_of(32) {
            // Bits behind a row are none of its columns.
            words.chunks_mut(width).for_each(|row| row[width - 1] &= (1 << (cols % 32)) - 1);
        }
        Ok(BitTable::from_words(rows, cols, words))
    }

    pub(crate) fn bytes(table: &BitTable) -> Vec<u8> {
        table.words().iter().flat_map(|w| w.to_le_bytes()).collect()
    }
}

#[pymethods]
impl Table {
    #[new]
    fn new(rows: usize, cols: usize, bytes: &[u8]) -> PyResult<Table> {
        Table::of(rows, cols, bytes).map(|table| Table(Arc::new(table))).map_err(value)
    }

    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.0.rows(), self.0.cols())
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &Table::bytes(&self.0))
    }
}
