//! `arm data fetch`.

use super::{Outcome, say};
use crate::fetch::{CATALOGUE, DataSet, Fetched, Fetcher};
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Fetch {
    /// Data set
    #[arg(value_parser = PossibleValuesParser::new(CATALOGUE.map(|set| set.name)))]
    name: String,
    /// Folder for its files, which is made [default: the name]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Address below which the files lie, instead of the known ones; they must be the same files
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Seconds without a byte after which a connection is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

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
