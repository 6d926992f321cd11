//! Numbers as the bytes that NumPy makes arrays of.

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

/// Little-endian float32.
pub(crate) fn floats<'py>(py: Python<'py>, values: &[f32]) -> Bound<'py, PyByteArray> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    PyByteArray::new(py, &bytes)
}

/// Little-endian float64.
pub(crate) fn doubles<'py>(py: Python<'py>, values: &[f64]) -> Bound<'py, PyByteArray> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    PyByteArray::new(py, &bytes)
}

/// Zeros, or `MemoryError` where there is no memory for so many.
pub(crate) fn zeros<T: Copy + Default>(count: usize) -> PyResult<Vec<T>> {
    let mut zeros = Vec::new();
    let none = |_| PyMemoryError::new_err(format!("{count} numbers of {} bytes do not fit", size_of::<T>()));
    zeros.try_reserve_exact(count).map_err(none)?;
    zeros.resize(count, T::default());
    Ok(zeros)
}

/// The float32 in some bytes.
pub(crate) fn from_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}
