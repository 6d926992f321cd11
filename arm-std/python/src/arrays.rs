//! Numbers as the bytes that NumPy makes arrays of.

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

/// Little-endian float32, or `MemoryError`.
pub(crate) fn floats<'py>(py: Python<'py>, values: &[f32]) -> PyResult<Bound<'py, PyByteArray>> {
    little(py, values, f32::to_le_bytes)
}

/// Little-endian float64, or `MemoryError`.
pub(crate) fn doubles<'py>(py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyByteArray>> {
    little(py, values, f64::to_le_bytes)
}

/// Numbers that are copied between two looks at Python's signals.
const PART: usize = 1 << 22;

fn little<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyByteArray>> {
    PyByteArray::new_with(py, size_of_val(values), |out| {
        for (out, values) in out.as_chunks_mut().0.chunks_mut(PART).zip(values.chunks(PART)) {
            py.check_signals()?;
            out.iter_mut().zip(values).for_each(|(out, v)| *out = bytes(*v));
        }
        Ok(())
    })
}

/// Zeros, or `MemoryError` where there is no memory for so many. The system makes them when they are first touched.
pub(crate) fn zeros<T: Copy + Default>(count: usize) -> PyResult<Vec<T>> {
    drop(room::<T>(count)?);
    Ok(vec![T::default(); count])
}

/// Room for so many numbers, or `MemoryError`.
pub(crate) fn room<T>(count: usize) -> PyResult<Vec<T>> {
    let mut room = Vec::new();
    let none = |_| PyMemoryError::new_err(format!("{count} numbers of {} bytes do not fit", size_of::<T>()));
    room.try_reserve_exact(count).map_err(none)?;
    Ok(room)
}

/// The float32 in some bytes.
pub(crate) fn from_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}
