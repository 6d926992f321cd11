//! Bernoulli units of many short rows at a time.
//!
//! A row of at most 16 units is half a word of 32. What is summed over a row waits until there are 16 of them, which
//! then take one logarithm together. A row of at most 64 units needs one: of the product of all its 1 + e, at most 2^64.

use super::draw::Units;
use super::log_prob::Given;
use super::{ABSENT, N, Word};
use crate::lanes::{Lanes, Op, Row, SIDE};
use arm_core::estimator::DrawRule;
use arm_core::kernels::DrawnRows;
use arm_core::math::ln;
use arm_core::matrix::{Matrix, MatrixMut};

/// Units of the longest row.
const LONGEST: usize = 64;

/// Rows of units that lie `stride` apart.
#[derive(Clone, Copy)]
struct Rows {
    units: usize,
    stride: usize,
    count: usize,
}

/// Where 32 units lie: the first of each half, and how many of its 16 there are.
#[derive(Clone, Copy)]
struct Place {
    at: [usize; 2],
    used: [usize; 2],
}

impl Place {
    /// The units that are not there.
    #[inline(always)]
    fn absent(self) -> u32 {
        let [low, high] = self.used.map(|used| u32::from(u16::MAX.checked_shl(used as u32).unwrap_or(0)));
        low | high << SIDE
    }

    /// # Safety
    /// The places must be readable.
    #[inline(always)]
    unsafe fn load<L: Lanes>(self, l: L, from: *const f32) -> Word {
        let mut word = Word([ABSENT; N]);
        for h in 0..2 {
            for i in (0..self.used[h]).step_by(L::N) {
                let count = L::N.min(self.used[h] - i);
                // SAFETY: the caller's; a half of a word is whole vectors.
                unsafe {
                    let v = l.load_masked(from.add(self.at[h] + i), l.mask(count));
                    let absent = l.load(PADS.0[SIDE - count..].as_ptr());
                    l.store(word.0.as_mut_ptr().add(h * SIDE + i), l.add(v, absent));
                }
            }
        }
        word
    }

    /// # Safety
    /// The places must be writable.
    #[inline(always)]
    unsafe fn store<L: Lanes>(self, l: L, word: &Word, to: *mut f32) {
        for h in 0..2 {
            for i in (0..self.used[h]).step_by(L::N) {
                let mask = l.mask(L::N.min(self.used[h] - i));
                // SAFETY: the caller's; a half of a word is whole vectors.
                unsafe {
                    let v = l.load(word.0.as_ptr().add(h * SIDE + i));
                    l.store_masked(to.add(self.at[h] + i), v, mask);
                }
            }
        }
    }
}

/// Nothing for 16 units, then what makes zeros absent.
static PADS: Word = {
    let mut pads = [0.0; N];
    let mut i = SIDE;
    while i < N {
        pads[i] = ABSENT;
        i += 1;
    }
    Word(pads)
};

impl Rows {
    /// `count` rows, where they are short enough and whole vectors. It is so whatever their number.
    #[inline(always)]
    fn new(units: usize, stride: usize, count: usize, lens: [usize; 2]) -> Option<Self> {
        let fit = stride.is_multiple_of(SIDE) && lens.iter().all(|len| count * stride <= *len);
        ((1..=LONGEST).contains(&units) && fit).then_some(Rows { units, stride, count })
    }

    /// Rows in a word.
    #[inline(always)]
    fn in_word(self) -> usize {
        if self.units <= SIDE { 2 } else { 1 }
    }

    /// Word `k` of `row`, or of it and the next one; behind the last row it is there again.
    #[inline(always)]
    fn place(self, row: usize, k: usize) -> Place {
        let start = row * self.stride;
        if self.units <= SIDE {
            let next = (row + 1).min(self.count - 1) * self.stride;
            return Place { at: [start, next], used: [self.units; 2] };
        }
        let rest = self.units - k * N;
        let (low, high) = (rest.min(SIDE), rest.saturating_sub(SIDE).min(SIDE));
        // An empty half lies where the other does.
        let at = start + k * N;
        Place { at: [at, if high > 0 { at + SIDE } else { at }], used: [low, high] }
    }

    /// The words of a group's rows from `first`, looked up before anything is in registers. Of short rows a word has two.
    #[inline(always)]
    fn bits<'b>(self, first: usize, count: usize, b: &dyn Fn(usize) -> &'b [u32]) -> [[u32; 2]; SIDE] {
        let mut words = [[0; 2]; SIDE];
        for (words, row) in words.iter_mut().zip(first..first + count) {
            for (word, b) in words.iter_mut().zip(b(row)) {
                *word = *b;
            }
        }
        if self.in_word() == 2 {
            for row in (0..count).step_by(2) {
                let next = words[(row + 1).min(count - 1)][0] << SIDE;
                words[row][0] = words[row][0] & u32::from(u16::MAX) | next;
            }
        }
        words
    }

    /// Groups of as many rows as are summed together.
    #[inline(always)]
    fn groups(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).step_by(SIDE).map(move |first| (first, SIDE.min(self.count - first)))
    }
}

/// A vector of each of some rows, whose lanes are summed or multiplied.
struct Group([Row<f32>; SIDE]);

impl Group {
    #[inline(always)]
    fn new() -> Self {
        Group([Row([1.0; SIDE]); SIDE])
    }

    /// What rows `row..` have in a word, the first for them or one more.
    #[inline(always)]
    fn put<L: Lanes, const PRODUCT: bool>(&mut self, l: L, rows: Rows, row: usize, k: usize, word: &Word) {
        let from = word.0.as_ptr();
        for i in (0..SIDE).step_by(L::N) {
            // SAFETY: rows and halves of words are whole vectors.
            unsafe {
                let (low, high) = (l.load(from.add(i)), l.load(from.add(SIDE + i)));
                let to = self.0[row].0.as_mut_ptr().add(i);
                if rows.in_word() == 2 {
                    l.store(to, low);
                    l.store(self.0[row + 1].0.as_mut_ptr().add(i), high);
                } else {
                    let half = both::<L, PRODUCT>(l, low, high);
                    l.store(to, if k == 0 { half } else { both::<L, PRODUCT>(l, l.load(to), half) });
                }
            }
        }
    }

    /// The sum or product of each row.
    #[inline(always)]
    fn end<L: Lanes, const PRODUCT: bool>(&mut self, l: L) -> Row<f32> {
        l.transpose(&mut self.0);
        let (mut all, from) = (Row([0.0; SIDE]), self.0.as_ptr().cast::<f32>());
        for i in (0..SIDE).step_by(L::N) {
            let mut parts = [l.splat(0.0); SIDE];
            // SAFETY: a row is whole vectors.
            unsafe {
                for (k, part) in parts.iter_mut().enumerate() {
                    *part = l.load(from.add(k * SIDE + i));
                }
                for half in [8, 4, 2, 1] {
                    for k in 0..half {
                        parts[k] = both::<L, PRODUCT>(l, parts[k], parts[k + half]);
                    }
                }
                l.store(all.0.as_mut_ptr().add(i), parts[0]);
            }
        }
        all
    }
}

#[inline(always)]
fn both<L: Lanes, const PRODUCT: bool>(l: L, a: L::V, b: L::V) -> L::V {
    if PRODUCT { l.mul(a, b) } else { l.add(a, b) }
}

/// The factors of normalisers.
#[inline(always)]
fn factors(e: &Word) -> Word {
    let mut factors = Word([0.0; N]);
    for (factor, e) in factors.0.iter_mut().zip(&e.0) {
        *factor = 1.0 + e;
    }
    factors
}

/// The logarithm of each.
#[inline(always)]
fn logs(of: &Row<f32>) -> Row<f32> {
    let mut logs = Row([0.0; SIDE]);
    for (log, x) in logs.0.iter_mut().zip(&of.0) {
        *log = ln(*x);
    }
    logs
}

/// See [`Kernels::sample_rows`](arm_core::kernels::Kernels::sample_rows).
pub(crate) struct SampleRows<'a, E> {
    pub(crate) rule: &'a E,
    pub(crate) logits: Matrix<'a>,
    pub(crate) uniforms: Matrix<'a>,
    pub(crate) out: DrawnRows<'a>,
}

impl<E: DrawRule> Op for SampleRows<'_, E> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) -> bool {
        let (units, stride, count) = (self.logits.cols(), self.logits.stride(), self.out.log_q.len());
        let lens =
            [self.logits.data().len().min(self.uniforms.data().len()), self.out.score.data_mut().len()];
        let same = self.uniforms.stride() == stride && self.out.score.stride() == stride;
        let Some(rows) = Rows::new(units, stride, count, lens).filter(|_| same) else { return false };
        let words = units.div_ceil(N);
        let (logits, uniforms) = (self.logits.data().as_ptr(), self.uniforms.data().as_ptr());
        let score = self.out.score.data_mut().as_mut_ptr();
        let (mut product, mut first, mut other) = (Group::new(), Group::new(), Group::new());
        for (start, count) in rows.groups() {
            for row in (0..count).step_by(rows.in_word()) {
                for k in 0..words {
                    let place = rows.place(start + row, k);
                    let absent = place.absent();
                    // SAFETY: `count` rows lie within each of the three.
                    let (phi, u) = unsafe { (place.load(l, logits), place.load(l, uniforms)) };
                    let drawn = Units::draw(self.rule, &phi, &u, absent);
                    let sample = l.pack(&drawn.b.0) & !absent;
                    let partner = l.pack(&drawn.partner.0) & !absent;
                    // SAFETY: as above.
                    unsafe { place.store(l, &drawn.score, score) };
                    product.put::<L, true>(l, rows, row, k, &factors(&drawn.e));
                    first.put::<L, false>(l, rows, row, k, &drawn.log_q);
                    other.put::<L, false>(l, rows, row, k, &drawn.log_q_partner);
                    let at = (start + row) * words + k;
                    if rows.in_word() == 1 {
                        (self.out.sample[at], self.out.partner[at]) = (sample, partner);
                    } else {
                        let low = u32::from(u16::MAX);
                        (self.out.sample[at], self.out.partner[at]) = (sample & low, partner & low);
                        if row + 1 < count {
                            (self.out.sample[at + 1], self.out.partner[at + 1]) =
                                (sample >> SIDE, partner >> SIDE);
                        }
                    }
                }
            }
            let normaliser = logs(&product.end::<L, true>(l));
            let (first, other) = (first.end::<L, false>(l), other.end::<L, false>(l));
            for i in 0..count {
                self.out.log_q[start + i] = first.0[i] - normaliser.0[i];
                self.out.log_q_partner[start + i] = other.0[i] - normaliser.0[i];
            }
        }
        true
    }
}

/// See [`Kernels::log_prob_rows`](arm_core::kernels::Kernels::log_prob_rows).
pub(crate) struct LogProbRows<'a, 'b> {
    pub(crate) logits: Matrix<'a>,
    pub(crate) b: &'a dyn Fn(usize) -> &'b [u32],
    pub(crate) total: &'a mut [f32],
}

impl Op for LogProbRows<'_, '_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let LogProbRows { logits, b, total } = self;
        let data = logits.data();
        let Some(rows) = Rows::new(logits.cols(), logits.stride(), total.len(), [data.len(); 2]) else {
            return false;
        };
        let (mut product, mut first) = (Group::new(), Group::new());
        for (start, count) in rows.groups() {
            let words = rows.bits(start, count, b);
            for row in (0..count).step_by(rows.in_word()) {
                for (k, word) in words[row].iter().enumerate().take(rows.units.div_ceil(N)) {
                    let place = rows.place(start + row, k);
                    // SAFETY: the rows lie within the data.
                    let phi = unsafe { place.load(l, data.as_ptr()) };
                    let given = Given::new(&phi, word | place.absent());
                    product.put::<L, true>(l, rows, row, k, &factors(&given.e));
                    first.put::<L, false>(l, rows, row, k, &given.first);
                }
            }
            take(l, &mut product, &mut first, &mut total[start..start + count]);
        }
        true
    }
}

/// See [`Kernels::log_prob_delta_rows`](arm_core::kernels::Kernels::log_prob_delta_rows).
pub(crate) struct LogProbDeltaRows<'a, 'b, 'm> {
    pub(crate) logits: &'a mut MatrixMut<'m>,
    pub(crate) b: &'a dyn Fn(usize) -> &'b [u32],
    pub(crate) total: &'a mut [f32],
}

impl Op for LogProbDeltaRows<'_, '_, '_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let LogProbDeltaRows { logits, b, total } = self;
        let (units, stride, len) = (logits.cols(), logits.stride(), logits.data_mut().len());
        let Some(rows) = Rows::new(units, stride, total.len(), [len; 2]) else { return false };
        let data = logits.data_mut().as_mut_ptr();
        let (mut product, mut first) = (Group::new(), Group::new());
        for (start, count) in rows.groups() {
            let words = rows.bits(start, count, b);
            for row in (0..count).step_by(rows.in_word()) {
                for (k, word) in words[row].iter().enumerate().take(rows.units.div_ceil(N)) {
                    let place = rows.place(start + row, k);
                    let word = word | place.absent();
                    // SAFETY: the rows lie within the data.
                    let (given, delta) = Given::with_delta(&unsafe { place.load(l, data) }, word);
                    // SAFETY: as above.
                    unsafe { place.store(l, &delta, data) };
                    product.put::<L, true>(l, rows, row, k, &factors(&given.e));
                    first.put::<L, false>(l, rows, row, k, &given.first);
                }
            }
            take(l, &mut product, &mut first, &mut total[start..start + count]);
        }
        true
    }
}

/// Takes log p of each row from its total.
#[inline(always)]
fn take<L: Lanes>(l: L, product: &mut Group, first: &mut Group, total: &mut [f32]) {
    let normaliser = logs(&product.end::<L, true>(l));
    let first = first.end::<L, false>(l);
    for (total, (first, n)) in total.iter_mut().zip(first.0.iter().zip(normaliser.0)) {
        *total -= first - n;
    }
}

#[cfg(test)]
mod tests {
    use crate::{Desktop, Level};
    use arm_core::estimator::{Arm, DisArm, DrawRule};
    use arm_core::kernels::{DrawnRows, Kernels, Portable};
    use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
    use arm_core::rng::{Purpose, Stream};

    /// What rows leave: samples, partners, scores, log q of both.
    #[derive(Clone, Debug, PartialEq)]
    struct All(Vec<u32>, Vec<u32>, Vec<f32>, Vec<f32>, Vec<f32>);

    const PADDING: f32 = 7.0;

    fn draw<K: Kernels>(kernels: &K, rule: &impl DrawRule, [phi, u]: [Matrix<'_>; 2]) -> Option<All> {
        let (count, cols) = (phi.height(), phi.cols());
        let words = || vec![9; count * cols.div_ceil(32)];
        let mut all =
            All(words(), words(), vec![PADDING; phi.data().len()], vec![9.0; count], vec![9.0; count]);
        let out = DrawnRows {
            sample: &mut all.0,
            partner: &mut all.1,
            score: MatrixMut::new(&mut all.2, phi.stride(), cols),
            log_q: &mut all.3,
            log_q_partner: &mut all.4,
        };
        kernels.sample_rows(rule, phi, u, out).then_some(all)
    }

    fn near(a: f32, b: f32) {
        assert!((a - b).abs() <= 2e-6 * b.abs() + 2e-6, "{a} {b}");
    }

    fn check(kernels: Desktop, rule: &impl DrawRule, count: usize, cols: usize) {
        let (stride, words) = (cols.next_multiple_of(16), cols.div_ceil(32));
        let mut rng = Stream::new(3, Purpose::Initial, 0, count as u64, cols);
        let mut random = |low: f32, high: f32| -> Vec<f32> {
            (0..count * stride)
                .map(|i| if i % stride < cols { low + (high - low) * rng.uniform() } else { f32::NAN })
                .collect()
        };
        let (phi, u) = (random(-6.0, 6.0), random(0.0, 1.0));
        let view = |data| Matrix::new(data, stride, cols);
        let all = draw(&kernels, rule, [view(&phi), view(&u)]).unwrap();
        let (mut total, mut cost, mut delta) = (vec![1.0; count], vec![0.0; count], phi.clone());
        let bits = BitMatrix::new(&all.0, cols);
        assert!(kernels.log_prob_rows(view(&phi), |row| bits.row(row), &mut total));
        let logits = &mut MatrixMut::new(&mut delta, stride, cols);
        assert!(kernels.log_prob_delta_rows(logits, |row| bits.row(row), &mut cost));
        for row in 0..count {
            let (own, here) = (row * stride..row * stride + cols, row * words..(row + 1) * words);
            let (mut b, mut partner, mut score) = (vec![0; words], vec![0; words], vec![0.0; cols]);
            let drawn = arm_core::kernels::Drawn { sample: &mut b, partner: &mut partner, score: &mut score };
            let logs = Portable.sample(rule, &phi[own.clone()], &u[own.clone()], drawn);
            assert_eq!((&all.0[here.clone()], &all.1[here]), (&b[..], &partner[..]), "{count} {cols}");
            all.2[own.clone()].iter().zip(&score).for_each(|(a, b)| near(*a, *b));
            near(all.3[row], logs.0);
            near(all.4[row], logs.1);
            near(1.0 - total[row], logs.0);
            near(-cost[row], logs.0);
            let mut expected = phi[own.clone()].to_vec();
            Portable.log_prob_delta(&mut expected, &b);
            delta[own.clone()].iter().zip(&expected).for_each(|(a, b)| near(*a, *b));
            let behind = own.end..(row + 1) * stride;
            assert!(
                all.2[behind.clone()].iter().all(|&s| s == PADDING)
                    && delta[behind].iter().all(|d| d.is_nan())
            );
        }
        // The last rows alone: the same bits.
        let from = count / 3;
        let alone = draw(&kernels, rule, [view(&phi[from * stride..]), view(&u[from * stride..])]).unwrap();
        let last = All(
            all.0[from * words..].to_vec(),
            all.1[from * words..].to_vec(),
            all.2[from * stride..].to_vec(),
            all.3[from..].to_vec(),
            all.4[from..].to_vec(),
        );
        assert_eq!(alone, last, "{count} {cols}");
        let mut again = vec![1.0; count - from];
        assert!(kernels.log_prob_rows(view(&phi[from * stride..]), |row| bits.row(from + row), &mut again));
        assert_eq!(again, total[from..]);
    }

    #[test]
    fn many_rows_are_what_each_is() {
        for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
            for count in [1, 2, 3, 15, 16, 17, 50] {
                for cols in [1, 8, 15, 16, 17, 20, 32, 33, 48, 50, 64] {
                    check(kernels, &Arm, count, cols);
                }
            }
            check(kernels, &DisArm, 9, 40);
        }
    }

    #[test]
    fn what_is_no_number_stays_none_and_long_rows_are_refused() {
        for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
            for cols in [3, 20] {
                let mut phi = vec![0.5; 3 * 32];
                phi[32 + 1] = f32::NAN;
                let mut total = [0.0; 3];
                assert!(kernels.log_prob_rows(Matrix::new(&phi, 32, cols), |_| &[2], &mut total));
                assert_eq!(total.map(f32::is_nan), [false, true, false]);
            }
            for (stride, cols) in [(80, 65), (20, 20), (16, 0)] {
                let phi = vec![0.5; 2 * stride];
                assert!(!kernels.log_prob_rows(Matrix::new(&phi, stride, cols), |_| &[0; 3], &mut [0.0; 2]));
            }
        }
    }
}
