//! Whether a proof of several inferences proves what is asked of each.

use super::verdict::{Checked, refuse, show_taken};
use super::wanted::{Held, Wanted};
use super::{End, no_such_circuit};
use crate::args::Verify;
use crate::error::CliError;
use crate::output::{self, ms, thousands};
use crate::proofs::batch_file::BatchFile;
use crate::proofs::keys::{self, Origin};
use crate::proofs::strength::Bits;
use crate::proofs::{statement, threads};
use metisvm_prover::{BatchProver, Statement};
use metisvm_verifier::key_bytes::KeyDigest;
use serde_json::json;
use std::time::{Duration, Instant};

pub(super) fn run(args: &Verify, file: &BatchFile) -> Result<End, CliError> {
    let count = file.proof.statements.len();
    let wanted = match Wanted::of(args, count)? {
        Ok(wanted) => wanted,
        Err(problem) => return refuse(args, None, &problem),
    };
    let Some(bundle) = &wanted.bundle else {
        return Err(CliError::Proof(
            "the key of a batch is made of its model, and neither kept nor a file: give --bundle".to_owned(),
        ));
    };
    if bundle.id != file.model {
        let problem = format!("the proof is for the model {}, not {}", file.model, bundle.id);
        return refuse(args, None, &problem);
    }
    let started = Instant::now();
    let limit = args.keys.memory_limit_bytes();
    let prover = threads::on(args.keys.threads, || {
        BatchProver::of_shape(bundle, file.form, file.shape, limit, &mut |_| ()).map_err(|problem| {
            CliError::Prepare {
                model: bundle.id,
                problem,
            }
        })
    });
    let prover = match prover {
        Ok(prover) => prover,
        Err(error) => return refuse(args, None, &no_such_circuit(error)?),
    };
    let verifier = prover.verifier();
    let held = Held {
        model: bundle.id,
        digest: keys::batch_digest(verifier),
    };
    let mut checked = Checked {
        origin: Origin::Made,
        digest: held.digest,
        degree_bits: verifier.key().common.degree_bits(),
        strength: Bits::of(&prover.strengths()),
        key_time: started.elapsed(),
        verify_time: Duration::ZERO,
    };
    let stated = file.proof.statements.iter().enumerate();
    let expected = stated.map(|(i, stated)| {
        let expected = wanted.statement(i, &held, stated, &KeyDigest(file.key_digest));
        expected.map_err(|problem| format!("inference {i}: {problem}"))
    });
    let expected = match expected.collect::<Result<Vec<Statement>, _>>() {
        Ok(expected) => expected,
        Err(problem) => return refuse(args, Some(&checked), &problem),
    };
    let started = Instant::now();
    let verified = verifier.verify(&expected, &file.proof.bytes);
    checked.verify_time = started.elapsed();
    if let Err(problem) = verified {
        return refuse(args, Some(&checked), &problem.to_string());
    }
    accept(args, &checked, file, &expected)?;
    Ok(End::Well)
}

fn accept(
    args: &Verify,
    checked: &Checked,
    file: &BatchFile,
    expected: &[Statement],
) -> Result<(), CliError> {
    let taken = args.taken_from_file();
    if args.json {
        let inferences = expected.iter().map(statement::of_one);
        let mut object = json!({
            "valid": true,
            "form": file.form.name(),
            "lanes": file.shape.lanes,
            "doublings": file.shape.doublings,
            "proof_bytes": file.proof.bytes.len(),
            "taken_from_file": taken,
            "model_id": file.model.to_string(),
            "inferences": inferences.collect::<Vec<_>>(),
        });
        checked.add_to(&mut object);
        return output::json(&object);
    }
    for statement in expected {
        statement::show(statement)?;
    }
    output::hash("key", &checked.digest)?;
    output::line(&format!(
        "valid: the model gives these outputs for the {} inputs that are committed to ({} proof of {} bytes, verified in \
         {:.1} ms)",
        expected.len(),
        file.form,
        thousands(file.proof.bytes.len() as u64),
        ms(checked.verify_time)
    ))?;
    show_taken(&taken)
}
