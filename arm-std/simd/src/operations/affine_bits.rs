//! y = act(x w + bias) for packed bits: sums of the rows of w whose bit is set.

use crate::lanes::activate::activated;
use crate::lanes::{Lanes, Op};
use crate::tiles::lists::{List, WIDEST, WORDS, add_rows, used};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::subsets::{TALL, Tile, pays};
use crate::tiles::sum::{load, store};
use crate::tiles::{ColumnPanel, affine_few, panels, split, with_width};
use arm_core::Activation;
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};

/// See [`Kernels::affine_bits`](arm_core::kernels::Kernels::affine_bits).
pub(crate) struct AffineBits<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) activation: Activation,
    pub(crate) y: MatrixMut<'a>,
}

impl Op for AffineBits<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs, rows) = (self.x.cols(), self.y.cols(), self.y.height());
        assert!(self.w.height() > inputs && self.w.cols() >= outputs);
        assert!(inputs == 0 || self.x.height() >= rows);
        let (w, x, activation) = (self.w, self.x, self.activation);
        let few_inputs = const { L::SUBSETS } && (1..=affine_few::INPUTS).contains(&inputs);
        if few_inputs && rows >= affine_few::ROWS {
            return affine_few::Few { w, x, activation, y: self.y }.run(l);
        }
        let (ws, ys) = (w.stride(), self.y.stride());
        let all = Panel::new(w.data());
        let words = inputs.div_ceil(32);
        for (first, height) in split(rows, TALL) {
            // Rows with many ones from the front, the others from the back.
            let (mut order, mut many, mut few) = ([0; TALL], 0, height);
            for row in first..first + height {
                // Few inputs have the same sums, however many rows there are.
                if few_inputs || pays::<L>(x, row) {
                    order[many] = row;
                    many += 1;
                } else {
                    few -= 1;
                    order[few] = row;
                }
            }
            let (many, few) = order[..height].split_at(many);
            Tile::new(w, x, many, activation, &mut self.y, first == 0).run(l);
            if few.is_empty() {
                continue;
            }
            let (y, mut word) = (PanelMut::new(self.y.data_mut()), 0);
            let mut lists = [const { List::EMPTY }; TALL];
            loop {
                let (begin, end) = (word == 0, word + WORDS >= words);
                for (list, &row) in lists.iter_mut().zip(few) {
                    list.fill(l, &some_words(x.row(row), word, inputs));
                }
                let (w, below) = (all.from(word * 32 * ws), all.from((word + WORDS) * 32 * ws));
                for ColumnPanel { start, vectors, lanes } in panels(outputs, L::N, WIDEST) {
                    if first == 0 && begin && start == 0 {
                        w.prefetch_rows(l, ws, inputs.min(32 * WORDS), vectors);
                    }
                    // The first examples ask for the panel after this one, each for a part of its rows.
                    let after = start + vectors * L::N;
                    let (next, some) = if after < outputs { (w.from(after), true) } else { (below, !end) };
                    let part = if first == 0 && some { (32 * WORDS).div_ceil(few.len()) } else { 0 };
                    for (r, (list, &row)) in lists.iter().zip(few).enumerate() {
                        next.from(r * part * ws).prefetch_rows(l, ws, part, vectors);
                        let y = y.from(row * ys + start);
                        let init = if begin { all.from(inputs * ws + start) } else { y.as_panel() };
                        with_width!(vectors, WIDEST, C => {
                            // SAFETY: the assertions; set bits are below `inputs`, the panel is within the columns.
                            unsafe {
                                let mut s: [L::V; C] = load(l, init, lanes, l.mask(lanes));
                                add_rows(l, list.ones(), w.from(start), ws, lanes, None, &mut s);
                                if end && !activation.is_linear() {
                                    for v in &mut s {
                                        *v = activated(l, activation, *v);
                                    }
                                }
                                store(l, y, lanes, s);
                            }
                        });
                    }
                }
                word += WORDS;
                if end {
                    break;
                }
            }
        }
    }
}

/// Words `first..` of a row of `bits` bits; what lies beyond them is zero.
#[inline(always)]
fn some_words(row: &[u32], first: usize, bits: usize) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (i, word) in (first..).zip(&mut words) {
        *word = row.get(i).map_or(0, |&w| used(w, bits.saturating_sub(32 * i)));
    }
    words
}
