//! Plain revm, one thread and several, compared block by block.

use crate::error::CliError;
use crate::jit::JitReport;
use crate::output::{self, ms, thousands};
use metisvm_executor::{BlockFile, DEFAULT_FILE_LIMIT, ThreadsComparison, sampling::Times};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Two threads cannot gain where two processors do together less than so many times the work of one.
const FEW_PROCESSORS: f64 = 1.5;

/// The block that goes first: that of the file before.
pub(super) struct Before(Option<BlockFile>);

impl Before {
    /// Nothing goes before a block that is alone.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Before the block of the first file goes the last one that can be read. Where there is no other file, none.
    pub(super) fn first_of(files: &[PathBuf]) -> Self {
        let others = files.iter().skip(1).rev();
        // A pipe can be read only once.
        let regular = others.filter(|path| path.is_file());
        let mut read = regular.map(|path| BlockFile::read(path, DEFAULT_FILE_LIMIT));
        Self(read.find_map(Result::ok))
    }

    /// The block, if there is one.
    pub(super) fn block(&self) -> Option<&BlockFile> {
        self.0.as_ref()
    }

    /// A block that was executed goes before the next one.
    pub(super) fn follow(&mut self, block: BlockFile) {
        self.0 = Some(block);
    }
}

/// What to beware of; `None` where the figures can be trusted.
fn warning(compared: &ThreadsComparison) -> Option<String> {
    let processors = compared.processors();
    (processors < FEW_PROCESSORS).then(|| {
        format!(
            "two threads that share nothing do {processors:.2} times the work of one on this machine just now, \
             so its processors are busy or are one core: no time on several threads says anything; measure \
             again when the machine is idle"
        )
    })
}

fn object(compared: &ThreadsComparison, native: &JitReport, file: Option<&Path>) -> Value {
    let (block, report) = (&compared.block, &compared.report);
    let mut object = json!({
        "compare": "threads",
        "block": block.number,
        "block_hash": block.hash.to_string(),
        "txs": block.outcome.transactions.len(),
        "gas_used": block.outcome.gas_used,
        "matches_header": block.matches_header(),
        "parallel_equals_sequential": compared.parallel_difference.is_none(),
        "equals_plain_revm": compared.plain_difference.is_none(),
        "threads": report.threads,
        "samples": compared.plain_revm.count(),
        "after_another": compared.after_another,
        "sequential_speedup": rounded(compared.plain_revm.over(&compared.sequential)),
        "parallel_speedup": rounded(compared.plain_revm.over(&compared.parallel)),
        "processors": rounded(compared.processors()),
        "aborts": report.aborts,
        "reexecuted": report.reexecuted,
        "predicted_hits": report.predicted_hits,
        "run_ahead": report.run_ahead,
        "queued": report.queued,
        "idle_ms": ms(report.idle),
        "cache_hits": compared.cache.execution_hits,
        "cache_misses": compared.cache.execution_misses,
        "prefetch_hits": compared.cache.prefetch_hits,
        "prefetched_used": compared.cache.prefetched_used,
        "speculated": report.speculated,
        "in_turn": report.in_turn,
        "in_sequence": report.sequential,
        "transfers": report.transfers,
        "jit": native.json(),
    });
    for (way, times) in [
        ("plain_revm", &compared.plain_revm),
        ("sequential", &compared.sequential),
        ("parallel", &compared.parallel),
    ] {
        object[format!("{way}_ms")] = json!(ms(times.median()));
        object[format!("{way}_ms_min")] = json!(ms(times.least()));
        object[format!("{way}_ms_max")] = json!(ms(times.greatest()));
    }
    if let Some(file) = file {
        object["file"] = json!(file.display().to_string());
    }
    for (key, text) in [
        ("parallel_difference", &compared.parallel_difference),
        ("plain_difference", &compared.plain_difference),
        ("warning", &warning(compared)),
    ] {
        if let Some(text) = text {
            object[key] = json!(text);
        }
    }
    object
}

/// A ratio, as fine as it deserves.
fn rounded(ratio: f64) -> f64 {
    (ratio * 1e3).round() / 1e3
}

/// Writes one comparison.
pub(super) fn show(
    compared: &ThreadsComparison,
    native: &JitReport,
    file: Option<&Path>,
    as_json: bool,
) -> Result<(), CliError> {
    if let Some(warning) = warning(compared) {
        output::complain(&format!("warning: block {}: {warning}", compared.block.number));
    }
    if as_json {
        return output::json(&object(compared, native, file));
    }
    let (block, report) = (&compared.block, &compared.report);
    let title = match file {
        Some(file) => format!("block {} ({})", block.number, output::shown(&super::shown(file))),
        None => format!("block {} (bundled)", block.number),
    };
    let mut table = output::table(&[&title, ""]);
    let mut row = |what: &str, value: String| {
        table.add_row([what, &value]);
    };
    row("transactions", thousands(block.outcome.transactions.len() as u64));
    row("gas used", thousands(block.outcome.gas_used));
    row("samples", samples(compared));
    row("plain revm", spread(&compared.plain_revm));
    let against_plain = |times: &Times| {
        let factor = compared.plain_revm.over(times);
        format!("{}: {factor:.2} times as fast", spread(times))
    };
    row("engine on 1 thread", against_plain(&compared.sequential));
    row(
        &format!("engine on {} threads", report.threads),
        against_plain(&compared.parallel),
    );
    let processors = compared.processors();
    row(
        "processors",
        format!("two do {processors:.2} times the work of one"),
    );
    row("aborts", thousands(report.aborts));
    row("predicted hits", thousands(report.predicted_hits));
    let (hits, misses) = (compared.cache.execution_hits, compared.cache.execution_misses);
    row(
        "cache hits",
        format!("{} of {} reads", thousands(hits), thousands(hits + misses)),
    );
    row("executed in sequence by choice", thousands(report.sequential));
    if let Some(native) = native.line() {
        row("native code", native);
    }
    row(
        "parallel equals sequential",
        yes_or(compared.parallel_difference.as_deref()),
    );
    row("equals plain revm", yes_or(compared.plain_difference.as_deref()));
    let mismatches: Vec<&str> = block.mismatches.iter().map(|m| m.field).collect();
    let mismatch = (!mismatches.is_empty()).then(|| mismatches.join(", "));
    row("matches its header", yes_or(mismatch.as_deref()));
    output::line(&table.to_string())
}

fn samples(compared: &ThreadsComparison) -> String {
    let engine = if compared.after_another {
        "after another block"
    } else {
        "each with a new engine"
    };
    format!("{}, {engine}", compared.plain_revm.count())
}

/// The median, and between which times it lies.
fn spread(times: &Times) -> String {
    let (least, greatest) = (ms(times.least()), ms(times.greatest()));
    format!("{:.1} ms ({least:.1} to {greatest:.1})", ms(times.median()))
}

fn yes_or(difference: Option<&str>) -> String {
    difference.map_or_else(|| "yes".into(), |difference| format!("NO: {difference}"))
}
