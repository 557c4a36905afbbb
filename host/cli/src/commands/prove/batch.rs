//! One proof of several inferences.

use super::Asked;
use super::report::{Cost, Row, show_table};
use crate::args::Prove;
use crate::error::CliError;
use crate::output::{self, thousands};
use crate::peak_memory;
use crate::progress::StepProgress;
use crate::proofs::batch_file::BatchFile;
use crate::proofs::strength::Bits;
use crate::proofs::{hex, keys, statement, threads};
use metisvm_prover::{BatchProver, Inference};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) fn run(args: &Prove, count: usize) -> Result<(), CliError> {
    let Asked {
        bundle,
        inputs,
        salts,
        target,
    } = Asked::read(args, count)?;
    let job = |i: usize| match args.job.len() {
        // One for all, or none.
        0 | 1 => args.job.first().copied().unwrap_or_default(),
        _ => args.job[i],
    };
    let inferences = inputs.iter().zip(&salts).enumerate();
    let inferences: Vec<Inference<'_>> = inferences
        .map(|(i, (input, salt))| Inference {
            input,
            salt,
            chain_id: args.chain_id.unwrap_or_default(),
            job_id: job(i),
        })
        .collect();
    if let Some([first, second]) = with_one_job(&inferences) {
        output::complain(&format!(
            "warning: inferences {first} and {second} of the batch have the same job: whoever acts on the \
             proof accepts each job once (--job takes one for each inference, comma-separated)"
        ));
    }
    let form = args.form.form();
    // Circuits, proof, and the wraps of both.
    let mut progress = StepProgress::new(2 * (1 + form.wraps().len()) as u64);
    threads::on(args.keys.threads, || {
        let started = Cost::begin();
        let limit = args.keys.memory_limit_bytes();
        let prover = BatchProver::new(&bundle, form, count, limit, &mut |stage| {
            progress.begin(stage.name());
        });
        let prover = prover.map_err(|problem| CliError::Prepare {
            model: bundle.id,
            problem,
        })?;
        Bits::check(Bits::of(&prover.strengths()), form)?;
        let circuits = started.end();
        let started = Cost::begin();
        let proof = prover.prove(&inferences, &mut |stage| progress.begin(stage.name()))?;
        let cost = started.end();
        let verified = prover.verifier().verify(&proof.statements, &proof.bytes);
        verified.map_err(|error| {
            let what = format!("the proof that was made is not valid: {error}; please report this");
            CliError::Proof(what)
        })?;
        let file = BatchFile {
            form,
            shape: prover.shape(),
            key_digest: keys::batch_digest(prover.verifier()).0,
            model: prover.model(),
            proof,
        };
        let text = file
            .to_json()
            .map_err(|problem| CliError::file(&args.out, problem))?;
        target.write(text.as_bytes())?;
        let report = Report {
            args,
            file: &file,
            prover: &prover,
            cost,
            circuits,
        };
        progress.aside(|| report.show())
    })
}

/// The numbers of the first two inferences with the same job. All of a batch are for one chain.
fn with_one_job(inferences: &[Inference<'_>]) -> Option<[usize; 2]> {
    let mut first = HashMap::new();
    inferences.iter().enumerate().find_map(|(i, inference)| {
        let before = first.insert(inference.job_id, i)?;
        Some([before, i])
    })
}

/// A proof that was made, and what that took.
struct Report<'a> {
    args: &'a Prove,
    file: &'a BatchFile,
    prover: &'a BatchProver,
    /// Of the proof.
    cost: Cost,
    /// Of the circuits.
    circuits: Cost,
}

impl Report<'_> {
    fn show(&self) -> Result<(), CliError> {
        if self.args.json {
            return output::json(&self.json());
        }
        let shape = self.file.shape;
        let outer = self.prover.verifier().key().common.degree_bits();
        let mut rows = vec![
            Row::of("file", self.args.out.display().to_string()),
            Row::of("form", self.file.form.to_string()),
            Row::of("inferences", thousands(self.file.proof.statements.len() as u64)),
            Row::of("in one circuit", thousands(shape.lanes as u64)),
            Row::of("bytes", thousands(self.file.proof.bytes.len() as u64)),
            Row::of(
                "rows",
                format!(
                    "2^{}, of the last circuit 2^{outer}",
                    self.prover.circuit().degree_bits
                ),
            ),
        ];
        rows.extend(Bits::of(&self.prover.strengths()).map(Row::of_strength));
        show_table(&rows, self.circuits, self.cost)?;
        output::hash("model", &self.file.model)?;
        output::hash("key", &hex::text(&self.file.key_digest))
    }

    fn json(&self) -> Value {
        let (circuit, shape) = (self.prover.circuit(), self.file.shape);
        let outer = self.prover.verifier().key().common.degree_bits();
        let inferences = self.file.proof.statements.iter().map(statement::of_one);
        let mut object = json!({
            "proof": self.args.out.display().to_string(),
            "form": self.file.form.name(),
            "key_digest": hex::text(&self.file.key_digest),
            "proof_bytes": self.file.proof.bytes.len(),
            "degree": 1u64 << outer,
            "model_degree": 1u64 << circuit.degree_bits,
            "model_rows": circuit.rows,
            "lanes": shape.lanes,
            "doublings": shape.doublings,
            "prove_cpu_s": self.cost.cpu_seconds(),
            "wall_s": self.cost.wall_seconds(),
            "circuits_cpu_s": self.circuits.cpu_seconds(),
            "circuits_wall_s": self.circuits.wall_seconds(),
            "threads": rayon::current_num_threads(),
            "memory_estimate_bytes": self.prover.memory_bytes(),
            "peak_memory_bytes": peak_memory::so_far(),
            "model_id": self.file.model.to_string(),
            "inferences": inferences.collect::<Vec<_>>(),
        });
        Bits::add_to(Bits::of(&self.prover.strengths()), &mut object);
        object
    }
}
