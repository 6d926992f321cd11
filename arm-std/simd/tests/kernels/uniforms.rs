//! Uniforms, drawn row by row.

use arm_core::kernels::Kernels;
use arm_core::matrix::MatrixMut;
use arm_core::rng::{Purpose, Stream};
use arm_simd::{Desktop, Level};

#[test]
fn every_row_is_its_stream() {
    let state = |row| Stream::state(5, Purpose::Sample, 1, row as u64, 2);
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        for height in [0, 1, 3, 4, 16, 17, 25, 50] {
            for (width, stride) in [(1, 1), (16, 16), (37, 48), (200, 208)] {
                let mut u = vec![7.0; height * stride];
                kernels.uniforms(state, MatrixMut::new(&mut u, stride, width));
                for (row, u) in u.chunks(stride).enumerate() {
                    let mut stream = Stream::from_state(state(row));
                    assert!(u[..width].iter().all(|&u| u == stream.uniform()), "{height} of {width}");
                    assert!(u[width..].iter().all(|&u| u == 7.0), "padding");
                }
            }
        }
    }
}
