//! `metisvm device validate`: the self-test of a card, told check by check.

use super::refused::refused;
use crate::args::Validate as Args;
use crate::card_link::CardLink;
use crate::card_problems;
use crate::cards::{self, RTL_TIMEOUT};
use crate::error::CliError;
use crate::output::{self, Table, ms};
use crate::progress::ByteProgress;
use crate::validation::{self, Report, Target, Verdict};
use metisvm_driver::{Device, Options};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How much of its memory is tested; of a card that takes its time.
const MEMORY: u64 = 64 << 20;
const SLOW_MEMORY: u64 = 128 << 10;

/// Tells of the checks, and counts them.
struct Told {
    json: bool,
    table: Table,
    progress: ByteProgress,
    passed: u64,
    failed: u64,
    skipped: u64,
}

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    let title = cards::title(&args.card);
    let started = Instant::now();
    let link = CardLink::open(&args.card).map_err(|why| refused(&title, args.json, CliError::Card(why)))?;
    let slow = link.is_slow();
    let mut options = Options::default();
    if slow {
        options.timeout = RTL_TIMEOUT;
    }
    let mut told = Told {
        json: args.json,
        table: output::table(&[&title, "result", "ms", ""]),
        progress: ByteProgress::new(validation::count() as u64 + 1),
        passed: 0,
        failed: 0,
        skipped: 0,
    };
    let opened = Device::open(link.into_transport(), options);
    let opening = |verdict, detail| {
        let time = started.elapsed();
        validation::report("handshake", "handshake and self-test", verdict, detail, time)
    };
    match opened {
        Ok(device) => {
            // What a card has no engine for is skipped, so one that has none would fail nothing.
            let verdict = card_problems::without_engine(device.capabilities());
            let verdict = verdict.map_or(Verdict::Passed, Verdict::Failed);
            told.tell(opening(verdict, ""))?;
            let memory = args.memory.unwrap_or(if slow { SLOW_MEMORY } else { MEMORY });
            let target = Target::new(device, slow, memory);
            validation::validate(&target, |report| told.tell(report))?;
        }
        Err(error) => {
            told.tell(opening(Verdict::Failed(error.to_string()), ""))?;
            for report in validation::skipped("the card does not open") {
                told.tell(report)?;
            }
        }
    }
    told.end(&title, started.elapsed())
}

impl Told {
    fn tell(&mut self, report: Report) -> Result<(), CliError> {
        let (result, what) = match &report.verdict {
            Verdict::Passed => {
                self.passed += 1;
                ("passed", report.detail.as_str())
            }
            Verdict::Failed(what) => {
                self.failed += 1;
                ("failed", what.as_str())
            }
            Verdict::Skipped(why) => {
                self.skipped += 1;
                ("skipped", why.as_str())
            }
        };
        self.progress
            .step(self.passed + self.failed + self.skipped, report.name);
        if self.json {
            let mut object =
                json!({ "check": report.key, "result": result, "ms": ms(report.time), "detail": what });
            for (key, figure) in &report.figures {
                object[*key] = json!(figure);
            }
            return self.progress.aside(|| output::json(&object));
        }
        let mut shown = output::shown(what);
        if !report.figures.is_empty() && shown.is_empty() {
            shown = "–".to_owned();
        }
        self.table
            .add_row([report.name, result, &format!("{:.1}", ms(report.time)), &shown]);
        Ok(())
    }

    fn end(self, title: &str, time: Duration) -> Result<bool, CliError> {
        self.progress.finish();
        let sound = self.failed == 0;
        if self.json {
            let object: Value = json!({
                "card": title,
                "passed": self.passed,
                "failed": self.failed,
                "skipped": self.skipped,
                "sound": sound,
                "validate_ms": ms(time),
            });
            output::json(&object)?;
        } else {
            output::line(&self.table.to_string())?;
            let Self {
                passed,
                failed,
                skipped,
                ..
            } = self;
            output::line(&format!("{passed} passed, {failed} failed, {skipped} skipped"))?;
        }
        if !sound {
            output::complain(&format!(
                "{title}: it is not to be used as it is; docs/operators.md says what to do"
            ));
        }
        Ok(sound)
    }
}
