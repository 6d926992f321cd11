//! Whether all of many numbers are small enough.

use arm_core::kernels::Kernels;
use arm_simd::{Desktop, Level};

#[test]
fn one_that_is_not_is_found_wherever_it_is() {
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        for len in [0, 1, 15, 64, 200] {
            let mut values = vec![-2.0; len];
            assert!(kernels.within(2.0, &values));
            for i in 0..len {
                for bad in [2.1, -2.1, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    values[i] = bad;
                    assert!(!kernels.within(2.0, &values), "{bad} at {i} of {len}");
                }
                values[i] = 0.0;
            }
        }
    }
}
