//! Sigmoid and softplus by one table.

/// Intervals of 1/16 up to 12, their end, and it once more: what is read between two rows is read from both.
const ROWS: usize = 194;

/// At k/16: sigma(-t) and ln(1 + e^-t) with 16 bits behind the point. They fall from row to row.
///
/// Both are convex, so a chord lies above them, by h^2 f'' / 8 at most: the values are lowered by half of that, and what
/// is interpolated, 2^-16 of the way before where it is asked for, is within 1 unit (sigma) and 5 units (softplus) of 2^-16.
pub(super) static TABLE: Table = table();

/// Pairs of sigmoid and softplus: a row is a word.
#[derive(Debug)]
#[repr(C, align(4))]
pub(super) struct Table([[u16; 2]; ROWS]);

const fn table() -> Table {
    let mut rows = [[0; 2]; ROWS];
    let mut k = 0;
    while k < ROWS {
        let end = if k + 1 == ROWS { k - 1 } else { k };
        let e = exp_neg(end as f64 / 16.0);
        let s = e / (1.0 + e);
        let sagitta = 1.0 / 256.0 / 16.0;
        rows[k] =
            [round(s - sagitta * s * (1.0 - s) * (1.0 - 2.0 * s)), round(ln_1p(e) - sagitta * s * (1.0 - s))];
        k += 1;
    }
    Table(rows)
}

const fn round(x: f64) -> u16 {
    (x * 65_536.0 + 0.5) as u16
}

/// e^-t for t in [0, 12], as the sixteenth power of a series.
const fn exp_neg(t: f64) -> f64 {
    let (mut sum, mut term, mut i) = (1.0, 1.0, 1);
    while i < 20 {
        term *= -t / 16.0 / i as f64;
        sum += term;
        i += 1;
    }
    let (two, mut i) = (sum * sum, 0);
    let mut power = two;
    while i < 3 {
        power *= power;
        i += 1;
    }
    power
}

/// ln(1 + e) for e in [0, 1], by the series of the inverse hyperbolic tangent.
const fn ln_1p(e: f64) -> f64 {
    let z = e / (2.0 + e);
    let (mut sum, mut power, mut i) = (0.0, z, 1);
    while i < 60 {
        sum += power / i as f64;
        power *= z * z;
        i += 2;
    }
    2.0 * sum
}

/// (sigma(-t), ln(1 + e^-t)), with 16 bits behind the point, of t >= 0 with 11.
#[inline(always)]
pub fn falling(t: u32) -> (u32, u32) {
    // Beyond 12 both are below half a unit.
    let t = if t < 12 << 11 { t } else { 12 << 11 };
    let rows = TABLE.0.get((t >> 7) as usize..).and_then(|rows| rows.first_chunk());
    let [[sigma, softplus], [next_sigma, next_softplus]] = rows.copied().unwrap_or_default();
    let part = ((t & 127) << 9) as i32 - 1;
    (between(sigma, next_sigma, part), between(softplus, next_softplus, part))
}

/// What is `part` 2^-16 of the way from a row to the next, rounded.
#[inline(always)]
fn between(here: u16, next: u16, part: i32) -> u32 {
    (i32::from(here) + ((0x8000 - (i32::from(here) - i32::from(next)) * part) >> 16)) as u32
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn errors_are_as_stated() {
        let (mut worst, mut worst_softplus) = (0f64, 0f64);
        for t in 0..=32_768u32 {
            let x = f64::from(t) / 2048.0;
            let (sigma, softplus) = falling(t);
            worst = worst.max((f64::from(sigma) - 65_536.0 / (1.0 + x.exp())).abs());
            worst_softplus = worst_softplus.max((f64::from(softplus) - 65_536.0 * (-x).exp().ln_1p()).abs());
        }
        std::println!("{worst} {worst_softplus}");
        assert!(worst < 2.5 && worst_softplus < 5.0, "{worst} {worst_softplus}");
        assert_eq!(falling(0).0, 32_768);
    }
}
