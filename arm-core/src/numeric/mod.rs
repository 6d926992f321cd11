//! Numbers and where they lie: packed bits, matrices, elementary functions, uniforms.

pub mod bits;
pub(crate) mod chunks;
pub(crate) mod fixed;
pub mod math;
pub mod matrix;
pub(crate) mod number;
pub mod rng;
pub(crate) mod window;

/// Largest magnitude of an activation or of a gradient with respect to one, 2^24. A step beyond it is refused.
///
/// Within it no update can make a parameter infinite: a gradient is below 2^48, so with rates up to 2^20 and Adam's
/// epsilon of at least 2^-32 an update is below 2^101, which vanishes in a parameter of 2^126.
pub const LIMIT: f32 = 16_777_216.0;
