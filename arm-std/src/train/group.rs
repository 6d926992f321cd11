//! A run that several processes share, as each of them sees it.

use super::{Epoch, Failure, Next, Observer, Restored};
use crate::driver::{Peers, same};
use crate::train::Checkpoint;
use std::time::Duration;

/// What a process sees of a run that it shares: process 0 decides for all when to save, each may ask all to leave,
/// and only process 0 writes anything.
pub struct GroupObserver<'a> {
    /// The processes.
    pub peers: &'a dyn Peers,
    /// The observer of process 0.
    pub leader: Option<&'a mut dyn Observer>,
    /// Whether this process was asked to leave.
    pub leave: fn() -> bool,
}

impl Observer for GroupObserver<'_> {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        let next = self.leader.as_mut().map_or(Next::Go, |leader| leader.step(step, neg_elbo));
        // Whoever is asked to leave leaves with all others.
        let leaves = next == Next::Leave || (self.leave)();
        let mut wishes = [f32::from(u8::from(next == Next::Save)), f32::from(u8::from(leaves))];
        self.peers.sum(&mut wishes);
        match wishes {
            [_, leave] if leave > 0.0 => Next::Leave,
            [save, _] if save > 0.0 => Next::Save,
            _ => Next::Go,
        }
    }

    fn epoch(&mut self, epoch: &Epoch, steps: u64, time: Duration) -> Result<(), Failure> {
        self.leader.as_mut().map_or(Ok(()), |leader| leader.epoch(epoch, steps, time))
    }

    fn restored(&mut self, restored: &Restored) -> Result<(), Failure> {
        self.leader.as_mut().map_or(Ok(()), |leader| leader.restored(restored))
    }

    /// Nothing is saved unless all processes have the same parameters.
    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        same(self.peers, bytemuck::cast_slice(&checkpoint.model.params)).map_err(|other| {
            format!(
                "process {other} has other parameters than process 0 after step {}: all must run the same build of arm \
                 on CPUs of one kind; the last checkpoint is from before they differed",
                checkpoint.progress.step
            )
        })?;
        self.leader.as_mut().map_or(Ok(()), |leader| leader.save(checkpoint))
    }
}
