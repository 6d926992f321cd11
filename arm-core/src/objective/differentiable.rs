use super::LayerContext;
use super::{BlackBox, Objective, smooth};
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::{Pass, Scratch};
use crate::numeric::bits::Bits;
use crate::numeric::chunks::chunks_mut;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::window::{split_mut, window_mut};
use crate::shape::Shape;

/// Any f(b_T) that is known at real b too, with its gradient there. Minimised, as by [`BlackBox`].
///
/// The toy problem of Yin & Zhou, ICLR 2019, section 4, E\[(b - p0)^2\] with one unit:
///
/// ```
/// # use arm_core::{Bits, objective::Differentiable};
/// let p0 = 0.499;
/// let toy = Differentiable {
///     f: |b: Bits| (f32::from(u8::from(b.get(0))) - p0).powi(2),
///     gradient: |z: &[f32], g: &mut [f32]| {
///         g[0] = 2.0 * (z[0] - p0);
///         (z[0] - p0).powi(2)
///     },
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Differentiable<F, G> {
    /// f at a sample.
    pub f: F,
    /// f at a real vector of the same length, and its gradient there.
    pub gradient: G,
}

impl<K, F, G> Objective<K> for Differentiable<F, G>
where
    K: Kernels,
    F: FnMut(Bits<'_>) -> f32,
    G: FnMut(&[f32], &mut [f32]) -> f32,
{
    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() { Err(Error::OtherObjective) } else { Ok(()) }
    }

    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        BlackBox(&mut self.f).train(pass, scratch);
    }

    fn evaluate(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, from: usize, count: usize) {
        BlackBox(&mut self.f).evaluate(pass, scratch, from, count);
    }

    fn at_samples(
        &mut self,
        pass: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        through: bool,
        mut gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        if context.rows.layer + 1 < pass.layout.shape.stochastic_layers() {
            gradient.rows_mut().for_each(|g| g.fill(0.0));
            if through {
                smooth::from_above(pass, context, false, true, gradient);
            }
            return Ok(());
        }
        let z = window_mut(context.hidden, ..gradient.cols());
        for (row, g) in gradient.rows_mut().enumerate() {
            let b = context.rows.b.bits(row).iter();
            z.iter_mut().zip(b).for_each(|(z, b)| *z = f32::from(u8::from(b)));
            (self.gradient)(z, g);
        }
        Ok(())
    }

    fn at(
        &mut self,
        pass: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        z: Matrix<'_>,
        f: &mut [f32],
        mut gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        if pass.layout.shape.stochastic_layers() != 1 {
            return Err(Error::Unsupported);
        }
        // Kept for `curvature`.
        let kept = chunks_mut(context.points, z.cols());
        for (((z, g), f), kept) in z.rows().zip(gradient.rows_mut()).zip(f).zip(kept) {
            kept.iter_mut().zip(z).for_each(|(k, z)| *k = *z);
            *f = (self.gradient)(z, g);
        }
        Ok(())
    }

    /// Central differences of the gradient, exact for a quadratic f but for rounding.
    fn curvature(
        &mut self,
        _: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        v: Matrix<'_>,
        w: Matrix<'_>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        let n = v.cols();
        let (kept, rest) = split_mut(context.points, v.height() * n);
        let (moved, g) = split_mut(rest, n);
        let g = window_mut(g, ..n);
        for (((z, out), v), w) in chunks_mut(kept, n).zip(out).zip(v.rows()).zip(w.rows()) {
            let size = w.iter().fold(0.0, |size: f32, w| if w.abs() > size { w.abs() } else { size });
            *out = 0.0;
            if size == 0.0 {
                continue;
            }
            let step = 0.03125 / size;
            for step in [step, -step] {
                moved.iter_mut().zip(&*z).zip(w).for_each(|((m, z), w)| *m = z + step * w);
                (self.gradient)(moved, g);
                *out += v.iter().zip(&*g).map(|(v, g)| v * g).sum::<f32>() / (2.0 * step);
            }
        }
        Ok(())
    }

    fn back(&mut self, _: &Pass<'_, K>, _: &mut Scratch<'_>) {}
}
