//! What the node measures of itself, for Prometheus.

use crate::block::MinedBlock;
use metisvm_jit::{Counters, Jit};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};

/// The native compiler of the node that serves, while it is there.
static JIT: Mutex<Weak<Jit>> = Mutex::new(Weak::new());

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds, from a tenth of a millisecond to ten.
const BUCKETS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0];

/// Begins to measure. A process does so once; of several nodes in it the last one's native compiler is measured.
pub fn begin(jit: Option<&Arc<Jit>>) {
    *JIT.lock().unwrap_or_else(PoisonError::into_inner) = jit.map(Arc::downgrade).unwrap_or_default();
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
            take_native();
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

/// Takes over what the native compiler has counted; all is zero where there is none.
fn take_native() {
    let jit = JIT.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    let counters = jit.map_or_else(Counters::default, |jit| jit.counters());
    counter!("metisvm_jit_native_frames_total").absolute(counters.native_frames);
    counter!("metisvm_jit_interpreted_frames_total").absolute(counters.interpreted_frames);
    counter!("metisvm_jit_deoptimised_frames_total").absolute(counters.deoptimised_frames);
    counter!("metisvm_jit_missing_regions_total").absolute(counters.missing_regions);
    counter!("metisvm_jit_compiled_regions_total").absolute(counters.compiled_regions);
    counter!("metisvm_jit_loaded_regions_total").absolute(counters.loaded_regions);
    counter!("metisvm_jit_declined_total").absolute(counters.declined);
    counter!("metisvm_jit_refused_files_total").absolute(counters.refused_files);
    counter!("metisvm_jit_stored_files_total").absolute(counters.stored_files);
    counter!("metisvm_jit_disk_errors_total").absolute(counters.disk_errors);
    counter!("metisvm_jit_dropped_requests_total").absolute(counters.dropped_requests);
    counter!("metisvm_jit_evicted_contracts_total").absolute(counters.evicted_contracts);
    gauge!("metisvm_jit_contracts").set(counters.contracts as f64);
    gauge!("metisvm_jit_bytecode_bytes").set(counters.bytecode_bytes as f64);
    gauge!("metisvm_jit_code_bytes").set(counters.code_bytes as f64);
    // Gauges, because a counter of Prometheus' exporter is a whole number.
    let seconds = |nanoseconds| Duration::from_nanos(nanoseconds).as_secs_f64();
    gauge!("metisvm_jit_compile_seconds").set(seconds(counters.compile_ns));
    gauge!("metisvm_jit_compile_on_path_seconds").set(seconds(counters.compile_on_path_ns));
}
