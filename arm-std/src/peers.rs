//! Processes that train one model together.

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
}
