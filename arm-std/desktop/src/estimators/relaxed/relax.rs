use super::control::{Control, Row};
use super::learned::Learned;
use super::{logit, numbers, one_layer, unit};
use arm_core::estimator::{self, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::{ln, sigmoid, sigmoid_pair};
use arm_core::relaxed::{Relaxation, RelaxedLayer};
use arm_core::{Error, Matrix, MatrixMut, Shape};

/// REBAR and RELAX: REINFORCE with a control variate on relaxed samples, (f(b) - c(z~)) (b - p) + dc(z)/dphi -
/// dc(z~)/dphi, where z = phi + logit(u), b = 1\[z > 0\], z~ is drawn again given b, and c(z) = s (f(sigmoid(z / T)) +
/// r(x, z)). Unbiased for every temperature T, factor s and net r.
///
/// Tucker, Mnih, Maddison, Lawson & Sohl-Dickstein, NeurIPS 2017: REBAR, r = 0. Grathwohl, Choi, Wu, Roeder & Duvenaud,
/// ICLR 2018: RELAX, r a net with one hidden layer of LeakyReLU 0.3. Three evaluations of f, two of them with the
/// gradient; learning T takes as long again. One stochastic layer. c takes phi into account as the point of evaluation
/// only, not where f itself depends on it; that is unbiased as well, since z and z~ have the same law.
#[derive(Clone, Debug, PartialEq)]
pub struct Relax {
    control: Option<Control>,
    /// log T, s, the parameters of the net.
    learned: Learned,
}

/// T is kept within these bounds: below, relaxed samples are binary ones, above, they are constant.
const TEMPERATURE: (f32, f32) = (0.02, 50.0);

impl Relax {
    /// REBAR from temperature T in [0.02, 50] and factor s; the usual start is 0.1 and 1.
    pub fn rebar(temperature: f32, factor: f32) -> Self {
        Relax { control: None, learned: Learned::new(vec![temperature.ln(), factor]) }
    }

    /// RELAX, whose net for `shape` has `hidden` hidden units (137 in the paper) drawn from `seed`, and starts with r = 0.
    pub fn with_net(temperature: f32, factor: f32, shape: &Shape<'_>, hidden: usize, seed: u64) -> Self {
        let control = Control { inputs: shape.inputs(), width: shape.top_width(), hidden: hidden.max(1) };
        let mut values = vec![temperature.ln(), factor];
        values.extend(control.initial(seed));
        Relax { control: Some(control), learned: Learned::new(values) }
    }

    /// The temperature T.
    pub fn temperature(&self) -> f32 {
        self.learned.values()[0].exp()
    }

    /// The factor s.
    pub fn factor(&self) -> f32 {
        self.learned.values()[1]
    }

    /// The parameters of the net r, writable.
    pub fn net_mut(&mut self) -> &mut [f32] {
        self.learned.values_mut().get_mut(2..).unwrap_or_default()
    }
}

impl DrawRule for Relax {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

/// z~ given b from the uniform v, and its derivative with respect to phi; v and b are kept.
fn conditional(phi: f32, b: f32, v: f32) -> (f32, f32) {
    let (p, q) = sigmoid_pair(phi);
    if b == 1.0 {
        let below = v * p + q;
        (phi + ln(below / (p * (1.0 - v))), v * p / below)
    } else {
        let above = p + q * (1.0 - v);
        (phi + ln(v * q / above), q * (1.0 - v) / above)
    }
}

impl Estimator for Relax {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        one_layer(shape)?;
        let fits = |c: Control| c.inputs == shape.inputs() && c.width == shape.top_width();
        let (low, high) = TEMPERATURE;
        // Rounding of log T may leave the bounds.
        let valid = (0.99 * low..=1.01 * high).contains(&self.temperature()) && self.factor().is_finite();
        if valid && self.control.is_none_or(fits) { Ok(()) } else { Err(Error::Setting) }
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

impl Relaxation for Relax {
    fn points(&self) -> usize {
        2
    }

    fn statistics(&self) -> usize {
        2 + self.control.map_or(0, Control::statistics_len)
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, width, n) = (layer.rows, layer.rows.phi.cols(), layer.rows.f.len());
        let (t, s) = (self.temperature(), self.factor());
        let size = n * width;
        // z, then z~.
        let mut z = vec![0.0; 2 * size];
        let mut slope = vec![0.0; size];
        let (mut u, mut v) = (vec![0.0; width], vec![0.0; width]);
        let (free, given) = z.split_at_mut(size);
        let of_rows = free.chunks_mut(width).zip(given.chunks_mut(width)).zip(slope.chunks_mut(width));
        for (row, ((free, given), slope)) in of_rows.enumerate() {
            rows.uniforms(row, &mut u);
            rows.fresh(row, &mut v);
            let drawn = rows.phi.row(row).iter().zip(numbers(&rows, row)).zip(u.iter().zip(&v));
            let out = free.iter_mut().zip(given).zip(slope);
            for (((phi, b), (u, v)), ((free, given), slope)) in drawn.zip(out) {
                *free = phi + logit(*u);
                (*given, *slope) = conditional(*phi, b, *v);
            }
        }
        let y: Vec<f32> = z.iter().map(|z| sigmoid(z / t)).collect();
        let (mut f, mut gradient) = (vec![0.0; 2 * n], vec![0.0; 2 * size]);
        let matrix = |data| Matrix::new(data, width, width);
        layer.smooth.at(matrix(&y), &mut f, MatrixMut::new(&mut gradient, width, width))?;
        let params = &self.learned.values()[2..];
        let values = self.control.map(|c| c.at(layer.smooth.kernels(), params, &rows, matrix(&z)));
        // Of c / s: values, gradients.
        if let Some(values) = &values {
            f.iter_mut().zip(&values.r).for_each(|(f, r)| *f += r);
        }
        let slope_of = |i: usize| {
            let of_f = gradient[i] * y[i] * (1.0 - y[i]) / t;
            of_f + values.as_ref().map_or(0.0, |v| v.gradient[i])
        };
        // Directions: dL/d(gradient of f at y) and dy/dT.
        let (mut to_f, mut by_t) = (vec![0.0; 2 * size], vec![0.0; 2 * size]);
        let mut to_r = vec![0.0; if values.is_some() { 2 * size } else { 0 }];
        let mut d_r = vec![0.0; n];
        let (per_row, mut score) = (self.statistics(), vec![0.0; width]);
        for row in 0..n {
            let signal = rows.f[row] - s * f[n + row];
            let (mut with_score, mut d_s, mut d_t) = (0.0, 0.0, 0.0);
            for ((score, phi), b) in score.iter_mut().zip(rows.phi.row(row)).zip(numbers(&rows, row)) {
                *score = b - sigmoid(*phi);
            }
            for (i, (delta, score)) in layer.delta.row_mut(row).iter_mut().zip(&score).enumerate() {
                let (free, given) = (row * width + i, size + row * width + i);
                let j = slope[free];
                let by_s = slope_of(free) - j * slope_of(given);
                let g = signal * score + s * by_s;
                *delta = g;
                with_score += 2.0 * g * score;
                d_s += 2.0 * g * by_s;
                for (at, j) in [(free, 2.0 * s * g), (given, -2.0 * s * g * j)] {
                    let (y, z) = (y[at], z[at]);
                    let curve = y * (1.0 - y);
                    by_t[at] = -curve * z / (t * t);
                    to_f[at] = j * curve / t;
                    d_t += j * gradient[at] * (by_t[at] * (1.0 - 2.0 * y) - curve / t) / t;
                    if let Some(to_r) = to_r.get_mut(at) {
                        *to_r = j;
                    }
                }
            }
            d_s -= with_score * f[n + row];
            d_r[row] = -s * with_score;
            let given = size + row * width..size + (row + 1) * width;
            let along: f32 = gradient[given.clone()].iter().zip(&by_t[given]).map(|(g, y)| g * y).sum();
            d_t += d_r[row] * along;
            layer.statistics[row * per_row] = d_t * t;
            layer.statistics[row * per_row + 1] = d_s;
        }
        let mut curvature = vec![0.0; 2 * n];
        layer.smooth.curvature(matrix(&to_f), matrix(&by_t), &mut curvature)?;
        for (row, statistics) in layer.statistics.chunks_mut(per_row).enumerate() {
            statistics[0] += t * (curvature[row] + curvature[n + row]);
        }
        if let (Some(control), Some(values)) = (self.control, &values) {
            let tangents = control.tangents(layer.smooth.kernels(), params, &to_r);
            for (row, statistics) in layer.statistics.chunks_mut(per_row).enumerate() {
                let at =
                    Row { rows: &rows, row, z: &z, direction: &to_r, tangents: &tangents, d_r: d_r[row] };
                control.keep(values, at, &mut statistics[2..]);
            }
        }
        Ok(())
    }
}

impl estimator::Learned for Relax {
    fn learn(&mut self, step: u64, statistics: &[f32]) {
        let mut gradient = vec![0.0; self.learned.len()];
        let examples = (statistics.len() / self.statistics()).max(1) as f32;
        for of_row in statistics.chunks(self.statistics()) {
            gradient[0] += of_row[0];
            gradient[1] += of_row[1];
            if let Some(control) = self.control {
                control.add(&of_row[2..], &mut gradient[2..]);
            }
        }
        gradient.iter_mut().for_each(|g| *g /= examples);
        self.learned.descend(step, &gradient);
        self.learned.clamp(0, TEMPERATURE.0.ln(), TEMPERATURE.1.ln());
    }

    fn state(&self) -> &[f32] {
        self.learned.state()
    }

    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        self.learned.set_state(state)
    }
}
