//! Computes every golden value and compares it with the host's; then gives the library every kind of bad input.
#![no_std]
#![no_main]

use firmware::board::host;
use firmware::entry;
use firmware::proofs::golden::{ALL, Room};
use firmware::proofs::refusals;

static mut ROOM: Room = Room::ZERO;
static mut REFUSALS: refusals::Room = refusals::Room::ZERO;

#[entry]
fn main() -> ! {
    // SAFETY: the only reference to it.
    let room = unsafe { &mut *(&raw mut ROOM) };
    let mut wrong = false;
    for (name, compute, expected) in ALL {
        let value = compute(room);
        let right = value == Ok(expected);
        wrong |= !right;
        host::text(if right { "same    " } else { "differs " });
        host::hex(value.unwrap_or(0));
        host::text("  ");
        host::text(name);
        host::text("\n");
    }
    // SAFETY: the only reference to it.
    let room = unsafe { &mut *(&raw mut REFUSALS) };
    for (name, refused) in refusals::ALL {
        let right = refused(room) == Ok(true);
        wrong |= !right;
        host::text(if right { "refused " } else { "accepted " });
        host::text(name);
        host::text("\n");
    }
    host::exit(!wrong)
}
