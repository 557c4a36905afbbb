//! How far a command is: a bar on standard error, and nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// After so long a command says how far it is.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Counts bytes of files once reading them takes long: bytes, because how many tests an archive holds shows only at its end.
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

/// Counts steps that take about a second each, and says which one is being done.
pub struct StepProgress {
    bar: ProgressBar,
    begun: bool,
}

impl StepProgress {
    /// How often the time is shown anew.
    const TICK: Duration = Duration::from_millis(200);

    /// Of so many steps.
    pub fn new(steps: u64) -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}");
        let bar = ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Self::TICK);
        Self { bar, begun: false }
    }

    /// The next step begins, and with it the one before ends.
    pub fn begin(&mut self, what: &str) {
        if std::mem::replace(&mut self.begun, true) {
            self.bar.inc(1);
        }
        self.bar.set_message(what.to_owned());
    }

    /// Does something that writes, without the bar in its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for StepProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
