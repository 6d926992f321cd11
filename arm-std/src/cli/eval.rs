//! `arm eval`.

use super::{Outcome, args, bound_line, say};
use crate::data::load;
use crate::evaluate::bound;
use crate::kernels::Desktop;
use crate::memory::LINE;
use crate::model::Model;
use crate::run::MODEL;
use crate::train::{Figures, TEST};
use arm_core::Engine;
use arm_core::estimator::Arm;
use std::path::{Path, PathBuf};

/// An error where `data` have rows of another width than the model takes.
pub(super) fn check_units(model: &Model, data: &Path, found: usize) -> Result<(), String> {
    let units = model.network.units();
    if found == units {
        return Ok(());
    }
    Err(format!("{}: has {found} units, but the model takes {units}", data.display()))
}

pub(super) fn run(args: &args::Eval) -> Outcome {
    let model = Model::load(&model_file(&args.model))?;
    let splits = load(&args.data)?.binarise(args.binarise.choice())?;
    check_units(&model, &args.data, splits.test.cols())?;
    let shape = model.network.shape().padded(LINE);
    let engine = Engine::new(shape, Desktop::new(), Arm, args.seed)?;
    let params = model.padded(LINE);
    let threads = args::threads(args.threads).most();
    let images = args.bound.nll_images.map_or(splits.test.rows(), |n| splits.test.rows().min(n as usize));
    let nll_samples = args.bound.nll_samples as usize;
    let evaluate = |table, k| bound(&engine, params.floats(), table, k, TEST, threads, None);
    let figures = Figures {
        neg_elbo: evaluate(&splits.test, 1)?,
        nll: evaluate(&splits.test.head(images), nll_samples)?,
        nll_samples,
        images,
    };
    say(format_args!("{}  {} parameters", model.network.notation(), model.params.len()))?;
    say(format_args!("test -ELBO {:8.2} nats  ({} images)", figures.neg_elbo, splits.test.rows()))?;
    say(format_args!("{}", bound_line(&figures)))?;
    Ok(())
}

/// The model of a run folder, or the file itself.
pub(super) fn model_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(MODEL) } else { path.into() }
}
