//! Processes that train one model together.

use std::ops::Range;

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
