//! `arm export`.

use super::subject::Subject;
use crate::cli::{Outcome, Usage, args, say};
use arm_core::Error;
use arm_std::measure::{Mean, Rounding, Rows};
use arm_std::network::export::Export;
use arm_std::network::{Model, NumbersName};
use arm_std::train::Failure;

/// Seed of the samples that rounding is measured with: that of `arm eval`.
const SEED: u64 = 1;

pub(in crate::cli) fn run(args: &args::Export) -> Outcome {
    Export::may_write(&args.out).map_err(Usage)?;
    let subject = Subject::read(&args.model)?;
    let (model, costs) = converted(&subject, args)?;
    let export = Export::new(&model).map_err(|e| format!("{}: {e}", args.model.display()))?;
    export.write(&args.out)?;
    let out = args.out.display();
    say(format_args!("{}  {} parameters", model.network.notation(), model.params.len()))?;
    costs.iter().try_for_each(|line| say(format_args!("{line}")))?;
    let size = export.bytes.len();
    say(format_args!("{out}.sbn ({size} bytes), {out}.rs and {out}.h with a self-test"))
}

/// The model in the numbers that were asked for, and what it costs to have it so.
fn converted(subject: &Subject, args: &args::Export) -> Result<(Model, Vec<String>), Failure> {
    let model = &subject.model;
    match (model.numbers, args.numbers) {
        (NumbersName::F32, Some(NumbersName::I16)) => {
            let fail = |e: Error| format!("{}: --numbers i16: {e}", args.model.display());
            let (rounded, beyond) = model.rounded().map_err(fail)?;
            let data = subject.data(&args.measured)?;
            let rows = Rows::all(&data.splits.test);
            let threads = args::threads(None).most();
            let Rounding { before, after, cost } = Rounding::of(model, &rounded, rows, SEED, threads)?;
            let line = |what: &str, mean: Mean| {
                let error = mean.error.map_or_else(String::new, |error| format!(" ± {error:.3}"));
                format!("{what:<16}{:>9.3}{error} nats", mean.value)
            };
            let mut lines = vec![
                line("test -ELBO, f32", before) + &format!("  (one sample, {} rows)", rows.count()),
                line("test -ELBO, i16", after),
                line("rounding costs", cost),
            ];
            if beyond > 0 {
                lines.push(format!("{beyond} parameters are beyond -8 to 8 and became the end of the range"));
            }
            Ok((rounded, lines))
        }
        // What 16 bits hold, 32 hold too.
        (_, asked) => Ok((Model { numbers: asked.unwrap_or(model.numbers), ..model.clone() }, vec![])),
    }
}
