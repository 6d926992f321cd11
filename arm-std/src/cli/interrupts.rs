//! Ctrl-C, and requests to terminate.

use arm_std::train::Failure;
use std::io::{Write, stderr};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this process was asked to leave.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether this process was asked to leave.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// From now on a first request leaves after the step in hand, which is told with the word for what is `done` then, and a
/// second quits.
pub(super) fn leave_on_request(done: &'static str) -> Result<(), Failure> {
    Ok(ctrlc::set_handler(move || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            process::exit(130);
        }
        // The work goes on to its end where nobody can be told.
        let _ = writeln!(stderr(), "{done}; once more to quit at once");
    })?)
}

/// For a process that another one leads: it asks all to leave, as often as it is told.
pub(super) fn pass_requests_on() -> Result<(), Failure> {
    // A launcher passes a signal on that its group got already: a second one is no wish to quit at once.
    Ok(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst))?)
}
