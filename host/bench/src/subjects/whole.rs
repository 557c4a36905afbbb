//! Graphs that a backend takes whole or not at all.

use metisvm_accel::{Backend, BackendError, Executable};
use metisvm_model::{Graph, Segment};
use std::sync::Arc;

/// A graph as a whole.
pub(super) fn compile(
    backend: &dyn Backend,
    graph: &Arc<Graph>,
) -> Result<Arc<dyn Executable>, BackendError> {
    let whole = 0..graph.nodes().len();
    if backend.takes(graph) != [whole.clone()] {
        return Err(BackendError::NotTaken(
            "it does not take the whole of it".to_owned(),
        ));
    }
    backend.compile(&Segment::part(graph.clone(), whole))
}
