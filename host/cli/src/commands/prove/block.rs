//! The inferences that a block's transaction asked for.

use super::{Place, Task, prove_all, steps};
use crate::args::{Backend, Engine, Prove};
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::files::Target;
use crate::progress::StepProgress;
use crate::proofs::{job, keys, salt};
use crate::{bundled, composition, models, output, verifying_keys};
use metisvm_executor::{BlockFile, DEFAULT_FILE_LIMIT, Inferred, RecordedBlock, Threads, record_inferences};
use metisvm_model::{Bundle, ModelId};
use metisvm_prover::Salt;
use metisvm_vm::KeyRing;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many transactions are named to who asked for one without inferences.
const NAMED: usize = 20;

pub(super) fn run(args: &Prove, transaction: usize) -> Result<(), CliError> {
    let salt = match &args.salt {
        Some(file) => salt::read(file)?,
        // Whoever has the block knows the input, and can so make the commitment.
        None => Salt::default(),
    };
    let mut models = bundled::models()?;
    models.extend(models::read_all(&args.models)?);
    let block = match &args.block {
        Some(file) => BlockFile::read(file, DEFAULT_FILE_LIMIT)?,
        None => bundled::block()?,
    };
    let recorded = record(args, &block, &models)?;
    let asked = asked(args, &recorded, transaction)?;
    let mut inputs: Vec<&Path> = args
        .block
        .iter()
        .chain(&args.salt)
        .map(PathBuf::as_path)
        .collect();
    inputs.extend(args.models.iter().map(PathBuf::as_path));

    let mut tasks = Vec::with_capacity(asked.len());
    for (call, inferred) in asked {
        let out = match args.call {
            Some(_) => args.out.clone(),
            None => numbered(&args.out, call),
        };
        let place = Place {
            block: recorded.hash,
            transaction,
            call,
        };
        let task = Task {
            input: inferred.input.to_vec(),
            output: Some(inferred.output.to_vec()),
            salt,
            chain_id: recorded.chain_id,
            job_id: job::of_block(place.block, transaction, call),
            target: Target::probe(&out, &inputs)?,
            out,
            place: Some(place),
        };
        tasks.push((ModelId(inferred.model.0), task));
    }
    // A model's circuits are made once, and given up before those of the next one are.
    let of_models: BTreeSet<ModelId> = tasks.iter().map(|(model, _)| *model).collect();
    let groups: Vec<(&Bundle, Vec<&Task>)> = of_models
        .iter()
        .filter_map(|id| {
            // Each was run by one of these.
            let bundle = models.iter().find(|bundle| bundle.id == *id)?;
            let own = tasks.iter().filter(|(model, _)| model == id);
            Some((bundle, own.map(|(_, task)| task).collect()))
        })
        .collect();
    let all = groups.iter().map(|(_, tasks)| steps(args, tasks.len())).sum();
    let mut progress = StepProgress::new(all);
    for (bundle, tasks) in &groups {
        prove_all(args, bundle, tasks, &mut progress)?;
    }
    Ok(())
}

/// Executes the block on the reference kernels.
fn record(args: &Prove, block: &BlockFile, models: &[Bundle]) -> Result<RecordedBlock, CliError> {
    let composed = composition::compose(&Engine::of(vec![Backend::Reference]), models);
    let engine = Arc::new(DispatcherEngine::new(composed.dispatcher));
    let threads = Threads::new(args.keys.threads.unwrap_or(0))?;
    let proof_keys = Arc::new(kept_keys(args)?);
    let recorded = record_inferences(block, engine, Some(proof_keys), &threads)?;
    if let Some(first) = recorded.mismatches.first() {
        // The job names the block, so it has to be one.
        let problem = format!(
            "the block is not what its header says ({} is {}, not {}), so nothing of it is proven",
            first.field, first.actual, first.expected
        );
        return Err(match &args.block {
            Some(file) => CliError::file(file, problem),
            None => CliError::Proof(problem),
        });
    }
    Ok(recorded)
}

/// The keys of the proofs that the block itself may hold, on which depends what comes of it. The user's own folder may be
/// unreadable, as it only saves time; one that was named may not.
fn kept_keys(args: &Prove) -> Result<KeyRing, CliError> {
    let Some(folder) = keys::path(&args.keys) else {
        return Ok(KeyRing::default());
    };
    match verifying_keys::kept_in(&folder) {
        Err(error) if args.keys.keys.is_none() => {
            output::complain(&format!("note: {error}; no keys of it are used"));
            Ok(KeyRing::default())
        }
        read => read,
    }
}

/// The inferences to prove, each with its number in the transaction.
fn asked<'a>(
    args: &Prove,
    recorded: &'a RecordedBlock,
    transaction: usize,
) -> Result<Vec<(usize, &'a Inferred)>, CliError> {
    let (count, hash) = (recorded.transactions, recorded.hash);
    if transaction >= count {
        return Err(CliError::Proof(format!(
            "--tx {transaction}: the block {hash} has {count} transactions, counted from 0"
        )));
    }
    let own = recorded
        .inferences
        .iter()
        .filter(|inferred| inferred.transaction == Some(transaction));
    let own: Vec<_> = own.enumerate().collect();
    if own.is_empty() {
        let with: BTreeSet<usize> = recorded
            .inferences
            .iter()
            .filter_map(|inferred| inferred.transaction)
            .collect();
        let named: Vec<String> = with.iter().take(NAMED).map(usize::to_string).collect();
        let more = if with.len() > NAMED { ", …" } else { "" };
        return Err(CliError::Proof(match named.is_empty() {
            true => format!("no transaction of the block {hash} asked for an inference"),
            false => format!(
                "transaction {transaction} of the block {hash} asked for no inference; these did: {}{more}",
                named.join(", ")
            ),
        }));
    }
    let Some(call) = args.call else { return Ok(own) };
    let calls = own.len();
    let one = own.into_iter().nth(call).ok_or_else(|| {
        CliError::Proof(format!(
            "--call {call}: transaction {transaction} asked for {calls} inferences, counted from 0"
        ))
    })?;
    Ok(vec![one])
}

/// A file's name with a number before its ending.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name: OsString = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{number}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_the_ending() {
        for (path, expected) in [
            ("proof.json", "proof.7.json"),
            ("a.b/proof", "a.b/proof.7"),
            ("/x/a.b.c", "/x/a.b.7.c"),
        ] {
            assert_eq!(numbered(Path::new(path), 7), Path::new(expected));
        }
    }
}
