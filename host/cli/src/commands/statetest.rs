//! `metisvm statetest`: run the official Ethereum state tests.

mod report;

use crate::args::Statetest;
use crate::error::CliError;
use crate::jit::{self, JitReport};
use crate::output::thousands;
use crate::progress::ByteProgress;
use metisvm_executor::statetest::{
    MetisExecutor, NativeExecutor, Skips, StateTestExecutor, bytes_on_disk, run_all,
};
use report::Report;
use std::ops::ControlFlow;

pub(super) fn run(args: &Statetest) -> Result<bool, CliError> {
    let jit = jit::open_for_tests(args.jit)?;
    let executor: &dyn StateTestExecutor = match &jit {
        Some(jit) => &NativeExecutor(jit.clone()),
        None => &MetisExecutor,
    };
    let mut report = Report::new(args.json);
    let mut progress = ByteProgress::new(bytes_on_disk(&args.paths));
    let mut written = Ok(());
    run_all(&args.paths, executor, Skips::Documented, |file| {
        let position = file.position;
        written = progress.aside(|| report.file(&file));
        let cases = thousands(report.cases() as u64);
        progress.step(position, &format!("{cases} cases"));
        match &written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    progress.finish();
    written?;
    report.finish(&JitReport::whole(jit.as_ref()))
}
