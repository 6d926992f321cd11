//! What hidden units make of their sums.

/// What a hidden unit makes of its sum v: v above zero, and a share of it below (LeakyReLU).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    slope: f32,
}

impl Activation {
    /// v itself; that of logits.
    pub const LINEAR: Self = Activation { slope: 1.0 };
    /// Nothing below zero.
    pub const RELU: Self = Activation { slope: 0.0 };

    /// LeakyReLU with this slope below zero, in [0, 1]: see [`Shape::check`](crate::Shape::check).
    pub const fn leaky_relu(slope: f32) -> Self {
        Activation { slope }
    }

    /// Slope below zero.
    pub const fn slope(self) -> f32 {
        self.slope
    }

    /// Whether its numbers are in their ranges.
    pub const fn is_valid(self) -> bool {
        self.slope >= 0.0 && self.slope <= 1.0
    }

    /// Whether it leaves every sum as it is.
    pub const fn is_linear(self) -> bool {
        self.slope == 1.0
    }

    /// What it makes of v.
    #[inline(always)]
    pub fn of(self, v: f32) -> f32 {
        if v > 0.0 { v } else { self.slope * v }
    }

    /// Its derivative at v, from a, [what it made of it](Self::of).
    #[inline(always)]
    pub fn derivative(self, a: f32) -> f32 {
        if a > 0.0 { 1.0 } else { self.slope }
    }

    /// The word that stands for it among stored parameters.
    pub(crate) const fn to_word(self) -> u32 {
        self.slope.to_bits()
    }

    /// The activation that a word stands for.
    pub(crate) fn from_word(word: u32) -> Option<Self> {
        Some(Activation { slope: f32::from_bits(word) }).filter(|activation| activation.is_valid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_what_it_makes() {
        for activation in [Activation::LINEAR, Activation::RELU, Activation::leaky_relu(0.25)] {
            for v in [-3.0f32, -0.5, 0.5, 3.0] {
                let difference = (activation.of(v + 0.125) - activation.of(v - 0.125)) / 0.25;
                assert_eq!(activation.derivative(activation.of(v)), difference, "{activation:?} {v}");
            }
            assert_eq!(activation.is_linear(), activation.of(-1.0) == -1.0);
            assert_eq!(Activation::from_word(activation.to_word()), Some(activation));
        }
        for slope in [-0.1, 1.1, f32::NAN] {
            let activation = Activation::leaky_relu(slope);
            assert!(!activation.is_valid() && Activation::from_word(activation.to_word()).is_none());
        }
    }
}
