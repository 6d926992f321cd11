//! `arm sample`.

use super::subject::model_file;
use crate::cli::{Outcome, Usage, args, say};
use arm_std::files::{PICTURES, refuse_other};
use arm_std::network::Model;
use arm_std::runs::pictures::samples;

pub(in crate::cli) fn run(args: &args::Sample) -> Outcome {
    refuse_other(&args.out, &PICTURES).map_err(Usage)?;
    let model = Model::load(&model_file(&args.model)?)?;
    if model.network.conditional {
        let (file, notation) = (args.model.display(), model.network.notation());
        return Err(format!(
            "{file}: {notation} is conditional: it has no samples without an input. The report of its run shows what it \
             predicts, and arm eval --scores how likely the targets of given rows are"
        )
        .into());
    }
    samples(&model, args.count as usize, args.seed)?.write(&args.out)?;
    say(format_args!("{} samples in {}", args.count, args.out.display()))?;
    Ok(())
}
