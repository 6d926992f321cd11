//! Sums of subsets of inputs.

use arm_core::Activation;
use arm_core::kernels::Kernels;
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::{Desktop, Level};

const INPUTS: usize = 301;
const WORDS: usize = INPUTS.div_ceil(32);
const OUTPUTS: usize = 37;
/// More rows than share a table.
const ROWS: usize = 50;

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    let mut rng = Stream::new(3, Purpose::Initial, 0, 0, 0);
    let mut uniform = |n: usize| (0..n).map(|_| rng.uniform()).collect::<Vec<_>>();
    let w: Vec<_> = uniform((INPUTS + 1) * OUTPUTS).iter().map(|u| u - 0.5).collect();
    // Up to where tables take over from lists, and beyond.
    let density = |n: usize| 0.6 * n as f32 / ROWS as f32;
    let bits: Vec<u32> = (0..ROWS)
        .flat_map(|n| {
            let mut words = [0; WORDS];
            for (i, u) in uniform(INPUTS).into_iter().enumerate() {
                words[i / 32] |= u32::from(u < density(n)) << (i % 32);
            }
            words
        })
        .collect();
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        let layer = |bits: &[u32]| {
            let mut y = vec![0.0; bits.len() / WORDS * OUTPUTS];
            let (w, x) = (Matrix::new(&w, OUTPUTS, OUTPUTS), BitMatrix::new(bits, INPUTS));
            kernels.affine_bits(w, x, Activation::leaky_relu(0.1), MatrixMut::new(&mut y, OUTPUTS, OUTPUTS));
            y
        };
        let alone: Vec<f32> = bits.chunks(WORDS).flat_map(layer).collect();
        for first in [0, 5, 26, 34] {
            for last in first + 1..=ROWS {
                let y = layer(&bits[first * WORDS..last * WORDS]);
                assert!(y == alone[first * OUTPUTS..last * OUTPUTS], "rows {first}..{last}");
            }
        }
    }
}
