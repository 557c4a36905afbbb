//! Measurements from one process to the next, in a file of the user's cache folder.
//!
//! The file is a convenience: one that is missing, damaged or not to be written costs a measurement, and one that is
//! wrong costs time. A line is what was measured, as text without spaces, a space, and what it was measured on.
//! Whoever writes replaces the file as a whole, so that readers never see half of it; of two who write at once one is
//! forgotten.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The most measurements that are kept, the latest first.
pub(crate) const MAX_LINES: usize = 64;
/// A file that is longer is not ours.
pub(crate) const MAX_BYTES: u64 = 64 << 10;

/// A file of measurements.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    pub(crate) file: PathBuf,
}

/// What a file held.
#[derive(Debug)]
pub(crate) struct Held<T> {
    /// What was measured on what, the latest first.
    pub(crate) lines: Vec<(String, T)>,
    /// Whether something in it made no sense.
    pub(crate) damaged: bool,
}

impl Records {
    /// A file of this name in this folder, which need not exist.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self {
            file: folder.join(name),
        }
    }

    /// What is there and makes sense.
    pub(crate) fn read<T: FromStr>(&self) -> Held<T> {
        let mut held = Held {
            lines: Vec::new(),
            damaged: false,
        };
        let Ok(metadata) = std::fs::metadata(&self.file) else {
            return held;
        };
        let short = metadata.is_file() && metadata.len() <= MAX_BYTES;
        let Some(bytes) = short.then(|| std::fs::read(&self.file).ok()).flatten() else {
            held.damaged = true;
            return held;
        };
        let text = String::from_utf8_lossy(&bytes);
        for line in text.lines() {
            let read = line
                .split_once(' ')
                .and_then(|(what, key)| Some((key.to_owned(), what.parse().ok()?)));
            match read {
                Some(line) if held.lines.len() < MAX_LINES => held.lines.push(line),
                Some(_) => {}
                None => held.damaged = true,
            }
        }
        held
    }

    /// Keeps a measurement on `key`, a line of text, before all others, if that is possible. Says whether it was.
    pub(crate) fn put<T: FromStr + ToString>(&self, key: &str, what: T) -> bool {
        let mut lines = self.read::<T>().lines;
        lines.retain(|(known, _)| known != key);
        lines.insert(0, (key.to_owned(), what));
        lines.truncate(MAX_LINES);
        let mut text: Vec<String> = Vec::new();
        let mut bytes = 0;
        for (key, what) in &lines {
            let line = format!("{} {key}\n", what.to_string());
            bytes += line.len() as u64;
            if bytes > MAX_BYTES {
                break;
            }
            text.push(line);
        }
        self.replace(&text.concat()).is_ok()
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let number = NUMBER.fetch_add(1, Relaxed);
        let new = self
            .file
            .with_extension(format!("{}-{number}.new", std::process::id()));
        let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.file));
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written
    }
}
