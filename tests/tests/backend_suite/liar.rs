//! A backend that computes what the reference kernels compute, and then does something wrong.

use crate::Runner;
use bytes::Bytes;
use metisvm_accel::{Backend, BackendError, Batch, DeviceReport, Executable};
use metisvm_model::{DType, Graph, Reference, Segment, TensorType};
use std::ops::Range;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard};

/// What becomes of the right results of a batch.
type Lie = fn(&Lying, &[&[u8]], &mut Vec<Vec<u8>>);

/// A backend that does something wrong: `lie` changes what the reference kernels gave.
#[derive(Debug)]
pub(crate) struct Liar {
    takes: fn(&Graph) -> Vec<Range<usize>>,
    refuses: fn(&Segment) -> Option<BackendError>,
    lie: Lie,
    faults: u64,
    /// A number for each run in progress: that of its executable.
    in_progress: Arc<Mutex<Vec<usize>>>,
}

#[derive(Debug)]
pub(crate) struct Lying {
    honest: Runner,
    lie: Lie,
    in_progress: Arc<Mutex<Vec<usize>>>,
    pub(crate) before: AtomicU8,
}

impl Liar {
    fn honest() -> Self {
        Self {
            takes: |graph| std::iter::once(0..graph.nodes().len()).collect(),
            refuses: |_| None,
            lie: |_, _, _| {},
            faults: 0,
            in_progress: Arc::default(),
        }
    }

    pub(crate) fn telling(lie: Lie) -> Self {
        Self {
            lie,
            ..Self::honest()
        }
    }

    pub(crate) fn taking(takes: fn(&Graph) -> Vec<Range<usize>>) -> Self {
        Self {
            takes,
            ..Self::honest()
        }
    }

    /// Right, but its device saw a fault.
    pub(crate) fn with_a_fault() -> Self {
        Self {
            faults: 1,
            ..Self::honest()
        }
    }

    pub(crate) fn refusing(refuses: fn(&Segment) -> Option<BackendError>) -> Self {
        Self {
            refuses,
            ..Self::honest()
        }
    }
}

impl Backend for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }
    fn report(&self) -> DeviceReport {
        DeviceReport {
            faults: self.faults,
            ..DeviceReport::default()
        }
    }
    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        (self.takes)(graph)
    }
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        if let Some(error) = (self.refuses)(segment) {
            return Err(error);
        }
        Ok(Arc::new(Lying {
            honest: Runner(Reference::of(segment.clone())),
            lie: self.lie,
            in_progress: self.in_progress.clone(),
            before: AtomicU8::new(0),
        }))
    }
}

impl Executable for Lying {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        self.runs().push(self.number());
        let items = batch.to_items()?;
        let items: Vec<&[u8]> = items.iter().map(|item| &**item).collect();
        let honest = self.honest.run(batch)?;
        let mut results: Vec<Vec<u8>> = honest.to_items()?.iter().map(|item| item.to_vec()).collect();
        (self.lie)(self, &items, &mut results);
        let mut runs = self.runs();
        let own = runs.iter().position(|&number| number == self.number());
        runs.swap_remove(own.expect("it was put there"));
        self.batch(results)
    }
}

impl Lying {
    /// Results of the right length as what they should be, others as bytes.
    fn batch(&self, results: Vec<Vec<u8>>) -> Result<Batch, BackendError> {
        let segment = self.segment();
        let length = results.first().map_or(0, Vec::len);
        let bytes = TensorType::new(DType::U8, &[length as u32]).expect("not empty");
        let own = segment
            .outputs()
            .iter()
            .map(|&value| segment.graph().ty(value).clone());
        let types = if length == segment.output_bytes() {
            own.collect()
        } else {
            vec![bytes]
        };
        Batch::from_items(&types, results.into_iter().map(Bytes::from).collect())
    }

    /// What tells this executable from others.
    fn number(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn runs(&self) -> MutexGuard<'_, Vec<usize>> {
        // A lie that panics does so without the lock.
        self.in_progress.lock().expect("no panic under the lock")
    }

    /// Whether this executable runs on another thread.
    pub(crate) fn runs_twice(&self) -> bool {
        self.runs()
            .iter()
            .filter(|&&number| number == self.number())
            .count()
            > 1
    }

    /// Whether another executable of the backend runs.
    pub(crate) fn others_run(&self) -> bool {
        self.runs().iter().any(|&number| number != self.number())
    }

    pub(crate) fn segment(&self) -> &Segment {
        self.honest.0.segment()
    }
}

/// Whether a node of the part is of this operator.
pub(crate) fn has(segment: &Segment, operator: &str) -> bool {
    let nodes = &segment.graph().nodes()[segment.nodes()];
    nodes.iter().any(|node| node.op.name() == operator)
}
