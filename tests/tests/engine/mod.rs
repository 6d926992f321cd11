//! Steps: gradients, batches, numbers that units stand for, what is left in memory.

mod coding;
mod endurance;
mod gradients;
mod one_engine;
mod scratch;
mod smooth;
