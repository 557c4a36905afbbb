//! The files of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that hold nothing of ours: what is built, and what was fetched.
const FOREIGN: [&str; 3] = ["target", "node_modules", "shared"];

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The text of every `.rs` file below a folder, by its path from there.
///
/// # Errors
/// If a folder or a file cannot be read.
pub fn rust_files(root: &Path) -> io::Result<BTreeMap<String, String>> {
    files(root, &|name| name.ends_with(".rs"))
}

/// The text of every package's `Cargo.toml` below a folder, by the package's own folder from there; the
/// workspace's is at the empty name.
///
/// # Errors
/// If a folder or a file cannot be read.
pub fn packages(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let manifests = files(root, &|name| name == "Cargo.toml")?;
    let folder = |path: String| {
        path.trim_end_matches("Cargo.toml")
            .trim_end_matches('/')
            .to_string()
    };
    Ok(manifests
        .into_iter()
        .map(|(path, text)| (folder(path), text))
        .collect())
}

fn files(root: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !name.starts_with('.') && !FOREIGN.contains(&&*name) {
                folders.push(path);
            } else if kind.is_file() && wanted(&name) {
                let from_root = path.strip_prefix(root).unwrap_or(&path);
                let from_root = from_root.to_string_lossy().replace('\\', "/");
                found.insert(from_root, fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}
