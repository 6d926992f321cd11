//! `arm export`.

use super::subject::model_file;
use crate::cli::{Outcome, Usage, args, say};
use arm_std::network::Model;
use arm_std::network::export::Export;

pub(in crate::cli) fn run(args: &args::Export) -> Outcome {
    Export::may_write(&args.out).map_err(Usage)?;
    let path = model_file(&args.model)?;
    let model = Model::load(&path)?;
    let export = Export::new(&model).map_err(|e| format!("{}: {e}", path.display()))?;
    export.write(&args.out)?;
    let out = args.out.display();
    say(format_args!("{}  {} parameters", model.network.notation(), model.params.len()))?;
    let size = export.bytes.len();
    say(format_args!("{out}.sbn ({size} bytes), {out}.rs and {out}.h with a self-test"))?;
    Ok(())
}
