//! The surrogate net H of RODEO: two functions of a feature and a context, with one hidden layer of LeakyReLU units.

use arm_core::Activation;
use arm_core::rng::{Purpose, Stream};

/// Of the hidden units.
const ACTIVATION: Activation = Activation::leaky_relu(0.3);

/// Sums that run beside each other.
const LANES: usize = 8;

/// Sizes of the net. Its parameters: for each hidden unit the weight of the feature, of the context, the bias, and the
/// weights of both outputs; then the biases of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stein {
    pub hidden: usize,
}

impl Stein {
    /// Number of parameters.
    pub(super) fn len(self) -> usize {
        5 * self.hidden + 2
    }

    /// Glorot weights.
    pub(super) fn initial(self, seed: u64) -> Vec<f32> {
        let radius = |units: usize| (6.0 / units as f32).sqrt();
        let mut stream = Stream::new(seed, Purpose::Relax, u64::MAX, 1, 0);
        let mut draw = |r: f32| (2.0 * stream.uniform() - 1.0) * r;
        let mut params = Vec::with_capacity(self.len());
        for _ in 0..self.hidden {
            params.extend([draw(radius(self.hidden + 1)), draw(radius(self.hidden + 1)), 0.0]);
            params.extend([draw(radius(self.hidden + 2)), draw(radius(self.hidden + 2))]);
        }
        params.extend([0.0; 2]);
        params
    }

    /// Both outputs at each of the `features`.
    pub(super) fn at(self, params: &[f32], features: &[f32], context: f32, out: [&mut [f32]; 2]) {
        let [first, second] = out;
        let (units, biases) = params.split_at(5 * self.hidden);
        first.fill(biases[0]);
        second.fill(biases[1]);
        for unit in units.chunks_exact(5) {
            let (weight, base) = (unit[0], unit[1] * context + unit[2]);
            for ((x, a), b) in features.iter().zip(&mut *first).zip(&mut *second) {
                let h = ACTIVATION.of(weight * x + base);
                *a += unit[3] * h;
                *b += unit[4] * h;
            }
        }
    }

    /// Adds the gradient with respect to the parameters, given those with respect to both outputs.
    pub(super) fn back(
        self,
        params: &[f32],
        features: &[f32],
        context: f32,
        [first, second]: [&[f32]; 2],
        gradient: &mut [f32],
    ) {
        let (units, _) = params.split_at(5 * self.hidden);
        let (of_units, of_biases) = gradient.split_at_mut(5 * self.hidden);
        of_biases[0] += first.iter().sum::<f32>();
        of_biases[1] += second.iter().sum::<f32>();
        for (unit, out) in units.chunks_exact(5).zip(of_units.chunks_exact_mut(5)) {
            let (weight, base) = (unit[0], unit[1] * context + unit[2]);
            // Of d x, d, a h, b h: in lanes, which vector units add up together.
            let mut sums = [[0.0; LANES]; 4];
            let mut add = |lane: usize, x: f32, a: f32, b: f32| {
                let v = weight * x + base;
                let d = (a * unit[3] + b * unit[4]) * ACTIVATION.derivative(v);
                let h = ACTIVATION.of(v);
                for (sums, term) in sums.iter_mut().zip([d * x, d, a * h, b * h]) {
                    sums[lane] += term;
                }
            };
            let (x, x_rest) = features.as_chunks::<LANES>();
            let (a, a_rest) = first.as_chunks::<LANES>();
            let (b, b_rest) = second.as_chunks::<LANES>();
            for ((x, a), b) in x.iter().zip(a).zip(b) {
                for lane in 0..LANES {
                    add(lane, x[lane], a[lane], b[lane]);
                }
            }
            for (lane, ((x, a), b)) in x_rest.iter().zip(a_rest).zip(b_rest).enumerate() {
                add(lane, *x, *a, *b);
            }
            let [of_feature, of_base, of_first, of_second] = sums.map(|lanes| lanes.iter().sum::<f32>());
            let sums = [of_feature, of_base * context, of_base, of_first, of_second];
            out.iter_mut().zip(sums).for_each(|(o, s)| *o += s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_equals_finite_differences() {
        let net = Stein { hidden: 4 };
        let params = net.initial(3);
        let features = [-1.5, 0.3, 2.0];
        let (d1, d2) = ([0.5, -1.0, 2.0], [1.0, 0.25, -0.5]);
        let value = |params: &[f32]| -> f32 {
            let (mut a, mut b) = ([0.0; 3], [0.0; 3]);
            net.at(params, &features, 0.7, [&mut a, &mut b]);
            let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
            dot(&a, &d1) + dot(&b, &d2)
        };
        let mut gradient = vec![0.0; net.len()];
        net.back(&params, &features, 0.7, [&d1, &d2], &mut gradient);
        for i in 0..net.len() {
            let at = |step: f32| {
                let mut moved = params.clone();
                moved[i] += step;
                value(&moved)
            };
            let d = (at(1e-2) - at(-1e-2)) / 2e-2;
            // Piecewise bilinear: the difference is exact but for rounding, 1e-6 of values below 10 over 2e-2.
            assert!((d - gradient[i]).abs() < 1e-3, "{i}: {d} {}", gradient[i]);
        }
    }
}
