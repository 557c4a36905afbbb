//! A proof as a file: JSON, so that whoever calls a contract with it can read it.

use super::hex;
use crate::error::CliError;
use crate::models;
use metisvm_model::ModelId;
use metisvm_prover::{Commitment, Form, Proof, Statement};
use metisvm_verifier::statement::VERSION;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the first key of such a file says.
const FORMAT: &str = "metisvm proof";

/// The version of the file's form.
pub(super) const FORMAT_VERSION: u32 = 1;

/// No proof file is longer: proofs have up to some hundred kilobytes, the rest is room for the output.
pub(super) const MAX_BYTES: usize = 32 << 20;

/// A proof with what it proves, and which key verifies it.
#[derive(Clone, Debug)]
pub struct ProofFile {
    /// The form of the proof.
    pub form: Form,
    /// Before which nodes the model is cut into layers.
    pub cuts: Vec<usize>,
    /// The digest of the key that it was made for.
    pub key_digest: [u8; 32],
    /// Statement and proof.
    pub proof: Proof,
}

/// The object in the file. Every key has to be there, once, and no other may be.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    format: String,
    version: u32,
    circuit_version: u32,
    form: String,
    /// Only where the model is cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<usize>,
    key_digest: String,
    model_id: String,
    input_commitment: String,
    output: String,
    chain_id: u64,
    job_id: String,
    proof: String,
}

impl ProofFile {
    /// The file's content.
    ///
    /// # Errors
    /// If it would be longer than such a file may be.
    pub fn to_json(&self) -> Result<String, String> {
        let Proof { statement, bytes } = &self.proof;
        let stated = Stated::of(statement);
        let object = Object {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            circuit_version: VERSION,
            form: self.form.name().to_owned(),
            cuts: self.cuts.clone(),
            key_digest: hex::text(&self.key_digest),
            model_id: statement.model.to_string(),
            input_commitment: stated.input_commitment,
            output: stated.output,
            chain_id: stated.chain_id,
            job_id: stated.job_id,
            proof: hex::text(bytes),
        };
        text_of(&object)
    }

    /// A proof from the bytes of its file. Nothing in it is verified by that.
    ///
    /// # Errors
    /// If they are no proof: what is wrong in them.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let object: Object =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no proof file: {error}"))?;
        check_versions(&object.format, FORMAT, object.version, object.circuit_version)?;
        let model = ModelId(hash_of("model_id", &object.model_id)?);
        let statement = Stated {
            input_commitment: object.input_commitment,
            output: object.output,
            chain_id: object.chain_id,
            job_id: object.job_id,
        };
        Ok(Self {
            form: form_of(&object.form)?,
            cuts: object.cuts,
            key_digest: hash_of("key_digest", &object.key_digest)?,
            proof: Proof {
                statement: statement.about(model)?,
                bytes: bytes_of("proof", &object.proof)?,
            },
        })
    }
}

/// What is stated of one inference, beside its model.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stated {
    input_commitment: String,
    output: String,
    chain_id: u64,
    job_id: String,
}

impl Stated {
    pub(super) fn of(statement: &Statement) -> Self {
        Self {
            input_commitment: hex::text(&statement.input.to_bytes()),
            output: hex::text(&statement.output),
            chain_id: statement.chain_id,
            job_id: hex::text(&statement.job_id),
        }
    }

    pub(super) fn about(&self, model: ModelId) -> Result<Statement, String> {
        let commitment = hash_of("input_commitment", &self.input_commitment)?;
        Ok(Statement {
            model,
            input: Commitment::from_bytes(&commitment)
                .ok_or("input_commitment has a number that is not below p")?,
            output: bytes_of("output", &self.output)?,
            chain_id: self.chain_id,
            job_id: hash_of("job_id", &self.job_id)?,
        })
    }
}

/// The 32 bytes that a key of the object has.
pub(super) fn hash_of(key: &str, text: &str) -> Result<[u8; 32], String> {
    hex::bytes32(text).map_err(|problem| format!("{key} {problem}"))
}

/// The bytes that a key of the object has.
pub(super) fn bytes_of(key: &str, text: &str) -> Result<Vec<u8>, String> {
    hex::bytes(text).map_err(|problem| format!("{key} {problem}"))
}

pub(super) fn form_of(text: &str) -> Result<Form, String> {
    text.parse().map_err(|problem| format!("form: {problem}"))
}

/// Reads the bytes of a file of proofs.
///
/// # Errors
/// If it cannot be read, or is longer than such a file may be.
pub fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    models::read_bounded(path, MAX_BYTES)
}

/// An object as the text of a file.
pub(super) fn text_of(object: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(object).map_err(|error| error.to_string())? + "\n";
    if text.len() > MAX_BYTES {
        return Err(format!(
            "the proof would take {} bytes, and its file may have {MAX_BYTES}",
            text.len()
        ));
    }
    Ok(text)
}

/// Whether a file is of this program's form and circuits.
pub(super) fn check_versions(found: &str, format: &str, version: u32, circuits: u32) -> Result<(), String> {
    if found != format {
        return Err(format!("format is not {format:?}"));
    }
    for (what, found, known) in [
        ("version", version, FORMAT_VERSION),
        ("circuit_version", circuits, VERSION),
    ] {
        if found != known {
            return Err(format!(
                "{what} is {found}, and this program knows {known}; use one of the version that wrote the proof"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ProofFile {
        ProofFile {
            form: Form::Wrapped,
            cuts: vec![3, 8],
            key_digest: [9; 32],
            proof: Proof {
                statement: Statement {
                    model: ModelId([1; 32]),
                    input: metisvm_prover::commit(&[2; 32], b"input"),
                    output: vec![3, 4],
                    chain_id: u64::MAX,
                    job_id: [5; 32],
                },
                bytes: vec![6, 7, 8],
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = example().to_json().expect("it is short");
        let read = ProofFile::parse(text.as_bytes()).expect("it is a proof");
        assert_eq!(read.proof.statement, example().proof.statement);
        assert_eq!(read.proof.bytes, example().proof.bytes);
        assert_eq!((read.form, read.key_digest), (Form::Wrapped, [9; 32]));
        assert_eq!(read.cuts, [3, 8]);
        assert_eq!(read.to_json().as_deref(), Ok(text.as_str()), "it has one form");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = example().to_json().expect("it is short");
        for (from, to, said) in [
            ("metisvm proof", "something else", "format is not"),
            ("\"version\": 1", "\"version\": 2", "version is 2"),
            (
                "\"circuit_version\": 0",
                "\"circuit_version\": 7",
                "circuit_version is 7",
            ),
            ("wrapped", "Wrapped", "form: \"Wrapped\""),
            ("\"proof\": \"0x", "\"proof\": \"", "proof is not 0x"),
            ("\"output\": \"0x0304", "\"output\": \"0x030", "output is not 0x"),
            ("0x0101", "0x01", "model_id is not 0x and 64"),
            ("18446744073709551615", "18446744073709551616", "no proof file"),
            ("\"chain_id\"", "\"chain\"", "unknown field `chain`"),
            (
                "\"version\"",
                "\"form\": \"raw\", \"version\"",
                "duplicate field `form`",
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let problem = ProofFile::parse(changed.as_bytes()).expect_err(from);
            assert!(problem.contains(said), "{from}: {problem}");
        }
        let commitment = hex::text(&example().proof.statement.input.to_bytes());
        let above = text.replace(&commitment, &hex::text(&[0xff; 32]));
        let problem = ProofFile::parse(above.as_bytes()).expect_err("it is above p");
        assert!(problem.contains("not below p"), "{problem}");
        for length in [0, 1, text.len() / 2, text.len() - 3] {
            assert!(
                ProofFile::parse(&text.as_bytes()[..length]).is_err(),
                "{length} bytes"
            );
        }
        assert!(ProofFile::parse(format!("{text}{{}}").as_bytes()).is_err());
    }
}
