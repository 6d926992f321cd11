//! What scores are worth, and the simplest model to compare with.

use arm_core::math::ln;

/// Scores of normal and of faulty windows in steps of half a nat, up to 64.
#[derive(Clone, Debug)]
pub struct Tally {
    normal: [u16; 128],
    faulty: [u16; 128],
}

impl Tally {
    /// No scores.
    pub const ZERO: Self = Tally { normal: [0; 128], faulty: [0; 128] };

    /// Takes in the score of a window.
    pub fn push(&mut self, faulty: bool, score: f32) {
        let side = if faulty { &mut self.faulty } else { &mut self.normal };
        if let Some(n) = side.get_mut(((score * 2.0) as usize).min(127)) {
            *n = n.saturating_add(1);
        }
    }

    /// The area under the ROC curve in thousandths: how often a faulty window scores above a normal one, a tie counting
    /// one half; 0 where there are no pairs.
    pub fn auc(&self) -> u32 {
        let (mut below, mut faulty, mut twice) = (0, 0, 0);
        for (&n, &f) in self.normal.iter().zip(&self.faulty) {
            let (n, f) = (u64::from(n), u64::from(f));
            twice += f * (2 * below + n);
            below += n;
            faulty += f;
        }
        (1000 * twice / (2 * below * faulty).max(1)) as u32
    }
}

/// Bits that have nothing to do with each other: for each the share of ones so far, as if one of either had been seen.
#[derive(Clone, Debug)]
pub struct Independent<const BITS: usize> {
    ones: [u16; BITS],
    rows: u16,
}

impl<const BITS: usize> Independent<BITS> {
    /// Nothing seen yet.
    pub const ZERO: Self = Independent { ones: [0; BITS], rows: 0 };

    /// Takes in a packed row; at most 65,533 of them.
    pub fn learn(&mut self, row: &[u32]) {
        if self.rows < u16::MAX - 2 {
            self.rows += 1;
            self.ones.iter_mut().zip(bits(row)).for_each(|(n, bit)| *n += u16::from(bit));
        }
    }

    /// -log p of a packed row, in nats.
    pub fn score(&self, row: &[u32]) -> f32 {
        let rows = f32::from(self.rows) + 2.0;
        let p = self.ones.iter().zip(bits(row)).map(|(&n, bit)| {
            let ones = f32::from(n) + 1.0;
            if bit { ones / rows } else { 1.0 - ones / rows }
        });
        p.map(|p| -ln(p)).sum()
    }
}

fn bits(row: &[u32]) -> impl Iterator<Item = bool> {
    row.iter().flat_map(|word| (0..32).map(move |i| word >> i & 1 == 1))
}
