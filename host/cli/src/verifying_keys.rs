//! Verifying keys from files, for blocks whose transactions bring proofs.

use crate::error::CliError;
use crate::models::{files_of, read_bounded};
use crate::output;
use metisvm_verifier::key_bytes::limits::MAX_KEY_BYTES;
use metisvm_vm::KeyRing;
use std::path::{Path, PathBuf};

/// The ending of keys.
pub const EXTENSION: &str = "key";

/// Reads keys from files and from folders of `*.key` files. What they are called does not matter: a key is named by its
/// bytes.
///
/// # Errors
/// The first file or folder that cannot be read, or that holds no key.
pub fn read_all(paths: &[PathBuf]) -> Result<KeyRing, CliError> {
    let mut keys = KeyRing::default();
    for file in files_of(paths, EXTENSION, "keys")? {
        let bytes = read_bounded(&file, MAX_KEY_BYTES)?;
        keys.add(&bytes).map_err(|error| CliError::file(&file, error))?;
    }
    Ok(keys)
}

/// Reads the keys of a folder in which keys are kept, which need not be there. A damaged one is told of and not used:
/// such a folder only saves time.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn kept_in(folder: &Path) -> Result<KeyRing, CliError> {
    let mut keys = KeyRing::default();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(keys),
        Err(error) => return Err(CliError::file(folder, error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|error| CliError::file(folder, error))?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == EXTENSION));
    files.sort();
    for file in files {
        let added = read_bounded(&file, MAX_KEY_BYTES).and_then(|bytes| {
            let added = keys.add(&bytes);
            added.map_err(|error| CliError::file(&file, error))
        });
        if let Err(error) = added {
            output::complain(&format!("note: {error}; this key is not used"));
        }
    }
    Ok(keys)
}
