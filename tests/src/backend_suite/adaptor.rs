//! The only place where the suite calls a backend. A change of the traits is a change of this file.

use super::failure::Fault;
use metisvm_accel::{Backend, BackendError, Executable};
use metisvm_model::{Graph, Segment};
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A backend under test. Nothing that it does is fatal: a panic is a [`Fault`] as well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a>(pub(super) &'a dyn Backend);

/// A backend of a row.
pub(super) fn make(make: &dyn Fn() -> Arc<dyn Backend>) -> Result<Arc<dyn Backend>, Fault> {
    guarded("the row's closure", make)
}

/// Why there is no executable.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Halves of the part may still fit.
    TooLarge(String),
    /// Nothing excuses this.
    Fault(Fault),
}

impl Subject<'_> {
    /// The runs that it takes. They are in order, apart and within the graph.
    pub(super) fn takes(&self, graph: &Graph) -> Result<Vec<Range<usize>>, Fault> {
        let runs = guarded("takes", || self.0.takes(graph))?;
        let mut end = 0;
        for run in &runs {
            if run.start < end || run.end < run.start || run.end > graph.nodes().len() {
                let nodes = graph.nodes().len();
                return Err(Fault::BadRuns(format!("{runs:?} of {nodes} nodes")));
            }
            end = run.end;
        }
        Ok(runs)
    }

    /// An executable of its own for every call.
    pub(super) fn compile(&self, segment: &Segment) -> Result<Program, Refusal> {
        let compiled = guarded("compile", || self.0.compile(segment)).map_err(Refusal::Fault)?;
        match compiled {
            Ok(executable) => Ok(Program {
                executable,
                output_bytes: segment.output_bytes(),
            }),
            Err(BackendError::TooLarge(why)) => Err(Refusal::TooLarge(why)),
            Err(error) => Err(Refusal::Fault(Fault::Refused(error.to_string()))),
        }
    }

    /// Whether the backend thinks itself well, and how many faults of its device it has seen.
    pub(super) fn health(&self) -> Result<(bool, u64), Fault> {
        guarded("healthy", || (self.0.healthy(), self.0.report().faults))
    }
}

/// A compiled part.
#[derive(Debug)]
pub(super) struct Program {
    executable: Arc<dyn Executable>,
    output_bytes: usize,
}

impl Program {
    /// Runs a batch. There is a result of the right length for each item.
    pub(super) fn run(&self, batch: &[&[u8]]) -> Result<Vec<Vec<u8>>, Fault> {
        let results = guarded("run", || self.executable.run(batch))?;
        let results = results.map_err(|error| Fault::Failed(error.to_string()))?;
        if results.len() != batch.len() {
            return Err(Fault::WrongCount {
                items: batch.len(),
                results: results.len(),
            });
        }
        for (item, result) in results.iter().enumerate() {
            if result.len() != self.output_bytes {
                return Err(Fault::WrongLength {
                    item,
                    expected: self.output_bytes,
                    actual: result.len(),
                });
            }
        }
        Ok(results)
    }
}

fn guarded<T>(during: &'static str, work: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Fault::Panicked {
        during,
        message: message(payload.as_ref()),
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".into())
}
