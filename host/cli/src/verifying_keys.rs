//! Verifying keys from files, for blocks whose transactions bring proofs.

use crate::error::CliError;
use crate::models::{files_of, read_bounded};
use metisvm_verifier::key_bytes::limits::MAX_KEY_BYTES;
use metisvm_vm::KeyRing;
use std::path::PathBuf;

/// The ending of keys.
const EXTENSION: &str = "key";

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
