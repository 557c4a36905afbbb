//! The only place where the suite calls a backend. A change of the traits is a change of this file.

use super::failure::Fault;
use bytes::Bytes;
use metisvm_accel::{Backend, BackendError, Batch, Executable, Running};
use metisvm_model::{Graph, Segment, TensorType, Value};
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a job may take that is polled: far more than any case needs.
const PATIENCE: Duration = Duration::from_secs(60);

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
                segment: segment.clone(),
                runs: AtomicUsize::new(0),
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
    segment: Segment,
    /// Counts runs, which are asked for in turn in every way there is.
    runs: AtomicUsize,
}

impl Program {
    /// Runs a batch: at once, as a job that is waited for, or as two jobs of which the later is waited for
    /// first and the other is polled. There is a result of the right length for each item.
    pub(super) fn run(&self, batch: &[&[u8]]) -> Result<Vec<Vec<u8>>, Fault> {
        let items = batch.iter().map(|item| Bytes::copy_from_slice(item)).collect();
        let input = Batch::from_items(self.types(self.segment.inputs()), items).map_err(failed)?;
        let way = self.runs.fetch_add(1, Ordering::Relaxed) % 3;
        let output = guarded("run", || match way {
            0 => self.executable.run(&input),
            1 => self.executable.submit(&input)?.wait(),
            _ => {
                let earlier = self.executable.submit(&input)?;
                self.executable.submit(&input)?.wait()?;
                polled(earlier)
            }
        })?;
        let results = output.and_then(|output| {
            let types = output.values().iter().map(|value| value.ty().clone());
            Ok((types.collect::<Vec<_>>(), output.to_items()?))
        });
        let (types, results) = results.map_err(failed)?;
        if results.len() != batch.len() {
            return Err(Fault::WrongCount {
                items: batch.len(),
                results: results.len(),
            });
        }
        let expected = self.segment.output_bytes();
        if let Some(item) = results.iter().position(|result| result.len() != expected) {
            let actual = results[item].len();
            return Err(Fault::WrongLength {
                item,
                expected,
                actual,
            });
        }
        let right: Vec<_> = self.types(self.segment.outputs()).cloned().collect();
        if types != right {
            return Err(Fault::Failed(format!("it gives {types:?}, not {right:?}")));
        }
        Ok(results.iter().map(|result| result.to_vec()).collect())
    }

    /// Runs a batch of values wherever they lie; its outputs stay where the backend leaves them.
    pub(super) fn run_values(&self, batch: &Batch) -> Result<Batch, Fault> {
        guarded("run", || self.executable.run(batch))?.map_err(failed)
    }

    fn types<'a>(&'a self, values: &'a [Value]) -> impl ExactSizeIterator<Item = &'a TensorType> {
        values.iter().map(|&value| self.segment.graph().ty(value))
    }
}

/// Items in host memory as values of a segment.
pub(super) fn values(segment: &Segment, which: &[Value], items: &[Vec<u8>]) -> Result<Batch, Fault> {
    let types = which.iter().map(|&value| segment.graph().ty(value));
    let items = items.iter().map(|item| Bytes::copy_from_slice(item)).collect();
    Batch::from_items(types, items).map_err(failed)
}

/// Values for a part: those that another part gave, as it gave them, and the others from the host.
pub(super) fn hand_on(
    segment: &Segment,
    host: &Batch,
    (given, buffers): (&[Value], &Batch),
) -> Result<Batch, Fault> {
    let value = |(index, value): (usize, &Value)| match given.iter().position(|other| other == value) {
        Some(at) => buffers.values()[at].clone(),
        None => host.values()[index].clone(),
    };
    let values = segment.inputs().iter().enumerate().map(value).collect();
    Batch::new(host.items(), values).map_err(failed)
}

/// Every item of a batch, read back to the host.
pub(super) fn read_back(batch: &Batch) -> Result<Vec<Vec<u8>>, Fault> {
    let items = guarded("read", || batch.to_items())?.map_err(failed)?;
    Ok(items.iter().map(|item| item.to_vec()).collect())
}

fn failed(error: BackendError) -> Fault {
    Fault::Failed(error.to_string())
}

/// What a job comes to, by polling alone.
fn polled(mut job: Box<dyn Running>) -> Result<Batch, BackendError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(outcome) = job.poll() {
            return outcome;
        }
        if Instant::now() > deadline {
            return Err(BackendError::Device("a job that is polled is never done".into()));
        }
        std::thread::yield_now();
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
