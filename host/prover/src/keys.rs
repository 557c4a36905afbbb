//! Verifying keys on disk.
//!
//! A key follows from the bundle, so a folder of keys only saves the time that making them takes. A file is the bytes
//! of a key and nothing else; its name says of what the key is and which digest the bytes have. They are hashed before
//! they are read.

use crate::form::Form;
use metisvm_model::ModelId;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::key_bytes::{self, KeyDigest, limits::MAX_KEY_BYTES};
use metisvm_verifier::statement::VERSION;
use metisvm_verifier::{KeyError, Verifier};
use plonky2::field::types::PrimeField64;
use plonky2::plonk::circuit_data::VerifierCircuitData;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Which circuits these are. Whatever changes the key of a model's proofs raises it in the same commit, so that no key of
/// older circuits is found under the name of a new one; the program's version stays the same for many such changes.
/// `host/cli/tests/circuits_revision.rs` holds it to the keys of the bundled models.
pub const CIRCUITS_REVISION: u32 = 1;

/// The ending of such files.
const ENDING: &str = ".key";

/// A folder of verifying keys.
#[derive(Clone, Debug)]
pub struct KeyFolder(PathBuf);

/// What names the key of a form's proofs. A key that has bytes is named by their hash. That of a raw proof has none, since
/// it is made of the bundle by whoever checks; it has the digest that its proofs are bound to, as 4 numbers of 8 bytes.
///
/// # Errors
/// If the key should have bytes and cannot be written.
pub fn key_digest(form: Form, key: &Verifier) -> Result<KeyDigest, KeyError> {
    if form.has_key_bytes() {
        return key_bytes::to_bytes(key).map(|bytes| KeyDigest::of(&bytes));
    }
    Ok(circuit_digest(key.key()))
}

/// The digest that the proofs of a circuit are bound to, as 4 numbers of 8 bytes.
pub fn circuit_digest(key: &VerifierCircuitData<F, ProofConfig, D>) -> KeyDigest {
    let mut digest = [0; 32];
    let elements = key.verifier_only.circuit_digest.elements;
    for (bytes, element) in digest.chunks_exact_mut(8).zip(elements) {
        bytes.copy_from_slice(&element.to_canonical_u64().to_le_bytes());
    }
    KeyDigest(digest)
}

/// What a folder has of a key.
#[derive(Debug)]
pub enum Kept {
    /// The key.
    Key(Box<Verifier>, KeyDigest),
    /// Nothing.
    Absent,
    /// A file that is not what its name says.
    Damaged {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl KeyFolder {
    /// The folder at a path. It need not be there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The key of a model for proofs of a form, if it is here. A file that cannot be read is a damaged one.
    pub fn load(&self, model: ModelId, form: Form) -> Kept {
        let mut kept = Kept::Absent;
        for (file, digest) in self.files(model, form) {
            match read(&file, digest, model) {
                Ok(verifier) => return Kept::Key(Box::new(verifier), digest),
                Err(why) => kept = Kept::Damaged { file, why },
            }
        }
        kept
    }

    /// Keeps a key, in place of any other of this model, form and version. Whoever reads meanwhile sees the old file or
    /// the new one.
    ///
    /// # Errors
    /// If the folder cannot be made or written.
    pub fn store(&self, model: ModelId, form: Form, bytes: &[u8]) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0)?;
        let path = self.0.join(file_name(model, form, KeyDigest::of(bytes)));
        let mut part = tempfile::NamedTempFile::new_in(&self.0)?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(&path).map_err(|error| error.error)?;
        for (other, _) in self.files(model, form) {
            if other != path {
                fs::remove_file(other)?;
            }
        }
        if cfg!(unix) {
            // The new name has to survive a loss of power too.
            File::open(&self.0)?.sync_all()?;
        }
        Ok(path)
    }

    /// The files of a model, form and version, with the digests that their names say. A folder that is not there has
    /// none.
    fn files(&self, model: ModelId, form: Form) -> Vec<(PathBuf, KeyDigest)> {
        let prefix = prefix(model, form);
        let digest_of = |name: &str| {
            let digits = name.strip_prefix(&prefix)?.strip_suffix(ENDING)?;
            let mut digest = [0; 32];
            let pairs = digits.as_bytes().as_chunks::<2>();
            if !pairs.1.is_empty() || pairs.0.len() != digest.len() {
                return None;
            }
            for (byte, pair) in digest.iter_mut().zip(pairs.0) {
                *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
            }
            let digest = KeyDigest(digest);
            (file_name(model, form, digest) == name).then_some(digest)
        };
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let found = entries.filter_map(|entry| {
            let digest = digest_of(entry.file_name().to_str()?)?;
            Some((entry.path(), digest))
        });
        let mut found: Vec<_> = found.collect();
        // The order of a folder is nobody's.
        found.sort();
        found
    }
}

/// How the names of a key's files begin: what the key follows from. The program's version is part of it, as plonky2's
/// builder comes with it.
fn prefix(model: ModelId, form: Form) -> String {
    let model = model.to_string();
    let program = env!("CARGO_PKG_VERSION");
    format!("{}-{form}-{VERSION}-{CIRCUITS_REVISION}-{program}-", &model[2..])
}

fn file_name(model: ModelId, form: Form, digest: KeyDigest) -> String {
    prefix(model, form) + &digest.to_string()[2..] + ENDING
}

fn read(file: &Path, digest: KeyDigest, model: ModelId) -> Result<Verifier, String> {
    let bytes = read_bounded(file).map_err(|error| format!("it cannot be read: {error}"))?;
    let verifier = key_bytes::from_bytes(&bytes, &digest).map_err(|error| error.to_string())?;
    if verifier.model() != model {
        return Err(format!("it is the key of model {}", verifier.model()));
    }
    Ok(verifier)
}

/// One byte more than a key has is enough to see that there is no key.
fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?
        .take(MAX_KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
