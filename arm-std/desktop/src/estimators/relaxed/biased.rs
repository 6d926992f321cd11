use super::{logit, numbers, unit};
use arm_core::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::sigmoid;
use arm_core::relaxed::{Relaxation, RelaxedLayer};
use arm_core::{Error, Matrix, MatrixMut, Shape};

/// BIASED. Straight-through: the gradient of f with respect to b, times p (1 - p), as if b were its probability p.
///
/// Bengio, Leonard & Courville, arXiv 1308.3432. One evaluation of f and one of its gradient. For one unit it is
/// f'(b) p (1 - p), whose mean is right for f linear or quadratic in b with p = 1/2 only. In a stack the gradient
/// passes through the samples of the layers above in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StraightThrough;

impl DrawRule for StraightThrough {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for StraightThrough {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for StraightThrough {
    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        through(layer, |p, _| p * (1.0 - p))
    }
}

/// The gradient of f with respect to b, times a factor of p and b.
fn through(layer: &mut RelaxedLayer<'_>, factor: impl Fn(f32, f32) -> f32) -> Result<(), Error> {
    let rows = layer.rows;
    let (stride, cols) = (layer.delta.stride(), layer.delta.cols());
    layer.smooth.at_samples(true, MatrixMut::new(layer.delta.data_mut(), stride, cols))?;
    for (row, (delta, phi)) in layer.delta.rows_mut().zip(rows.phi.rows()).enumerate() {
        for ((delta, phi), b) in delta.iter_mut().zip(phi).zip(numbers(&rows, row)) {
            *delta *= factor(sigmoid(*phi), b);
        }
    }
    Ok(())
}

/// BIASED. ReinMax, for binary units: the gradient of f with respect to b, times |b - p| / 2. Its mean is that with f(1) - f(0)
/// replaced by (f'(0) + f'(1)) / 2, the trapezoidal rule: exact where f is quadratic in each unit.
///
/// Liu, Dong, Liu, Yu & Gao, NeurIPS 2023. For one bit the same as ZGR (Shekhovtsov, ICML 2023), which is Gumbel-Rao at
/// temperature zero, as DARN linearised at 1/2 (Gregor et al., ICML 2014), and as straight-through with samples weighted
/// as if 0 and 1 were equally likely, 1 / 2q(b) (Pervez, Cohen & Gavves, ICML 2020). One evaluation of f and one of its
/// gradient. One unit has variance p (1-p) ((1-p) f'(1) - p f'(0))^2 / 4. A stack as with [`StraightThrough`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReinMax;

impl DrawRule for ReinMax {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for ReinMax {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for ReinMax {
    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        through(layer, |p, b| 0.5 * (b - p).abs())
    }
}

/// BIASED. Gumbel-softmax, for binary units the binary Concrete distribution: the gradient of f at the relaxed sample
/// y = sigmoid((phi + logit(u)) / T), times dy/dphi = y (1 - y) / T. Smaller T: less bias, more variance.
///
/// Maddison, Mnih & Teh, ICLR 2017; Jang, Gu & Poole, ICLR 2017. One evaluation of f at the sample, whose gradient trains
/// the decoder, and one with its gradient at y. One stochastic layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GumbelSoftmax {
    /// Temperature T, in [0.01, 100].
    pub temperature: f32,
}

impl Default for GumbelSoftmax {
    /// T = 2/3, the choice of Maddison et al. for binary units.
    fn default() -> Self {
        GumbelSoftmax { temperature: 2.0 / 3.0 }
    }
}

impl DrawRule for GumbelSoftmax {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for GumbelSoftmax {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        super::one_layer(shape)?;
        if (0.01..=100.0).contains(&self.temperature) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for GumbelSoftmax {
    fn points(&self) -> usize {
        1
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, width) = (layer.rows, layer.rows.phi.cols());
        let n = rows.f.len();
        let (mut y, mut u) = (vec![0.0; n * width], vec![0.0; width]);
        for (row, y) in y.chunks_mut(width).enumerate() {
            rows.uniforms(row, &mut u);
            for ((y, u), phi) in y.iter_mut().zip(&u).zip(rows.phi.row(row)) {
                *y = sigmoid((phi + logit(*u)) / self.temperature);
            }
        }
        let mut gradient = vec![0.0; n * width];
        layer.smooth.at(
            Matrix::new(&y, width, width),
            &mut vec![0.0; n],
            MatrixMut::new(&mut gradient, width, width),
        )?;
        let of_rows = y.chunks(width).zip(gradient.chunks(width));
        for (delta, (y, g)) in layer.delta.rows_mut().zip(of_rows) {
            for ((delta, y), g) in delta.iter_mut().zip(y).zip(g) {
                *delta = g * y * (1.0 - y) / self.temperature;
            }
        }
        Ok(())
    }
}
