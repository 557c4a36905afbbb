//! Writing files that a user names. Only regular files are written: whole and under another name first, so that
//! nobody sees half of one and a full disk leaves the old one as it was.

use crate::error::CliError;
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// As many links in a row as Linux follows.
const MAX_LINKS: usize = 40;

/// Writes a file, or replaces one and keeps its permissions. Links are followed: the file that they lead to is
/// written, and they stay. What `inputs` name is never replaced, under whatever name.
///
/// # Errors
/// If a folder is missing or may not be written, if there is something else than a regular file, or if it is an
/// input. Nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8], inputs: &[&Path]) -> Result<(), CliError> {
    find(path, inputs)?.write(bytes)
}

/// A file that will be written: for a command that takes long and is not to fail at its end.
#[derive(Debug)]
pub struct Target {
    /// As the user named it.
    named: PathBuf,
    /// At the end of all links.
    path: PathBuf,
    existing: Option<Metadata>,
}

impl Target {
    /// Where [`write()`] would write, if it could. Nothing is changed.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn probe(path: &Path, inputs: &[&Path]) -> Result<Self, CliError> {
        let target = find(path, inputs)?;
        if target.is_dropped() {
            return Ok(target);
        }
        // Only making a file tells whether one can be made.
        let folder = folder_of(&target.path);
        let made = create_beside(folder).and_then(|(file, part)| {
            drop(file);
            fs::remove_file(part)
        });
        made.map_err(|error| target.refuse(&error))?;
        Ok(target)
    }

    /// Writes it.
    ///
    /// # Errors
    /// If it has become impossible since. Nothing is left behind then.
    pub fn write(&self, bytes: &[u8]) -> Result<(), CliError> {
        if self.is_dropped() {
            return Ok(());
        }
        replace(&self.path, bytes, self.existing.as_ref()).map_err(|error| self.refuse(&error))
    }

    fn is_dropped(&self) -> bool {
        self.path == Path::new("/dev/null")
    }

    fn refuse(&self, error: &io::Error) -> CliError {
        let problem = match error.kind() {
            ErrorKind::NotFound => "cannot be written: its folder does not exist; make it first".to_owned(),
            _ => format!("cannot be written: {error}"),
        };
        CliError::file(&self.named, problem)
    }
}

/// Looks at what is there, and refuses what is never written.
fn find(path: &Path, inputs: &[&Path]) -> Result<Target, CliError> {
    let refuse = |problem: String| CliError::file(path, problem);
    let target = follow(path).map_err(|error| refuse(format!("cannot be written: {error}")))?;
    if is_stream(&target) {
        return Err(refuse(NOT_REGULAR.to_owned()));
    }
    let existing = match fs::metadata(&target) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(refuse(format!("cannot be written: {error}"))),
    };
    if let Some(found) = &existing {
        if found.is_dir() {
            return Err(refuse("is a folder; name a file".to_owned()));
        }
        if target == Path::new("/dev/null") {
            return Ok(Target {
                named: path.to_owned(),
                path: target,
                existing,
            });
        }
        if !found.is_file() {
            return Err(refuse(NOT_REGULAR.to_owned()));
        }
        if found.permissions().readonly() {
            return Err(refuse("is write-protected; name another file".to_owned()));
        }
        let same = |input: &&&Path| fs::metadata(input).is_ok_and(|input| same_file(&input, found));
        if let Some(input) = inputs.iter().find(same) {
            return Err(refuse(format!(
                "is the input {}, which is never overwritten; name another file",
                input.display()
            )));
        }
    }
    Ok(Target {
        named: path.to_owned(),
        path: target,
        existing,
    })
}

const NOT_REGULAR: &str = "is not a regular file (a device, a FIFO, a socket), and only those are written; \
                           name another file";

/// The path at the end of all links; nothing need be there.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        if is_stream(&path) {
            return Ok(path);
        }
        match fs::read_link(&path) {
            // A relative link begins where it stands.
            Ok(next) => path = folder_of(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it leads through too many links"))
}

/// Whether a path names an open file of this process, which replacing its file would not reach.
fn is_stream(path: &Path) -> bool {
    let folder = fs::canonicalize(folder_of(path)).unwrap_or_default();
    folder.starts_with("/proc") || folder.starts_with("/dev/pts")
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn replace(target: &Path, bytes: &[u8], existing: Option<&Metadata>) -> io::Result<()> {
    let folder = folder_of(target);
    let name = target
        .file_name()
        .ok_or_else(|| io::Error::other("it names no file"))?;
    let (mut file, part) = create_beside(folder)?;
    let written = (|| {
        file.write_all(bytes)?;
        if let Some(found) = existing {
            file.set_permissions(found.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&part, folder.join(name))
    })();
    if written.is_err() {
        // The error that counts is the first.
        let _ = fs::remove_file(&part);
    }
    written?;
    if cfg!(unix) {
        // The new name has to survive a loss of power too.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A new file of a name that nothing has; a short one, since that of the target may be as long as names may be.
fn create_beside(folder: &Path) -> io::Result<(File, PathBuf)> {
    const TRIES: u32 = 100;
    let process = std::process::id();
    let mut last = None;
    for number in 0..TRIES {
        let part = folder.join(format!(".metisvm-{process}-{number}.part"));
        match OpenOptions::new().write(true).create_new(true).open(&part) {
            Ok(file) => return Ok((file, part)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}
