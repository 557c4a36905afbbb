//! What a run of state tests looks like, for people and for programs.

use crate::error::CliError;
use crate::jit::JitReport;
use crate::output::{self, shown, thousands};
use metisvm_executor::statetest::{CaseReport, FileReport, Outcome, Totals, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// So many failures are shown to a person, and so many results of tests that say nothing about them.
const SHOWN: usize = 20;

/// Gathers what came of the files, and shows it.
pub(super) struct Report {
    as_json: bool,
    started: Instant,
    totals: Totals,
    /// By folder.
    folders: BTreeMap<String, Totals>,
    failures: Vec<String>,
    executed: Vec<String>,
}

impl Report {
    pub(super) fn new(as_json: bool) -> Self {
        Self {
            as_json,
            started: Instant::now(),
            totals: Totals::default(),
            folders: BTreeMap::new(),
            failures: Vec::new(),
            executed: Vec::new(),
        }
    }

    /// How many cases there were so far.
    pub(super) fn cases(&self) -> usize {
        self.totals.cases()
    }

    /// Takes the report of one file: as JSON it is shown at once, for a person at the end.
    pub(super) fn file(&mut self, file: &FileReport) -> Result<(), CliError> {
        let totals = file.totals();
        self.totals.add(&totals);
        match &file.cases {
            Err(error) => {
                let text = format!("{}: {error}", file.name);
                output::complain(&shown(&text));
                if self.as_json {
                    output::json(&json!({ "file": file.name, "error": text }))?;
                }
            }
            Ok(cases) if self.as_json => output::json(&file_json(&file.name, &totals, cases))?,
            Ok(cases) => {
                let folder = file
                    .name
                    .rsplit_once(['/', ':'])
                    .map_or(".", |(folder, _)| folder);
                self.folders.entry(shown(folder)).or_default().add(&totals);
                self.remember(&file.name, cases);
            }
        }
        Ok(())
    }

    fn remember(&mut self, file: &str, cases: &[CaseReport]) {
        for case in cases {
            let name = || {
                let indexes = case.indexes;
                let (data, gas, value) = (indexes.data, indexes.gas, indexes.value);
                format!("{file} {} {} [{data}, {gas}, {value}]", case.test, case.fork)
            };
            match (&case.verdict, &case.outcome) {
                (Verdict::Failed(problem), _) if self.failures.len() < SHOWN => {
                    self.failures.push(shown(&format!("{}: {problem}", name())));
                }
                (Verdict::Unchecked, Some(Ok(outcome))) if self.executed.len() < SHOWN => {
                    let gas = thousands(outcome.gas_used());
                    let (status, root) = (outcome.status(), outcome.state_root);
                    let line = format!("{}: {status}, {gas} gas, state root {root}", name());
                    self.executed.push(shown(&line));
                }
                _ => (),
            }
        }
    }

    /// Shows the totals and what native code did; true where all is well.
    pub(super) fn finish(self, native: &JitReport) -> Result<bool, CliError> {
        let well = self.totals.all_well();
        if self.as_json {
            let (files, errors) = (self.totals.files, self.totals.errors);
            let mut object = json!({ "summary": true, "files": files, "errors": errors });
            put_totals(&mut object, &self.totals);
            object["ms"] = json!(self.started.elapsed().as_millis() as u64);
            object["jit"] = native.json();
            output::json(&object)?;
            return Ok(well);
        }
        for (what, lines, all) in [
            ("executed", &self.executed, self.totals.unchecked),
            ("FAILED", &self.failures, self.totals.failed),
        ] {
            for line in lines {
                output::line(&format!("{what} {line}"))?;
            }
            if all > lines.len() {
                output::line(&format!(
                    "{what} {} more; --json shows all",
                    thousands((all - lines.len()) as u64)
                ))?;
            }
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
        let common = common_folder(self.folders.keys());
        if !common.is_empty() {
            output::line(&format!("in {common}"))?;
        }
        let mut table = output::table(&["folder", "files", "passed", "failed", "skipped", "unchecked"]);
        let seconds = self.started.elapsed().as_secs_f64();
        let all = (format!("all, in {seconds:.1} s"), self.totals);
        let folders = self
            .folders
            .iter()
            .map(|(name, totals)| (&name[common.len()..], totals));
        for (name, totals) in folders.chain([(all.0.as_str(), &all.1)]) {
            let numbers = [
                totals.files,
                totals.passed,
                totals.failed,
                totals.skipped,
                totals.unchecked,
            ];
            let mut row = vec![name.to_owned()];
            row.extend(numbers.map(|number| thousands(number as u64)));
            table.add_row(row);
        }
        output::line(&table.to_string())
    }
}

/// What all names begin with, up to the end of a folder or an archive: it would only make a table wide.
fn common_folder<'a>(mut names: impl Iterator<Item = &'a String>) -> &'a str {
    let Some(first) = names.next() else {
        return "";
    };
    let mut common = first.as_str();
    for name in names {
        let equal = |(a, b): &(char, char)| a == b;
        let pairs = common.chars().zip(name.chars());
        let length = pairs.take_while(equal).map(|(a, _)| a.len_utf8()).sum();
        common = &common[..length];
    }
    match common.rfind(['/', ':']) {
        // Of one name alone, the last folder stays.
        Some(end) => &common[..=end],
        None => "",
    }
}

fn put_totals(object: &mut Value, totals: &Totals) {
    object["passed"] = json!(totals.passed);
    object["failed"] = json!(totals.failed);
    object["skipped"] = json!(totals.skipped);
    object["unchecked"] = json!(totals.unchecked);
}

fn file_json(name: &str, totals: &Totals, cases: &[CaseReport]) -> Value {
    let mut failures = Vec::new();
    let mut executed = Vec::new();
    let mut skips: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        match (&case.verdict, &case.outcome) {
            (Verdict::Failed(problem), _) => {
                let mut object = case_json(case);
                object["problem"] = json!(problem);
                failures.push(object);
            }
            (Verdict::Skipped(reason), _) => *skips.entry(reason).or_default() += 1,
            (Verdict::Unchecked, Some(Ok(outcome))) => executed.push(executed_json(case, outcome)),
            _ => (),
        }
    }
    let mut object = json!({ "file": name });
    put_totals(&mut object, totals);
    object["failures"] = json!(failures);
    object["executed"] = json!(executed);
    let skip = |(reason, cases)| json!({ "reason": reason, "cases": cases });
    object["skips"] = skips.into_iter().map(skip).collect();
    object
}

fn case_json(case: &CaseReport) -> Value {
    json!({
        "test": &*case.test,
        "fork": &*case.fork,
        "data": case.indexes.data,
        "gas": case.indexes.gas,
        "value": case.indexes.value,
    })
}

fn executed_json(case: &CaseReport, outcome: &Outcome) -> Value {
    let mut object = case_json(case);
    object["status"] = json!(outcome.status());
    object["gas_used"] = json!(outcome.gas_used());
    object["output"] = json!(outcome.output().to_string());
    object["state_root"] = json!(outcome.state_root.to_string());
    object["logs_hash"] = json!(outcome.logs_hash.to_string());
    object
}

#[cfg(test)]
mod tests {
    use super::common_folder;

    #[test]
    fn the_common_part_of_names_ends_with_a_folder_or_an_archive() {
        for (names, common) in [
            (vec![], ""),
            (vec!["one"], ""),
            (vec!["a/b/one"], "a/b/"),
            (vec!["a/one", "a/once"], "a/"),
            (vec!["x.tar:a", "x.tar:b/c"], "x.tar:"),
            (vec!["é/1", "è/1"], ""),
            (vec!["a/b", "a"], ""),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert_eq!(common_folder(names.iter()), common, "{names:?}");
        }
    }
}
