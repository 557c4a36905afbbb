//! What the operator reads of clients: a line for each error, and no more of one client than fit a screen.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

/// Lines of one client.
const MOST_LINES: u32 = 20;

/// Takes a line.
pub(super) type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// The log of one client.
pub(super) struct Log {
    sink: Sink,
    client: u64,
    lines: Cell<u32>,
}

impl Log {
    pub(super) fn new(sink: &Sink, client: u64) -> Self {
        Self {
            sink: Arc::clone(sink),
            client,
            lines: Cell::new(0),
        }
    }

    pub(super) fn line(&self, what: impl fmt::Display) {
        let lines = self.lines.get() + 1;
        self.lines.set(lines.min(MOST_LINES + 1));
        let client = self.client;
        if lines <= MOST_LINES {
            (self.sink)(&format!("client {client}: {what}"));
        } else if lines == MOST_LINES + 1 {
            (self.sink)(&format!("client {client}: further errors of it are not told"));
        }
    }

    /// What ended the client is told in any case.
    pub(super) fn end(&self, why: impl fmt::Display) {
        (self.sink)(&format!("client {}: {why}", self.client));
    }
}
