//! One file from one or several addresses.

use super::RemoteFile;
use ring::digest::{Context, SHA256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use ureq::Agent;

/// A file that could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server, or the net before it.
    #[error("{url}: {what}{}", hint(*.kept))]
    Net {
        /// The last address that was tried.
        url: String,
        /// What it answered.
        what: String,
        /// Bytes that are kept for the next time.
        kept: u64,
    },
    /// What was fetched is not the file.
    #[error("{url}: is not the file that was asked for ({what}); it was not kept")]
    Wrong {
        /// The address.
        url: String,
        /// Length or checksum, as it is and as it should be.
        what: String,
    },
    /// Something else has the name of the file.
    #[error("{}: exists already and is another file; move it away", .0.display())]
    Taken(PathBuf),
    /// The file system.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What failed.
        source: io::Error,
    },
}

fn hint(kept: u64) -> String {
    match kept {
        0 => String::new(),
        kept => format!("; {kept} bytes are kept, the same command goes on from there"),
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already, whole and right.
    Present,
    /// It was fetched, the first so many bytes an earlier time.
    Now {
        /// Bytes that were there.
        resumed: u64,
    },
}

/// What fetches files.
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
    /// Pause after an attempt that failed.
    pause: Duration,
}

/// Attempts in a row that bring not one byte before a server is given up.
const ATTEMPTS: u32 = 3;

impl Fetcher {
    /// A fetcher that gives up on a connection that brings nothing for `patience`, and pauses for a thirtieth of that
    /// before it tries again. A server gets three attempts in a row that bring nothing.
    pub fn new(patience: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("arm/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience));
        Fetcher { agent: config.build().into(), pause: patience / 30 }
    }

    /// Fetches `file` into `folder` (which exists) from the first of `bases` that has it. `progress` is told how many
    /// bytes there are.
    ///
    /// Until it is whole and its SHA-256 is right it is called `NAME.part`, and stays when the connection breaks: the
    /// next call asks for the rest only. A server that sends the whole file nevertheless is taken at its word.
    ///
    /// # Errors
    /// [`FetchError`]; under the final name there is then nothing, or what was there before.
    pub fn fetch(
        &self,
        file: &RemoteFile,
        bases: &[&str],
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Fetched, FetchError> {
        let path = folder.join(file.name);
        if path.exists() {
            let found = sha256_of(&path).map_err(io_error(&path))?;
            return if found.1 == file.sha256 { Ok(Fetched::Present) } else { Err(FetchError::Taken(path)) };
        }
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let kept = fs::metadata(&part).map_or(0, |part| part.len());
        let mut result = Err(FetchError::Net { url: file.name.into(), what: "no address".into(), kept });
        for base in bases {
            let url = format!("{}/{}", base.trim_end_matches('/'), file.name);
            result = self.whole(file, &url, &part, progress);
            if let Err(FetchError::Wrong { .. }) = &result
                && kept > 0
            {
                // What was kept may have been the wrong part of it.
                result = self.whole(file, &url, &part, progress);
            }
            if matches!(&result, Ok(()) | Err(FetchError::Io { .. })) {
                break;
            }
        }
        result?;
        fs::rename(&part, &path).map_err(io_error(&path))?;
        Ok(Fetched::Now { resumed: kept })
    }

    /// Makes `part` the whole file, or removes what is wrong.
    fn whole(
        &self,
        file: &RemoteFile,
        url: &str,
        part: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), FetchError> {
        let mut out = File::options().create(true).append(true).open(part).map_err(io_error(part))?;
        let length = |out: &File| out.metadata().map(|part| part.len()).map_err(io_error(part));
        let (mut most, mut failures) = (length(&out)?, 0);
        while length(&out)? < file.bytes {
            let result = self.attempt(file, url, &mut out, progress);
            let kept = length(&out)?;
            let what = match result {
                Ok(()) if kept >= file.bytes => break,
                Ok(()) => "the connection ended".to_owned(),
                Err(Attempt::Disk(source)) => return Err(io_error(part)(source)),
                Err(Attempt::Net(what)) => what,
            };
            failures = if kept > most { 0 } else { failures + 1 };
            most = most.max(kept);
            if failures >= ATTEMPTS {
                if kept == 0 {
                    // That an empty file cannot be removed would add nothing to the message.
                    let _ = fs::remove_file(part);
                }
                let what = format!("{what} ({kept} of {} bytes are here)", file.bytes);
                return Err(FetchError::Net { url: url.into(), what, kept });
            }
            sleep(self.pause);
        }
        out.sync_all().map_err(io_error(part))?;
        drop(out);
        let (bytes, sha256) = sha256_of(part).map_err(io_error(part))?;
        if (bytes, sha256.as_str()) == (file.bytes, file.sha256) {
            return Ok(());
        }
        fs::remove_file(part).map_err(io_error(part))?;
        let what = if bytes == file.bytes {
            format!("SHA-256 {sha256} instead of {}", file.sha256)
        } else {
            format!("more than {} bytes", file.bytes)
        };
        Err(FetchError::Wrong { url: url.into(), what })
    }

    /// Asks once for what is missing, and adds what comes to `out`.
    fn attempt(
        &self,
        file: &RemoteFile,
        url: &str,
        out: &mut File,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Attempt> {
        let mut have = out.metadata()?.len();
        let mut request = self.agent.get(url);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let mut response = request.call().map_err(|error| Attempt::Net(error.to_string()))?;
        let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
        let goes_on = range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
        match response.status().as_u16() {
            206 if goes_on => {}
            // The server sends all of it, whatever it was asked for.
            200 => {
                out.set_len(0)?;
                have = 0;
            }
            status => {
                if matches!(status, 206 | 416) {
                    out.set_len(0)?;
                }
                return Err(Attempt::Net(format!("answered with status {status}")));
            }
        }
        // One byte more than there may be shows that the file is another.
        let mut body = response.body_mut().as_reader().take(file.bytes + 1 - have);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = body.read(&mut buffer).map_err(|error| Attempt::Net(error.to_string()))?;
            if count == 0 {
                return Ok(());
            }
            out.write_all(&buffer[..count])?;
            have += count as u64;
            progress(have.min(file.bytes));
        }
    }
}

/// Why an attempt failed.
enum Attempt {
    Net(String),
    Disk(io::Error),
}

impl From<io::Error> for Attempt {
    fn from(error: io::Error) -> Self {
        Attempt::Disk(error)
    }
}

fn io_error(file: &Path) -> impl Fn(io::Error) -> FetchError {
    let file = file.to_owned();
    move |source| FetchError::Io { file: file.clone(), source }
}

/// Length and SHA-256 of a file.
pub(super) fn sha256_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer, mut bytes) = (Context::new(&SHA256), vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((bytes, hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests;
