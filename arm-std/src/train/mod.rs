//! A training run: epochs over a data set, validation after each, figures at the end; it can be left and taken up at any
//! step, and a refused step sends it back to the start of its epoch.

mod available;
mod checkpoint;
pub(crate) mod config;
mod error;
mod group;
mod observer;
mod prepare;
mod progress;
mod resolve;
mod run;
mod settings;
mod start;
mod stream;

pub use checkpoint::Checkpoint;
pub use config::Config;
pub use error::{RETRIES, TrainError};
pub use group::GroupObserver;
pub use observer::{Failure, Next, Observer};
pub use prepare::{PrepareError, Prepared};
pub use progress::{Epoch, Restored, RunProgress, best};
pub use run::{Outcome, train};
pub use settings::Settings;
pub use stream::{from_model, take_rows};
