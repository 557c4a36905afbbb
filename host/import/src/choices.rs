//! What a caller chose and what came of it: a choice that can change nothing is refused, and one that turns out to have
//! changed nothing, or less than was asked for, is said.

use crate::error::{ImportError, Problem};
use crate::imported::Imported;
use crate::lower::lower;
use crate::options::{ActivationType, Options, Range};
use crate::plan::Plan;
use crate::typed::Typed;
use metisvm_model::{DType, Graph, Value};

/// Which of the choices changes nothing where no samples are measured: grids are the file's own then.
///
/// # Errors
/// If there is one.
pub(crate) fn without_samples(options: &Options) -> Result<(), ImportError> {
    if options.calibration.is_some() {
        return Ok(());
    }
    let chosen = [
        (
            "how ranges are taken from samples",
            options.range != Range::default(),
        ),
        (
            "the type of activations",
            options.activation != ActivationType::default(),
        ),
        ("an error of outputs on samples", options.target_error.is_some()),
    ];
    match chosen.into_iter().find(|(_, given)| *given) {
        Some((what, _)) => Err(ImportError::model(Problem::WithoutEffect(format!(
            "{what} is chosen, and without calibration data nothing goes by it"
        )))),
        None => Ok(()),
    }
}

/// What to say of choices after an import with samples. `plan` is the first one that was made.
pub(crate) fn said(typed: &Typed, options: &Options, plan: &Plan, imported: &Imported) -> Vec<String> {
    let mut said = Vec::new();
    if options.calibration.is_none() {
        return said;
    }
    if options.range != Range::default() && !plan.ranged {
        said.push(
            "how ranges are taken from samples is chosen, and changes nothing here: no tensor has a grid of bytes by its \
             range alone, since operands of products with weights have a search of their own"
                .to_string(),
        );
    }
    if options.activation != ActivationType::default() && !bytes_matter(typed, plan, &imported.graph) {
        said.push(
            "the type of activations is chosen, and changes nothing here: what is bytes has the type that the file says, \
             and all else is wider"
                .to_string(),
        );
    }
    let error = imported.report.worst_output();
    if let Some(target) = options.target_error.filter(|target| error > *target) {
        said.push(format!(
            "an output is off by {error:.3e} of its size, more than the {target:e} that was asked for: what products with \
             weights of 8 bits leave is not made less by wider activations"
        ));
    }
    said
}

/// Whether something is of the type that was asked for. Of a quantised file, whose own grids may be of it, whether
/// another graph would come of the other type.
fn bytes_matter(typed: &Typed, plan: &Plan, graph: &Graph) -> bool {
    if !plan.calibrated {
        let mut other = plan.clone();
        other.bytes = ActivationType::default().dtype();
        let graphs = [plan, &other].map(|plan| lower(typed, plan, None).ok().map(|imported| imported.graph));
        return graphs[0] != graphs[1];
    }
    let inputs = graph.inputs().iter().map(|port| port.ty.dtype);
    let nodes = (0..graph.nodes().len()).map(|node| graph.ty(Value::Node(node as u32)).dtype);
    inputs.chain(nodes).any(|dtype| dtype == DType::I8)
}
