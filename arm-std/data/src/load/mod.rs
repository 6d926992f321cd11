//! One entry to all data: a path or name in, the tables of three splits out.

#[cfg(test)]
mod cases;
mod folder;

use std::path::Path;

use super::columns::{Selection, Want};
use super::formats::arrays::{self, Arrays, Chosen};
use super::formats::mat::Mat;
use super::formats::npz::Npz;
use super::formats::{self, Format};
use super::numbers::Reading;
use super::splits::{Loaded, Part, Split, assemble, split_single};
use super::{DataError, Fault, Hint, strokes};
use folder::Group;

/// Loads a data set. `path` is one of:
///
/// - a folder with a file for each split, in any of the formats of [`read_table`](super::read_table), told apart by the words
///   `train`, `valid` (or `val`, `validation`) and `test` (or `t10k`) in their names:
///   `binarized_mnist_{train,valid,test}.amat`, `train-images-idx3-ubyte.gz` with
///   `t10k-images-idx3-ubyte.gz`, `nltcs.{train,valid,test}.data.gz`, `train.csv`... Files with the word
///   `labels` in their names are passed over;
/// - a folder in which torchvision laid out one data set (`MNIST/raw/...`), or the `MNIST` folder in it;
/// - a folder and the name of one of its data sets, where it has several: `binary_tables/nltcs`;
/// - a folder with one array file (NPZ, NPY, IDX, MATLAB) and nothing of the above;
/// - an NPZ or MATLAB file with arrays `train`, `test` and perhaps `valid` (also `x_train`, `trainX`, ...);
/// - any other file of one table, whatever lies beside it;
/// - `strokes`, unless there is a file or folder of that name: the built-in [`strokes()`].
///
/// A missing valid split is the last sixth of the train rows, at most 10000. Of a single table, the last
/// sixth of the rows (at most 10000) is test and as many rows before those are valid. Rows keep their order:
/// shuffle a file that is sorted by class before it is split here.
///
/// Costs what [`read_table`](super::read_table) costs for each file.
///
/// # Errors
/// [`DataError`], naming the file and what to do: nothing there, nothing recognised, several data sets, a
/// split missing, too few rows to split, splits of different widths, or whatever is wrong with a file.
///
/// ```
/// let strokes = arm_data::load("strokes".as_ref())?;
/// assert_eq!((strokes.train.rows(), strokes.train.cols()), (10_000, 28 * 28));
/// # Ok::<(), arm_data::DataError>(())
/// ```
pub fn load(path: &Path) -> Result<Loaded, DataError> {
    load_columns(path, &Selection::default())
}

/// [`load()`], of some of the columns.
///
/// # Errors
/// Those of [`load()`], and a choice of columns that are not there.
///
/// ```
/// use arm_data::{Selection, load_columns};
///
/// let upper_half = Selection { columns: "0-391".parse().ok(), drop: None };
/// assert_eq!(load_columns("strokes".as_ref(), &upper_half)?.train.cols(), 14 * 28);
/// # Ok::<(), arm_data::DataError>(())
/// ```
pub fn load_columns(path: &Path, selection: &Selection) -> Result<Loaded, DataError> {
    read(path, How { selection, like: None }).map(|(loaded, _)| loaded)
}

/// What the columns of a data set hold, by which [`load_like`] reads others.
///
/// # Errors
/// Those of [`load_columns()`].
pub fn read_values(path: &Path, selection: &Selection) -> Result<Reading, DataError> {
    read(path, How { selection, like: None }).map(|(_, reading)| reading)
}

/// [`load_columns()`] of data that are measured by what was learned from others: two values of a column mean what they mean
/// there, and fewer rows than make three splits are all test rows. Columns with other names than there are noted.
///
/// # Errors
/// Those of [`load_columns()`], and a column with another value than the two it has there.
pub fn load_like(path: &Path, selection: &Selection, like: &Reading) -> Result<Loaded, DataError> {
    read(path, How { selection, like: Some(like) }).map(|(loaded, _)| loaded)
}

/// How a data set is read.
#[derive(Clone, Copy)]
struct How<'a> {
    selection: &'a Selection,
    like: Option<&'a Reading>,
}

impl How<'_> {
    fn want(self) -> Want {
        let known = self.like.and_then(Reading::left_out);
        let (left_out, rest) =
            known.map_or((Vec::new(), None), |(left_out, rest)| (left_out.to_vec(), Some(rest)));
        Want { selection: self.selection.clone(), left_out, rest }
    }
}

fn read(path: &Path, how: How<'_>) -> Result<(Loaded, Reading), DataError> {
    if path.is_dir() {
        load_folder(path, how)
    } else if path.exists() {
        load_file(path, how)
    } else if path == Path::new("strokes") {
        let Loaded { path, train, valid, test, origins, notes } = strokes();
        let want = how.want();
        let pick = want.pick(None, train.cols()).map_err(|fault| fault.in_file(&path))?;
        let [train, valid, test] = [train, valid, test].map(|table| match &pick {
            Some(pick) => table.columns(pick),
            None => table,
        });
        Ok((Loaded { path, train, valid, test, origins, notes }, Reading::default()))
    } else {
        load_named(path, how)
    }
}

fn load_file(path: &Path, how: How<'_>) -> Result<(Loaded, Reading), DataError> {
    let fail = |fault: Fault| fault.in_file(path);
    let (format, content) = formats::open(path).map_err(fail)?;
    let format_name = format.name(&content);
    match format {
        Format::Npz => {
            let mut npz = Npz::open(content).map_err(fail)?;
            load_arrays(path, &format_name, &mut npz, how)
        }
        Format::Mat => {
            let bytes = content.rest().map_err(fail)?;
            let mut mat = Mat::open(&bytes).map_err(fail)?;
            load_arrays(path, &format_name, &mut mat, how)
        }
        _ => {
            let want = how.want();
            let raw = formats::read(format, content, &want).map_err(fail)?;
            split_single(
                path,
                Part { file: path.to_owned(), array: None, format: format_name, raw },
                how.like,
            )
        }
    }
}

fn load_arrays(
    path: &Path,
    format: &str,
    arrays: &mut dyn Arrays,
    how: How<'_>,
) -> Result<(Loaded, Reading), DataError> {
    let fail = |fault: Fault| fault.in_file(path);
    let names = arrays.names();
    let chosen = arrays::choose(&names).map_err(fail)?;
    let mut want = how.want();
    let mut part = |at: usize| {
        let raw = arrays.read(at, &want).map_err(fail)?;
        want.left_out.extend_from_slice(&raw.left_out);
        Ok(Part { file: path.to_owned(), array: Some(names[at].0.clone()), format: format.to_owned(), raw })
    };
    let (loaded, read) = match chosen {
        Chosen::One(at) => (split_single(path, part(at)?, how.like), vec![at]),
        Chosen::Splits { train, valid, test } => {
            let read = [Some(train), valid, Some(test)].into_iter().flatten().collect();
            let (train, test) = (part(train)?, part(test)?);
            (assemble(path, train, valid.map(part).transpose()?, test, how.like), read)
        }
    };
    let (mut loaded, reading) = loaded?;
    loaded.notes.extend(arrays::passed_over(&names, &read));
    Ok((loaded, reading))
}

fn load_folder(folder: &Path, how: How<'_>) -> Result<(Loaded, Reading), DataError> {
    let groups = folder::groups(folder)?;
    match groups.as_slice() {
        [] => {}
        [group] => return load_group(folder, folder, group, how),
        several => {
            let names = several.iter().map(|group| folder.join(&group.name).display().to_string()).collect();
            return Err(Fault::Several { names }.in_file(folder));
        }
    }
    let mut below = folder::raw_folders(folder)?;
    if below.is_empty() {
        below = folder::array_files(folder)?;
    }
    match below.as_slice() {
        [] => Err(Fault::NothingFound.in_file(folder)),
        [only] => read(only, how),
        several => {
            let names = several.iter().map(|path| path.display().to_string()).collect();
            Err(Fault::Several { names }.in_file(folder))
        }
    }
}

/// A path that does not exist: a folder and the name of a data set in it.
fn load_named(path: &Path, how: How<'_>) -> Result<(Loaded, Reading), DataError> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    };
    let groups = if folder.is_dir() { folder::groups(folder)? } else { Vec::new() };
    let name = folder::name_of(path);
    match groups.iter().find(|group| group.name == name) {
        Some(group) => load_group(path, folder, group, how),
        None => {
            let names = groups.into_iter().map(|group| group.name).filter(|name| !name.is_empty()).collect();
            Err(Fault::NotFound(Hint(names)).in_file(path))
        }
    }
}

fn load_group(
    path: &Path,
    folder: &Path,
    group: &Group,
    how: How<'_>,
) -> Result<(Loaded, Reading), DataError> {
    let file = |split| group.file(split).map_err(|fault| fault.in_file(folder));
    let [train, valid, test] = [file(Split::Train)?, file(Split::Valid)?, file(Split::Test)?];
    let mut want = how.want();
    let mut read_part = |file: &Path| {
        let (raw, format) = formats::read_named(file, &want)?;
        want.left_out.extend_from_slice(&raw.left_out);
        Ok(Part { file: file.to_owned(), array: None, format, raw })
    };
    match (train, valid, test) {
        (Some(train), None, None) => load_file(train, how),
        (Some(train), valid, Some(test)) => {
            let (train, valid) = (read_part(train)?, valid.map(&mut read_part).transpose()?);
            let test = read_part(test)?;
            assemble(path, train, valid, test, how.like)
        }
        (train, valid, test) => {
            let split = if train.is_none() { Split::Train } else { Split::Test }.name();
            let found = [train, valid, test].into_iter().flatten().map(folder::name_of).collect();
            Err(Fault::NoSplit { split, found }.in_file(folder))
        }
    }
}

#[cfg(test)]
mod tests;
