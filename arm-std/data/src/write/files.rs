//! Files that are whole or absent.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Writes a file as `NAME.part` in the same folder, syncs it, renames it and syncs the folder: after a crash `path`
/// holds the old or the new contents, never a part. On an error the part is removed. A link in the place of either name is
/// replaced, never followed.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut name: OsString = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    // Left by a crash, or a link.
    let _ = fs::remove_file(&part);
    let result = OpenOptions::new().write(true).create_new(true).open(&part).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&part, path)?;
        sync_folder(path);
        Ok(())
    });
    if result.is_err() {
        // What failed is reported; that the remains cannot be removed either would add nothing.
        let _ = fs::remove_file(&part);
    }
    result
}

/// Whether `path` may be written: nothing is there, or an empty file, or one whose first 128 bytes are such as `is_ours` knows.
/// What a command did not write it does not replace, nor a device or a pipe.
pub fn may_replace(path: &Path, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    let mut head = Vec::new();
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        Ok(found) if !found.is_file() && !found.is_dir() => return Ok(false),
        _ => File::open(path)?.take(128).read_to_end(&mut head)?,
    };
    Ok(head.is_empty() || is_ours(&head))
}

/// An error unless `path` [may be written](may_replace), or begins as one of `starts`.
pub fn refuse_other(path: &Path, starts: &[&[u8]]) -> Result<(), String> {
    match may_replace(path, |head| starts.iter().any(|start| head.starts_with(start))) {
        Err(e) => Err(format!("{}: cannot be replaced: {e}", path.display())),
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(format!("{}: exists already and is no such file; give another name", path.display()))
        }
    }
}

/// How a picture begins: PNG, or SVG.
pub const PICTURES: [&[u8]; 3] = [b"\x89PNG", b"<svg", b"<?xml"];

/// Lets a write beyond a limit on the size of files fail like one to a full disk, instead of ending the process: here and in
/// the threads that this one starts.
pub fn refuse_writes_beyond_limits() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGXFSZ);
        // A system that refuses ends the process at such a write, as it did before.
        let _ = signals.thread_block();
    }
}

/// [`replace`] with these bytes.
pub fn replace_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |file| file.write_all(bytes))
}

/// [`replace_bytes`] of all of these, or of none where one cannot be written: none is renamed before the last is on the disk.
/// The error says which.
pub fn replace_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), (PathBuf, io::Error)> {
    if let Some((path, _)) = files.iter().find(|(path, _)| path.is_dir()) {
        return Err((path.clone(), io::ErrorKind::IsADirectory.into()));
    }
    let Some(((path, bytes), rest)) = files.split_first() else { return Ok(()) };
    let mut others = Ok(());
    let result = replace(path, |file| {
        file.write_all(bytes)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        others = replace_all(rest);
        if others.is_ok() { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
    });
    others?;
    result.map_err(|e| (path.clone(), e))
}

/// Makes a rename in the folder of `path` last through a power cut, where the system can.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The rename is done; some file systems cannot sync a folder, and have no need to.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_replaced_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a", "b", "c"].map(|name| (folder.path().join(name), name.into()));
        // A folder in the place of a part cannot be removed, and not written to.
        fs::create_dir(folder.path().join("c.part")).unwrap();
        assert_eq!(replace_all(&files).unwrap_err().0, files[2].0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_dir(folder.path().join("c.part")).unwrap();
        fs::create_dir(&files[1].0).unwrap();
        assert_eq!(replace_all(&files).unwrap_err().0, files[1].0);
        fs::remove_dir(&files[1].0).unwrap();
        replace_all(&files).unwrap();
        assert_eq!(fs::read(&files[1].0).unwrap(), b"b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_was_not_written_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(refuse_other(&path, &PICTURES), Ok(()));
        for (bytes, is_ours) in [(&b"x,y"[..], false), (b"", true), (b"<svg x", true), (b"<sv", false)] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(refuse_other(&path, &PICTURES).is_ok(), is_ours, "{bytes:?}");
        }
        assert!(refuse_other(folder.path(), &PICTURES).is_err());
        // A device reads as empty.
        assert!(refuse_other(Path::new("/dev/null"), &PICTURES).is_err());
    }

    #[test]
    fn links_are_replaced_and_not_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let path = folder.path().join("a");
        for name in ["a", "a.part"] {
            std::os::unix::fs::symlink(outside.path(), folder.path().join(name)).unwrap();
        }
        replace_bytes(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(outside.path()).unwrap(), b"");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
