//! Errors as Python has them, with the sentences of `arm`.

use arm_std::data::Fault;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::fmt::Display;
use std::path::Path;

/// `ValueError` with what went wrong.
pub(crate) fn value(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The sentence of a fault of the array `name`.
fn sentence(fault: Fault, name: &str) -> String {
    fault.in_file(Path::new(name)).to_string()
}

/// Of an array without rows.
#[pyfunction]
pub(crate) fn no_rows(name: &str) -> String {
    sentence(Fault::NoRows, name)
}

/// Of an array that is no table.
#[pyfunction]
pub(crate) fn no_table(name: &str, shape: Vec<u64>) -> String {
    sentence(Fault::Shape(shape), name)
}

/// Of an array of another type than numbers.
#[pyfunction]
pub(crate) fn no_type(name: &str, dtype: &str) -> String {
    let what = format!("an array of type {dtype:?}");
    sentence(
        Fault::Unsupported { what, remedy: "save it as uint8, bool, integers or floats of up to 64 bits" },
        name,
    )
}

/// Of a cell that is neither 0 nor 1.
#[pyfunction]
pub(crate) fn no_bit(name: &str, row: usize, column: usize, value: f64) -> String {
    sentence(Fault::Value { row, column, value }, name)
}
