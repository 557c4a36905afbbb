//! Running many files on every core, with reports in the order of the files.

use super::{CaseReport, Document, Skips, StateTestExecutor, Suite, Verdict, visit_documents};
use crate::Error;
use rayon::prelude::*;
use std::{ops::ControlFlow, path::PathBuf};

/// As much is read before it is worked on: enough for every core, little enough to hold.
const BATCH_BYTES: usize = 16 << 20;

/// What a file counts beside its content and its name. An archive can hold any number of empty ones, or of such
/// that are refused.
const DOCUMENT_BYTES: usize = 4096;

/// What came of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The file; for a member of an archive the archive, a colon and the member.
    pub name: String,
    /// What came of its cases, in their order, or why it could not be read.
    pub cases: Result<Vec<CaseReport>, Error>,
    /// How many bytes of files on disk were read up to here, for a progress bar.
    pub position: u64,
}

/// How many cases ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files that were read.
    pub files: usize,
    /// Files, folders and archives that could not be read.
    pub errors: usize,
    /// Cases that gave what the file says.
    pub passed: usize,
    /// Cases that gave something else.
    pub failed: usize,
    /// Cases that were not run.
    pub skipped: usize,
    /// Cases that were executed, but whose file does not say what has to come out.
    pub unchecked: usize,
}

impl Totals {
    /// Counts one case.
    pub fn count(&mut self, case: &CaseReport) {
        match case.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
            Verdict::Unchecked => self.unchecked += 1,
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.errors += other.errors;
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unchecked += other.unchecked;
    }

    /// How many cases there were.
    pub fn cases(&self) -> usize {
        self.passed + self.failed + self.skipped + self.unchecked
    }

    /// True where nothing failed and everything could be read.
    pub fn all_well(&self) -> bool {
        self.failed == 0 && self.errors == 0
    }
}

impl FileReport {
    /// The counts of this file.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        match &self.cases {
            Ok(cases) => {
                totals.files = 1;
                cases.iter().for_each(|case| totals.count(case));
            }
            Err(_) => totals.errors = 1,
        }
        totals
    }
}

/// Runs all tests that the paths hold; `emit` gets the reports in the order of the files and may end the
/// run early.
pub fn run_all(
    paths: &[PathBuf],
    executor: &dyn StateTestExecutor,
    skips: Skips,
    emit: impl FnMut(FileReport) -> ControlFlow<()>,
) {
    let work = |document: Document| FileReport {
        cases: document
            .content
            .and_then(|json| Suite::from_json(&document.name, &json, skips))
            .map(|suite| suite.run(executor)),
        name: document.name,
        position: document.position,
    };
    process_documents(paths, work, emit);
}

/// Does `work` on every file of tests on the threads of the current rayon pool, and gives the results to
/// `emit` in the order of the files.
pub fn process_documents<T: Send>(
    paths: &[PathBuf],
    work: impl Fn(Document) -> T + Sync,
    mut emit: impl FnMut(T) -> ControlFlow<()>,
) {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut flush = |batch: &mut Vec<Document>| {
        let done: Vec<T> = std::mem::take(batch).into_par_iter().map(&work).collect();
        done.into_iter().try_for_each(&mut emit)
    };
    let flow = visit_documents(paths, |document| {
        bytes += DOCUMENT_BYTES + document.name.len() + document.content.as_ref().map_or(0, Vec::len);
        batch.push(document);
        if bytes < BATCH_BYTES {
            return ControlFlow::Continue(());
        }
        bytes = 0;
        flush(&mut batch)
    });
    if flow.is_continue() {
        // Nothing is left to be stopped by what the last batch says.
        let _ = flush(&mut batch);
    }
}
