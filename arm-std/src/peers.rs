//! Processes that train one model together.

use crate::checkpoint::Checkpoint;
use crate::train::{Epoch, Failure, Next, Observer, Restored};
use std::ops::Range;
use std::time::Duration;

/// The processes that take part in every step: each holds all parameters and works on a share of every batch.
///
/// All of them call the same methods in the same order with the same lengths.
pub trait Peers: std::fmt::Debug {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn count(&self) -> usize;

    /// Replaces `values` by their sums over all processes, added in the order of [`rank`](Self::rank): the same bits
    /// in every process and every run.
    fn sum(&self, values: &mut [f32]);

    /// Replaces `bytes` by those of process 0.
    fn share(&self, bytes: &mut Vec<u8>);

    /// Ends all processes with this exit code.
    fn abort(&self, code: u8) -> !;
}

/// Which of `items` the process works on; all of them where it is alone.
pub fn share_of(peers: Option<&dyn Peers>, items: usize) -> Range<usize> {
    let (rank, count) = peers.map_or((0, 1), |p| (p.rank(), p.count()));
    items * rank / count..items * (rank + 1) / count
}

/// An error in every process, with the number of the first that has other bytes here than process 0, if there is one.
pub fn same(peers: &dyn Peers, bytes: &[u8]) -> Result<(), usize> {
    let mut first = bytes.to_vec();
    peers.share(&mut first);
    let mut others = vec![0.0; peers.count()];
    others[peers.rank()] = f32::from(u8::from(first != bytes));
    peers.sum(&mut others);
    others.iter().position(|&other| other > 0.0).map_or(Ok(()), Err)
}

/// What a process sees of a run that it shares: process 0 decides for all when to save and when to leave, and only it
/// writes anything.
pub(crate) struct Led<'a> {
    /// The processes.
    pub(crate) peers: &'a dyn Peers,
    /// The observer of process 0.
    pub(crate) leader: Option<&'a mut dyn Observer>,
}

impl Observer for Led<'_> {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        let next = self.leader.as_mut().map_or(Next::Go, |leader| leader.step(step, neg_elbo));
        let mut byte = vec![next as u8];
        self.peers.share(&mut byte);
        [Next::Go, Next::Save, Next::Leave].into_iter().find(|&next| byte == [next as u8]).unwrap_or(next)
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
