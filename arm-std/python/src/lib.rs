//! What the Python package `sbn` calls: tables of bits, runs, gradients of functions. Python checks arguments and speaks NumPy;
//! arrays come and go as bytes, since the stable interface of Python 3.10 knows no buffers.

#![forbid(unsafe_code)]

mod arrays;
mod black_box;
mod errors;
mod fit;
mod model;
mod run;
mod signals;
mod table;
mod threads;

use pyo3::prelude::*;

#[pymodule]
fn _sbn(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Net>()?;
    module.add_class::<run::Run>()?;
    module.add_class::<table::Table>()?;
    module.add_function(wrap_pyfunction!(black_box::gradient, module)?)?;
    module.add_function(wrap_pyfunction!(black_box::minimise, module)?)?;
    module.add_function(wrap_pyfunction!(black_box::uniforms, module)?)?;
    module.add_function(wrap_pyfunction!(errors::in_python, module)?)?;
    module.add_function(wrap_pyfunction!(errors::no_rows, module)?)?;
    module.add_function(wrap_pyfunction!(errors::no_table, module)?)?;
    module.add_function(wrap_pyfunction!(errors::no_type, module)?)?;
    module.add_function(wrap_pyfunction!(fit::check, module)?)?;
    module.add_function(wrap_pyfunction!(fit::fit, module)?)?;
    module.add_function(wrap_pyfunction!(fit::take_rows, module)?)?;
    module.add_function(wrap_pyfunction!(threads::cores, module)?)
}
