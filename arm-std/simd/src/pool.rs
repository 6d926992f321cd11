//! A fork-join pool: one function, called once for every share of the work, handed over in a tenth of a microsecond.
//!
//! A waiting thread first spins, then yields its CPU between looks, and then parks: a training step hands over twice
//! and never pays for a wake-up, an idle pool costs nothing, and with more threads than CPUs the thread that has work
//! gets the CPU. A share that its thread has not begun when the caller is done with its own is the caller's: a thread
//! that sleeps, or whose CPU another process has, is not waited for.

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
#[derive(Default)]
struct Shared {
    /// The job of the round. Who has claimed a share of it may read it until that share is no longer pending.
    job: AtomicPtr<Job<'static>>,
    /// Shares of the round that are not finished.
    pending: AtomicUsize,
    /// The first panic in a share of this round other than the caller's own.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Where the caller of the round sleeps.
    caller: Bed,
}

/// What a worker has to do: alone in its cache lines, of which the CPU fetches two.
#[repr(align(128))]
#[derive(Default)]
struct Desk {
    /// [`NOTHING`], [`SHARE`] or [`END`].
    offer: AtomicU32,
    bed: Bed,
}

const NOTHING: u32 = 0;
/// A share of the round's job, for whoever claims it first.
const SHARE: u32 = 1;
/// The end of the thread.
const END: u32 = 2;

impl Desk {
    fn offer(&self, what: u32) {
        self.offer.store(what, Ordering::SeqCst);
        self.bed.wake();
    }

    /// Takes the share that is offered; false where there is none.
    fn claim(&self) -> bool {
        self.offer.compare_exchange(SHARE, NOTHING, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }
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
/// let mut pool = arm_simd::pool::Pool::new(3);
/// let sum = AtomicUsize::new(0);
/// pool.run(3, &|thread| { sum.fetch_add(thread, Relaxed); });
/// assert_eq!(sum.into_inner(), 0 + 1 + 2);
/// ```
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<(Arc<Desk>, JoinHandle<()>)>,
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
        let mut pool = Pool { shared: Arc::default(), workers: Vec::new() };
        for index in 1..threads {
            let (shared, desk) = (Arc::clone(&pool.shared), Arc::<Desk>::default());
            let own = Arc::clone(&desk);
            let builder = thread::Builder::new().name(format!("arm-{index}")).stack_size(STACK);
            let spawned = builder.spawn(move || work(&shared, &own, index));
            let Ok(handle) = spawned else { break };
            pool.workers.push((desk, handle));
        }
        pool
    }

    /// Threads, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `f(i)` for every i below `shares` and returns when all have returned; at most
    /// [`threads`](Self::threads) of them. `f(0)` runs on the calling thread, each other one on a thread of its own, or
    /// on the calling thread if that has not begun by then. A panic in any of them is passed on, after all have ended.
    pub fn run(&mut self, shares: usize, f: &(dyn Fn(usize) + Sync)) {
        let shares = shares.min(self.threads());
        let workers = &self.workers[..shares.saturating_sub(1)];
        if workers.is_empty() {
            return (0..shares).for_each(f);
        }
        let (job, shared) = (Job(f), &*self.shared);
        shared.pending.store(workers.len(), Ordering::Relaxed);
        shared.job.store(std::ptr::from_ref(&job).cast_mut().cast(), Ordering::Relaxed);
        workers.iter().for_each(|(desk, _)| desk.offer(SHARE));
        let own = catch_unwind(AssertUnwindSafe(|| f(0)));
        // Nothing between the offers and the wait can unwind: `job` outlives every use of it.
        for (index, (desk, _)) in (1..).zip(workers) {
            if desk.claim() {
                shared.call(job.0, index);
                shared.finish();
            }
        }
        shared.caller.wait(|| shared.pending.load(Ordering::SeqCst) == 0);
        let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (own, panic) {
            (Err(payload), other) => {
                std::mem::forget(other);
                resume_unwind(payload)
            }
            (Ok(()), Some(payload)) => resume_unwind(payload),
            (Ok(()), None) => {}
        }
    }
}

impl Shared {
    /// Runs a share that was claimed. Only the first panic is kept; others are never dropped, which may panic again: the
    /// caller would wait for this share for ever.
    fn call(&self, f: &(dyn Fn(usize) + Sync), index: usize) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| f(index))) {
            let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none() { *first = Some(payload) } else { std::mem::forget(payload) }
        }
    }

    /// Says that a share was run, after which nothing may refer to the job: what [`Pool::run`] borrowed may be gone. Returns
    /// whether it was the last one.
    fn finish(&self) -> bool {
        self.pending.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.workers.iter().for_each(|(desk, _)| desk.offer(END));
        for (_, handle) in self.workers.drain(..) {
            // A worker catches the panics of its jobs, so it ends in order.
            let _ = handle.join();
        }
    }
}

/// A worker's life: what it is offered, until that is the end.
fn work(shared: &Shared, desk: &Desk, index: usize) {
    loop {
        desk.bed.wait(|| desk.offer.load(Ordering::SeqCst) != NOTHING);
        if desk.claim() {
            // SAFETY: a `Job` on the stack of `Pool::run`, published before the share was offered, which lives until
            // nothing is pending: no function that has a reference to it is active when the share is finished.
            let Job(f) = unsafe { &*shared.job.load(Ordering::Relaxed) };
            shared.call(f, index);
            if shared.finish() {
                shared.caller.wake();
            }
        } else if desk.offer.load(Ordering::SeqCst) == END {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// An interpreter takes long for each.
    const ROUNDS: usize = if cfg!(miri) { 6 } else { 2000 };

    fn sum(pool: &mut Pool) -> usize {
        let sum = AtomicUsize::new(0);
        pool.run(pool.threads(), &|i| {
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
            for _ in 0..ROUNDS {
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
            pool.run(3, &|i| thread::sleep(Duration::from_millis(pause * i as u64)));
        }
    }

    #[test]
    fn panics_are_passed_on_and_the_pool_lives() {
        let mut pool = Pool::new(3);
        for culprit in 0..3 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(3, &|i| assert!(i != culprit, "thread {i}"));
            }));
            let payload = result.unwrap_err();
            assert_eq!(payload.downcast_ref::<String>().unwrap(), &format!("thread {culprit}"));
            assert_eq!(sum(&mut pool), 0x1_01_01);
        }
    }

    /// What panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn panics_whose_payloads_panic_are_passed_on() {
        let mut pool = Pool::new(3);
        for first in [0, 1] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(3, &|i| {
                    if i >= first {
                        std::panic::panic_any(Bomb)
                    }
                });
            }));
            let payload = result.unwrap_err();
            assert!(payload.is::<Bomb>());
            std::mem::forget(payload);
            assert_eq!(sum(&mut pool), 0x1_01_01);
        }
    }

    #[test]
    fn fewer_shares_leave_threads_alone_and_late_threads_are_not_waited_for() {
        let mut pool = Pool::new(3);
        for round in 0..ROUNDS {
            let (shares, sum) = (1 + round % 3, AtomicUsize::new(0));
            pool.run(shares, &|i| {
                sum.fetch_add(1 << (8 * i), Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), [0x1, 0x1_01, 0x1_01_01][shares - 1]);
        }
        // Nobody is at this desk: as if the thread slept.
        let desk = Desk::default();
        desk.offer(SHARE);
        assert!(desk.claim() && !desk.claim());
    }

    #[test]
    fn no_share_is_no_call() {
        for threads in [1, 2] {
            Pool::new(threads).run(0, &|share| panic!("share {share} of none"));
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
