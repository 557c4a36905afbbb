//! Files that are there whole or not at all, whenever the process ends.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// How the name of a file that is not finished ends.
pub(super) const ENDING: &str = ".part";

/// A file that is written and has no lasting name yet. It is removed when it gets none.
#[derive(Debug)]
pub(super) struct Draft {
    /// `None` once another name took its place.
    path: Option<PathBuf>,
}

impl Draft {
    /// Writes bytes to a new file in a folder, for its owner's eyes, as far as the disk.
    pub(super) fn write(folder: &Path, bytes: &[u8]) -> io::Result<Self> {
        /// Others of this name are left over from a process that had the same number.
        const TRIES: usize = 100;
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let process = std::process::id();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        for _ in 0..TRIES {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{process}-{number}{ENDING}"));
            let mut file = match options.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let draft = Self { path: Some(path) };
            file.write_all(bytes)?;
            // A name must not come to the disk before what it names.
            file.sync_all()?;
            return Ok(draft);
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Gives it a name that may be there: readers see the old file or this one.
    pub(super) fn replace(mut self, path: &Path) -> io::Result<()> {
        if let Some(draft) = &self.path {
            fs::rename(draft, path)?;
        }
        self.path = None;
        Ok(())
    }

    /// Gives it a name that is not there, and fails with `AlreadyExists` if it is.
    pub(super) fn place(self, path: &Path) -> io::Result<()> {
        let linked = self
            .path
            .as_ref()
            .map_or(Ok(()), |draft| fs::hard_link(draft, path));
        match linked {
            // Some file systems have one name a file.
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
                self.replace(path)
            }
            done => done,
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What stays is removed at a later start.
            let _ = fs::remove_file(path);
        }
    }
}
