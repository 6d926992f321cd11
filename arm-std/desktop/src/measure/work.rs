//! Who measures, and whether they go on.

use crate::driver::Peers;
use arm_core::Error;

/// Who measures, and whether they go on.
pub struct Work<'a> {
    /// Threads.
    pub threads: usize,
    /// Other processes.
    pub peers: Option<&'a dyn Peers>,
    /// Asked by the calling thread every few milliseconds, of a network of usual size: whether to leave what is under way. With
    /// peers, who wait for each other, nobody is asked.
    pub leave: Option<&'a mut dyn FnMut() -> bool>,
}

impl Work<'_> {
    /// So many threads of this process, which see it through.
    pub fn on(threads: usize) -> Self {
        Work { threads, peers: None, leave: None }
    }

    /// Whether to leave.
    pub(super) fn leaves(&mut self) -> bool {
        self.peers.is_none() && self.leave.as_mut().is_some_and(|leave| leave())
    }
}

/// Why something was not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// [`Work::leave`] wanted it.
    #[error("left before it was measured")]
    Left,
    /// The engine refused it.
    #[error(transparent)]
    Refused(#[from] Error),
}
