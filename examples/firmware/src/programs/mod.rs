//! What the programs do, apart from boards: tests run it on the host.

pub mod detector;
pub mod guard;
pub mod monitor;
pub mod node;
pub mod reference;
pub mod source;
pub mod survey;
pub mod switchboard;
pub mod vibration;
