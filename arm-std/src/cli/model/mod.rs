//! Commands about a trained model: `arm eval`, `arm export`, `arm sample` and `arm variance`.

pub(super) mod eval;
pub(super) mod export;
pub(super) mod sample;
pub(super) mod subject;
pub(super) mod variance;
