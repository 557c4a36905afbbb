//! Running many files, with reports in the order of the files.

use super::{StoreKind, Suite, TestReport, Verdict};
use metisvm_executor::{
    BlockEngine, EngineOptions, Error, Threads,
    statetest::{Document, process_documents, visit_documents},
};
use metisvm_jit::Jit;
use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

/// How tests are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The threads of the block engine; 0 means one a core. On one thread each core works on a file of its own;
    /// on several, one file runs after the other, and every block of more than one transaction is speculated on.
    pub threads: usize,
    /// Where states are kept; tests run once for each.
    pub stores: &'static [StoreKind],
    /// What makes native code; without, everything is interpreted.
    pub jit: Option<Arc<Jit>>,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The file; for a member of an archive the archive, a colon and the member.
    pub name: String,
    /// What came of its tests, in their order, or why it could not be read.
    pub tests: Result<Vec<TestReport>, Error>,
    /// How many bytes of files on disk were read up to here, for a progress bar.
    pub position: u64,
}

/// How many tests ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files that were read.
    pub files: usize,
    /// Files, folders and archives that could not be read.
    pub errors: usize,
    /// Tests that came out as the file says.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// Tests that did not, for a reason that is known.
    pub known: usize,
    /// Tests that were not run.
    pub skipped: usize,
    /// Blocks that were executed and taken.
    pub accepted: usize,
    /// Blocks that were refused as they have to be.
    pub refused: usize,
}

impl Totals {
    /// Counts one test.
    pub fn count(&mut self, test: &TestReport) {
        match test.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Known(..) => self.known += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
        self.accepted += test.accepted;
        self.refused += test.refused;
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.errors += other.errors;
        self.passed += other.passed;
        self.failed += other.failed;
        self.known += other.known;
        self.skipped += other.skipped;
        self.accepted += other.accepted;
        self.refused += other.refused;
    }

    /// How many tests there were.
    pub fn tests(&self) -> usize {
        self.passed + self.failed + self.known + self.skipped
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
        match &self.tests {
            Ok(tests) => {
                totals.files = 1;
                tests.iter().for_each(|test| totals.count(test));
            }
            Err(_) => totals.errors = 1,
        }
        totals
    }
}

/// Runs all tests that the paths hold; `emit` gets the reports in the order of the files and may end the run early.
pub fn run_all(
    paths: &[PathBuf],
    options: Options,
    mut emit: impl FnMut(FileReport) -> ControlFlow<()>,
) -> Result<(), Error> {
    let threads = Threads::new(options.threads)?;
    let alone = threads.count() == 1;
    let engine = BlockEngine::with_options(
        threads,
        // The blocks of the tests are so small that the engine would never use its threads by itself.
        EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        },
    );
    let work = |document: Document| FileReport {
        tests: document
            .content
            .and_then(|json| Suite::from_json(&json))
            .map(|suite| {
                let run = |store: &StoreKind| suite.run(&engine, *store, options.jit.as_ref());
                let reports = options.stores.iter().map(run);
                reports.reduce(both).unwrap_or_default()
            }),
        name: document.name,
        position: document.position,
    };
    if alone {
        process_documents(paths, work, emit);
    } else {
        // The threads belong to the engine. A worker of rayon would begin with the next file while it waits for
        // them, and both would wait for the same threads.
        let _ = visit_documents(paths, |document| emit(work(document)));
    }
    Ok(())
}

/// What came of the same tests over two stores: what went wrong in either.
fn both(one: Vec<TestReport>, other: Vec<TestReport>) -> Vec<TestReport> {
    let worse = |(one, other): (TestReport, TestReport)| match one.verdict {
        Verdict::Passed => other,
        _ => one,
    };
    one.into_iter().zip(other).map(worse).collect()
}
