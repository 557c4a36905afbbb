//! Launches on processors, one after the other where a grid is wider than any that its kernel had before.
//!
//! PoCL 3.1 to 5.0, the driver of processors, keeps a compiled kernel together with the width of its first grid, and
//! makes another entry when a wider one comes. When a command is over it looks for the entry by the kernel alone, finds
//! the newer one, and counts the command off there, which ends the process once nothing is left to count
//! (`pocl_release_dlhandle_cache`). So nothing may be in flight when a grid becomes wider. That happens a few times for
//! each kernel of a process.

use crate::error::Error;
use crate::kernels::Variant;
use crate::raw::Queue;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Widths {
    /// Of each kernel the widest grid so far: of the first two dimensions, which PoCL looks at, and of all.
    widest: HashMap<Variant, [u64; 2]>,
    /// The queues of this process on processors.
    queues: Vec<Weak<Queue>>,
}

/// PoCL's entries are the process's, so this is as well.
static WIDTHS: LazyLock<Mutex<Widths>> = LazyLock::new(Mutex::default);

/// Adds a queue to those that are waited for.
pub(crate) fn register(queue: &Arc<Queue>) {
    let queues = &mut widths().queues;
    queues.retain(|queue| queue.strong_count() > 0);
    queues.push(Arc::downgrade(queue));
}

/// Enqueues a launch, when nothing is in flight if its grid is a wider one.
///
/// # Errors
/// That of the launch, or if what is in flight is not over within `timeout`.
pub(crate) fn enqueue<T>(
    variant: Variant,
    grid: [u64; 3],
    timeout: Duration,
    launch: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let widths = &mut *widths();
    let [x, y, z] = grid;
    let width = [x.max(y), x.max(y).max(z)];
    let widest = widths.widest.entry(variant).or_default();
    if width[0] > widest[0] || width[1] > widest[1] {
        for queue in widths.queues.iter().filter_map(Weak::upgrade) {
            drain(&queue, timeout)?;
        }
        *widest = [width[0].max(widest[0]), width[1].max(widest[1])];
    }
    launch()
}

/// Waits until all that was enqueued is over.
fn drain(queue: &Queue, timeout: Duration) -> Result<(), Error> {
    let marker = queue.marker()?;
    queue.flush()?;
    let begun = Instant::now();
    while !marker.is_over()? {
        if begun.elapsed() > timeout {
            return Err(Error::TimedOut(timeout.as_millis()));
        }
        std::thread::sleep(Duration::from_micros(20));
    }
    Ok(())
}

fn widths() -> MutexGuard<'static, Widths> {
    WIDTHS.lock().unwrap_or_else(PoisonError::into_inner)
}
