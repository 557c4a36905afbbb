//! What the comparison of plain revm, one thread and several looks like.

use super::report::{milliseconds, ms};
use crate::error::CliError;
use crate::output::{self, thousands};
use metisvm_executor::ThreadsComparison;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How often a block is executed in each way; times are medians.
pub(super) const SAMPLES: usize = 5;

fn object(compared: &ThreadsComparison, file: Option<&Path>) -> Value {
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
        "samples": SAMPLES,
        "plain_revm_ms": ms(compared.plain_revm),
        "sequential_ms": ms(compared.sequential),
        "parallel_ms": ms(compared.parallel),
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
    });
    if let Some(file) = file {
        object["file"] = json!(file.display().to_string());
    }
    for (key, difference) in [
        ("parallel_difference", &compared.parallel_difference),
        ("plain_difference", &compared.plain_difference),
    ] {
        if let Some(difference) = difference {
            object[key] = json!(difference);
        }
    }
    object
}

/// Writes one comparison.
pub(super) fn show(compared: &ThreadsComparison, file: Option<&Path>, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&object(compared, file));
    }
    let (block, report) = (&compared.block, &compared.report);
    let title = match file {
        Some(file) => format!("block {} ({})", block.number, file.display()),
        None => format!("block {} (bundled)", block.number),
    };
    let mut table = output::table(&[&title, ""]);
    let mut row = |what: &str, value: String| {
        table.add_row([what, &value]);
    };
    let against_plain = |time: Duration| {
        let factor = compared.plain_revm.as_secs_f64() / time.as_secs_f64().max(f64::MIN_POSITIVE);
        format!("{} ({factor:.2} times as fast)", milliseconds(time))
    };
    row("transactions", thousands(block.outcome.transactions.len() as u64));
    row("gas used", thousands(block.outcome.gas_used));
    row("plain revm", milliseconds(compared.plain_revm));
    row("engine on 1 thread", against_plain(compared.sequential));
    row(
        &format!("engine on {} threads", report.threads),
        against_plain(compared.parallel),
    );
    row("aborts", thousands(report.aborts));
    row("predicted hits", thousands(report.predicted_hits));
    let (hits, misses) = (compared.cache.execution_hits, compared.cache.execution_misses);
    row(
        "cache hits",
        format!("{} of {} reads", thousands(hits), thousands(hits + misses)),
    );
    row("executed in sequence by choice", thousands(report.sequential));
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

fn yes_or(difference: Option<&str>) -> String {
    difference.map_or_else(|| "yes".into(), |difference| format!("NO: {difference}"))
}
