//! Stochastic layers for estimators that use the gradient of f with respect to b, where f is extended to real b.

use crate::engine::Engine;
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::network::uniforms::Address;
use crate::numeric::bits::Bits;
use crate::numeric::math::significant;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::parts::{parts, parts_mut};
use crate::numeric::rng::Purpose;
use crate::objective::Objective;
use crate::shape::plan::{Place, Plan};

/// A stochastic layer of a share of a batch. Row `e * samples + s` is sample `s` of example `e`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The stochastic layer, from 0.
    pub layer: usize,
    /// Samples of an example.
    pub samples: usize,
    /// Logits phi of the layer.
    pub phi: Matrix<'a>,
    /// Samples b of the layer.
    pub b: BitMatrix<'a>,
    /// f of each row.
    pub f: &'a [f32],
    x: BitMatrix<'a>,
    address: Address<'a>,
    fresh: Address<'a>,
}

impl<'a> Rows<'a> {
    /// The input of the example that `row` belongs to.
    pub fn x(&self, row: usize) -> Bits<'a> {
        self.x.bits(row.checked_div(self.samples).unwrap_or(0))
    }

    /// The uniforms that `row` was drawn with.
    pub fn uniforms(&self, row: usize, u: &mut [f32]) {
        self.address.stream(self.samples, row, self.layer).fill(u);
    }

    /// Uniforms that nothing has been drawn with.
    pub fn fresh(&self, row: usize, u: &mut [f32]) {
        self.fresh.stream(self.samples, row, self.layer).fill(u);
    }
}

/// What the engine lends to an objective for a layer.
#[derive(Debug)]
pub(crate) struct Lent<'a> {
    pub rows: Rows<'a>,
    /// log q of each row of the layer.
    pub log_q: &'a [f32],
    /// Weight of each row's decoder gradient.
    pub weight: &'a [f32],
    pub samples: &'a [u32],
    pub activations: &'a [f32],
    /// Logits of all stochastic layers: see [`Plan::logits`].
    pub logits: &'a [f32],
    /// Gradients of the dense layers from `first` on.
    pub deltas: &'a [f32],
    pub first: usize,
    pub a: &'a mut [f32],
    pub b: &'a mut [f32],
    /// See [`Plan::point_words`].
    pub points: &'a mut [f32],
}

impl<'a> Lent<'a> {
    /// The gradients of dense layer `i`, which must be above the layer.
    pub(crate) fn delta(&self, plan: &Plan<'_>, i: usize) -> Matrix<'a> {
        let mut place = plan.place(i);
        place.delta = place.delta.wrapping_sub(self.first);
        place.gradients(self.deltas)
    }
}

/// A layer with its objective, as [`Estimator::relax`] sees it.
#[derive(Debug)]
pub struct Relaxed<'a, 's, K, O> {
    /// The samples.
    pub rows: Rows<'a>,
    /// Takes the gradient with respect to the logits of each row.
    pub delta: MatrixMut<'a>,
    /// What is kept of the examples for [`learn`](crate::estimator::Estimator::learn).
    pub records: &'a mut [f32],
    /// f beyond its values at the samples.
    pub smooth: Smooth<'a, 's, K, O>,
}

/// f, extended to real b: the log-probabilities of Bernoulli units are linear in them. Other layers keep their samples.
#[derive(Debug)]
pub struct Smooth<'a, 's, K, O> {
    pub(crate) objective: &'a mut O,
    pub(crate) net: &'a Network<'s, 'a, K>,
    pub(crate) plan: &'a Plan<'s>,
    pub(crate) lent: Lent<'a>,
}

impl<K: Kernels, O: Objective<K>> Smooth<'_, '_, K, O> {
    /// The numeric kernels.
    pub fn kernels(&self) -> &K {
        self.net.kernels
    }

    /// The gradient of f with respect to the samples of the layer, in `gradient`, a row each. With `through` the samples
    /// of the layers above count as their probabilities, whose gradients must have been computed before.
    ///
    /// Cost: one dense layer backwards, and for a stack the links to the layer above.
    pub fn at_samples(&mut self, through: bool, gradient: MatrixMut<'_>) -> Result<(), Error> {
        exact_size(self.plan.rows(), gradient.height())?;
        self.objective.at_samples(self.net, self.plan, &mut self.lent, through, gradient)
    }

    /// f and its gradient at real vectors z of the layer, at most [`points`](crate::estimator::Estimator::points) for
    /// each row: z\[i\] is evaluated in place of the samples of row `i % rows`. Cost: a forward and a backward pass each.
    pub fn at(&mut self, z: Matrix<'_>, f: &mut [f32], gradient: MatrixMut<'_>) -> Result<(), Error> {
        exact_size(z.height(), f.len())?;
        exact_size(z.height(), gradient.height())?;
        self.objective.at(self.net, self.plan, &mut self.lent, z, f, gradient)
    }

    /// v H w for the Hessian H of f at each of the vectors that [`at`](Self::at) was last called with. Cost: two forward
    /// passes each.
    pub fn curvature(&mut self, v: Matrix<'_>, w: Matrix<'_>, out: &mut [f32]) -> Result<(), Error> {
        exact_size(v.height(), w.height())?;
        exact_size(v.height(), out.len())?;
        self.objective.curvature(self.net, &mut self.lent, v, w, out)
    }
}

impl Plan<'_> {
    /// Floats of the logits of the stochastic layers before `t`, a row a sample.
    pub(crate) const fn logits(&self, t: usize) -> usize {
        let (mut n, mut k) = (0, 0);
        while k < t {
            n += self.rows() * self.shape.stride(self.shape.stochastic_width(k));
            k += 1;
        }
        n
    }

    /// Floats that evaluating one real vector takes: activations and gradients of all dense layers, and three rows.
    pub(crate) const fn point_words(&self) -> usize {
        let (mut n, mut i) = (3 * self.shape.max_stride(), 0);
        while i < self.shape.network_layers() {
            n += self.shape.dense(i).stride;
            i += 1;
        }
        n
    }

    /// Words of scratch beyond those of other estimators, for `points` real vectors a row and a record of `record` floats
    /// an example.
    pub(crate) const fn relaxed_words(&self, points: usize, record: usize) -> usize {
        let points = self.rows().saturating_mul(points).saturating_mul(self.point_words());
        points
            .saturating_add(self.logits(self.shape.stochastic_layers()))
            .saturating_add(self.examples().saturating_mul(record))
    }
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// Words of scratch, where `words` are all but what real samples need.
    pub(crate) fn relaxed_scratch(&self, examples: usize, words: usize) -> usize {
        let more = self.plan(examples).relaxed_words(self.estimator.points(), self.estimator.record());
        if words == usize::MAX { words } else { self.shape.stride(words).saturating_add(more) }
    }

    /// The scratch without and with only what real samples need.
    pub(crate) fn split_relaxed<'a>(
        &self,
        plan: &Plan<'_>,
        scratch: &'a mut [u32],
    ) -> Result<(&'a mut [u32], &'a mut [f32]), Error> {
        let (needed, given) = (self.training_scratch(plan.examples()), scratch.len());
        let more = plan.relaxed_words(self.estimator.points(), self.estimator.record());
        let parts = scratch.get_mut(..needed).and_then(|s| s.split_at_mut_checked(needed.checked_sub(more)?));
        let (words, floats) = parts.ok_or(Error::Size { needed, given })?;
        Ok((words, bytemuck::try_cast_slice_mut(floats).unwrap_or_default()))
    }

    /// The records of the examples of [`examples`](Self::examples) in its scratch, for
    /// [`Estimator::learn`]; empty for an estimator that keeps none.
    pub fn records<'a>(&self, examples: usize, scratch: &'a [u32]) -> &'a [f32] {
        let (end, n) = (self.training_scratch(examples), examples.saturating_mul(self.estimator.record()));
        let words = end.checked_sub(n).and_then(|start| scratch.get(start..end)).unwrap_or_default();
        bytemuck::try_cast_slice(words).unwrap_or_default()
    }

    /// The gradients of all layers by [`Estimator::relax`], where `deltas` holds logits in place of scores; `relaxed` are
    /// [`Plan::relaxed_words`].
    pub(crate) fn relaxed<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        relaxed: &mut [f32],
    ) -> Result<(), Error> {
        let (layers, rows) = (self.shape.stochastic_layers(), plan.rows());
        objective.back(net, plan, work);
        let (logits, rest) = relaxed.split_at_mut_checked(plan.logits(layers)).unwrap_or_default();
        let records = plan.examples().saturating_mul(self.estimator.record());
        let (points, records) =
            rest.split_at_mut_checked(rest.len().saturating_sub(records)).unwrap_or_default();
        for t in 0..layers {
            let from = plan.top(t).deltas(work.deltas);
            let to = logits.get_mut(plan.logits(t)..plan.logits(t + 1)).unwrap_or_default();
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        records.fill(0.0);
        for t in (0..layers).rev() {
            let Place { dense, delta: start, .. } = plan.top(t);
            let first = start + rows * dense.stride;
            let (below, above) = work.deltas.split_at_mut_checked(first).unwrap_or_default();
            let own = below.get_mut(start..).unwrap_or_default();
            let phi = logits.get(plan.logits(t)..plan.logits(t + 1)).unwrap_or_default();
            let numbers = plan.numbers(work.numbers);
            let rows = Rows {
                layer: t,
                samples: plan.samples(),
                phi: Matrix::new(phi, dense.stride, dense.outputs),
                b: plan.samples_of(t, work.samples),
                f: numbers.f,
                x: batch.x,
                address: self.address(Purpose::Sample, 0, batch),
                fresh: self.address(Purpose::Relax, 0, batch),
            };
            let lent = Lent {
                rows,
                log_q: parts(numbers.log_q, plan.rows()).nth(t).unwrap_or_default(),
                weight: numbers.weight,
                samples: work.samples,
                activations: work.activations,
                logits,
                deltas: above,
                first,
                a: &mut *work.a,
                b: &mut *work.b,
                points: &mut *points,
            };
            let delta = MatrixMut::new(own, dense.stride, dense.outputs);
            let smooth = Smooth { objective, net, plan, lent };
            self.estimator.relax(&mut Relaxed { rows, delta, records: &mut *records, smooth })?;
            let own = work.deltas.get_mut(start..first).unwrap_or_default();
            for row in parts_mut(own, dense.stride) {
                row.iter_mut().for_each(|d| *d = significant(*d));
            }
            if t == 0 && plan.samples() > 1 {
                self.merge_samples(plan, work.deltas);
            }
            net.back(plan, t, work.activations, work.deltas);
        }
        Ok(())
    }
}
