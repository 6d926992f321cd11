use super::learned::Learned;
use super::{numbers, unit};
use arm_core::estimator::{self, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::sigmoid;
use arm_core::relaxed::{Relaxation, RelaxedLayer, Rows};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Shape};

/// BIASED by a factor that all units share: NVIL, REINFORCE with a baseline that a net makes of the input, centred and
/// scaled, (f(b) - C(x) - c) (b - p) / max(1, sqrt(v)). Times that factor its mean is the gradient.
///
/// Mnih & Gregor, ICML 2014, sections 2.3 and 3. C has one hidden layer of tanh units (100 in the paper) and goes down
/// (f - C - c)^2; c and v are moving averages, of decay 0.8, of mean and variance over past batches of f - C. (The paper
/// takes the present batch into them, which then depend on the sample.) The first step, which has seen none, is divided by
/// max(1, |f - C|): Adam would remember its size for thousands of steps. One evaluation of f. In a stack every layer has
/// the same baseline and all of f; the paper has a net for each layer, and takes off what lies below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Nvil {
    net: Net,
    /// Whether c and v have seen a batch (1) or not (0), c, v; then the parameters of the net.
    learned: Learned,
}

/// Values before the parameters of the net.
const FIRST: usize = 3;

/// Decay of c and v.
const DECAY: f32 = 0.8;

/// Sizes of C. Its parameters: a row of `hidden` weights for each input unit, the biases; then the weights and the bias of
/// the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Net {
    inputs: usize,
    hidden: usize,
}

fn tanh(v: f32) -> f32 {
    2.0 * sigmoid(2.0 * v) - 1.0
}

impl Net {
    fn len(self) -> usize {
        (self.inputs + 2) * self.hidden + 1
    }

    /// Glorot weights of the hidden units; those of the output are zero, so that C is zero at first.
    fn initial(self, seed: u64) -> Vec<f32> {
        let radius = (6.0 / (self.inputs + self.hidden) as f32).sqrt();
        let mut stream = Stream::new(seed, Purpose::Relax, u64::MAX, 2, 0);
        let mut params = vec![0.0; self.len()];
        let weights = params.iter_mut().take(self.inputs * self.hidden);
        weights.for_each(|w| *w = (2.0 * stream.uniform() - 1.0) * radius);
        params
    }

    /// C at the units of x that are one; leaves the hidden units.
    fn at(self, params: &[f32], ones: impl Iterator<Item = usize>, hidden: &mut [f32]) -> f32 {
        let row = |i: usize| &params[i * self.hidden..][..self.hidden];
        hidden.copy_from_slice(row(self.inputs));
        for i in ones {
            hidden.iter_mut().zip(row(i)).for_each(|(h, w)| *h += w);
        }
        hidden.iter_mut().for_each(|h| *h = tanh(*h));
        let out = row(self.inputs + 1).iter().zip(&*hidden).map(|(w, h)| w * h).sum::<f32>();
        out + params[self.len() - 1]
    }

    /// Adds the gradient with respect to the parameters, given that with respect to C.
    fn back(self, params: &[f32], x: &[f32], hidden: &[f32], d: f32, gradient: &mut [f32]) {
        let (of_units, of_out) = gradient.split_at_mut((self.inputs + 1) * self.hidden);
        of_out.iter_mut().zip(hidden).for_each(|(g, h)| *g += d * h);
        of_out[self.hidden] += d;
        let out = &params[(self.inputs + 1) * self.hidden..];
        let slopes: Vec<f32> = hidden.iter().zip(out).map(|(h, w)| d * w * (1.0 - h * h)).collect();
        let rows = of_units.chunks_mut(self.hidden).zip(x.iter().chain(&[1.0]));
        for (row, _) in rows.filter(|(_, x)| **x != 0.0) {
            row.iter_mut().zip(&slopes).for_each(|(g, s)| *g += s);
        }
    }
}

impl Nvil {
    /// For `shape`, with `hidden` hidden units drawn from `seed`; C, c and v start at zero.
    pub fn new(shape: &Shape<'_>, hidden: usize, seed: u64) -> Self {
        let net = Net { inputs: shape.inputs(), hidden: hidden.max(1) };
        let mut values = vec![0.0; FIRST];
        values.extend(net.initial(seed));
        Nvil { net, learned: Learned::new(values) }
    }

    /// The centre c.
    pub fn centre(&self) -> f32 {
        self.learned.values()[1]
    }

    /// The factor 1 / max(1, sqrt(v)) of all gradients.
    pub fn scale(&self) -> f32 {
        1.0 / self.learned.values()[2].max(1.0).sqrt()
    }

    /// What a row's f - C is worth.
    fn signal(&self, residual: f32) -> f32 {
        let seen = self.learned.values()[0] == 1.0;
        (residual - self.centre()) * if seen { self.scale() } else { 1.0 / residual.abs().max(1.0) }
    }

    /// C(x) of a row.
    fn baseline(&self, rows: &Rows<'_>, row: usize, hidden: &mut [f32]) -> f32 {
        self.net.at(&self.learned.values()[FIRST..], rows.x(row).ones(), hidden)
    }
}

impl DrawRule for Nvil {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for Nvil {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if self.net.inputs == shape.inputs() { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }

    fn learned(&self) -> Option<&dyn estimator::Learned> {
        Some(self)
    }

    fn learned_mut(&mut self) -> Option<&mut dyn estimator::Learned> {
        Some(self)
    }
}

impl Relaxation for Nvil {
    /// f - C, the hidden units, the input.
    fn statistics(&self) -> usize {
        1 + self.net.hidden + self.net.inputs
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, size) = (layer.rows, self.statistics());
        let of_rows = layer.statistics.chunks_mut(size).zip(layer.delta.rows_mut());
        for (row, (statistics, delta)) in of_rows.enumerate() {
            let (residual, rest) = statistics.split_at_mut(1);
            let (hidden, x) = rest.split_at_mut(self.net.hidden);
            residual[0] = rows.f[row] - self.baseline(&rows, row, hidden);
            x.fill(0.0);
            rows.x(row).ones().for_each(|i| x[i] = 1.0);
            let signal = self.signal(residual[0]);
            for ((delta, b), phi) in delta.iter_mut().zip(numbers(&rows, row)).zip(rows.phi.row(row)) {
                *delta = signal * (b - sigmoid(*phi));
            }
        }
        Ok(())
    }
}

impl estimator::Learned for Nvil {
    fn learn(&mut self, step: u64, statistics: &[f32]) {
        let size = self.statistics();
        let of_rows = || statistics.chunks_exact(size);
        let examples = of_rows().len().max(1) as f32;
        let mean = of_rows().map(|r| r[0]).sum::<f32>() / examples;
        let variance = of_rows().map(|r| (r[0] - mean) * (r[0] - mean)).sum::<f32>() / examples;
        if !variance.is_finite() {
            return;
        }
        let (centre, mut gradient) = (self.centre(), vec![0.0; self.learned.len()]);
        let params = &self.learned.values()[FIRST..];
        for of_row in of_rows() {
            let (hidden, x) = of_row[1..].split_at(self.net.hidden);
            let d = -2.0 * (of_row[0] - centre) / examples;
            self.net.back(params, x, hidden, d, &mut gradient[FIRST..]);
        }
        self.learned.descend(step, &gradient);
        let values = self.learned.values_mut();
        let kept = if values[0] == 1.0 { DECAY } else { 0.0 };
        values[0] = 1.0;
        values[1] = kept * values[1] + (1.0 - kept) * mean;
        values[2] = kept * values[2] + (1.0 - kept) * variance;
    }

    fn state(&self) -> &[f32] {
        self.learned.state()
    }

    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        self.learned.set_state(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_of_the_net_equals_finite_differences() {
        let net = Net { inputs: 3, hidden: 4 };
        let params: Vec<f32> = (0..net.len()).map(|i| (i as f32 * 1.3 + 0.2).sin() * 0.7).collect();
        let (x, mut hidden) = ([1.0, 0.0, 1.0], [0.0; 4]);
        let value = |params: &[f32]| net.at(params, [0, 2].into_iter(), &mut [0.0; 4]);
        net.at(&params, [0, 2].into_iter(), &mut hidden);
        let mut gradient = vec![0.0; net.len()];
        net.back(&params, &x, &hidden, 1.0, &mut gradient);
        for i in 0..net.len() {
            let at = |step: f32| {
                let mut moved = params.clone();
                moved[i] += step;
                value(&moved)
            };
            // Rounding: 1e-7 over 2e-2; the third derivative of tanh is at most 2.
            let d = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((d - gradient[i]).abs() < 2e-4, "{i}: {d} {}", gradient[i]);
        }
        assert!(gradient.iter().filter(|g| **g != 0.0).count() == net.len() - 4);
    }

    #[test]
    fn centre_and_scale_are_averages_over_past_batches() {
        use estimator::Learned as _;
        let shape = Shape::chain(0, &const { [arm_core::Layer::bernoulli(2)] });
        let mut nvil = Nvil::new(&shape, 1, 1);
        assert_eq!((nvil.centre(), nvil.scale()), (0.0, 1.0));
        nvil.learn(0, &[1.0, 0.0, 9.0, 0.0]);
        assert_eq!((nvil.centre(), nvil.scale()), (5.0, 0.25));
        nvil.learn(1, &[0.0, 0.0, 0.0, 0.0]);
        assert!((nvil.centre() - 4.0).abs() < 1e-6 && (nvil.scale() - 1.0 / 12.8f32.sqrt()).abs() < 1e-6);
        let before = nvil.clone();
        nvil.learn(2, &[f32::NAN, 0.0, 0.0, 0.0]);
        assert_eq!(nvil, before);
    }
}
