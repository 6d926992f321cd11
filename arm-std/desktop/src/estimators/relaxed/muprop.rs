use super::{numbers, one_layer, unit};
use arm_core::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::sigmoid;
use arm_core::relaxed::{Relaxation, RelaxedLayer};
use arm_core::{Error, Matrix, MatrixMut, Shape};

/// MuProp: REINFORCE with f linearised at the probabilities as control variate,
/// (f(b) - f(p) - f'(p) (b - p)) (b - p) + f'(p) p (1 - p). Unbiased.
///
/// Gu, Levine, Sutskever & Mnih, ICLR 2016, eq. 5. Two evaluations of f, at the sample and at the probabilities, there with
/// the gradient. No variance where f is linear in b. One stochastic layer: the paper runs a stack above the probabilities
/// through its means, which no pass of the engine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MuProp;

impl DrawRule for MuProp {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for MuProp {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        one_layer(shape)
    }

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for MuProp {
    fn points(&self) -> usize {
        1
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, width, n) = (layer.rows, layer.rows.phi.cols(), layer.rows.f.len());
        let p: Vec<f32> = rows.phi.rows().flatten().map(|phi| sigmoid(*phi)).collect();
        let (mut f, mut gradient) = (vec![0.0; n], vec![0.0; n * width]);
        let at = Matrix::new(&p, width, width);
        layer.smooth.at(at, &mut f, MatrixMut::new(&mut gradient, width, width))?;
        let of_rows = layer.delta.rows_mut().zip(p.chunks(width)).zip(gradient.chunks(width));
        for (row, ((delta, p), g)) in of_rows.enumerate() {
            let scores = || numbers(&rows, row).zip(p).map(|(b, p)| b - p);
            let linear: f32 = scores().zip(g).map(|(score, g)| score * g).sum();
            let signal = rows.f[row] - f[row] - linear;
            for (((delta, score), p), g) in delta.iter_mut().zip(scores()).zip(p).zip(g) {
                *delta = signal * score + g * p * (1.0 - p);
            }
        }
        Ok(())
    }
}
