//! The ring round trip, measured: from the first entry written to the last completion checked.

use crate::device::Device;
use crate::error::DeviceError;
use std::time::{Duration, Instant};

/// Percentiles of one batch size.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip {
    /// NOPs in a batch.
    pub batch: usize,
    /// Half of the batches took at most this long.
    pub p50: Duration,
    /// 99 of 100 batches took at most this long.
    pub p99: Duration,
}

impl RoundTrip {
    /// Median per entry, nanoseconds.
    pub fn p50_per_entry_ns(&self) -> f64 {
        self.p50.as_secs_f64() * 1e9 / self.batch as f64
    }
}

/// Measures `rounds` batches of `batch` NOPs, after a tenth as many to warm up.
///
/// # Errors
/// A fault of the card.
pub fn nop_round_trip(device: &Device, batch: usize, rounds: usize) -> Result<RoundTrip, DeviceError> {
    for _ in 0..rounds / 10 {
        device.nop_batch(batch)?;
    }
    let mut times = Vec::with_capacity(rounds.max(1));
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        device.nop_batch(batch)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |hundredths: usize| times[(times.len() - 1) * hundredths / 100];
    Ok(RoundTrip {
        batch,
        p50: at(50),
        p99: at(99),
    })
}
