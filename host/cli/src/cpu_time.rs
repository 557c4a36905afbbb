//! How much time processors have spent on this process.

use std::time::Duration;

/// The time of all threads together since the process began. The clock of the wall would count what else the machine
/// does.
#[cfg(unix)]
pub fn so_far() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

/// Elsewhere nothing tells it.
#[cfg(not(unix))]
pub fn so_far() -> Option<Duration> {
    None
}
