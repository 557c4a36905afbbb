//! Models from files. A bundle is read whole into memory of our own and verified there: what happens
//! to the file afterwards is of no consequence.

use crate::error::CliError;
use metisvm_model::Bundle;
use metisvm_model::limits::MAX_BUNDLE_BYTES;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The ending of bundles.
pub const EXTENSION: &str = "bundle";

/// Reads at most `limit` bytes of a file.
///
/// # Errors
/// If it cannot be read, or is longer.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, CliError> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|e| CliError::file(path, e))?;
    if bytes.len() > limit {
        return Err(CliError::file(path, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Reads and verifies one bundle.
///
/// # Errors
/// If the file cannot be read or is not a bundle.
pub fn read(path: &Path) -> Result<Bundle, CliError> {
    let bytes = read_bounded(path, MAX_BUNDLE_BYTES)?;
    Bundle::decode(&bytes).map_err(|e| CliError::file(path, e))
}

/// Reads bundles from files and from folders of `*.bundle` files.
///
/// # Errors
/// The first file or folder that cannot be read, or that holds no bundle.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Bundle>, CliError> {
    let mut bundles = Vec::new();
    for path in paths {
        if !path.is_dir() {
            bundles.push(read(path)?);
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|e| CliError::file(path, e))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(|e| CliError::file(path, e))?.path());
        }
        files.retain(|f| f.extension().is_some_and(|e| e == EXTENSION));
        files.sort();
        for file in files {
            bundles.push(read(&file)?);
        }
    }
    Ok(bundles)
}
