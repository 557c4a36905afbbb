//! The folder for what may be lost: measurements of earlier processes.

use std::path::PathBuf;

/// `metisvm` in the user's cache folder, where there is one (XDG Base Directory Specification).
pub fn folder() -> Option<PathBuf> {
    let folder = |variable| {
        let folder = std::env::var_os(variable).map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("metisvm"))
}
