//! Files that are whole or absent.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file as `NAME.part` in the same folder, syncs it and renames it: after a crash `path` holds the old or the
/// new contents, never a part. On an error the part is removed.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut name: OsString = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let result = File::create(&part).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&part, path)
    });
    if result.is_err() {
        // What failed is reported; that the remains cannot be removed either would add nothing.
        let _ = fs::remove_file(&part);
    }
    result
}

/// [`replace`] with these bytes.
pub(crate) fn replace_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |file| file.write_all(bytes))
}
