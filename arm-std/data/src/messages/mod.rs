//! What is told to who reads data: what is wrong with it, and what was assumed of it.

mod error;
mod note;

pub use error::{DataError, Fault, Hint};
pub use note::Note;
