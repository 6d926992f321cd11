//! The processes of an MPI job.

use crate::driver::Peers;

/// Variables that MPI launchers set, with the number of processes where they tell it.
const LAUNCHERS: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "PMI_RANK"];

/// The other processes, if this one was started by `mpirun` or another launcher of MPI.
///
/// # Errors
/// MPI does not start, or there are several processes and this build has no MPI: without it they would all train the
/// same model, into the same folder.
pub fn join() -> Result<Option<Box<dyn Peers>>, String> {
    if !LAUNCHERS.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(None);
    }
    started()
}

#[cfg(not(feature = "mpi"))]
fn started() -> Result<Option<Box<dyn Peers>>, String> {
    let several = LAUNCHERS[..2].iter().filter_map(|name| std::env::var(name).ok()).any(|size| size != "1");
    if several {
        return Err(
            "this was started as one of several processes, but it was built without MPI; build it with \
                    `cargo build --release -p arm-std --features mpi`"
                .into(),
        );
    }
    Ok(None)
}

#[cfg(feature = "mpi")]
use world::started;

#[cfg(feature = "mpi")]
mod world {
    use crate::driver::Peers;
    use mpi::environment::Universe;
    use mpi::topology::SimpleCommunicator;
    use mpi::traits::{Communicator, CommunicatorCollectives, Root};
    use std::cell::RefCell;
    use std::fmt;

    pub(crate) fn started() -> Result<Option<Box<dyn Peers>>, String> {
        let (universe, _) = mpi::initialize_with_threading(mpi::Threading::Funneled)
            .ok_or("MPI was started already in this process")?;
        let world = universe.world();
        if world.size() < 2 {
            return Ok(None);
        }
        Ok(Some(Box::new(World { world, room: RefCell::default(), _universe: universe })))
    }

    /// All processes of the job. MPI ends with it.
    struct World {
        world: SimpleCommunicator,
        room: RefCell<[Vec<f32>; 3]>,
        _universe: Universe,
    }

    impl fmt::Debug for World {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "process {} of {}", self.rank(), self.count())
        }
    }

    /// Bytes that are broadcast at a time: MPI counts in `i32`.
    const PIECE: usize = 1 << 30;

    impl Peers for World {
        fn rank(&self) -> usize {
            self.world.rank() as usize
        }

        fn count(&self) -> usize {
            self.world.size() as usize
        }

        /// Every process adds up one part of the vector, in the order of the processes, and gives it to all: as much
        /// traffic as the best all-reduce, and an order that does not hang on the library, the network or the day.
        fn sum(&self, values: &mut [f32]) {
            let part = values.len().div_ceil(self.count());
            let [all, parts, own] = &mut *self.room.borrow_mut();
            all.clear();
            all.extend_from_slice(values);
            all.resize(part * self.count(), 0.0);
            parts.resize(all.len(), 0.0);
            self.world.all_to_all_into(&all[..], &mut parts[..]);
            own.clear();
            own.extend_from_slice(&parts[..part]);
            for other in parts[part..].chunks_exact(part.max(1)) {
                own.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
            }
            self.world.all_gather_into(&own[..], &mut all[..]);
            values.copy_from_slice(&all[..values.len()]);
        }

        fn share(&self, bytes: &mut Vec<u8>) {
            let root = self.world.process_at_rank(0);
            let mut length = bytes.len() as u64;
            root.broadcast_into(&mut length);
            bytes.resize(length as usize, 0);
            bytes.chunks_mut(PIECE).for_each(|piece| root.broadcast_into(piece));
        }

        fn abort(&self, code: u8) -> ! {
            self.world.abort(code.into())
        }
    }
}
