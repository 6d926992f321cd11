//! Networks of a size that follows from the data, or from the memory of a device.

use super::{Budget, Notation, NumbersName, Preset, Ram, SLOPE};
use arm_core::shape::MAX_WIDTH;
use arm_core::{Layer, Prior};

/// Columns from which on the network of a user who names none is as wide as those of the papers.
pub const WIDE: usize = 512;

/// Learning rate of Adam without a preset, where the data have fewer columns.
pub const NARROW_RATE: f32 = 3e-3;

impl Notation {
    /// The network for rows of `columns` units where the user names none: `x-2h-[h] / [h]-2h-x`, h the power of two next
    /// to 2√x and at most x; from 512 columns on that of [`Preset::Nonlinear`].
    pub fn for_columns(columns: usize) -> Notation {
        if columns >= WIDE {
            return Preset::Nonlinear.notation();
        }
        let exact = (2.0 * (columns as f64).sqrt()).log2().round();
        Notation::of_family((exact.exp2() as usize).clamp(1, columns.max(1)))
    }

    /// The largest `x-2h-[h] / [h]-2h-x` with at most as many latent units h as columns that trains with SGD in `ram`, in these
    /// numbers. Errors: the smallest does not, and what it needs.
    pub fn fitting(ram: Ram, columns: usize, prior: Prior, numbers: NumbersName) -> Result<Notation, String> {
        let needs = |h: usize| {
            let mut network = Notation::of_family(h).with_widths(columns, columns);
            network.prior = prior;
            Budget::of(&network.shape(), numbers).sgd
        };
        let most = columns.min(MAX_WIDTH / 2);
        if most == 0 || needs(1) > ram.0 {
            return Err(format!(
                "--fit-ram {ram}: the smallest network, {}, trains in {} bytes",
                Notation::of_family(1),
                needs(1)
            ));
        }
        // What is needed grows with h.
        let (mut fits, mut too_much) = (1, most + 1);
        while too_much - fits > 1 {
            let h = fits.midpoint(too_much);
            if needs(h) <= ram.0 { fits = h } else { too_much = h }
        }
        Ok(Notation::of_family(fits))
    }

    /// `x-2h-[h] / [h]-2h-x`.
    fn of_family(h: usize) -> Notation {
        let hidden = Layer::hidden(2 * h, SLOPE);
        Notation::open(vec![hidden, Layer::bernoulli(h)], vec![hidden])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_from_the_columns() {
        for (columns, text) in [
            (1, "x-2-[1] / [1]-2-x"),
            (2, "x-4-[2] / [2]-4-x"),
            (4, "x-8-[4] / [4]-8-x"),
            (16, "x-16-[8] / [8]-16-x"),
            (64, "x-32-[16] / [16]-32-x"),
            (180, "x-64-[32] / [32]-64-x"),
            (784, "x-200-200-[200] / [200]-200-200-x"),
        ] {
            assert_eq!(Notation::for_columns(columns).to_string(), text);
            assert!(Notation::for_columns(columns).network(columns).is_ok());
        }
    }

    #[test]
    fn the_largest_that_fits_is_chosen() {
        for (ram, columns) in [(32 << 10, 64), (4 << 10, 16), (1 << 20, 784), (256 << 10, 180), (20_000, 65)]
        {
            for numbers in [NumbersName::F32, NumbersName::I16] {
                let shape = |h| Notation::of_family(h).network(columns).unwrap();
                let needs = |h| Budget::of(&shape(h).shape(), numbers).sgd;
                let h = (1..=columns).rev().find(|&h| needs(h) <= ram).unwrap();
                let chosen = Notation::fitting(Ram(ram), columns, Prior::Fixed, numbers).unwrap();
                assert_eq!(chosen, Notation::of_family(h), "{ram} {columns}");
            }
        }
        // Never more latent units than columns.
        let fitting = |ram, columns, prior| Notation::fitting(Ram(ram), columns, prior, NumbersName::F32);
        let all = fitting(1 << 30, 5, Prior::Learned).unwrap();
        assert_eq!(all.to_string(), "x-10-[5] / [5]-10-x");
        let none = fitting(100, 64, Prior::Fixed).unwrap_err();
        assert!(none.contains("--fit-ram 100") && none.contains("x-2-[1] / [1]-2-x"), "{none}");
        let needed: usize = none.split_whitespace().rev().nth(1).unwrap().parse().unwrap();
        assert!(fitting(needed, 64, Prior::Fixed).is_ok());
        assert!(fitting(needed - 1, 64, Prior::Fixed).is_err());
    }
}
