//! What the loops in assembly are given.

/// A matrix of `fours` > 0 times four rows, `stride` bytes apart, of `eights` > 0 times eight floats.
#[repr(C)]
pub(crate) struct Matrix {
    /// One float a row.
    pub(crate) x: *mut f32,
    pub(crate) w: *mut f32,
    /// One float a column.
    pub(crate) y: *mut f32,
    pub(crate) fours: usize,
    pub(crate) eights: usize,
    pub(crate) stride: usize,
}

/// What Adam works on: `rows` > 0 rows of `eights` > 0 times eight floats of m, v and w, `skip` bytes between the end
/// of one and the start of the next.
#[repr(C)]
pub(crate) struct Adam {
    pub(crate) constants: *const crate::Adam,
    pub(crate) d: *const f32,
    pub(crate) square: *const f32,
    pub(crate) m: *mut f32,
    pub(crate) v: *mut f32,
    pub(crate) w: *mut f32,
    pub(crate) x: *const f32,
    pub(crate) rows: usize,
    pub(crate) eights: usize,
    pub(crate) skip: usize,
}

/// What momentum works on, laid out as [`Adam`] is.
#[repr(C)]
pub(crate) struct Momentum {
    pub(crate) constants: *const crate::Momentum,
    pub(crate) d: *const f32,
    pub(crate) v: *mut f32,
    pub(crate) w: *mut f32,
    pub(crate) x: *const f32,
    pub(crate) rows: usize,
    pub(crate) eights: usize,
    pub(crate) skip: usize,
}

/// Rows that bits select, of a matrix of `blocks` > 0 times 16 columns.
#[repr(C)]
pub(crate) struct Rows {
    /// `words` of them, of which the bits of the first and of the last mask count, and both of a single one.
    pub(crate) bits: *const u32,
    pub(crate) words: usize,
    pub(crate) masks: [u32; 2],
    /// Where the row of bit 0 of the first word lies or would lie; rows are `stride` bytes apart.
    pub(crate) w: *mut f32,
    pub(crate) stride: usize,
    /// The row of biases, or null.
    pub(crate) bias: *mut f32,
    /// One float a column.
    pub(crate) y: *mut f32,
    pub(crate) blocks: usize,
}
