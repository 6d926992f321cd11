//! `arm sample`.

use super::eval::model_file;
use super::{Outcome, args};
use crate::model::Model;
use crate::pictures::samples;

pub(super) fn run(args: &args::Sample) -> Outcome {
    let model = Model::load(&model_file(&args.model))?;
    samples(&model, args.count as usize, args.seed)?.write(&args.out)?;
    println!("{} samples in {}", args.count, args.out.display());
    Ok(())
}
