//! `arm runs`.

use super::{Outcome, Usage, args, say};
use arm_std::files::{PICTURES, refuse_other, replace_bytes};
use arm_std::runs::list::{Group, Summary, charts, group, list, sort, table};
use arm_std::runs::plot::page;
use serde::Serialize;
use std::io::Write;

/// What `--json` prints.
#[derive(Serialize)]
struct Listed<'a> {
    groups: &'a [Group],
    runs: &'a [Summary],
}

pub(super) fn run(args: &args::Runs) -> Outcome {
    args.svg.as_deref().map_or(Ok(()), |file| refuse_other(file, &PICTURES)).map_err(Usage)?;
    let mut runs = Vec::new();
    for folder in &args.folders {
        let (found, failures) = list(folder)?;
        runs.extend(found);
        for failure in failures {
            // The others are listed all the same.
            let _ = writeln!(std::io::stderr(), "{failure}");
        }
    }
    sort(&mut runs);
    let groups = group(&runs);
    if let Some(file) = &args.svg {
        let text = page(&charts(&groups), 2)?;
        replace_bytes(file, text.as_bytes()).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    if args.json {
        return say(format_args!(
            "{}",
            serde_json::to_string_pretty(&Listed { groups: &groups, runs: &runs })?
        ));
    }
    if runs.is_empty() {
        return say(format_args!("no runs; arm train makes one"));
    }
    table(&groups).iter().try_for_each(|line| say(format_args!("{line}")))
}
