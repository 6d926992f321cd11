//! A network at work on a batch: what is read, the scratch that is written, passes up and down its links.

mod batch;
mod links;
mod pass;
pub(crate) mod scratch;
pub(crate) mod uniforms;

pub use batch::Batch;
pub(crate) use batch::check_bits;
pub(crate) use links::Keep;
pub use pass::Pass;
pub use scratch::Scratch;
