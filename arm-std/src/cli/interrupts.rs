//! Ctrl-C, and requests to terminate.

use super::LEFT;
use arm_std::train::Failure;
use std::io::{Write, stderr};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Whether this process was asked to leave.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a request meets.
static PHASE: Mutex<Phase> = Mutex::new(Phase::Idle(""));

/// What a request to leave meets.
pub(super) enum Phase {
    /// Nothing would be lost: the process ends at once, and says this.
    Idle(&'static str),
    /// The work in hand is finished first, which is told with this word for what is done then; a second request quits.
    Busy(&'static str),
    /// All but an evaluation is done and kept: the process ends at once, and says how to go on.
    Kept(String),
}

/// Whether this process was asked to leave.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// From now on requests meet this phase.
pub(super) fn enter(phase: Phase) {
    let mut now = PHASE.lock().unwrap_or_else(PoisonError::into_inner);
    *now = phase;
    if let (Phase::Kept(line), true) = (&*now, interrupted()) {
        leave(line);
    }
}

/// Handles requests from now on, by the [`Phase`].
pub(super) fn leave_on_request(phase: Phase) -> Result<(), Failure> {
    enter(phase);
    Ok(ctrlc::set_handler(|| {
        let phase = PHASE.lock().unwrap_or_else(PoisonError::into_inner);
        let again = INTERRUPTED.swap(true, Ordering::SeqCst);
        match &*phase {
            Phase::Busy(_) if again => process::exit(130),
            // The work goes on to its end where nobody can be told.
            Phase::Busy(done) => drop(writeln!(stderr(), "{done}; once more to quit at once")),
            Phase::Idle(line) => leave(line),
            Phase::Kept(line) => leave(line),
        }
    })?)
}

fn leave(line: &str) -> ! {
    // Where nobody can be told the exit code tells.
    let _ = writeln!(stderr(), "{line}");
    process::exit(LEFT.into())
}

/// For a process that another one leads: it asks all to leave, as often as it is told.
pub(super) fn pass_requests_on() -> Result<(), Failure> {
    // A launcher passes a signal on that its group got already: a second one is no wish to quit at once.
    Ok(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst))?)
}
