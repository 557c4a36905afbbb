//! Opening files that a user names: nothing that is named may make a process wait for ever.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a FIFO may have no writer before anything was read. Shells start both ends of a pipe at about the same
/// time, so that one need not be there yet.
const GRACE: Duration = Duration::from_secs(2);
/// How often a FIFO is asked again.
const PAUSE: Duration = Duration::from_millis(2);

/// A file, FIFO or device that is open for reading.
///
/// Opening a FIFO waits for a writer as a rule. Here it does not: one that nobody writes to within two seconds is an
/// error of the kind `NotConnected`. Once somebody writes, reading waits for the writer as any reader of a pipe does.
#[derive(Debug)]
pub struct InputFile {
    file: File,
    /// Of a FIFO, until something was read.
    patience: Option<Instant>,
    length: Option<u64>,
}

impl InputFile {
    /// Opens what is at `path`. A folder is an error of the kind `IsADirectory`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        if found.is_dir() {
            return Err(io::Error::new(
                ErrorKind::IsADirectory,
                "it is a folder; name a file",
            ));
        }
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Always: what is there may have become a FIFO since it was looked at. On regular files it does nothing.
            options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        }
        let file = options.open(path)?;
        let found = file.metadata()?;
        Ok(Self {
            file,
            patience: is_fifo(&found).then(|| Instant::now() + GRACE),
            length: found.is_file().then_some(found.len()),
        })
    }

    /// How many bytes a regular file has; `None` of anything else.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Read for InputFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(into) {
                Ok(0) if !into.is_empty() => match self.patience {
                    None => return Ok(0),
                    Some(end) if Instant::now() >= end => {
                        let problem = "it is a FIFO that nothing writes to; start the writer first";
                        return Err(io::Error::new(ErrorKind::NotConnected, problem));
                    }
                    Some(_) => sleep(PAUSE),
                },
                // Somebody has it open for writing, so from now on an end is an end.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.patience = None;
                    sleep(PAUSE);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                read => {
                    self.patience = None;
                    return read;
                }
            }
        }
    }
}

#[cfg(unix)]
fn is_fifo(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_fifo(_: &fs::Metadata) -> bool {
    false
}
