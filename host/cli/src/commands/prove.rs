//! `metisvm prove`: proofs of one inference, or of those that a block's transaction asked for.

mod batch;
mod block;
mod report;

use crate::args::Prove;
use crate::error::CliError;
use crate::files::Target;
use crate::progress::StepProgress;
use crate::proofs::file::ProofFile;
use crate::proofs::{keys, salt, threads};
use crate::{inputs, models};
use metisvm_model::Bundle;
use metisvm_prover::{Inference, Proof, Prover, Salt};
use report::{Cost, Report};
use std::path::PathBuf;

pub(super) fn run(args: &Prove) -> Result<(), CliError> {
    if let Some(transaction) = args.tx {
        return block::run(args, transaction);
    }
    if let Some(count) = args.batch {
        return batch::run(args, count as usize);
    }
    let Asked {
        bundle,
        inputs,
        salts,
        target,
    } = Asked::read(args, 1)?;
    let task = Task {
        input: inputs.concat(),
        output: None,
        salt: salts[0],
        chain_id: args.chain_id.unwrap_or_default(),
        job_id: args.job.first().copied().unwrap_or_default(),
        target,
        out: args.out.clone(),
        place: None,
    };
    let mut progress = StepProgress::new(steps(args, 1));
    prove_all(args, &bundle, &[&task], &mut progress)
}

/// What a command line without --tx asks to prove.
struct Asked {
    bundle: Bundle,
    inputs: Vec<Vec<u8>>,
    /// One for each input.
    salts: Vec<Salt>,
    target: Target,
}

impl Asked {
    /// Reads what is asked for `count` inputs, and draws the salts that are not given.
    fn read(args: &Prove, count: usize) -> Result<Self, CliError> {
        // `Prove::problem` has seen to it that both are there.
        let (Some(bundle_file), Some(input)) = (&args.bundle, &args.input) else {
            return Err(CliError::Proof("a BUNDLE and --input are needed".to_owned()));
        };
        let mut inputs = vec![bundle_file.as_path(), inputs::path(input)];
        inputs.extend(args.salt.as_deref());
        let target = Target::probe(&args.out, &inputs)?;
        let bundle = models::read(bundle_file)?;
        let inputs = inputs::read(input, count, &bundle.graph)?;
        let salts = match &args.salt {
            Some(file) => salt::read_all(file, count)?,
            None => (0..count).map(|_| salt::draw()).collect::<Result<_, _>>()?,
        };
        if let Some(file) = &args.save_salt {
            // Before the proof is made: without it nobody could show what was committed to.
            salt::write_new(file, &salts)?;
        }
        Ok(Self {
            bundle,
            inputs,
            salts,
            target,
        })
    }
}

/// An inference to prove.
struct Task {
    input: Vec<u8>,
    /// What it gave where it ran.
    output: Option<Vec<u8>>,
    salt: Salt,
    chain_id: u64,
    job_id: [u8; 32],
    target: Target,
    /// The target, as it is named to people.
    out: PathBuf,
    place: Option<Place>,
}

/// Where an inference was asked for.
#[derive(Clone, Copy)]
struct Place {
    block: alloy_primitives::B256,
    transaction: usize,
    /// Its number in the transaction.
    call: usize,
}

/// How many steps a progress bar has for tasks of one model.
fn steps(args: &Prove, tasks: usize) -> u64 {
    let each = 1 + args.form.form().wraps().len();
    (each * (1 + tasks)) as u64
}

/// Proves inferences of one model, one after the other, and writes and shows each.
fn prove_all(
    args: &Prove,
    bundle: &Bundle,
    tasks: &[&Task],
    progress: &mut StepProgress,
) -> Result<(), CliError> {
    threads::on(args.keys.threads, || {
        let started = Cost::begin();
        let cuts = (!args.form.cuts.is_empty()).then_some(&args.form.cuts[..]);
        let prover = keys::make(bundle, args.form.form(), cuts, &args.keys, &mut |stage| {
            progress.begin(stage.name());
        })?;
        let circuits = started.end();
        let key_digest = progress.aside(|| keys::keep(&prover, &args.keys))?;
        for task in tasks {
            let started = Cost::begin();
            let proof = prove(&prover, task, progress)?;
            let cost = started.end();
            let file = ProofFile {
                form: prover.form(),
                cuts: prover.cuts().to_vec(),
                key_digest: key_digest.0,
                proof,
            };
            let text = file
                .to_json()
                .map_err(|problem| CliError::file(&task.out, problem))?;
            task.target.write(text.as_bytes())?;
            let report = Report {
                task,
                file: &file,
                size: prover.size(),
                strength: keys::strength(&prover),
                cost,
                circuits,
            };
            progress.aside(|| report.show(args.json))?;
        }
        Ok(())
    })
}

/// Proves one, and holds the proof against the key before anybody relies on it.
fn prove(prover: &Prover, task: &Task, progress: &mut StepProgress) -> Result<Proof, CliError> {
    let inference = Inference {
        input: &task.input,
        salt: &task.salt,
        chain_id: task.chain_id,
        job_id: task.job_id,
    };
    let proof = prover.prove(&inference, &mut |stage| progress.begin(stage.name()))?;
    let defect = |what: String| CliError::Proof(format!("{what}; please report this"));
    if task
        .output
        .as_ref()
        .is_some_and(|output| *output != proof.statement.output)
    {
        return Err(defect(
            "the block was executed with another output than the proof's".to_owned(),
        ));
    }
    prover
        .verifier()
        .verify(&proof.statement, &proof.bytes)
        .map_err(|error| defect(format!("the proof that was made is not valid: {error}")))?;
    Ok(proof)
}
