//! `arm data fetch`.

use super::args::data::Fetch;
use super::{Outcome, say};
use arm_std::fetch::{DataSet, Fetched, Fetcher};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(super) fn run(args: &Fetch) -> Outcome {
    let set = DataSet::named(&args.name).ok_or_else(|| format!("{}: is not known", args.name))?;
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(set.name));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
    let from = args.from.as_deref();
    let bases = from.as_ref().map_or(set.mirrors, std::slice::from_ref);
    say(format_args!("{}: {}", set.name, set.about))?;
    let fetcher = Fetcher::new(Duration::from_secs(args.timeout));
    for file in &set.files {
        let bar = ProgressBar::new(file.bytes).with_message(file.name);
        let template = "{msg}  {bar:30} {bytes}/{total_bytes}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let fetched = fetcher.fetch(file, bases, &folder, &mut |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        let how = match fetched? {
            Fetched::Present => "was here already".to_owned(),
            Fetched::Now { resumed: 0 } => format!("{} bytes", file.bytes),
            Fetched::Now { resumed } => {
                format!("{} bytes, {resumed} of them from an earlier time", file.bytes)
            }
        };
        say(format_args!("{}: {how}, SHA-256 as it should be", file.name))?;
    }
    say(format_args!("now: arm train --data {}", folder.display()))
}
