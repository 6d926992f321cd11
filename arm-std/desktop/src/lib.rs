//! What computes on a desktop: training steps on threads and on several machines, estimators by name, evaluation. It knows no
//! files of runs, epochs or settings: those are `arm-std`'s, which hands on all of this.
//!
//! From the top down; each takes only from those below it.
//!
//! | module | what it is |
//! |---|---|
//! | [`erased`] | a driver of which a run need not know the objective |
//! | [`measure`] | evaluation, scores, predictions; how noisy an estimator is |
//! | [`driver`] | steps on threads, and on several machines |
//! | [`estimators`] | estimators by name, and those that use the gradient of f |

#![forbid(unsafe_code)]

pub mod driver;
pub mod erased;
pub mod estimators;
pub mod measure;

#[cfg(test)]
#[path = "../../network/src/model/cases.rs"]
mod cases;

use arm_data as data;
use arm_data::files;
use arm_network as network;
use arm_simd as kernels;
use arm_simd::{memory, pool};
