//! Every estimator against enumeration, quadrature and closed forms.

mod bound;
mod closed_forms;
mod conditional;
mod integer;
mod order;
mod relaxed;
mod two_units;
mod unbiased;
