//! Compiled code on disk: a file for each contract, which is accepted only as it was written.

mod draft;
#[cfg(test)]
mod faults;
mod format;
mod names;
mod secret;
mod trim;

use crate::JitError;
use draft::Draft;
use format::Regions;
use revm::primitives::B256;
use secret::Secret;
use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

/// No file is longer, in bytes: some ten times what the largest contract is compiled to.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// After so large a part of the bound was written, files are counted, and the oldest removed if they are too many.
const TRIMMED: u64 = 16;

/// A folder of compiled code. Other processes may use it at the same time.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    secret: Secret,
    /// The bound of all files in bytes.
    limit: u64,
    /// Bytes written since files were counted.
    written: AtomicU64,
}

/// Why a file gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoadError {
    /// It is not as it was written, and was removed.
    Refused(String),
    /// It cannot be read.
    Unreadable(String),
}

impl Disk {
    /// Opens a folder, and makes it and its secret if they are not there.
    ///
    /// # Errors
    /// If it cannot be made, or if others could write to it: they could give code of theirs to this process.
    pub(crate) fn open(folder: &Path, limit: u64) -> Result<Self, JitError> {
        let refuse = |problem: String| JitError::Folder {
            folder: folder.display().to_string(),
            problem,
        };
        // An absolute path stays the same folder when the process changes its own.
        let folder = std::path::absolute(folder).map_err(|error| refuse(error.to_string()))?;
        make_folder(&folder).map_err(|error| refuse(format!("it cannot be made: {error}")))?;
        let metadata =
            fs::metadata(&folder).map_err(|error| refuse(format!("it cannot be read: {error}")))?;
        let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != user {
            return Err(refuse(format!(
                "it belongs to user {owner}, and this process runs as user {user}; use a folder of your own"
            )));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(refuse(format!(
                "others may write to it (mode {mode:o}) and could forge code; run `chmod go-w` on it"
            )));
        }
        let secret = Secret::of_folder(&folder).map_err(refuse)?;
        Ok(Self {
            folder,
            secret,
            limit,
            written: AtomicU64::new(0),
        })
    }

    /// The code that is kept under a key for a contract of so many regions; `None` if there is none.
    pub(crate) fn load(&self, key: &B256, count: usize) -> Result<Option<Regions>, LoadError> {
        let path = self.path(key);
        let bytes = match read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => return Err(LoadError::Unreadable(describe(&path, "cannot be read", &error))),
        };
        format::decode(&self.secret, key, count, bytes)
            .map(Some)
            .map_err(|problem| {
                // Where it cannot be removed, it is refused again next time.
                let _ = fs::remove_file(&path);
                LoadError::Refused(format!("{}: {problem}; it was removed", path.display()))
            })
    }

    /// Keeps the code of regions, whose indices rise, under a key, in place of what was kept there. Readers and a
    /// process that is killed see the old file or the new one.
    ///
    /// # Errors
    /// What is wrong, in words, if it cannot be written. The old file stays then.
    pub(crate) fn store(&self, key: &B256, count: usize, regions: &[(usize, &[u8])]) -> Result<(), String> {
        let path = self.path(key);
        let length = regions
            .iter()
            .fold(0_u64, |sum, (_, code)| sum.saturating_add(code.len() as u64));
        let bytes = (length < MAX_FILE_BYTES).then(|| format::encode(&self.secret, key, count, regions));
        let bytes = bytes
            .flatten()
            .filter(|bytes| bytes.len() as u64 <= MAX_FILE_BYTES);
        let Some(bytes) = bytes else {
            return Err(format!(
                "{}: {length} bytes are too many for a file",
                path.display()
            ));
        };
        let written = path.parent().map_or(Ok(()), |folder| {
            make_folder(folder)?;
            Draft::write(folder, &bytes)?.replace(&path)
        });
        self.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        written.map_err(|error| describe(&path, "cannot be written", &error))
    }

    /// Whether so much was written since [`Disk::trim`] that it is time for it.
    pub(crate) fn is_to_be_trimmed(&self) -> bool {
        self.written.load(Ordering::Relaxed) > self.limit / TRIMMED
    }

    /// Removes files that were not used for longest until all others are within the bound, and what processes that were
    /// killed left unfinished.
    ///
    /// # Errors
    /// What is wrong, in words, if files cannot be listed or removed. As much as can be is done nevertheless.
    pub(crate) fn trim(&self) -> Result<(), String> {
        self.written.store(0, Ordering::Relaxed);
        trim::trim(&self.folder, self.limit, SystemTime::now())
    }

    fn path(&self, key: &B256) -> PathBuf {
        names::path(&self.folder, key)
    }
}

/// Makes a folder for its owner's eyes, unless it is there.
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// All of a file; `None` if it is not there. What is no file, or longer than one can be, is read as an empty one, which
/// no form allows.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    // To open a pipe would wait for whoever writes to it.
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Ok(Some(bytes));
    }
    let file = File::open(path)?;
    // It may have grown since.
    (&file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        bytes.clear();
    }
    // The time says when it was last of use; if it cannot be set, the file only goes earlier.
    let _ = file.set_modified(SystemTime::now());
    Ok(Some(bytes))
}

fn describe(path: &Path, what: &str, error: &io::Error) -> String {
    format!("{} {what}: {error}", path.display())
}
