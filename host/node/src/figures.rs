//! What the node measures of itself, for Prometheus.

use crate::block::MinedBlock;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Duration};

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds, from a tenth of a millisecond to ten.
const BUCKETS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0];

/// Begins to measure. A process does so once.
pub fn begin() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .ok()?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        Some(handle)
    });
}

/// The figures in the text format of Prometheus.
pub fn render() -> String {
    match HANDLE.get() {
        Some(Some(handle)) => {
            handle.run_upkeep();
            handle.render()
        }
        _ => String::new(),
    }
}

/// Keeps what is measured small where nobody asks for it.
pub fn keep_small() {
    if let Some(Some(handle)) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// A request was answered.
pub(crate) fn answered(method: &'static str, took: Duration, well: bool) {
    histogram!("metisvm_rpc_seconds", "method" => method).record(took.as_secs_f64());
    if !well {
        counter!("metisvm_rpc_errors_total", "method" => method).increment(1);
    }
}

/// A block was added.
pub(crate) fn mined(block: &MinedBlock, took: Duration, waiting: usize) {
    gauge!("metisvm_head_number").set(block.number() as f64);
    gauge!("metisvm_pool_transactions").set(waiting as f64);
    counter!("metisvm_transactions_total").increment(block.transactions.len() as u64);
    counter!("metisvm_gas_total").increment(block.header.gas_used);
    counter!("metisvm_blocks_total").increment(1);
    histogram!("metisvm_block_seconds").record(took.as_secs_f64());
}
