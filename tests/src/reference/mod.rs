//! Every estimator written down once more, in f64 and straight from its formula: the exact law of its gradient for two units.

mod gradient;
mod multi;
mod single;

pub use gradient::{
    Net, double_cv, gumbel_softmax, muprop, rebar, rebar_at, reinmax, rodeo, straight_through,
};
pub use multi::{arms, arms_bound, local_disarm, ovis, rloo, rws, vimco};
pub use single::{ar, arm, bitflip, disarm, leg, reinforce, ugc};
