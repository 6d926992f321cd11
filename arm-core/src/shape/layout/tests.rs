extern crate std;
use super::*;
use crate::feature::PRIOR;
use crate::shape::Prior;

const H: Layer = Layer::hidden(5, 0.1);

const fn b(width: usize) -> Layer {
    Layer::bernoulli(width)
}

/// Padded and not, one layer and several.
fn each(check: impl Fn(&Shape<'_>)) {
    let one: (&[Layer], &[Layer]) = (&[H, b(3)], &[H, b(7)]);
    let two: (&[Layer], &[Layer]) = (&[b(4), H, H, b(3)], &[H, b(4), b(7)]);
    for (encoder, decoder) in [one, two].into_iter().take(if STACKS { 2 } else { 1 }) {
        for prior in [Prior::Fixed, Prior::Learned].into_iter().take(if PRIOR { 2 } else { 1 }) {
            for pad in [1, 16].into_iter().take(if BATCH { 2 } else { 1 }) {
                check(&Shape::vae(7, encoder, decoder, prior).padded(pad));
            }
        }
    }
}

#[test]
fn layers_lie_behind_each_other_and_fill_their_buffers() {
    each(|shape| {
        let (examples, samples) = if BATCH { (3, 2) } else { (1, 1) };
        let layout = Layout::new(shape, examples, samples);
        let (mut offset, mut activation, mut delta) = (0, 0, 0);
        for i in 0..shape.dense_layers() {
            let layer = layout.layer(i);
            assert_eq!((layer.index, layer.dense.offset), (i, offset), "{shape:?}");
            assert_eq!((layer.activation, layer.delta), (activation, delta), "{shape:?}");
            let floats = layer.height() * layer.dense.stride;
            // The first logits have a row an example, but their scores a row a sample.
            let rows = if layer.hidden { layer.height() } else { layout.rows() };
            offset += layer.dense.len();
            activation += if layer.hidden { floats } else { 0 };
            delta += rows * layer.dense.stride;
        }
        assert_eq!((offset, activation), (shape.params(), layout.activations()), "{shape:?}");
        assert_eq!(delta, layout.deltas(), "{shape:?}");
    });
}

#[test]
fn a_layer_reads_what_the_one_below_it_wrote() {
    each(|shape| {
        let layout = Layout::new(shape, 1, 1);
        let mut below = shape.inputs();
        for i in 0..shape.network_layers() {
            if i == shape.encoder().len() {
                below = shape.top_width();
            }
            let layer = layout.layer(i);
            assert_eq!(layer.dense.inputs, below, "layer {i} of {shape:?}");
            assert_eq!(layer.hidden, !shape.layer(i).unwrap().stochastic());
            assert_eq!(layer.above_hidden, i > 0 && layout.layer(i - 1).hidden);
            below = layer.dense.outputs;
        }
    });
}

#[test]
fn layers_that_are_looked_up_lie_where_they_are_found_by_walking() {
    each(|shape| {
        let table = Table::of(shape);
        let walking = Layout::new(shape, 1, 1);
        let looking = walking.with(&table);
        let text = |layer: &LayerLayout| std::format!("{layer:?}");
        for i in 0..shape.dense_layers() + 2 {
            let (mut a, mut b) = (walking.layer(i), looking.layer(i));
            assert_eq!(text(&a), text(&b), "{i} {shape:?}");
            (a.activation, b.activation) = (7, 7);
            walking.advance(&mut a);
            looking.advance(&mut b);
            assert_eq!(text(&a), text(&b), "after {i} {shape:?}");
        }
        if BATCH {
            let (walking, looking) = (Layout::new(shape, 3, 1), looking.of_rows(3));
            assert_eq!(text(&walking.layer(2)), text(&looking.layer(2)), "{shape:?}");
        }
    });
}

#[test]
fn samples_of_layers_do_not_overlap() {
    each(|shape| {
        let layout = Layout::new(shape, 1, 1);
        let mut start = 0;
        for t in 0..shape.stochastic_layers() {
            assert_eq!(layout.sample(t), start, "{shape:?}");
            start += layout.rows() * words(shape.stochastic_width(t));
        }
        assert!(start <= layout.all_samples() && layout.all_samples() < start + shape.pad(), "{shape:?}");
    });
}

#[test]
fn sizes_beyond_an_address_space_do_not_fit() {
    each(|shape| {
        assert!(Layout::new(shape, 1, 1).fits());
        if BATCH {
            for (examples, samples) in [(usize::MAX / 2, 1), (1, usize::MAX / 2), (1 << 40, 1 << 40)] {
                assert!(!Layout::new(shape, examples, samples).fits(), "{examples} {samples}");
            }
        }
    });
}
