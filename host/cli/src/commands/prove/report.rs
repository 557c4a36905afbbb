//! What is told of a proof that was made.

use super::Task;
use crate::error::CliError;
use crate::output::{self, thousands};
use crate::proofs::file::ProofFile;
use crate::proofs::strength::Bits;
use crate::proofs::{hex, statement};
use crate::{cpu_time, peak_memory};
use metisvm_prover::Size;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What something took: time of processors, and on the wall.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    cpu: Option<Duration>,
    wall: Duration,
}

impl Cost {
    /// It begins.
    pub(super) fn begin() -> Begun {
        Begun {
            cpu: cpu_time::so_far(),
            wall: Instant::now(),
        }
    }

    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        self.cpu.map(seconds)
    }

    pub(super) fn wall_seconds(&self) -> f64 {
        seconds(self.wall)
    }
}

/// A line of the table that people are shown.
pub(super) struct Row(&'static str, String);

impl Row {
    pub(super) const fn of(what: &'static str, value: String) -> Self {
        Self(what, value)
    }

    pub(super) fn of_strength(bits: Bits) -> Self {
        let Bits { conjectured, proven } = bits;
        Self(
            "strength, bits",
            format!("{conjectured} conjectured, {proven} proven"),
        )
    }
}

/// Shows these lines, and what it took.
pub(super) fn show_table(rows: &[Row], circuits: Cost, proof: Cost) -> Result<(), CliError> {
    let mut table = output::table(&["proof", ""]);
    for Row(what, value) in rows {
        table.add_row([*what, value.as_str()]);
    }
    for (what, cost) in [("making the circuits", circuits), ("proving", proof)] {
        let cpu = cost
            .cpu_seconds()
            .map_or_else(String::new, |cpu| format!(", {cpu:.2} s of processors"));
        table.add_row([what.to_owned(), format!("{:.2} s{cpu}", cost.wall_seconds())]);
    }
    if let Some(peak) = peak_memory::so_far() {
        table.add_row(["peak memory, bytes".to_owned(), thousands(peak)]);
    }
    output::line(&table.to_string())
}

/// When something began.
pub(super) struct Begun {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Begun {
    /// It ends.
    pub(super) fn end(&self) -> Cost {
        let cpu = cpu_time::so_far().zip(self.cpu);
        Cost {
            cpu: cpu.map(|(now, then)| now.saturating_sub(then)),
            wall: self.wall.elapsed(),
        }
    }
}

/// Milliseconds are as fine as the figure deserves.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// A proof that was made, and what that took.
pub(super) struct Report<'a> {
    pub(super) task: &'a Task,
    pub(super) file: &'a ProofFile,
    pub(super) size: &'a Size,
    pub(super) strength: Option<Bits>,
    /// Of the proof.
    pub(super) cost: Cost,
    /// Of the circuits, which serve all proofs of the model.
    pub(super) circuits: Cost,
}

impl Report<'_> {
    /// Shows it.
    pub(super) fn show(&self, as_json: bool) -> Result<(), CliError> {
        if as_json {
            return output::json(&self.json());
        }
        let mut rows = vec![
            Row::of("file", self.task.out.display().to_string()),
            Row::of("form", self.file.form.to_string()),
        ];
        if let Some(place) = &self.task.place {
            let text = format!("transaction {}, call {}", place.transaction, place.call);
            rows.push(Row::of("inference", text));
        }
        rows.push(Row::of("bytes", thousands(self.file.proof.bytes.len() as u64)));
        let size = self.size;
        if !self.file.cuts.is_empty() {
            let text = format!("{}, cut before nodes {:?}", size.circuits.len(), self.file.cuts);
            rows.push(Row::of("layers", text));
        }
        let wraps = size
            .wraps
            .iter()
            .map(|wrap| format!(", wrapped in 2^{}", wrap.degree_bits));
        let degree = format!("2^{}{}", size.circuit().degree_bits, wraps.collect::<String>());
        rows.push(Row::of("rows", degree));
        rows.extend(self.strength.map(Row::of_strength));
        show_table(&rows, self.circuits, self.cost)?;
        statement::show(&self.file.proof.statement)?;
        output::hash("key", &hex::text(&self.file.key_digest))
    }

    fn json(&self) -> Value {
        let size = self.size;
        let mut object = json!({
            "proof": self.task.out.display().to_string(),
            "form": self.file.form.name(),
            "key_digest": hex::text(&self.file.key_digest),
            "proof_bytes": self.file.proof.bytes.len(),
            "degree": 1u64 << size.outermost().degree_bits,
            "model_degree": 1u64 << size.circuit().degree_bits,
            "model_rows": size.circuit().rows,
            "cuts": self.file.cuts,
            "prove_cpu_s": self.cost.cpu_seconds(),
            "wall_s": self.cost.wall_seconds(),
            "circuits_cpu_s": self.circuits.cpu_seconds(),
            "circuits_wall_s": self.circuits.wall_seconds(),
            "threads": rayon::current_num_threads(),
            "memory_estimate_bytes": size.memory_bytes,
            "peak_memory_bytes": peak_memory::so_far(),
        });
        Bits::add_to(self.strength, &mut object);
        statement::add_to(&mut object, &self.file.proof.statement);
        if let Some(place) = &self.task.place {
            object["block_hash"] = json!(place.block.to_string());
            object["tx"] = json!(place.transaction);
            object["call"] = json!(place.call);
        }
        object
    }
}
