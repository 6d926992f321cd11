//! Parameters as the kernels want them.

use crate::memory::{Aligned, LINE};
use crate::network::{Model, copy_rows};

/// The parameters of a model with rows padded to [`LINE`] floats, as the shape [`padded`](arm_core::Shape::padded) so has them.
pub fn padded(model: &Model) -> Aligned {
    let (from, to) = (model.network.shape(), model.network.shape().padded(LINE));
    let mut out = Aligned::zeroed(to.params());
    copy_rows(from, &model.params, to, out.floats_mut());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::model;

    #[test]
    fn a_padded_model_has_its_parameters_and_zeros() {
        let (model, padded) = (model(), padded(&model()));
        let (plain, wide) = (model.network.shape(), model.network.shape().padded(LINE));
        let mut back = vec![0.0; model.params.len()];
        copy_rows(wide, padded.floats(), plain, &mut back);
        assert_eq!(back, model.params);
        let not_zero = |floats: &[f32]| floats.iter().filter(|w| **w != 0.0).count();
        assert!(padded.len() == wide.params() && not_zero(padded.floats()) == not_zero(&back));
    }
}
