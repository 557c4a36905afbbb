//! Where the key of a proof comes from: a file, the folder in which keys are kept, or the bundle.

use super::strength::Bits;
use super::{hex, threads};
use crate::args::Keys;
use crate::error::CliError;
use crate::{models, output, user_cache};
use metisvm_model::{Bundle, ModelId};
use metisvm_prover::{
    BatchVerifier, Form, Kept, KeyFolder, Prover, Stage, Verifier, circuit_digest, key_digest,
};
use metisvm_verifier::key_bytes::{self, KeyDigest, limits::MAX_KEY_BYTES};
use std::path::{Path, PathBuf};

/// A verifying key.
pub struct Key {
    /// What checks proofs.
    pub verifier: Verifier,
    /// What names it.
    pub digest: KeyDigest,
    /// Where it comes from.
    pub origin: Origin,
    /// How strong its proofs are. What a proof wraps is not in its key, so that only who makes the circuits knows.
    pub strength: Option<Bits>,
}

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A file that was named.
    Given,
    /// The folder of keys.
    Kept,
    /// It was made of the bundle.
    Made,
}

impl Origin {
    /// Its name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Kept => "kept",
            Self::Made => "made",
        }
    }
}

/// Reads a key from a file that was named; its digest has to be `expected`, if one is.
///
/// # Errors
/// If it cannot be read, or is no key, or another one.
pub fn given(file: &Path, expected: Option<[u8; 32]>) -> Result<Key, CliError> {
    let bytes = models::read_bounded(file, MAX_KEY_BYTES)?;
    let digest = expected.map_or_else(|| KeyDigest::of(&bytes), KeyDigest);
    let verifier = key_bytes::from_bytes(&bytes, &digest).map_err(|error| CliError::file(file, error))?;
    Ok(Key {
        verifier,
        digest,
        origin: Origin::Given,
        strength: None,
    })
}

/// The key of a model that is kept, if one is: that of one circuit alone, as where a model is cut may depend on what
/// memory there was. A damaged file is told of. Whoever writes the folder decides which proofs it finds valid.
pub fn kept(model: ModelId, form: Form, args: &Keys) -> Option<Key> {
    let folder = folder(args).filter(|_| form.has_key_bytes())?;
    match folder.load(model, form) {
        Kept::Key(verifier, digest) => Some(Key {
            verifier: *verifier,
            digest,
            origin: Origin::Kept,
            strength: None,
        }),
        Kept::Absent => None,
        Kept::Damaged { file, why } => {
            let file = file.display();
            output::complain(&format!(
                "note: {file}: the key in it is damaged and not used: {why}"
            ));
            None
        }
    }
}

/// The key of a bundle that is cut before these nodes. It is made, whatever is kept: who has the bundle need not believe
/// a folder, which somebody else may have written. That of an uncut one is kept from then on.
///
/// # Errors
/// If it cannot be made.
pub fn of_bundle(bundle: &Bundle, form: Form, cuts: &[usize], args: &Keys) -> Result<Key, CliError> {
    threads::on(args.threads, || {
        let prover = make(bundle, form, Some(cuts), args, &mut |_| ())?;
        let verifier = prover.verifier();
        Ok(Key {
            digest: keep(&prover, args)?,
            verifier: verifier.with_key(verifier.key().clone()),
            origin: Origin::Made,
            strength: strength(&prover),
        })
    })
}

/// Makes what proves inferences of a bundle, cut before these nodes or, where it is not said, as the memory limit
/// demands.
///
/// # Errors
/// If the model cannot be proven, or not within the memory that may be used, or not with the bits that the form promises.
pub fn make(
    bundle: &Bundle,
    form: Form,
    cuts: Option<&[usize]>,
    args: &Keys,
    stage: &mut dyn FnMut(Stage),
) -> Result<Prover, CliError> {
    let limit = args.memory_limit_bytes();
    let made = match cuts {
        None => Prover::new(bundle, form, limit, stage),
        Some(cuts) => Prover::cut(bundle, form, cuts, limit, stage),
    };
    let prover = made.map_err(|problem| CliError::Prepare {
        model: bundle.id,
        problem,
    })?;
    Bits::check(strength(&prover), form)?;
    Ok(prover)
}

/// How strong the proofs of a prover are; `None` in layers.
pub fn strength(prover: &Prover) -> Option<Bits> {
    prover.strengths().and_then(|circuits| Bits::of(&circuits))
}

/// Keeps the key of a prover, if it is one that is kept, and gives its digest.
///
/// # Errors
/// If it has no form as bytes, or the folder was named and cannot be written. The user's cache folder may be missing.
pub fn keep(prover: &Prover, args: &Keys) -> Result<KeyDigest, CliError> {
    let unwritten =
        |error: &dyn std::fmt::Display| CliError::Proof(format!("the key cannot be written: {error}"));
    if !prover.form().has_key_bytes() {
        return key_digest(prover.form(), prover.verifier()).map_err(|error| unwritten(&error));
    }
    let bytes = bytes(prover.verifier())?;
    let digest = KeyDigest::of(&bytes);
    let Some(folder) = folder(args).filter(|_| prover.cuts().is_empty()) else {
        return Ok(digest);
    };
    match folder.load(prover.model(), prover.form()) {
        Kept::Key(_, kept) if kept == digest => return Ok(digest),
        Kept::Key(..) | Kept::Absent => {}
        Kept::Damaged { file, why } => {
            let file = file.display();
            output::complain(&format!(
                "note: {file}: the key in it was damaged and is made again: {why}"
            ));
        }
    }
    if let Err(error) = folder.store(prover.model(), prover.form(), &bytes) {
        let problem = format!("the key {} cannot be kept there: {error}", hex::text(&digest.0));
        let error = CliError::file(folder.path(), problem);
        if args.keys.is_some() {
            return Err(error);
        }
        output::complain(&format!("note: {error}"));
    }
    Ok(digest)
}

/// What names the key of a batch. It is made of the bundle and has no bytes, so it has the digest that its proofs are
/// bound to.
pub fn batch_digest(verifier: &BatchVerifier) -> KeyDigest {
    circuit_digest(verifier.key())
}

/// The bytes of a key.
///
/// # Errors
/// If it has none.
pub fn bytes(verifier: &Verifier) -> Result<Vec<u8>, CliError> {
    key_bytes::to_bytes(verifier)
        .map_err(|error| CliError::Proof(format!("the key cannot be written: {error}")))
}

fn folder(args: &Keys) -> Option<KeyFolder> {
    path(args).map(KeyFolder::at)
}

/// Where keys are kept: the folder that was named, or the user's own.
pub fn path(args: &Keys) -> Option<PathBuf> {
    let named = args.keys.clone();
    named.or_else(|| Some(user_cache::folder()?.join("keys")))
}
