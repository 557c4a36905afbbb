//! From what a model file declares as outputs to the one that `DigitClassifier` understands: the class as
//! i32, or ten signed logits.

use crate::{Network, WorkloadError};
use metisvm_model::{DType, Graph, Op, Output, TensorType};

const CLASSES: usize = 10;

/// Keeps the signed logits, else the class, and drops what neither needs. Ten bytes do not say whether
/// they are signed, so the contract could not tell unsigned logits apart: the class is taken of those.
pub(crate) fn for_the_classifier(network: Network, graph: Graph) -> Result<Graph, WorkloadError> {
    let find = |dtype, elements| {
        let is = |output: &&Output| {
            let ty: &TensorType = graph.ty(output.value);
            ty.dtype == dtype && ty.elements() == elements
        };
        graph.outputs().iter().find(is).cloned()
    };
    if let Some(output) = find(DType::I8, CLASSES).or_else(|| find(DType::I32, 1)) {
        let mut parsed = graph.into_parsed();
        parsed.outputs = vec![output];
        return Ok(parsed.check()?);
    }
    let logits = find(DType::U8, CLASSES).ok_or(WorkloadError::Outputs(network.file()))?;
    let last_axis = graph.ty(logits.value).shape.rank().saturating_sub(1);
    let mut parsed = graph.into_parsed();
    let axis = last_axis as u8; // a rank is at most 8
    let class = parsed.node(Op::ArgMax { axis }, &[logits.value]);
    parsed.outputs.clear();
    parsed.output("class", class);
    Ok(parsed.check()?)
}
