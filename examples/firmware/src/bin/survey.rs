//! Learns rows of sixteen bits on the smallest machine, a Cortex-M0 with 16 KB: see `docs/firmware.md`.
#![no_std]
#![no_main]

use arm_core::Error;
use firmware::board::{host, ram};
use firmware::entry;
use firmware::programs::survey::{self, HASH, Room, Rows};

/// Generated rows, or those this image was built with (`SURVEY`).
const ROWS: Rows<'static> = include!(concat!(env!("OUT_DIR"), "/survey.rs"));

fn line(name: &str, nats: f32) {
    host::text(name);
    host::text(" ");
    host::decimal(nats);
    host::text("\n");
}

fn run() -> Result<bool, Error> {
    static mut ROOM: Room = Room::ZERO;
    // SAFETY: the only reference to it; this function runs once.
    let room = unsafe { &mut *(&raw mut ROOM) };
    let stack = ram::Stack::paint();
    let found = survey::run(ROWS, room, |rows, neg_elbo| {
        host::number(rows);
        line(" rows: -ELBO", neg_elbo);
    })?;
    line("held out: -ELBO", found.neg_elbo);
    line("held out: bound with 10 samples", found.bound);
    line("held out: independent bits", found.independent);
    host::text("RAM: ");
    host::number(ram::statics());
    host::text(" bytes of statics, ");
    host::number(stack.used());
    host::text(" of stack\n-ELBOs ");
    host::hex(found.hash);
    let same = !matches!(ROWS, Rows::Generated) || found.hash == HASH;
    host::text(if same { "\n" } else { " differ from the host's\n" });
    Ok(same && found.neg_elbo < found.independent)
}

#[entry]
fn main() -> ! {
    host::exit(run() == Ok(true))
}
