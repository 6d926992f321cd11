//! A fork-join pool: one function, called once by every thread, handed over in a tenth of a microsecond.
//!
//! A waiting thread first spins, then yields its CPU between looks, and then parks: a training step hands over twice
//! and never pays for a wake-up, an idle pool costs nothing, and with more threads than CPUs the thread that has work
//! gets the CPU.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Looks at the condition before the CPU is yielded between them: about 20 us.
const SPINS: u32 = 1000;
/// Looks with yields between them before the thread parks: about 100 us when nothing else wants the CPU.
const YIELDS: u32 = 300;

/// Bytes of a thread's stack, which are taken as they are used: kernels that are not optimised need 2 to 4 MiB.
const STACK: usize = 8 << 20;

/// What a round calls, borrowed from the stack of [`Pool::run`].
struct Job<'a>(&'a (dyn Fn(usize) + Sync));

/// What the threads share.
struct Shared {
    /// Number of the round; changes when there is a new job, or the end.
    round: AtomicU32,
    /// The job of the round; null for the end.
    job: AtomicPtr<Job<'static>>,
    /// Workers that have not finished the round.
    pending: AtomicUsize,
    /// The first panic of a worker in this round.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Where the caller of the round sleeps.
    caller: Bed,
}

/// Where one thread parks.
#[derive(Default)]
struct Bed {
    asleep: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Bed {
    /// Waits until `done`, which another thread makes true before it calls [`wake`](Self::wake).
    fn wait(&self, done: impl Fn() -> bool) {
        for look in 0..SPINS + YIELDS {
            if done() {
                return;
            }
            if look < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        // Sequentially consistent on both sides: either `wake` sees the flag, or this thread sees that it is done.
        self.asleep.store(true, Ordering::SeqCst);
        while !done() {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst)
            && let Some(thread) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner)
        {
            thread.unpark();
        }
    }
}

/// Threads that run one function together; see the [module](self).
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// let mut pool = arm_std::pool::Pool::new(3);
/// let sum = AtomicUsize::new(0);
/// pool.run(&|thread| { sum.fetch_add(thread, Relaxed); });
/// assert_eq!(sum.into_inner(), 0 + 1 + 2);
/// ```
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<(Arc<Bed>, JoinHandle<()>)>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Pool {
    /// A pool of `threads` threads (at least 1), of which the caller of [`run`](Self::run) is one. Fewer if the system
    /// has no more threads to give.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            round: AtomicU32::new(0),
            job: AtomicPtr::default(),
            pending: AtomicUsize::new(0),
            panic: Mutex::new(None),
            caller: Bed::default(),
        });
        let mut pool = Pool { shared, workers: Vec::new() };
        for index in 1..threads {
            let (shared, bed) = (Arc::clone(&pool.shared), Arc::new(Bed::default()));
            let own = Arc::clone(&bed);
            let builder = thread::Builder::new().name(format!("arm-{index}")).stack_size(STACK);
            let spawned = builder.spawn(move || work(&shared, &own, index));
            let Ok(handle) = spawned else { break };
            pool.workers.push((bed, handle));
        }
        pool
    }

    /// Threads, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `f(i)` for every i below [`threads`](Self::threads), each on its own thread, and returns when all have
    /// returned. `f(0)` runs on the calling thread. A panic in any of them is passed on, after all have ended.
    pub fn run(&mut self, f: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() {
            return f(0);
        }
        let job = Job(f);
        self.shared.pending.store(self.workers.len(), Ordering::Relaxed);
        self.start(std::ptr::from_ref(&job).cast_mut().cast());
        let own = catch_unwind(AssertUnwindSafe(|| f(0)));
        // Nothing between `start` and this can unwind: `job` outlives every use of it.
        self.shared.caller.wait(|| self.shared.pending.load(Ordering::SeqCst) == 0);
        let panic = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(payload) = own.err().or(panic) {
            resume_unwind(payload);
        }
    }

    /// Publishes a round.
    fn start(&self, job: *mut Job<'static>) {
        self.shared.job.store(job, Ordering::Relaxed);
        self.shared.round.fetch_add(1, Ordering::SeqCst);
        for (bed, _) in &self.workers {
            bed.wake();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.start(std::ptr::null_mut());
        for (_, handle) in self.workers.drain(..) {
            // A worker catches the panics of its jobs, so it ends in order.
            let _ = handle.join();
        }
    }
}

/// A worker's life: one job each round until there is none.
fn work(shared: &Shared, bed: &Bed, index: usize) {
    let mut round = 0;
    loop {
        bed.wait(|| shared.round.load(Ordering::SeqCst) != round);
        round = round.wrapping_add(1);
        let job = shared.job.load(Ordering::Relaxed);
        // SAFETY: the job is null, or a `Job` on the stack of `Pool::run`, published before the round, which lives
        // until `pending` is zero: it is not used after the decrement below.
        let Some(Job(f)) = (unsafe { job.as_ref() }) else { return };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| f(index))) {
            shared.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(payload);
        }
        if shared.pending.fetch_sub(1, Ordering::SeqCst) == 1 {
            shared.caller.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sum(pool: &mut Pool) -> usize {
        let sum = AtomicUsize::new(0);
        pool.run(&|i| {
            sum.fetch_add(1 << (8 * i), Ordering::Relaxed);
        });
        sum.into_inner()
    }

    #[test]
    fn every_thread_runs_every_round_once() {
        for threads in 1..=6 {
            let mut pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            let expected = (0..threads).map(|i| 1 << (8 * i)).sum::<usize>();
            for _ in 0..2000 {
                assert_eq!(sum(&mut pool), expected);
            }
        }
    }

    #[test]
    fn sleeping_threads_wake() {
        let mut pool = Pool::new(3);
        for pause in [0, 1, 30] {
            thread::sleep(Duration::from_millis(pause));
            assert_eq!(sum(&mut pool), 0x1_01_01);
            // A slow worker lets the caller park.
            pool.run(&|i| thread::sleep(Duration::from_millis(pause * i as u64)));
        }
    }

    #[test]
    fn panics_are_passed_on_and_the_pool_lives() {
        let mut pool = Pool::new(3);
        for culprit in 0..3 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(&|i| assert!(i != culprit, "thread {i}"));
            }));
            let payload = result.unwrap_err();
            assert_eq!(payload.downcast_ref::<String>().unwrap(), &format!("thread {culprit}"));
            assert_eq!(sum(&mut pool), 0x1_01_01);
        }
    }

    #[test]
    fn pools_move_between_threads() {
        let mut pool = Pool::new(2);
        assert_eq!(sum(&mut pool), 0x1_01);
        let mut pool = thread::spawn(move || {
            assert_eq!(sum(&mut pool), 0x1_01);
            pool
        })
        .join()
        .unwrap();
        assert_eq!(sum(&mut pool), 0x1_01);
    }
}
