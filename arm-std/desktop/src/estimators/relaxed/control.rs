//! The control net r(x, z) of RELAX: one hidden layer of LeakyReLU units over the input x and the real sample z.

use arm_core::relaxed::{DenseKernels, Rows};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Activation, Matrix, MatrixMut};

/// Of the hidden units.
const ACTIVATION: Activation = Activation::leaky_relu(0.3);

/// Sizes of the net. Its parameters: a row of `hidden` weights for each unit of z, the biases, a row for each input unit;
/// then the weights and the bias of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Control {
    pub inputs: usize,
    pub width: usize,
    pub hidden: usize,
}

/// Its parameters.
struct Weights<'a> {
    /// Of z, with the biases of the hidden units.
    of_z: Matrix<'a>,
    /// Of the input.
    of_x: Matrix<'a>,
    /// Of the output.
    out: &'a [f32],
    /// Of the output.
    bias: f32,
}

/// The net at some real samples.
pub(super) struct Values {
    /// r.
    pub r: Vec<f32>,
    /// Its gradient with respect to z, a row each.
    pub gradient: Vec<f32>,
    /// Hidden units, and the gradient of r with respect to what they compute, a row each.
    hidden: Vec<f32>,
    slopes: Vec<f32>,
}

impl Control {
    /// Number of parameters.
    pub(super) fn len(self) -> usize {
        (self.width + 1 + self.inputs) * self.hidden + self.hidden + 1
    }

    /// Floats of the statistics of a row: see [`keep`](Self::keep).
    pub(super) fn statistics_len(self) -> usize {
        2 * self.width + 1 + self.inputs + 3 * self.hidden + 1
    }

    /// Glorot weights of the hidden units; those of the output are zero, so that r is zero at first.
    pub(super) fn initial(self, seed: u64) -> Vec<f32> {
        let radius = (6.0 / (self.width + self.inputs + self.hidden) as f32).sqrt();
        let mut stream = Stream::new(seed, Purpose::Relax, u64::MAX, 0, 0);
        let mut params = vec![0.0; self.len()];
        for (i, row) in params.chunks_mut(self.hidden).enumerate().take(self.width + 1 + self.inputs) {
            if i != self.width {
                row.iter_mut().for_each(|w| *w = (2.0 * stream.uniform() - 1.0) * radius);
            }
        }
        params
    }

    fn split(self, params: &[f32]) -> Weights<'_> {
        let (z, rest) = params.split_at((self.width + 1) * self.hidden);
        let (x, out) = rest.split_at(self.inputs * self.hidden);
        let matrix = |data| Matrix::new(data, self.hidden, self.hidden);
        Weights { of_z: matrix(z), of_x: matrix(x), out: &out[..self.hidden], bias: out[self.hidden] }
    }

    /// The net at the rows of `z`, of which row i belongs to row i % rows of the layer.
    pub(super) fn at(
        self,
        kernels: &dyn DenseKernels,
        params: &[f32],
        rows: &Rows<'_>,
        z: Matrix<'_>,
    ) -> Values {
        let Weights { of_z, of_x, out, bias } = self.split(params);
        let (n, rows_n) = (z.height(), rows.f.len());
        let mut hidden = vec![0.0; n * self.hidden];
        kernels.affine(of_z, z, Activation::LINEAR, MatrixMut::new(&mut hidden, self.hidden, self.hidden));
        let mut slopes = vec![0.0; n * self.hidden];
        let mut r = vec![bias; n];
        let of_rows = hidden.chunks_mut(self.hidden).zip(slopes.chunks_mut(self.hidden)).zip(&mut r);
        for (i, ((hidden, slopes), r)) in of_rows.enumerate() {
            for unit in rows.x(i % rows_n).ones() {
                kernels.axpy(1.0, of_x.row(unit), hidden);
            }
            for ((h, slope), w) in hidden.iter_mut().zip(slopes).zip(out) {
                let factor = ACTIVATION.derivative(*h);
                *h *= factor;
                *slope = factor * w;
                *r += *h * w;
            }
        }
        let mut gradient = vec![0.0; n * self.width];
        let d = Matrix::new(&slopes, self.hidden, self.hidden);
        kernels.back(of_z, d, z, Activation::LINEAR, MatrixMut::new(&mut gradient, self.width, self.width));
        Values { r, gradient, hidden, slopes }
    }

    /// Writes what the gradient of L with respect to the parameters is made of, for one row of `rows`, whose real samples
    /// are rows `row` (z) and `rows + row` (z~) of `values`: `d_r` is dL/dr(z~), `direction` for each real sample
    /// dL/d(gradient of r), and `tangent` is what [`tangents`](Self::tangents) makes of it.
    pub(super) fn keep(self, values: &Values, at: Row<'_>, statistics: &mut [f32]) {
        let Row { rows, row, z, direction, tangents, d_r } = at;
        let (first, second) = (row, rows.f.len() + row);
        let (w, h) = (self.width, self.hidden);
        let (factor, rest) = statistics.split_at_mut(w + 1 + self.inputs);
        for ((f, z), d) in factor.iter_mut().zip(&z[second * w..][..w]).zip(&direction[second * w..]) {
            *f = d_r * z + d;
        }
        factor[w] = d_r;
        let of_x = &mut factor[w + 1..];
        of_x.fill(0.0);
        rows.x(row).ones().for_each(|i| of_x[i] = d_r);
        let (direction_out, rest) = rest.split_at_mut(w);
        direction_out.copy_from_slice(&direction[first * w..][..w]);
        let (slopes_second, rest) = rest.split_at_mut(h);
        slopes_second.copy_from_slice(&values.slopes[second * h..][..h]);
        let (slopes_first, rest) = rest.split_at_mut(h);
        slopes_first.copy_from_slice(&values.slopes[first * h..][..h]);
        let active = |i: usize| values.hidden[i * h..][..h].iter().map(|h| ACTIVATION.derivative(*h));
        let tangent = |i: usize| &tangents[i * h..][..h];
        let of_units = rest.iter_mut().zip(&values.hidden[second * h..][..h]);
        let of_first = active(first).zip(tangent(first));
        let of_second = active(second).zip(tangent(second));
        for (((out, hidden), (a, t)), (b, u)) in of_units.zip(of_first).zip(of_second) {
            *out = d_r * hidden + a * t + b * u;
        }
        rest[h] = d_r;
    }

    /// For each real sample the derivative of what the hidden units compute in a direction.
    pub(super) fn tangents(self, kernels: &dyn DenseKernels, params: &[f32], direction: &[f32]) -> Vec<f32> {
        let Weights { of_z, .. } = self.split(params);
        let n = direction.len() / self.width;
        let mut tangents = vec![0.0; n * self.hidden];
        let out = MatrixMut::new(&mut tangents, self.hidden, self.hidden);
        kernels.affine(of_z, Matrix::new(direction, self.width, self.width), Activation::LINEAR, out);
        for row in tangents.chunks_mut(self.hidden) {
            kernels.axpy(-1.0, of_z.row(self.width), row);
        }
        tangents
    }

    /// Adds the gradient that the statistics of a row stand for.
    pub(super) fn add(self, statistics: &[f32], gradient: &mut [f32]) {
        let (factor, rest) = statistics.split_at(self.width + 1 + self.inputs);
        let (direction, rest) = rest.split_at(self.width);
        let (second, rest) = rest.split_at(self.hidden);
        let (first, out) = rest.split_at(self.hidden);
        let (weights, of_out) = gradient.split_at_mut(factor.len() * self.hidden);
        let add = |a: f32, x: &[f32], y: &mut [f32]| {
            if a != 0.0 {
                y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
            }
        };
        for (i, (row, a)) in weights.chunks_mut(self.hidden).zip(factor).enumerate() {
            add(*a, second, row);
            add(direction.get(i).copied().unwrap_or(0.0), first, row);
        }
        add(1.0, out, of_out);
    }
}

/// One row of a layer: see [`Control::keep`].
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub rows: &'a Rows<'a>,
    pub row: usize,
    pub z: &'a [f32],
    pub direction: &'a [f32],
    pub tangents: &'a [f32],
    pub d_r: f32,
}
