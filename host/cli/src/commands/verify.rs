//! `metisvm verify`: whether a proof proves what is asked.

mod batch;
mod verdict;
mod wanted;

use super::End;
use crate::args::Verify;
use crate::error::CliError;
use crate::output::{self, ms, thousands};
use crate::proofs::batch_file::{self, BatchFile};
use crate::proofs::file::{self, ProofFile};
use crate::proofs::keys::{self, Key};
use crate::proofs::statement;
use metisvm_prover::{CompileError, PrepareError, Statement};
use metisvm_verifier::key_bytes::KeyDigest;
use serde_json::json;
use std::time::{Duration, Instant};
use verdict::{Checked, refuse, show_taken};
use wanted::{Held, Wanted};

pub(super) fn run(args: &Verify) -> Result<End, CliError> {
    let bytes = file::read(&args.proof)?;
    if batch_file::is_batch(&bytes) {
        return match BatchFile::parse(&bytes) {
            Ok(file) => batch::run(args, &file),
            Err(problem) => refuse(args, None, &problem),
        };
    }
    let file = match ProofFile::parse(&bytes) {
        Ok(file) => file,
        Err(problem) => return refuse(args, None, &problem),
    };
    let wanted = match Wanted::of(args, 1)? {
        Ok(wanted) => wanted,
        Err(problem) => return refuse(args, None, &problem),
    };
    let started = Instant::now();
    let key = match key(args, &wanted, &file)? {
        Ok(key) => key,
        Err(problem) => return refuse(args, None, &problem),
    };
    let mut checked = Checked {
        key_time: started.elapsed(),
        verify_time: Duration::ZERO,
        origin: key.origin,
        digest: key.digest,
        degree_bits: key.verifier.degree_bits(),
        strength: key.strength,
    };
    let held = Held {
        model: key.verifier.model(),
        digest: key.digest,
    };
    let stated = &file.proof.statement;
    let expected = match wanted.statement(0, &held, stated, &KeyDigest(file.key_digest)) {
        Ok(expected) => expected,
        Err(problem) => return refuse(args, Some(&checked), &problem),
    };
    let started = Instant::now();
    let verified = key.verifier.verify(&expected, &file.proof.bytes);
    checked.verify_time = started.elapsed();
    if let Err(problem) = verified {
        return refuse(args, Some(&checked), &problem.to_string());
    }
    accept(args, &checked, &file, &expected)?;
    Ok(End::Well)
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
        let made = keys::of_bundle(bundle, file.form, &file.cuts, &args.keys);
        return made.map(Ok).or_else(|error| no_such_circuit(error).map(Err));
    }
    let missing = || {
        let form = file.form;
        CliError::Proof(if !file.cuts.is_empty() {
            "the key of a proof in layers is not kept: give --bundle or --key".to_owned()
        } else if form.has_key_bytes() {
            format!("no key of {form} proofs of the model {model} is kept here: give --bundle or --key")
        } else {
            "the key of a raw proof is made of its model: give --bundle".to_owned()
        })
    };
    let kept = file
        .cuts
        .is_empty()
        .then(|| keys::kept(model, file.form, &args.keys));
    kept.flatten().ok_or_else(missing).map(Ok)
}

/// What is wrong with the proof where its file asks for circuits that there cannot be; else the error.
fn no_such_circuit(error: CliError) -> Result<String, CliError> {
    match error {
        CliError::Prepare {
            problem:
                problem @ (PrepareError::Joined { .. }
                | PrepareError::Cuts { .. }
                | PrepareError::Circuit(CompileError::Cut { .. })),
            ..
        } => Ok(problem.to_string()),
        other => Err(other),
    }
}

fn accept(args: &Verify, checked: &Checked, file: &ProofFile, expected: &Statement) -> Result<(), CliError> {
    let taken = args.taken_from_file();
    if args.json {
        let mut object = json!({
            "valid": true,
            "form": file.form.name(),
            "cuts": file.cuts,
            "proof_bytes": file.proof.bytes.len(),
            "taken_from_file": taken,
        });
        checked.add_to(&mut object);
        statement::add_to(&mut object, expected);
        return output::json(&object);
    }
    statement::show(expected)?;
    output::hash("key", &checked.digest)?;
    output::line(&format!(
        "valid: the model gives this output for the input that is committed to ({} proof of {} bytes, verified in {:.1} ms)",
        file.form,
        thousands(file.proof.bytes.len() as u64),
        ms(checked.verify_time)
    ))?;
    show_taken(&taken)
}
