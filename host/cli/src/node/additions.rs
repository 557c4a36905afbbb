//! Models and keys that clients add while a node runs, in the folder of its chain: `DIR/models` and `DIR/keys`. Contracts
//! use them from then on, so the node has to have them when it is started again.

use crate::error::CliError;
use crate::files;
use crate::models::read_bounded;
use crate::verifying_keys;
use alloy_primitives::B256;
use metisvm_node::keys::Keys;
use metisvm_verifier::key_bytes::limits::MAX_KEY_BYTES;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of models in that of the chain,
pub(super) const MODELS: &str = "models";
/// and that of keys.
pub(super) const KEYS: &str = "keys";

/// The keys with those of a folder, into which those are written that are added from now on.
///
/// # Errors
/// If a file among them cannot be read, or is no key.
pub(super) fn keys(keys: Keys, folder: &Path) -> Result<Keys, CliError> {
    for file in files(folder, verifying_keys::EXTENSION)? {
        let bytes = read_bounded(&file, MAX_KEY_BYTES)?;
        keys.add(&bytes).map_err(|error| damaged(&file, error))?;
    }
    let folder = folder.to_path_buf();
    Ok(keys.keeping(Box::new(move |digest, bytes| {
        keep(&folder, digest, verifying_keys::EXTENSION, bytes)
    })))
}

/// The files of a folder that have this ending, in the order of their names; none where there is no folder.
///
/// # Errors
/// If the folder is there and cannot be read.
pub(super) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, CliError> {
    let failed = |error| CliError::file(folder, error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(failed)?.path());
    }
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

/// Writes what was added under the name of its hash: whole, or not at all.
///
/// # Errors
/// If the disk fails, or something else than a file has that name.
pub(super) fn keep(folder: &Path, hash: B256, extension: &str, bytes: &[u8]) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    files::write(&folder.join(format!("{hash}.{extension}")), bytes, &[]).map_err(|error| error.to_string())
}

/// A file that is not what was written.
pub(super) fn damaged(file: &Path, problem: impl std::fmt::Display) -> CliError {
    let problem = format!(
        "{problem}; it was added while the node ran, and the chain may need it: restore it, or take it away and add it \
         again (metis_addModel, metis_addKey)"
    );
    CliError::file(file, problem)
}
