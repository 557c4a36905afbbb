//! How far a command is that reads many files: a bar on standard error once it takes long, and nothing where that is
//! no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// After so long a command says how far it is.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Counts bytes of the files, because how many tests an archive holds shows only at its end.
pub struct ByteProgress {
    started: Instant,
    bar: Option<ProgressBar>,
    all: u64,
}

impl ByteProgress {
    /// Of so many bytes.
    pub fn new(all: u64) -> Self {
        Self {
            started: Instant::now(),
            bar: None,
            all,
        }
    }

    /// So many bytes were read; `message` says what came of them.
    pub fn step(&mut self, position: u64, message: &str) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let all = self.all;
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent} % {eta}");
            ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_message(message.to_owned());
        bar.set_position(position);
    }

    /// Does something that writes, without the bar in its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
