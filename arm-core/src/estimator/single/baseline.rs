use crate::error::Error;

/// What REINFORCE subtracts from f.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Baseline {
    /// Nothing.
    #[default]
    None,
    /// A constant.
    Constant(f32),
    /// An exponential moving average of the mean of f over past batches: mean = decay mean + (1 - decay) f.
    Moving {
        /// Share of the past that is kept, in [0, 1).
        decay: f32,
        /// The average; `None` before the first step, which then subtracts nothing.
        mean: Option<f32>,
    },
}

impl Baseline {
    /// A moving average that has seen nothing yet.
    pub const fn moving(decay: f32) -> Self {
        Baseline::Moving { decay, mean: None }
    }

    /// `Err(Setting)` for a constant that is not finite or a decay outside [0, 1).
    pub fn check(&self) -> Result<(), Error> {
        let valid = match self {
            Baseline::None => true,
            Baseline::Constant(c) => c.is_finite(),
            Baseline::Moving { decay, .. } => (0.0..1.0).contains(decay),
        };
        if valid { Ok(()) } else { Err(Error::Setting) }
    }

    /// What to subtract now.
    pub fn value(&self) -> f32 {
        match *self {
            Baseline::None => 0.0,
            Baseline::Constant(c) => c,
            Baseline::Moving { mean, .. } => mean.unwrap_or(0.0),
        }
    }

    /// Takes in the mean of f over one batch.
    pub fn observe(&mut self, mean_f: f32) {
        if let Baseline::Moving { decay, mean } = self {
            *mean = Some(mean.map_or(mean_f, |m| *decay * m + (1.0 - *decay) * mean_f));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moving_average_starts_at_the_first_value() {
        let mut b = Baseline::moving(0.75);
        assert_eq!(b.value(), 0.0);
        b.observe(8.0);
        assert_eq!(b.value(), 8.0);
        b.observe(4.0);
        assert_eq!(b.value(), 7.0);
    }

    #[test]
    fn settings_are_checked() {
        assert!(Baseline::moving(1.0).check().is_err() && Baseline::moving(f32::NAN).check().is_err());
        assert!(
            Baseline::Constant(f32::INFINITY).check().is_err() && Baseline::Constant(-3.0).check().is_ok()
        );
    }
}
