//! `arm sample`.

use super::subject::model_file;
use super::{Outcome, args, say};
use crate::model::Model;
use crate::pictures::samples;

pub(super) fn run(args: &args::Sample) -> Outcome {
    let model = Model::load(&model_file(&args.model))?;
    samples(&model, args.count as usize, args.seed)?.write(&args.out)?;
    say(format_args!("{} samples in {}", args.count, args.out.display()))?;
    Ok(())
}
