//! Uniforms of many streams at a time: xoshiro128++ (Blackman & Vigna) with a stream in each lane.

use crate::lanes::{Lanes, Op, Row, SIDE};
use crate::tiles::split;
use arm_core::matrix::MatrixMut;
use arm_core::rng::Stream;

/// Fewer streams than these are drawn one by one.
const FEW: usize = 4;

/// The four words of the state of each stream.
struct Streams([Row<u32>; 4]);

impl Streams {
    /// Lane `i` begins with this [state](Stream::state).
    #[inline(always)]
    fn set(&mut self, i: usize, state: [u64; 2]) {
        for (k, words) in self.0.iter_mut().enumerate() {
            words.0[i] = (state[k / 2] >> (k % 2 * 32)) as u32;
        }
    }

    /// The next uniform of each, as [`Stream::uniform`] has it.
    #[inline(always)]
    fn next(&mut self, u: &mut Row<f32>) {
        let [a, b, c, d] = &mut self.0;
        let lanes = a.0.iter_mut().zip(&mut b.0).zip(c.0.iter_mut().zip(&mut d.0));
        for (((a, b), (c, d)), u) in lanes.zip(&mut u.0) {
            let random = a.wrapping_add(*d).rotate_left(7).wrapping_add(*a);
            *u = ((random >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0);
            let t = *b << 9;
            *c ^= *a;
            *d ^= *b;
            *b ^= *c;
            *a ^= *d;
            *c ^= t;
            *d = d.rotate_left(11);
        }
    }
}

/// See [`Kernels::uniforms`](arm_core::kernels::Kernels::uniforms).
pub(crate) struct Uniforms<'a> {
    pub(crate) state: &'a dyn Fn(usize) -> [u64; 2],
    pub(crate) u: MatrixMut<'a>,
}

impl Op for Uniforms<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let mut block = [Row([0.0; SIDE]); SIDE];
        for (first, count) in split(self.u.height(), SIDE) {
            if count < FEW {
                for row in first..first + count {
                    Stream::from_state((self.state)(row)).fill(self.u.row_mut(row));
                }
                continue;
            }
            let mut streams = Streams([Row([0; SIDE]); 4]);
            for lane in 0..count {
                streams.set(lane, (self.state)(first + lane));
            }
            let width = self.u.cols();
            for start in (0..width).step_by(SIDE) {
                for u in &mut block {
                    streams.next(u);
                }
                l.transpose(&mut block);
                for (row, block) in block.iter().enumerate().take(count) {
                    let to = &mut self.u.row_mut(first + row)[start..];
                    match to.first_chunk_mut() {
                        Some(to) => *to = block.0,
                        None => to.copy_from_slice(&block.0[..to.len()]),
                    }
                }
            }
        }
    }
}
