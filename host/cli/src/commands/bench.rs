//! `metisvm bench`: engines measured side by side.

mod page;
mod setup;
mod table;

use crate::args::Bench;
use crate::error::CliError;
use crate::output;
use crate::progress::PATIENCE;
use indicatif::{ProgressBar, ProgressStyle};
use metisvm_bench::{Record, Subject, Watch};
use std::time::Instant;

pub(super) fn run(args: &Bench) -> Result<bool, CliError> {
    let setup = setup::setup(args)?;
    let page = page::Destination::open(args)?;
    let mut watch = Watcher::new(args.json);
    let records = metisvm_bench::run(&setup, &mut watch);
    watch.finish();
    let records = records?;
    if records.is_empty() {
        // The notes before it say why. A script that compares figures must not take this for a measurement.
        return Err(CliError::Use(
            "nothing was measured: none of the subjects has an engine to run on, of those that --backend and --card name"
                .to_owned(),
        ));
    }
    if !args.json {
        table::show(&records)?;
        table::show_offload(&records, &setup.engines)?;
    }
    if let Some(page) = page {
        page.write(&setup, records, watch.notes)?;
    }
    Ok(true)
}

/// Tells figures as they come, and how far the run is: a bar on standard error once it takes long, and
/// nothing where that is no terminal.
struct Watcher {
    json: bool,
    started: Instant,
    bar: Option<ProgressBar>,
    notes: Vec<String>,
}

impl Watcher {
    fn new(json: bool) -> Self {
        Self {
            json,
            started: Instant::now(),
            bar: None,
            notes: Vec::new(),
        }
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

impl Watch for Watcher {
    type Error = CliError;

    fn begin(&mut self, subject: Subject, case: &str, done: usize, all: usize) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} {msg}");
            ProgressBar::new(all as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_message(output::shown(&format!("{subject}: {case}")));
        bar.set_position(done as u64);
    }

    fn record(&mut self, record: &Record) -> Result<(), CliError> {
        if !self.json {
            return Ok(());
        }
        self.aside(|| output::json(&record.json()))
    }

    fn note(&mut self, note: &str) {
        self.aside(|| output::complain(&format!("note: {note}")));
        self.notes.push(note.to_owned());
    }
}
