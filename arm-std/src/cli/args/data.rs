//! Options of `arm data`.

#[cfg(feature = "fetch")]
use arm_std::fetch::CATALOGUE;
#[cfg(feature = "fetch")]
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Data {
    /// Say what a data set holds: formats, shape, density, splits, and what the first examples look like
    Info(Info),
    /// Write a data set in another format, chosen by the ending of OUT
    ///
    /// `.npz` takes all splits; `.npy`, `.idx` and `.bits` (packed bits) take one table; a name without an ending becomes
    /// a folder of packed bits, a file a split.
    Convert(Convert),
    /// Download a data set, check it, and take up an earlier download where it broke off
    #[cfg(feature = "fetch")]
    Fetch(Fetch),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Info {
    /// Data set, as for train
    pub path: PathBuf,
    #[command(flatten)]
    pub columns: super::Columns,
    /// PNG to write, of the first 100 train examples
    #[arg(long, value_name = "PNG")]
    pub picture: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Convert {
    /// Data set, as for train
    pub input: PathBuf,
    /// File or folder to write
    pub out: PathBuf,
    /// Write this split only
    #[arg(long, value_enum)]
    pub split: Option<Split>,
    #[command(flatten)]
    pub columns: super::Columns,
    /// Turn grey levels into bits: a one where level / 255 is above this threshold, in [0, 1)
    #[arg(long, value_name = "THRESHOLD")]
    pub binarise: Option<f32>,
    /// Replace OUT if it exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Split {
    Train,
    Valid,
    Test,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
pub(in crate::cli) struct Fetch {
    /// Data set
    #[arg(value_parser = PossibleValuesParser::new(CATALOGUE.map(|set| set.name)))]
    pub name: String,
    /// Folder for its files, which is made [default: the name]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Address below which the files lie, instead of the known ones; they must be the same files
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// Seconds without a byte after which a connection is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}
