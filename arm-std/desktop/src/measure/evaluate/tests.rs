use super::*;
use crate::cases::model;
use crate::data::BitTable;
use crate::kernels::Desktop;
use crate::measure::padded;
use crate::measure::{Rows, Unfinished, Work};
use crate::memory::LINE;
use crate::network::{Model, NumbersName};
use arm_core::Engine;
use arm_core::estimator::Arm;

#[test]
fn a_mean_has_its_standard_error() {
    // Deviations -3, -1, 1, 3: variance 20 / 3, of the mean 5 / 3.
    assert_eq!(Mean::of(&[1.0, 3.0, 5.0, 7.0]), Mean { value: 4.0, error: Some((5f64 / 3.0).sqrt()) });
    assert_eq!(Mean::of(&[2.0, 2.0]), Mean { value: 2.0, error: Some(0.0) });
    assert_eq!(Mean::of(&[2.5]), Mean { value: 2.5, error: None });
    assert!(Mean::of(&[]).value.is_nan());
}

/// 700 rows of 40 bits: several shares.
fn table() -> BitTable {
    let bytes: Vec<u8> =
        (0..700 * 40u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 31) as u8 & u8::from(i % 3 > 0)).collect();
    BitTable::from_bytes(40, &bytes).unwrap()
}

/// A learner's arithmetic, on several threads: the bound of a row is that of the rounded parameters within what is rounded
/// on the way.
#[test]
fn a_model_in_integers_is_measured_in_integers() {
    let (table, (short, _)) = (table(), model().rounded().unwrap());
    let of = |model: &Model, k, threads| {
        Scores::of_model(model, 3, Rows::all(&table), k, &mut Work::on(threads)).unwrap()
    };
    let float = Model { numbers: NumbersName::F32, ..short.clone() };
    for k in [1, 20] {
        let (integer, float) = (of(&short, k, 1), of(&float, k, 1));
        assert_eq!(of(&short, k, 3), integer, "K = {k}");
        assert_ne!(integer.nll, float.nll);
        let apart = |f: fn(&Scores) -> &[f32]| {
            let differences: Vec<f32> =
                f(&integer).iter().zip(f(&float)).map(|(i, f)| (i - f).abs()).collect();
            Mean::of(&differences).value
        };
        // A logit is rounded to 2^-12, an activation below it to 2^-9: of six with weights up to 1 that is below 2^-6, with
        // one sign or the other in forty units. Uniforms have 16 bits instead of 23, so a few rows draw other samples.
        assert!(apart(|s| &s.nll) < 0.05 && apart(|s| &s.neg_elbo) < 0.05);
    }
}

#[test]
fn what_is_left_has_no_scores_and_ends_soon() {
    let model = model();
    let table = BitTable::from_words(300, 40, table().words()[..600].to_vec());
    // Of each row with one sample, and with two blocks of them.
    let blocks = 300 + 300 * 2;
    for (threads, asked) in [(1, 3), (2, 3), (1, 400), (1, blocks), (1, blocks + 1)] {
        let mut left = asked;
        let mut leave = || {
            left = usize::max(left, 1) - 1;
            left == 0
        };
        let work = &mut Work { threads, peers: None, leave: Some(&mut leave) };
        let scores = Scores::of_model(&model, 3, Rows::by_content(&table), 130, work);
        assert_eq!(scores.err(), (asked <= blocks).then_some(Unfinished::Left), "{threads} {asked}");
        assert_eq!(left, usize::from(asked > blocks));
    }
}

#[test]
fn a_row_has_its_score_whichever_others_are_measured() {
    let (table, model) = (table(), model());
    let engine = Engine::new(model.network.shape().padded(LINE), Desktop::new(), Arm, 3).unwrap();
    let params = padded(&model);
    let of =
        |rows, k, threads| Scores::of(&engine, params.floats(), rows, k, &mut Work::on(threads)).unwrap();
    for k in [1, 5, 200] {
        let all = of(Rows::all(&table), k, 1);
        assert_eq!(of(Rows::all(&table), k, 3), all, "K = {k}");
        let rows = Rows::spread(&table, 300);
        let some = of(rows, k, 2);
        let picked = |all: &[f32]| (0..300).map(|i| all[rows.index(i)]).collect::<Vec<_>>();
        assert_eq!(some.neg_elbo, picked(&all.neg_elbo), "K = {k}");
        assert_eq!(some.nll, picked(&all.nll), "K = {k}");
        assert_eq!(Scores::of_model(&model, 3, Rows::all(&table), k, &mut Work::on(2)), Ok(all));
        let figures = some.figures();
        assert_eq!((figures.images, figures.nll_samples), (300, k));
        assert_eq!(Mean { value: figures.nll, error: figures.nll_standard_error }, Mean::of(&some.nll));
    }
}
