use super::*;
use crate::error::Error;
use Prior::{Fixed, Learned};

const fn h(width: usize) -> Layer {
    Layer::hidden(width, 0.1)
}
const fn b(width: usize) -> Layer {
    Layer::bernoulli(width)
}

#[test]
fn sizes_of_the_papers_networks() {
    let nonlinear =
        Shape::vae(784, &const { [h(200), h(200), b(200)] }, &const { [h(200), h(200), b(784)] }, Fixed);
    assert_eq!(nonlinear.check(), Ok(()));
    assert_eq!(nonlinear.params(), 785 * 200 + 201 * 200 * 4 + 201 * 784);
    let two = Shape::vae(784, &const { [b(200), b(200)] }, &const { [b(200), b(784)] }, Learned);
    assert_eq!(two.check(), Ok(()));
    assert_eq!(two.params(), 785 * 200 + 201 * 200 + 201 * 200 + 201 * 784 + 200);
    assert_eq!((two.link(0), two.link(1), two.link(2), two.link(3)), ((0, 0), (1, 1), (2, 2), (3, 3)));
    assert_eq!(nonlinear.link(1), (3, 5));
    assert_eq!(
        two.dense(4),
        Dense {
            offset: two.params() - 200,
            inputs: 0,
            outputs: 200,
            stride: 200,
            activation: Activation::LINEAR
        }
    );
    assert_eq!(two.padded(16).dense(0).stride, 208);
    assert_eq!(two.padded(16).params(), 785 * 208 + 201 * 208 * 2 + 201 * 784 + 208);
}

#[test]
fn free_logits() {
    let s = Shape::chain(0, &const { [Layer::bernoulli(9)] });
    assert_eq!((s.check(), s.params(), s.dense(0).rows()), (Ok(()), 9, 1));
}

#[test]
fn a_conditional_network() {
    let s = Shape::conditional(392, &const { [b(200), b(200)] }, &const { [b(392)] });
    assert_eq!((s.check(), s.is_vae(), s.targets()), (Ok(()), false, 392));
    assert_eq!(s.params(), 393 * 200 + 201 * 200 + 201 * 392);
    assert_eq!(s.link(2), (2, 2));
}

#[test]
fn contradictions_are_refused() {
    let bad = [
        Shape::chain(3, &[]),
        Shape::chain(3, &const { [h(4)] }),
        Shape::chain(3, &const { [b(0)] }),
        Shape::chain(3, &const { [Layer::hidden(4, -0.1), Layer::bernoulli(2)] }),
        Shape::chain(3, &const { [Layer::hidden(4, f32::NAN), Layer::bernoulli(2)] }),
        Shape::chain(3, &const { [b(MAX_WIDTH + 1)] }),
        Shape::vae(3, &const { [b(2)] }, &[], Learned),
        Shape::vae(3, &const { [b(2)] }, &const { [b(4)] }, Fixed),
        Shape::vae(3, &const { [b(2)] }, &const { [h(3)] }, Fixed),
        Shape::vae(3, &const { [b(2)] }, &const { [b(2), b(3)] }, Fixed),
        Shape::vae(3, &const { [b(2), b(5)] }, &const { [b(5), b(3)] }, Fixed),
        Shape::vae(0, &const { [b(2)] }, &const { [b(0)] }, Fixed),
        Shape::conditional(3, &const { [b(2)] }, &[]),
        Shape::conditional(3, &const { [b(2)] }, &const { [h(2)] }),
        Shape::conditional(3, &const { [b(2)] }, &const { [b(2), b(3)] }),
        Shape::chain(3, &const { [b(2)] })
            .coded(&Codings { x: Coding::Centred(&[0.5; 2]), b: Coding::ZeroOne }),
        Shape::chain(3, &const { [b(2)] })
            .coded(&Codings { x: Coding::Centred(&[0.5, f32::NAN, 0.1]), b: Coding::ZeroOne }),
        Shape::chain(3, &const { [b(2)] })
            .coded(&Codings { x: Coding::ZeroOne, b: Coding::Centred(&[0.5; 2]) }),
    ];
    for shape in bad {
        assert_eq!(shape.check(), Err(Error::Shape), "{shape:?}");
        assert!(shape.flaw().is_some_and(|flaw| !flaw.left_out() && !flaw.message().is_empty()), "{shape:?}");
    }
    assert_eq!(
        bad.map(|shape| shape.flaw().unwrap()),
        [
            Flaw::Top,
            Flaw::Top,
            Flaw::Width(0),
            Flaw::Slope(0),
            Flaw::Slope(0),
            Flaw::Width(0),
            Flaw::Decoder,
            Flaw::Mirror(1),
            Flaw::Bottom,
            Flaw::Count,
            Flaw::Mirror(2),
            Flaw::Width(1),
            Flaw::Decoder,
            Flaw::Bottom,
            Flaw::Count,
            Flaw::Means,
            Flaw::Means,
            Flaw::Means,
        ]
    );
    assert_eq!(Shape::chain(3, &const { [b(2)] }).flaw(), None);
}

#[test]
#[cfg(feature = "stacks")]
fn one_stochastic_layer_lies_where_a_look_at_every_layer_finds_it() {
    use crate::shape::layout::Layout;
    let vae: (&[Layer], &[Layer]) = (&[h(3), h(4), b(5)], &[h(6), b(7)]);
    let two: (&[Layer], &[Layer]) = (&[b(4), h(2), b(3)], &[h(5), b(4), b(7)]);
    for (shape, single) in [
        (Shape::vae(7, vae.0, vae.1, Fixed), true),
        (Shape::conditional(7, vae.0, vae.1), true),
        (Shape::chain(7, vae.0), true),
        (Shape::chain(0, &vae.0[2..]), true),
        (Shape::vae(7, two.0, two.1, Fixed), false),
    ] {
        assert_eq!((shape.check(), shape.is_single()), (Ok(()), single), "{shape:?}");
        // Without its totals nothing is known of it.
        let walked = Shape { totals: Totals::ZERO, ..shape };
        assert!(!walked.is_single());
        for i in 0..9 {
            assert_eq!(shape.link(i), walked.link(i), "{i} {shape:?}");
            assert_eq!(shape.stochastic_before(i), walked.stochastic_before(i), "{i} {shape:?}");
            assert_eq!(shape.stochastic_width(i), walked.stochastic_width(i), "{i} {shape:?}");
            let (layout, walked) = (Layout::new(&shape, 3, 2), Layout::new(&walked, 3, 2));
            assert_eq!(layout.sample(i), walked.sample(i), "{i} {shape:?}");
            if i < shape.stochastic_layers() {
                assert_eq!(layout.scores(i), walked.scores(i), "{i} {shape:?}");
            }
        }
    }
}
