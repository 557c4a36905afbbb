//! What a run looks like, for people and for programs.

use super::chain::OnChain;
use crate::card_report::{self, CardReport};
use crate::composition::{Composition, CpuReport, Mark, OpenClReport};
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::jit::JitReport;
use crate::output::{self, ms, thousands};
use metisvm_accel::Counters;
use metisvm_executor::{BlockReport, TransactionStatus};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// One executed block, and what the inference engine did for it.
pub(super) struct Ran {
    pub(super) block: BlockReport<()>,
    pub(super) backends: Vec<&'static str>,
    pub(super) counters: Counters,
    /// Time that the EVM waited for inferences.
    pub(super) waited: Duration,
    pub(super) accuracy: Option<f64>,
    /// What went wrong on devices, while other backends did their work.
    pub(super) device_errors: Vec<String>,
    /// What became of each card.
    pub(super) cards: Vec<CardReport>,
    /// What the processor's backend did, where it was one of them.
    pub(super) cpu: Option<CpuReport>,
    /// What the OpenCL device did, where there was one.
    pub(super) opencl: Option<OpenClReport>,
    /// What native code did.
    pub(super) native: JitReport,
    /// What became of it on the chain that it was executed over; `None` over the state in its file.
    pub(super) on_chain: Option<OnChain>,
}

const NOT_CHECKABLE: &str = "not checkable";

impl Ran {
    /// A block that was executed with this inference engine since the mark; complains of what went wrong on
    /// devices.
    pub(super) fn new(
        block: BlockReport<()>,
        engine: &DispatcherEngine,
        composed: &mut Composition,
        before: &Mark,
        native: JitReport,
    ) -> Self {
        let new_errors = engine.dispatcher().take_errors();
        let instead = composed.instead();
        // Why a card is missing is said once, and told of every block.
        for error in composed.untold_problems().iter().chain(&new_errors) {
            output::complain(&format!("note: {error}; the work ran on {instead}"));
        }
        // No more than time was lost where another card did the work.
        for error in composed.take_card_errors() {
            output::complain(&format!("note: {error}; the work ran on another card"));
        }
        let device_errors = [&composed.problems[..], &new_errors].concat();
        Self {
            block,
            backends: engine.dispatcher().backends(),
            counters: composed.counters_since(before),
            waited: engine.waited(),
            accuracy: None,
            device_errors,
            cards: composed.cards_since(before),
            cpu: composed.cpu_since(before),
            opencl: composed.opencl_since(before),
            native,
            on_chain: None,
        }
    }

    /// The backend that was preferred.
    fn backend(&self) -> &'static str {
        self.backends.first().copied().unwrap_or("reference")
    }

    fn receipts_root(&self) -> String {
        self.block
            .receipts_root
            .map_or_else(|| NOT_CHECKABLE.into(), |r| r.to_string())
    }

    fn state_root(&self) -> Option<String> {
        self.block.state_root.map(|r| r.to_string())
    }

    /// Everything of the result that every backend must agree on.
    fn result(&self) -> (u64, String, Option<String>, String) {
        let b = &self.block;
        (
            b.outcome.gas_used,
            self.receipts_root(),
            self.state_root(),
            b.logs_bloom.to_string(),
        )
    }

    fn json(&self, file: Option<&Path>) -> Value {
        let (b, c) = (&self.block, &self.counters);
        let ended = |kind: fn(&TransactionStatus) -> bool| {
            b.outcome.transactions.iter().filter(|t| kind(&t.status)).count()
        };
        let mut object = json!({
            "block": b.number,
            "block_hash": b.hash.to_string(),
            "txs": b.outcome.transactions.len(),
            "txs_reverted": ended(|s| matches!(s, TransactionStatus::Revert { .. })),
            "txs_halted": ended(|s| matches!(s, TransactionStatus::Halt { .. })),
            "gas_used": b.outcome.gas_used,
            "matches_header": b.matches_header(),
            "receipts_root": self.receipts_root(),
            "state_root": self.state_root(),
            "recover_ms": ms(b.recover_time),
            "execute_ms": ms(b.outcome.execute_time),
            "inference_ms": ms(self.waited),
            "roots_ms": ms(b.roots_time),
            "threads": b.engine.threads,
            "speculated": b.engine.speculated,
            "aborts": b.engine.aborts,
            "reexecuted": b.engine.reexecuted,
            "in_turn": b.engine.in_turn,
            "in_sequence": b.engine.sequential,
            "transfers": b.engine.transfers,
            "predicted_hits": b.engine.predicted_hits,
            "run_ahead": b.engine.run_ahead,
            "queued": b.engine.queued,
            "idle_ms": ms(b.engine.idle),
            "backend": self.backend(),
            "backends": self.backends,
            "inferences": c.requests,
            "batches": c.batches,
            "memo_hits": c.memo_hits,
            "card_jobs": c.devices.jobs,
            "card_loads": c.devices.loads,
            "dma_bytes": c.devices.dma_bytes,
            "fallbacks": c.fallbacks,
            "device_errors": self.device_errors,
            "accuracy": self.accuracy,
            "jit": self.native.json(),
        });
        if let Some(cpu) = &self.cpu {
            cpu.json(&mut object);
        }
        if let Some(device) = &self.opencl {
            device.json(&mut object);
        }
        card_report::add_cards(&self.cards, &mut object);
        if let Some(chain) = &self.on_chain {
            object["committed"] = json!(chain.committed);
            object["commit_ms"] = json!(ms(chain.commit_time));
            object["cache_hits"] = json!(chain.cache.execution_hits);
            object["cache_misses"] = json!(chain.cache.execution_misses);
            object["prefetch_hits"] = json!(chain.cache.prefetch_hits);
            object["prefetched_used"] = json!(chain.cache.prefetched_used);
            if let Some(hashing) = &chain.hashing {
                object["keccak"] = json!(hashing.choice);
                object["keccak_card_jobs"] = json!(hashing.counters.card_jobs);
                object["keccak_card_messages"] = json!(hashing.counters.card_messages);
                object["keccak_cpu_batches"] = json!(hashing.counters.cpu_batches);
                object["keccak_cpu_messages"] = json!(hashing.counters.cpu_messages);
                object["keccak_failures"] = json!(hashing.counters.failures);
                object["keccak_errors"] = json!(hashing.errors);
                object["keccak_card"] = json!(hashing.card);
                if let Some((cycles, busy)) = hashing.cycles {
                    object["keccak_card_cycles"] = json!(cycles);
                    object["keccak_card_busy_cycles"] = json!(busy);
                }
                if let Some(digests) = hashing.digests {
                    object["keccak_card_digests"] = json!(digests);
                }
                object["roots_recomputed"] = json!(hashing.recomputed);
            }
        }
        if let Some(file) = file {
            object["file"] = json!(file.display().to_string());
        }
        if !b.matches_header() {
            let mismatch = |m: &metisvm_executor::Mismatch| json!({ "field": m.field, "expected": m.expected, "actual": m.actual });
            object["mismatches"] = b.mismatches.iter().map(mismatch).collect();
        }
        object
    }

    pub(super) fn show(&self, file: Option<&Path>, as_json: bool) -> Result<(), CliError> {
        if as_json {
            return output::json(&self.json(file));
        }
        let (b, c) = (&self.block, &self.counters);
        let title = match file {
            Some(file) => format!("block {} ({})", b.number, file.display()),
            None => format!("block {} (bundled)", b.number),
        };
        let mut table = output::table(&[&title, ""]);
        let mut row = |what: &str, value: String| {
            table.add_row([what, &value]);
        };
        row("transactions", thousands(b.outcome.transactions.len() as u64));
        row("gas used", thousands(b.outcome.gas_used));
        row("threads", b.engine.threads.to_string());
        row("time executing", milliseconds(b.outcome.execute_time));
        if let Some(native) = self.native.line() {
            row("native code", native);
        }
        if c.requests > 0 {
            // Several threads may wait at once, so this is no part of the time above.
            let of = if b.engine.threads > 1 {
                ", all threads together"
            } else {
                ""
            };
            row(
                "waiting for inferences",
                format!("{}{of}", milliseconds(self.waited)),
            );
            row("inferences", thousands(c.requests));
            row("backend", self.backends.join(", then "));
            if let Some(cpu) = &self.cpu {
                row("instructions", cpu.level.to_owned());
                if cpu.audited > 0 {
                    row("audited", thousands(cpu.audited));
                }
            }
            if let Some(device) = &self.opencl {
                row("OpenCL device", device.device.clone());
                row("launches", thousands(device.launches));
                if device.faults > 0 {
                    row("OpenCL device afterwards", device.health.clone());
                }
            }
            row("batches", thousands(c.batches));
            row("memo hits", thousands(c.memo_hits));
            row("card jobs", thousands(c.devices.jobs));
            row("DMA bytes", thousands(c.devices.dma_bytes));
            row("fall-backs", thousands(c.fallbacks));
            for card in &self.cards {
                row("card", card.title.clone());
                if self.cards.len() > 1 {
                    row("  jobs", thousands(card.jobs));
                }
                if let Some(work) = &card.work {
                    row("cycles of the card", thousands(work.cycles()));
                    row(
                        "products used of the array's",
                        format!("{:.1} %", work.utilisation() * 100.0),
                    );
                    for (what, cycles) in work.rows() {
                        row(&format!("  {what}"), thousands(cycles));
                    }
                }
            }
        }
        for card in self.cards.iter().filter(|card| card.had_trouble()) {
            if self.cards.len() > 1 {
                row("trouble with", card.title.clone());
            }
            for fault in &card.faults {
                row(&format!("fault {}", fault.fault), fault.outcome());
            }
            row("faults noticed", thousands(card.noticed));
            row("resets of the card", thousands(card.resets));
            if card.wrong_results > 0 {
                row("wrong results", thousands(card.wrong_results));
            }
            row("card afterwards", card.health.clone());
        }
        if let Some(accuracy) = self.accuracy {
            row("accuracy on unseen digits", format!("{:.1} %", accuracy * 100.0));
        }
        if let Some(chain) = &self.on_chain {
            let reads = chain.cache.execution_hits + chain.cache.execution_misses;
            let hits = thousands(chain.cache.execution_hits);
            row("cache hits", format!("{hits} of {} reads", thousands(reads)));
            if let Some(hashing) = &chain.hashing {
                let counts = &hashing.counters;
                let of = |messages, what, batches| {
                    format!(
                        "{} messages in {} {what}",
                        thousands(messages),
                        thousands(batches)
                    )
                };
                row(
                    "hashed on the card",
                    of(counts.card_messages, "jobs", counts.card_jobs),
                );
                row(
                    "hashed on the processor",
                    of(counts.cpu_messages, "batches", counts.cpu_batches),
                );
                row("jobs that failed", thousands(counts.failures));
                if let Some((cycles, _)) = hashing.cycles {
                    row("cycles of the card", thousands(cycles));
                }
                if let Some(digests) = hashing.digests {
                    row("digests, the card says", thousands(digests));
                }
                row("state roots computed again", thousands(hashing.recomputed));
                row("Keccak card afterwards", hashing.card.clone());
            }
            row(
                "committed",
                if chain.committed {
                    milliseconds(chain.commit_time)
                } else {
                    "NO".into()
                },
            );
        }
        row(
            "matches its header",
            if b.matches_header() {
                "yes".into()
            } else {
                "NO".into()
            },
        );
        for m in &b.mismatches {
            row(
                &format!("  {}", m.field),
                format!("header {}, executed {}", m.expected, m.actual),
            );
        }
        output::line(&table.to_string())?;
        output::hash("receipts root", &self.receipts_root())?;
        match self.state_root() {
            Some(root) => output::hash("state root", &root),
            None => Ok(()),
        }
    }
}

/// Shows several runs of one block, and says whether they agree. A backend whose work another one did
/// was not compared with anything, so that is no agreement.
pub(super) fn compare(all: &[Ran], file: Option<&Path>, as_json: bool) -> Result<bool, CliError> {
    let own_work = |ran: &Ran| ran.counters.fallbacks == 0 && ran.device_errors.is_empty();
    let complete = all.iter().all(own_work);
    let equal = complete && all.windows(2).all(|pair| pair[0].result() == pair[1].result());
    if as_json {
        let results: Vec<Value> = all.iter().map(|ran| ran.json(file)).collect();
        output::json(&json!({
            "compare": "backends", "equal": equal, "complete": complete, "results": results
        }))?;
        return Ok(equal);
    }
    for ran in all {
        ran.show(file, false)?;
    }
    let verdict = match (equal, complete) {
        (true, _) => "agree",
        (false, true) => "DIFFER",
        (false, false) => "were NOT COMPARED (one did not do its own work)",
    };
    let names: Vec<&str> = all.iter().map(Ran::backend).collect();
    output::line(&format!(
        "{} {verdict} on gas, logs and roots",
        names.join(" and ")
    ))?;
    Ok(equal)
}

pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", ms(time))
}
