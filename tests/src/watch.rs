//! A watch over work that may hang: that fails its test, too.

use core::fmt::Display;
use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Does the work on another thread. It is given what to call, with the name of what it begins with, before each of its
/// parts.
///
/// # Panics
/// Where a part takes longer than `patience`; and as the work does.
pub fn watched<T, Part>(patience: Duration, work: impl FnOnce(&dyn Fn(Part)) -> T + Send + 'static) -> T
where
    T: Send + 'static,
    Part: Display + Send + 'static,
{
    let (progress, parts) = channel();
    let worker = thread::spawn(move || {
        // The other end is gone only after this thread hung for too long.
        work(&|part| {
            let _ = progress.send(part);
        })
    });
    let mut last = None;
    loop {
        match parts.recv_timeout(patience) {
            Ok(part) => last = Some(part),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let part = last.map_or_else(|| "the beginning".to_string(), |part| part.to_string());
                panic!("{part} takes more than {patience:?}: the engine hangs, or waits for ever");
            }
        }
    }
    worker
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
