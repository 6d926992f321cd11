//! Sums over Bernoulli units, four side by side.

/// A sum of log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|) that is not complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// Sum of x - |x|.
    pub twice: f32,
    /// Product of 1 + e^-|x|.
    pub product: f32,
}

impl Sums {
    /// Of no units.
    pub const NONE: Self = Sums { twice: 0.0, product: 1.0 };
}

/// Four [`Sums`], of which vectors make all at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lanes {
    twice: [f32; 4],
    product: [f32; 4],
}

impl Lanes {
    /// Of no units.
    pub const NONE: Self = Lanes { twice: [0.0; 4], product: [1.0; 4] };

    /// A lane; without vectors there is nothing in any.
    #[inline(always)]
    pub fn lane(&self, i: usize) -> Sums {
        if cfg!(helium) {
            Sums { twice: self.twice[i % 4], product: self.product[i % 4] }
        } else {
            Sums::NONE
        }
    }
}
