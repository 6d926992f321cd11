//! `arm sample`.

use super::subject::model_file;
use super::{Outcome, args, say};
use crate::network::Model;
use crate::runs::pictures::samples;

pub(super) fn run(args: &args::Sample) -> Outcome {
    let model = Model::load(&model_file(&args.model))?;
    if model.network.conditional {
        let (file, notation) = (args.model.display(), model.network.notation());
        return Err(format!("{file}: {notation} is conditional: it has no samples without an input").into());
    }
    samples(&model, args.count as usize, args.seed)?.write(&args.out)?;
    say(format_args!("{} samples in {}", args.count, args.out.display()))?;
    Ok(())
}
