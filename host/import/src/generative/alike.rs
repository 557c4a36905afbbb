//! The plan of one graph for another of the same computation, whose extents differ.
//!
//! Where an extent is 1, moves of whole tensors meet or vanish that do not for longer ones; all other nodes are the same,
//! in the same order. So values are matched by those, and what is only another arrangement of a value is held as one of
//! that value's arrangements in the other graph is.

use crate::error::{ImportError, Problem};
use crate::plan::Plan;
use crate::typed::{Operator, Typed, TypedNode, ValueId};
use std::mem::discriminant;

/// The plan for `to`, of one for `from`.
///
/// # Errors
/// If the graphs are not the same computation.
pub(super) fn plan(from: &Typed, plan: &Plan, to: &Typed) -> Result<Plan, ImportError> {
    let matched = matched(from, to)?;
    let arrangements = arrangements(from);
    let count = to.values.len();
    let mut moved = plan.without_samples();
    moved.ranges = vec![None; count];
    moved.grids = vec![None; count];
    moved.samples = plan.samples;
    for (value, of) in matched.into_iter().enumerate() {
        let Some(of) = of else { continue };
        moved.ranges[value] = plan.ranges[of];
        let arrangement = is_move_of(to, value);
        // A value that is computed is held as its like is; one that is only moved as any that is moved alike.
        let alike = || {
            let others = arrangements[root(from, of)].iter().copied();
            std::iter::once(of).chain(others)
        };
        moved.grids[value] = match arrangement {
            false => plan.grids[of],
            true => alike().find_map(|like| plan.grids[like]),
        };
        if let Some(site) = alike().find_map(|like| plan.sites.get(&like)) {
            moved.sites.insert(value, site.clone());
        }
        if let Some(step) = plan.steps.get(&of) {
            moved.steps.insert(value, *step);
        }
        if let Some(columns) = plan.columns.get(&of) {
            moved.columns.insert(value, columns.clone());
        }
    }
    Ok(moved)
}

const fn is_move(node: &TypedNode) -> bool {
    matches!(node.op, Operator::Reshape | Operator::Transpose { .. })
}

fn is_move_of(typed: &Typed, value: ValueId) -> bool {
    typed
        .nodes
        .iter()
        .any(|node| node.output == value && is_move(node))
}

/// The computed value that a value is an arrangement of.
fn root(typed: &Typed, mut value: ValueId) -> ValueId {
    while let Some(node) = typed
        .nodes
        .iter()
        .find(|node| node.output == value && is_move(node))
        && let Some(before) = node.values().next()
    {
        value = before;
    }
    value
}

/// For each computed value what is only moved of it.
fn arrangements(typed: &Typed) -> Vec<Vec<ValueId>> {
    let mut all = vec![Vec::new(); typed.values.len()];
    for node in typed.nodes.iter().filter(|node| is_move(node)) {
        all[root(typed, node.output)].push(node.output);
    }
    all
}

/// For each value of `to` its like in `from`.
fn matched(from: &Typed, to: &Typed) -> Result<Vec<Option<ValueId>>, ImportError> {
    let mut matched = vec![None; to.values.len()];
    let computing = |typed: &'_ Typed| typed.nodes.iter().filter(|node| !is_move(node)).count();
    let mut same = computing(from) == computing(to) && from.inputs.len() == to.inputs.len();
    for (&of, &value) in from.inputs.iter().zip(&to.inputs) {
        matched[value] = Some(of);
    }
    let mut others = from.nodes.iter().filter(|node| !is_move(node));
    for node in &to.nodes {
        if is_move(node) {
            matched[node.output] = node.values().next().and_then(|before| matched[before]);
            continue;
        }
        let like = others.next().filter(|like| {
            let operands = node.values().zip(like.values());
            let mut operands =
                operands.map(|(own, other)| matched[own].map(|m| root(from, m)) == Some(root(from, other)));
            let alike =
                discriminant(&like.op) == discriminant(&node.op) && like.inputs.len() == node.inputs.len();
            alike && operands.all(|same| same)
        });
        let Some(like) = like else {
            return Err(another(&node.name.to_string()));
        };
        matched[node.output] = Some(like.output);
    }
    same &= others.next().is_none();
    if same {
        Ok(matched)
    } else {
        Err(another("the end"))
    }
}

fn another(place: &str) -> ImportError {
    ImportError::model(Problem::Unsupported(format!(
        "the graph of one token is another computation than that of a chunk, from {place} on"
    )))
}
