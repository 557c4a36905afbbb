//! The kernel's files, below a folder.

use metisvm_driver::vfio::attribute;
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are.
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) fn below(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// What a file says, without the line's end; empty where there is none.
    pub(super) fn text(&self, path: &str) -> String {
        attribute::read(&self.0.join(path)).unwrap_or_default()
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    /// How many entries a folder has.
    pub(super) fn entries(&self, path: &str) -> usize {
        fs::read_dir(self.0.join(path)).map_or(0, Iterator::count)
    }

    /// Whether a parameter of a module is on.
    pub(super) fn is_on(&self, path: &str) -> bool {
        matches!(self.text(path).as_str(), "Y" | "1")
    }

    /// Whether the kernel was started with a word.
    pub(super) fn was_started_with(&self, word: &str) -> bool {
        self.text("proc/cmdline")
            .split_whitespace()
            .any(|known| known == word)
    }
}
