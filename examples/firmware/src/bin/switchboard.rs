//! Finds the best setting of sixteen switches from measured rewards alone: see `docs/firmware.md`.
#![no_std]
#![no_main]

use firmware::board::host;
use firmware::entry;
use firmware::programs::switchboard::{self, Machine, Room};

static mut ROOM: Room = Room::ZERO;

#[entry]
fn main() -> ! {
    // SAFETY: the only reference to it.
    let room = unsafe { &mut *(&raw mut ROOM) };
    let found = switchboard::run(room.slices(), |step, reward, setting| {
        host::number(2 * step);
        host::text(" measurements: mean reward ");
        host::decimal(reward);
        host::text(", wrong switches ");
        host::number((setting ^ Machine::BEST).count_ones());
        host::text("\n");
    });
    let right = found == Ok(Machine::BEST);
    host::text(if right { "found\n" } else { "not found\n" });
    host::exit(right)
}
