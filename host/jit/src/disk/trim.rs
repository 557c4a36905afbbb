//! Keeps a folder of compiled code within its bound.

use super::{draft, names};
use std::{
    fs::{self, DirEntry},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A file that is unfinished for so long is nobody's any more: it is written in moments.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A file takes whole blocks of a disk. It bounds how many files there can be as well.
const BLOCK_BYTES: u64 = 4096;

/// A file of compiled code.
struct Kept {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

/// A walk through a folder, which goes on whatever fails.
struct Walk {
    now: SystemTime,
    kept: Vec<Kept>,
    /// What failed last, in words.
    problem: Option<String>,
}

/// Removes what was not used for longest until the rest is within `limit` bytes, and unfinished files that are old at
/// the time `now`. Leaves everything alone that has another kind of name.
pub(super) fn trim(folder: &Path, limit: u64, now: SystemTime) -> Result<(), String> {
    let mut walk = Walk {
        now,
        kept: Vec::new(),
        problem: None,
    };
    // The folder itself holds drafts of the secret, and folders of files.
    for entry in walk.entries(folder) {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name.to_str().is_some_and(names::is_folder) {
            for entry in walk.entries(&entry.path()) {
                walk.visit(&entry);
            }
        } else {
            walk.visit(&entry);
        }
    }
    walk.remove_oldest(limit);
    walk.problem.map_or(Ok(()), Err)
}

impl Walk {
    /// What is in a folder, as far as it can be read.
    fn entries(&mut self, folder: &Path) -> Vec<DirEntry> {
        let listed = fs::read_dir(folder).map_or_else(|error| vec![Err(error)], Iterator::collect);
        listed
            .into_iter()
            .filter_map(|entry| self.note(folder, entry))
            .collect()
    }

    fn visit(&mut self, entry: &DirEntry) {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let (is_draft, is_code) = (name.ends_with(draft::ENDING), names::is_file(name));
        if !is_draft && !is_code {
            return;
        }
        let path = entry.path();
        let found = entry
            .metadata()
            .and_then(|metadata| Ok((metadata.modified()?, metadata)));
        let Some((modified, metadata)) = self.note(&path, found) else {
            return;
        };
        if !metadata.is_file() {
            return;
        }
        if is_code {
            self.kept.push(Kept {
                used: modified,
                bytes: metadata.len().div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES),
                path,
            });
        } else if self
            .now
            .duration_since(modified)
            .is_ok_and(|age| age >= ABANDONED)
        {
            self.note(&path, fs::remove_file(&path));
        }
    }

    fn remove_oldest(&mut self, limit: u64) {
        let mut kept = std::mem::take(&mut self.kept);
        let mut bytes = kept
            .iter()
            .fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        kept.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for file in kept {
            if bytes <= limit {
                break;
            }
            if self.note(&file.path, fs::remove_file(&file.path)).is_some() {
                bytes = bytes.saturating_sub(file.bytes);
            }
        }
    }

    /// The result, unless it is an error, which is noted. What is gone is none: another process may do the same.
    fn note<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(done) => return Some(done),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.problem = Some(format!("{} cannot be tidied: {error}", path.display())),
        }
        None
    }
}
