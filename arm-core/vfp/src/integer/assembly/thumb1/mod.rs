//! Loops for Thumb-1 (Cortex-M0, M0+): two numbers are a word, eight columns or four rows are in registers.

macro_rules! enter {
    () => {
        "push {{r4-r7, lr}}\nmov r4, r8\nmov r5, r9\nmov r6, r10\nmov r7, r11\npush {{r4-r7}}"
    };
}

macro_rules! leave {
    () => {
        "pop {{r4-r7}}\nmov r8, r4\nmov r9, r5\nmov r10, r6\nmov r11, r7\npop {{r4-r7, pc}}"
    };
}

mod layer;
mod rows;

pub(crate) use layer::{finish, scaled_8, selected_8};
pub(crate) use rows::{dots, outer};

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 8;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 4;
