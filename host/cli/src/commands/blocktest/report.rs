//! What a run of blockchain tests looks like, for people and for programs.

use crate::error::CliError;
use crate::jit::JitReport;
use crate::output::{self, shown, thousands};
use metisvm_conformance::blocktest::{FileReport, TestReport, Totals, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// So many failures are shown to a person.
const SHOWN: usize = 20;

/// Gathers what came of the files, and shows it.
pub(super) struct Report {
    as_json: bool,
    started: Instant,
    totals: Totals,
    networks: BTreeMap<String, Totals>,
    failures: Vec<String>,
    known: BTreeMap<&'static str, usize>,
    skips: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(super) fn new(as_json: bool) -> Self {
        Self {
            as_json,
            started: Instant::now(),
            totals: Totals::default(),
            networks: BTreeMap::new(),
            failures: Vec::new(),
            known: BTreeMap::new(),
            skips: BTreeMap::new(),
        }
    }

    /// How many tests there were so far.
    pub(super) fn tests(&self) -> usize {
        self.totals.tests()
    }

    /// Takes the report of one file: as JSON it is shown at once, for a person at the end.
    pub(super) fn file(&mut self, file: &FileReport) -> Result<(), CliError> {
        let totals = file.totals();
        self.totals.add(&totals);
        let tests = match &file.tests {
            Ok(tests) => tests,
            Err(error) => {
                let text = format!("{}: {error}", file.name);
                output::complain(&shown(&text));
                if self.as_json {
                    output::json(&json!({ "file": file.name, "error": text }))?;
                }
                return Ok(());
            }
        };
        for test in tests {
            self.remember(&file.name, test);
        }
        if self.as_json {
            output::json(&file_json(&file.name, &totals, tests))?;
        }
        Ok(())
    }

    fn remember(&mut self, file: &str, test: &TestReport) {
        let network = shown(&test.network);
        self.networks.entry(network).or_default().count(test);
        match &test.verdict {
            Verdict::Failed(problem) if self.failures.len() < SHOWN => {
                self.failures
                    .push(shown(&format!("{file} {}: {problem}", test.name)));
            }
            Verdict::Known(rule, _) => *self.known.entry(rule).or_default() += 1,
            Verdict::Skipped(reason) => *self.skips.entry(reason).or_default() += 1,
            _ => {}
        }
    }

    /// Shows the totals and what native code did; true where all is well.
    pub(super) fn finish(self, native: &JitReport) -> Result<bool, CliError> {
        let well = self.totals.all_well();
        if self.as_json {
            let mut object = json!({
                "summary": true,
                "files": self.totals.files,
                "errors": self.totals.errors,
            });
            put_totals(&mut object, &self.totals);
            object["known_by_rule"] = reasons("rule", &self.known);
            object["skips"] = reasons("reason", &self.skips);
            object["ms"] = json!(self.started.elapsed().as_millis() as u64);
            object["jit"] = native.json();
            output::json(&object)?;
            return Ok(well);
        }
        for line in &self.failures {
            output::line(&format!("FAILED {line}"))?;
        }
        if self.totals.failed > self.failures.len() {
            let more = thousands((self.totals.failed - self.failures.len()) as u64);
            output::line(&format!("FAILED {more} more; --json shows all"))?;
        }
        for (rule, tests) in &self.known {
            output::line(&format!("known to differ, {tests} tests: {rule}"))?;
        }
        for (reason, tests) in &self.skips {
            output::line(&format!("not run, {tests} tests: {reason}"))?;
        }
        if self.totals.files > 0 {
            self.table()?;
        }
        if let Some(native) = native.line() {
            output::line(&format!("native code: {native}"))?;
        }
        Ok(well)
    }

    fn table(&self) -> Result<(), CliError> {
        let heading = [
            "network", "passed", "failed", "known", "skipped", "blocks", "refused",
        ];
        let mut table = output::table(&heading);
        let seconds = self.started.elapsed().as_secs_f64();
        let all = (format!("all, in {seconds:.1} s"), self.totals);
        let networks = self.networks.iter().map(|(name, totals)| (name.as_str(), totals));
        for (name, totals) in networks.chain([(all.0.as_str(), &all.1)]) {
            let numbers = [
                totals.passed,
                totals.failed,
                totals.known,
                totals.skipped,
                totals.accepted,
                totals.refused,
            ];
            let mut row = vec![name.to_owned()];
            row.extend(numbers.map(|number| thousands(number as u64)));
            table.add_row(row);
        }
        output::line(&table.to_string())
    }
}

fn put_totals(object: &mut Value, totals: &Totals) {
    object["passed"] = json!(totals.passed);
    object["failed"] = json!(totals.failed);
    object["known"] = json!(totals.known);
    object["skipped"] = json!(totals.skipped);
    object["blocks_accepted"] = json!(totals.accepted);
    object["blocks_refused"] = json!(totals.refused);
}

fn reasons(key: &str, counts: &BTreeMap<&'static str, usize>) -> Value {
    counts
        .iter()
        .map(|(reason, tests)| json!({ key: reason, "tests": tests }))
        .collect()
}

fn file_json(name: &str, totals: &Totals, tests: &[TestReport]) -> Value {
    let mut failures = Vec::new();
    let mut known = Vec::new();
    let mut skips: BTreeMap<&'static str, usize> = BTreeMap::new();
    for test in tests {
        let object =
            |problem: &str| json!({ "test": test.name, "network": test.network, "problem": problem });
        match &test.verdict {
            Verdict::Passed => {}
            Verdict::Failed(problem) => failures.push(object(problem)),
            Verdict::Known(rule, problem) => {
                let mut object = object(problem);
                object["rule"] = json!(rule);
                known.push(object);
            }
            Verdict::Skipped(reason) => *skips.entry(reason).or_default() += 1,
        }
    }
    let mut object = json!({ "file": name });
    put_totals(&mut object, totals);
    object["failures"] = json!(failures);
    object["known_failures"] = json!(known);
    object["skips"] = reasons("reason", &skips);
    object
}
