//! The `reference` backend: the definition itself, and the last of every list.

use crate::backend::{Backend, BackendError, Executable};
use crate::buffer::Batch;
use metisvm_model::{Reference, Segment};
use std::sync::Arc;

/// Runs the reference kernels on the calling thread.
#[derive(Debug, Default)]
pub struct ReferenceBackend;

impl Backend for ReferenceBackend {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn is_last_resort(&self) -> bool {
        true
    }

    fn identity(&self) -> Option<String> {
        Some("reference".to_owned())
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Compiled(Reference::of(segment.clone()))))
    }
}

#[derive(Debug)]
struct Compiled(Reference);

impl Executable for Compiled {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let run = |item: &[&[u8]]| {
            let outputs = self.0.run_values(item);
            outputs.map_err(|error| BackendError::Device(error.to_string()))
        };
        batch.map_items(self.0.segment(), run)
    }
}
