//! `arm data`.

use super::args::data::{Convert, Data, Info, Split};
use super::{Outcome, Usage, say, tell};
use arm_std::data::{
    Binarise, BinariseName, Fault, Loaded, Output, Table, load_columns, read_columns, write_splits,
    write_table,
};
use arm_std::files::{PICTURES, refuse_other};
use arm_std::runs::image::{Grid, cell_size};
use std::path::Path;

pub(super) fn run(command: &Data) -> Outcome {
    match command {
        Data::Info(args) => info(args),
        Data::Convert(args) => convert(args),
        #[cfg(feature = "fetch")]
        Data::Fetch(args) => super::fetch::run(args),
    }
}

fn info(args: &Info) -> Outcome {
    let loaded = load_columns(&args.path, &args.columns.selection())?;
    let (height, width) = cell_size(loaded.train.cols());
    say(format_args!(
        "{}: {} columns, shown as {height} x {width}",
        args.path.display(),
        loaded.train.cols()
    ))?;
    let splits = [("train", &loaded.train), ("valid", &loaded.valid), ("test", &loaded.test)];
    for ((name, table), origin) in splits.into_iter().zip(&loaded.origins) {
        let (kind, bytes) = match table {
            Table::Bits(bits) => ("bits", 4 * bits.words().len()),
            Table::Grey(grey) => ("grey levels", grey.levels().len()),
        };
        let (rows, density) = (table.rows(), table.density());
        say(format_args!(
            "{name:5}  {rows:>8} rows of {kind}, density {density:.6}, {} KiB, from {origin}",
            bytes.div_ceil(1024)
        ))?;
    }
    for note in &loaded.notes {
        say(format_args!("{}: {note}", if note.is_warning() { "warning" } else { "note" }))?;
    }
    text_picture(&loaded.train, width).into_iter().try_for_each(|line| say(format_args!("{line}")))?;
    if let Some(path) = &args.picture {
        refuse_other(path, &PICTURES).map_err(Usage)?;
        contact_sheet(&loaded.train).write(path)?;
        say(format_args!("{} shows the first train examples", path.display()))?;
    }
    Ok(())
}

/// Columns of a terminal.
const TERMINAL: usize = 80;

/// The first examples side by side, two pixels a letter; nothing when an example is wider than a terminal.
fn text_picture(table: &Table, width: usize) -> Vec<String> {
    let count = (TERMINAL / (width + 1)).min(table.rows());
    let mut examples = vec![vec![0; table.cols()]; count];
    examples.iter_mut().enumerate().for_each(|(row, example)| table.read_row(row, example));
    let lit = match table {
        Table::Bits(_) => 1,
        Table::Grey(_) => 128,
    };
    let height = table.cols() / width;
    let letter = |example: &[u8], x: usize, y: usize| {
        let on = |y: usize| y < height && example[y * width + x] >= lit;
        match (on(y), on(y + 1)) {
            (false, false) => ' ',
            (true, false) => '▀',
            (false, true) => '▄',
            (true, true) => '█',
        }
    };
    let line = |y: usize| {
        let parts: Vec<String> =
            examples.iter().map(|example| (0..width).map(|x| letter(example, x, y)).collect()).collect();
        parts.join(" ").trim_end().to_owned()
    };
    if examples.is_empty() { Vec::new() } else { (0..height).step_by(2).map(line).collect() }
}

fn contact_sheet(table: &Table) -> Grid {
    let mut grid = Grid::new(cell_size(table.cols()), 10);
    for row in 0..table.rows().min(100) {
        match table {
            Table::Bits(bits) => grid.push_bits(bits.row(row)),
            Table::Grey(grey) => grid.push_levels(grey.row(row)),
        }
    }
    grid
}

fn convert(args: &Convert) -> Outcome {
    let (input, out) = (&args.input, &args.out);
    let format = Output::of(out);
    if !args.force && out.exists() {
        return Err(Usage(format!("{}: exists already; --force replaces it", out.display())).into());
    }
    if args.split.is_some() && format.is_none() {
        return Err(Usage("--split writes one table: let OUT end in .npy, .idx or .bits".into()).into());
    }
    match format {
        Some(format) => {
            let table = one_table(args)?;
            if matches!((format, &table), (Output::Packed, Table::Grey(_))) {
                return Err(needs_bits(input));
            }
            write_table(&table, format, out)?;
            say(format_args!("{}: {} rows of {} columns", out.display(), table.rows(), table.cols()))
        }
        None => {
            let loaded = loaded(args)?;
            let grey = [&loaded.train, &loaded.valid, &loaded.test].into_iter().any(is_grey);
            if grey && out.extension().is_none_or(|ending| ending != "npz") {
                return Err(needs_bits(input));
            }
            write_splits(&loaded, out)?;
            let [train, valid, test] = [&loaded.train, &loaded.valid, &loaded.test].map(Table::rows);
            let cols = loaded.train.cols();
            say(format_args!(
                "{}: {train} train, {valid} valid, {test} test rows of {cols} columns",
                out.display()
            ))
        }
    }
}

fn is_grey(table: &Table) -> bool {
    matches!(table, Table::Grey(_))
}

fn needs_bits(input: &Path) -> Box<dyn std::error::Error + Send + Sync> {
    let input = input.display();
    Usage(format!("{input}: holds grey levels, and packed bits take only 0 and 1; give --binarise 0.5"))
        .into()
}

/// All splits, with a threshold as bits.
fn loaded(args: &Convert) -> Result<Loaded, Box<dyn std::error::Error + Send + Sync>> {
    let Loaded { path, train, valid, test, origins, notes } =
        load_columns(&args.input, &args.columns.selection())?;
    tell(&path, &notes, threshold(args));
    let [train, valid, test] = [train, valid, test].map(|table| bits(table, args.binarise));
    Ok(Loaded { path, train: train?, valid: valid?, test: test?, origins, notes })
}

fn threshold(args: &Convert) -> BinariseName {
    args.binarise.map_or(BinariseName::Auto, |threshold| BinariseName::Chosen(Binarise::Threshold(threshold)))
}

fn bits(table: Table, threshold: Option<f32>) -> Result<Table, Usage> {
    let fail = |fault: Fault| Usage(format!("--binarise: {fault}"));
    match threshold {
        Some(threshold) => table.above(threshold).map(Table::Bits).map_err(fail),
        None => Ok(table),
    }
}

/// The one table to write.
fn one_table(args: &Convert) -> Result<Table, Box<dyn std::error::Error + Send + Sync>> {
    let input = &args.input;
    match args.split {
        Some(Split::Train) => Ok(loaded(args)?.train),
        Some(Split::Valid) => Ok(loaded(args)?.valid),
        Some(Split::Test) => Ok(loaded(args)?.test),
        None if input.is_file() => {
            let (table, notes) = read_columns(input, &args.columns.selection())?;
            tell(input, &notes, threshold(args));
            Ok(bits(table, args.binarise)?)
        }
        None => {
            let what =
                format!("{}: has several splits; give --split, or an OUT that takes all", input.display());
            Err(Usage(what).into())
        }
    }
}
