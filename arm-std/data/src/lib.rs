//! Data sets: reading them in whatever format people keep them, splitting and binarising them.
//!
//! [`load()`] takes a path or a name and gives the tables of three splits, [`Loaded::binarise`] turns them
//! into packed bits, and [`Source::epoch`] gives the bits of an epoch:
//!
//! ```
//! use arm_data::{BitTable, load};
//!
//! let splits = load("strokes".as_ref())?.binarise(None)?;
//! let mut buffer = BitTable::default();
//! let bits = splits.train.epoch(42, 0, &mut buffer);
//! assert_eq!((bits.rows(), bits.cols()), (10_000, 28 * 28));
//!
//! let mut batch = vec![0; 3 * bits.words_per_row()];
//! bits.gather(&[17, 4, 9_999], &mut batch);
//! # Ok::<(), arm_data::DataError>(())
//! ```
//!
//! A file may hold anything: whatever is wrong with it comes back as a [`DataError`] that names the file, the
//! place and what to do. What a header promises is checked against the bytes that are there before memory is
//! taken.

#![forbid(unsafe_code)]

mod bytes;
mod columns;
mod formats;
mod load;
mod messages;
mod numbers;
mod splits;
mod strokes;
mod table;
mod write;
mod written;

pub use columns::{Columns, Selection};
pub use formats::{read_columns, read_table, table_from_bytes};
pub use load::{load, load_columns, load_like, read_values};
pub use messages::{DataError, Fault, Hint, Note};
pub use numbers::Reading;
pub use splits::{Binarise, BinariseName, Loaded, Source, Splits};
pub use strokes::{stroke_digits, strokes};
pub use table::{BitTable, GreyTable, Table};
pub use write::{Output, WriteError, files, write_npy_header, write_splits, write_table};
