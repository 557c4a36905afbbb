//! `metisvm statetest`: run the official Ethereum state tests.

mod report;

use crate::args::Statetest;
use crate::error::CliError;
use crate::output;
use indicatif::{ProgressBar, ProgressStyle};
use metisvm_executor::statetest::{MetisExecutor, Skips, bytes_on_disk, run_all};
use report::Report;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// After so long a command says how far it is.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(args: &Statetest) -> Result<bool, CliError> {
    let mut report = Report::new(args.json);
    let mut progress = Progress::new(bytes_on_disk(&args.paths));
    let mut written = Ok(());
    run_all(&args.paths, &MetisExecutor, Skips::Documented, |file| {
        let position = file.position;
        written = progress.aside(|| report.file(&file));
        progress.step(position, &report);
        match &written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    progress.finish();
    written?;
    report.finish()
}

/// A bar on standard error, once the run takes long; nothing where that is no terminal. It counts bytes
/// of the files, because how many tests an archive holds shows only at its end.
struct Progress {
    started: Instant,
    bar: Option<ProgressBar>,
    all: u64,
}

impl Progress {
    fn new(all: u64) -> Self {
        Self {
            started: Instant::now(),
            bar: None,
            all,
        }
    }

    fn step(&mut self, position: u64, report: &Report) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let all = self.all;
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg} cases {wide_bar} {percent} % {eta}");
            ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_message(output::thousands(report.cases() as u64));
        bar.set_position(position);
    }

    /// Does something that writes, without the bar in its way.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A name or a text out of a file, fit to be shown: it may hold anything.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
