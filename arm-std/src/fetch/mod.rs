//! Data sets from the net, only when asked for: checked against a known SHA-256, taken up again where a connection
//! broke off, and under their final names only when they are whole and right.

mod catalogue;
mod download;

pub use catalogue::{CATALOGUE, DataSet, RemoteFile};
pub use download::{FetchError, Fetched, Fetcher};
