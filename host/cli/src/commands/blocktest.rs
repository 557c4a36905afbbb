//! `metisvm blocktest`: run the official Ethereum blockchain tests.

mod report;

use crate::args::{Blocktest, TestStore};
use crate::error::CliError;
use crate::jit::{self, JitReport};
use crate::progress::ByteProgress;
use metisvm_conformance::blocktest::{Options, StoreKind, run_all};
use metisvm_executor::statetest::bytes_on_disk;
use report::Report;
use std::ops::ControlFlow;

pub(super) fn run(args: &Blocktest) -> Result<bool, CliError> {
    let jit = jit::open_for_tests(args.jit)?;
    let options = Options {
        threads: args.threads.unwrap_or(0),
        stores: match args.store {
            TestStore::Memory => &[StoreKind::Memory],
            TestStore::Disk => &[StoreKind::Disk],
            TestStore::Both => &[StoreKind::Memory, StoreKind::Disk],
        },
        jit: jit.clone(),
    };
    let mut report = Report::new(args.json);
    let mut progress = ByteProgress::new(bytes_on_disk(&args.paths));
    let mut written = Ok(());
    run_all(&args.paths, options, |file| {
        let position = file.position;
        written = progress.aside(|| report.file(&file));
        progress.step(position, &format!("{} tests", report.tests()));
        match &written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    progress.finish();
    written?;
    report.finish(&JitReport::whole(jit.as_ref()))
}
