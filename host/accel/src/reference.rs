//! The `reference` backend: the definition itself, and the last of every list.

use crate::backend::{Backend, BackendError, Executable};
use metisvm_model::{Graph, Reference, Segment};
use std::ops::Range;
use std::sync::Arc;

/// Runs the reference kernels on the calling thread.
#[derive(Debug, Default)]
pub struct ReferenceBackend;

impl Backend for ReferenceBackend {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        std::iter::once(0..graph.nodes().len()).collect()
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Compiled(Reference::of(segment.clone()))))
    }
}

#[derive(Debug)]
struct Compiled(Reference);

impl Executable for Compiled {
    fn run(&self, batch: &[&[u8]]) -> Result<Vec<Vec<u8>>, BackendError> {
        let run = |item: &&[u8]| self.0.run(item).map_err(|e| BackendError::Device(e.to_string()));
        batch.iter().map(run).collect()
    }
}
