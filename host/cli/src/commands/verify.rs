//! `metisvm verify`: whether a proof proves what is asked.

use super::End;
use crate::args::Verify;
use crate::error::CliError;
use crate::models;
use crate::output::{self, ms, thousands};
use crate::proofs::file::{ProofFile, Unread};
use crate::proofs::keys::{self, Key};
use crate::proofs::{hex, salt, statement};
use metisvm_model::limits::MAX_BUNDLE_BYTES;
use metisvm_model::{Bundle, ModelId};
use metisvm_prover::{Commitment, Statement, commit};
use metisvm_verifier::key_bytes::KeyDigest;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// No raw input or output that is compared is longer.
const MAX_TENSOR_BYTES: usize = MAX_BUNDLE_BYTES;

pub(super) fn run(args: &Verify) -> Result<End, CliError> {
    let wanted = Wanted::of(args)?;
    let file = match ProofFile::read(&args.proof) {
        Ok(file) => file,
        Err(Unread::File(error)) => return Err(error),
        Err(Unread::Malformed(problem)) => return refuse(args, None, &problem),
    };
    let started = Instant::now();
    let key = match key(args, &wanted, &file)? {
        Ok(key) => key,
        Err(problem) => return refuse(args, None, &problem),
    };
    let mut checked = Checked {
        key_time: started.elapsed(),
        verify_time: Duration::ZERO,
        key,
    };
    let expected = match wanted.statement(&file, &checked.key) {
        Ok(expected) => expected,
        Err(problem) => return refuse(args, Some(&checked), &problem),
    };
    let started = Instant::now();
    let verified = checked.key.verifier.verify(&expected, &file.proof.bytes);
    checked.verify_time = started.elapsed();
    if let Err(problem) = verified {
        return refuse(args, Some(&checked), &problem.to_string());
    }
    accept(args, &checked, &file, &expected)?;
    Ok(End::Well)
}

/// What was asked for; `None` is taken from the file.
struct Wanted {
    bundle: Option<Bundle>,
    model: Option<ModelId>,
    chain_id: Option<u64>,
    job_id: Option<[u8; 32]>,
    input: Option<Commitment>,
    output: Option<Vec<u8>>,
}

impl Wanted {
    fn of(args: &Verify) -> Result<Self, CliError> {
        let bundle = args.bundle.as_deref().map(models::read).transpose()?;
        let read = |file: &Path| models::read_bounded(file, MAX_TENSOR_BYTES);
        let input = match (&args.commitment, &args.input, &args.salt) {
            (Some(bytes), ..) => Some(Commitment::from_bytes(bytes).ok_or_else(|| {
                let text = hex::text(bytes);
                CliError::Proof(format!(
                    "--commitment {text} is no commitment: one of its four numbers is not below p"
                ))
            })?),
            (None, Some(input), Some(salt)) => Some(commit(&salt::read(salt)?, &read(input)?)),
            _ => None,
        };
        Ok(Self {
            model: bundle
                .as_ref()
                .map(|bundle| bundle.id)
                .or(args.model.map(ModelId)),
            bundle,
            chain_id: args.chain_id,
            job_id: args.job,
            input,
            output: args.output.as_deref().map(read).transpose()?,
        })
    }

    /// The statement that the proof has to prove; an error where the file itself says that it proves another one.
    fn statement(&self, file: &ProofFile, key: &Key) -> Result<Statement, String> {
        let stated = &file.proof.statement;
        let hashes = |found: &[u8], wanted: &[u8]| (hex::text(found), hex::text(wanted));
        let differs = |what: &str, (found, wanted): (String, String)| {
            Err(format!("the proof is for the {what} {found}, not {wanted}"))
        };
        let model = key.verifier.model();
        if stated.model != model {
            return differs("model", (stated.model.to_string(), model.to_string()));
        }
        if KeyDigest(file.key_digest) != key.digest {
            return differs("key", hashes(&file.key_digest, &key.digest.0));
        }
        if let Some(wanted) = self.chain_id.filter(|wanted| *wanted != stated.chain_id) {
            return differs("chain", (stated.chain_id.to_string(), wanted.to_string()));
        }
        if let Some(wanted) = self.job_id.filter(|wanted| *wanted != stated.job_id) {
            return differs("job", hashes(&stated.job_id, &wanted));
        }
        if let Some(wanted) = self.input.filter(|wanted| *wanted != stated.input) {
            return differs("commitment", hashes(&stated.input.to_bytes(), &wanted.to_bytes()));
        }
        if self
            .output
            .as_ref()
            .is_some_and(|wanted| *wanted != stated.output)
        {
            return Err("the proof is for another output than that of --output".to_owned());
        }
        Ok(Statement {
            model,
            input: self.input.unwrap_or(stated.input),
            output: self.output.clone().unwrap_or_else(|| stated.output.clone()),
            chain_id: self.chain_id.unwrap_or(stated.chain_id),
            job_id: self.job_id.unwrap_or(stated.job_id),
        })
    }
}

/// The key that the proof has to be verified by; within, why the proof cannot be one for what was asked.
fn key(args: &Verify, wanted: &Wanted, file: &ProofFile) -> Result<Result<Key, String>, CliError> {
    if let Some(given) = &args.key {
        return keys::given(given, args.key_digest).map(Ok);
    }
    let model = wanted.model.unwrap_or(file.proof.statement.model);
    if model != file.proof.statement.model {
        let stated = file.proof.statement.model;
        return Ok(Err(format!("the proof is for the model {stated}, not {model}")));
    }
    if let Some(bundle) = &wanted.bundle {
        let digest = KeyDigest(file.key_digest);
        return keys::of_bundle(bundle, file.form, Some(digest), &args.keys).map(Ok);
    }
    let missing = || {
        let form = file.form;
        CliError::Proof(if form.has_key_bytes() {
            format!("no key of {form} proofs of the model {model} is kept here: give --bundle or --key")
        } else {
            "the key of a raw proof is made of its model: give --bundle".to_owned()
        })
    };
    keys::kept(model, file.form, &args.keys)
        .ok_or_else(missing)
        .map(Ok)
}

/// A key that was found, and the times.
struct Checked {
    key: Key,
    key_time: Duration,
    verify_time: Duration,
}

impl Checked {
    fn add_to(&self, object: &mut Value) {
        object["verify_ms"] = json!(ms(self.verify_time));
        object["key_ms"] = json!(ms(self.key_time));
        object["key"] = json!(self.key.origin.name());
        object["key_digest"] = json!(self.key.digest.to_string());
        object["degree"] = json!(1u64 << self.key.verifier.degree_bits());
    }
}

fn refuse(args: &Verify, checked: Option<&Checked>, problem: &str) -> Result<End, CliError> {
    if args.json {
        let mut object = json!({ "valid": false, "verify_ms": null, "problem": problem });
        if let Some(checked) = checked {
            checked.add_to(&mut object);
        }
        output::json(&object)?;
    }
    output::complain(&format!("{}: not valid: {problem}", args.proof.display()));
    Ok(End::Invalid)
}

fn accept(args: &Verify, checked: &Checked, file: &ProofFile, expected: &Statement) -> Result<(), CliError> {
    let taken = args.taken_from_file();
    if args.json {
        let mut object = json!({
            "valid": true,
            "form": file.form.name(),
            "proof_bytes": file.proof.bytes.len(),
            "taken_from_file": taken,
        });
        checked.add_to(&mut object);
        statement::add_to(&mut object, expected);
        return output::json(&object);
    }
    statement::show(expected)?;
    output::hash("key", &checked.key.digest)?;
    output::line(&format!(
        "valid: the model gives this output for the input that is committed to ({} proof of {} bytes, verified in {:.1} ms)",
        file.form,
        thousands(file.proof.bytes.len() as u64),
        ms(checked.verify_time)
    ))?;
    if taken.is_empty() {
        return Ok(());
    }
    let taken: Vec<&str> = taken
        .into_iter()
        .map(|part| part.trim_end_matches("_id"))
        .collect();
    output::line(&format!(
        "taken from the file itself, so no answer to anybody's question: {}",
        taken.join(", ").replace('_', " ")
    ))
}
