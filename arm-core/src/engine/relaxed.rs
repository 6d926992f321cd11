//! Gradients that an estimator makes of the gradient of f: see [`Relaxation`].
//!
//! Tests: `tests/tests/estimators/relaxed.rs`, `tests/tests/engine/smooth.rs`.

use crate::engine::{Engine, Estimates};
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::estimator::relaxed::{DenseKernels, Relaxation, RelaxedLayer, Rows, Smooth};
use crate::kernels::Kernels;
use crate::network::{Pass, Scratch};
use crate::numeric::chunks::chunks_mut;
use crate::numeric::math::significant;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::rng::Purpose;
use crate::numeric::window::{block, cast, cast_mut, split_mut, window, window_mut};
use crate::objective::{LayerContext, Objective};
use crate::shape::layout::{LayerLayout, Layout};

/// f of an objective at real samples of a layer.
struct SmoothLayer<'a, K: Kernels, O> {
    objective: &'a mut O,
    pass: &'a Pass<'a, K>,
    context: LayerContext<'a>,
}

impl<K: Kernels, O: Objective<K>> Smooth for SmoothLayer<'_, K, O> {
    fn kernels(&self) -> &dyn DenseKernels {
        self.pass.kernels
    }

    fn at_samples(&mut self, through: bool, gradient: MatrixMut<'_>) -> Result<(), Error> {
        exact_size(self.pass.rows(), gradient.height())?;
        self.objective.at_samples(self.pass, &mut self.context, through, gradient)
    }

    fn at(&mut self, z: Matrix<'_>, f: &mut [f32], gradient: MatrixMut<'_>) -> Result<(), Error> {
        exact_size(z.height(), f.len())?;
        exact_size(z.height(), gradient.height())?;
        self.objective.at(self.pass, &mut self.context, z, f, gradient)
    }

    fn curvature(&mut self, v: Matrix<'_>, w: Matrix<'_>, out: &mut [f32]) -> Result<(), Error> {
        exact_size(v.height(), w.height())?;
        exact_size(v.height(), out.len())?;
        self.objective.curvature(self.pass, &mut self.context, v, w, out)
    }
}

fn words_beyond(relaxation: &dyn Relaxation, layout: &Layout<'_>) -> usize {
    layout.relaxed_words(relaxation.points(), relaxation.statistics())
}

impl<K: Estimates, E: Estimator> Engine<'_, K, E> {
    /// Words of scratch, where `words` are all but what real samples need.
    pub(crate) fn relaxed_scratch(
        &self,
        relaxation: &dyn Relaxation,
        examples: usize,
        words: usize,
    ) -> usize {
        let more = words_beyond(relaxation, &self.layout(examples));
        if words == usize::MAX { words } else { self.shape.stride(words).saturating_add(more) }
    }

    /// The scratch without and with only what real samples need.
    pub(crate) fn split_relaxed<'a>(
        &self,
        relaxation: &dyn Relaxation,
        layout: &Layout<'_>,
        scratch: &'a mut [u32],
    ) -> Result<(&'a mut [u32], &'a mut [f32]), Error> {
        let (needed, given) = (self.training_scratch(layout.examples()), scratch.len());
        let more = words_beyond(relaxation, layout);
        let split = scratch.get_mut(..needed).and_then(|s| s.split_at_mut_checked(needed.checked_sub(more)?));
        let (words, floats) = split.ok_or(Error::Size { needed, given })?;
        Ok((words, cast_mut(floats)))
    }

    /// Floats of [`statistics`](Self::statistics) that an example leaves.
    pub fn statistics_per_example(&self) -> usize {
        self.estimator.relaxation().map_or(0, |relaxation| relaxation.statistics())
    }

    /// What [`examples`](Self::examples) left in its scratch of each example for [`learn`](Self::learn); empty for an
    /// estimator that keeps nothing.
    pub fn statistics<'a>(&self, examples: usize, scratch: &'a [u32]) -> &'a [f32] {
        let (end, n) =
            (self.training_scratch(examples), examples.saturating_mul(self.statistics_per_example()));
        cast(window(scratch, end.saturating_sub(n)..end))
    }
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// The gradients of all layers by [`Relaxation::relax`], where `deltas` holds logits in place of scores; `relaxed` are
    /// [`Layout::relaxed_words`].
    pub(crate) fn relaxed<O: Objective<K>>(
        &self,
        relaxation: &dyn Relaxation,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_>,
        relaxed: &mut [f32],
    ) -> Result<(), Error> {
        let Pass { layout, batch, .. } = pass;
        let (layers, rows) = (self.shape.stochastic_layers(), layout.rows());
        objective.back(pass, scratch);
        let (logits, rest) = split_mut(relaxed, layout.logits(layers));
        let kept = layout.examples().saturating_mul(relaxation.statistics());
        let (points, statistics) = split_mut(rest, rest.len().saturating_sub(kept));
        for t in 0..layers {
            let from = layout.top(t).deltas(scratch.deltas);
            let to = window_mut(logits, layout.logits(t)..layout.logits(t + 1));
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        statistics.fill(0.0);
        for t in (0..layers).rev() {
            let LayerLayout { dense, delta: start, .. } = layout.top(t);
            let first = start + rows * dense.stride;
            let (below, above) = split_mut(scratch.deltas, first);
            let own = window_mut(below, start..);
            let phi = window(logits, layout.logits(t)..layout.logits(t + 1));
            let per_row = layout.per_row(scratch.per_row);
            let rows = Rows {
                layer: t,
                samples: layout.samples(),
                phi: Matrix::new(phi, dense.stride, dense.outputs),
                b: layout.samples_of(t, scratch.samples),
                f: per_row.f,
                x: batch.x,
                address: self.address(pass.batch, Purpose::Sample, 0),
                fresh: self.address(pass.batch, Purpose::Relax, 0),
            };
            let context = LayerContext {
                rows,
                log_q: block(per_row.log_q, layout.rows(), t),
                weight: per_row.weight,
                samples: scratch.samples,
                activations: scratch.activations,
                phi: logits,
                deltas: above,
                first,
                hidden: &mut *scratch.hidden_or_uniforms,
                logits: &mut *scratch.logits,
                points: &mut *points,
            };
            let delta = MatrixMut::new(own, dense.stride, dense.outputs);
            let mut smooth = SmoothLayer { objective, pass, context };
            let statistics = &mut *statistics;
            relaxation.relax(&mut RelaxedLayer { rows, delta, statistics, smooth: &mut smooth })?;
            let own = window_mut(scratch.deltas, start..first);
            for row in chunks_mut(own, dense.stride) {
                row.iter_mut().for_each(|d| *d = significant(*d));
            }
            if t == 0 && layout.samples() > 1 {
                self.merge_samples(layout, scratch.deltas);
            }
            pass.back(t, scratch.activations, scratch.deltas);
        }
        Ok(())
    }
}
