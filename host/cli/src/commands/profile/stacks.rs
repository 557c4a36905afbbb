//! Paths of calls as collapsed stacks: a line a path, its steps from the outermost with semicolons between, a space, and
//! a whole number.

use super::names::{self, Form};
use crate::args::Weight;
use metisvm_executor::profile::{Node, Profile};
use std::collections::BTreeMap;

/// What a node weighs, in gas, nanoseconds or instructions.
fn weight_of(node: &Node, weight: Weight) -> u64 {
    match weight {
        Weight::Gas => node.gas,
        Weight::Time => u64::try_from(node.time.as_nanos()).unwrap_or(u64::MAX),
        Weight::Instructions => node.instructions,
    }
}

/// The lines in alphabetical order. What weighs nothing has none.
pub(super) fn lines(profile: &Profile, weight: Weight, form: Form) -> Vec<String> {
    // Parents come first, so each node's path is its parent's and one step more.
    let mut paths: Vec<String> = Vec::new();
    // Short names of two addresses may be the same.
    let mut weights: BTreeMap<String, u64> = BTreeMap::new();
    for node in profile.calls.nodes() {
        let step = names::call(profile, &node.call, form);
        let path = match node.parent.and_then(|parent| paths.get(parent as usize)) {
            Some(parent) => format!("{parent};{step}"),
            None => step,
        };
        let own = weight_of(node, weight);
        if own > 0 {
            let sum = weights.entry(path.clone()).or_default();
            *sum = sum.saturating_add(own);
        }
        paths.push(path);
    }
    weights
        .into_iter()
        .map(|(path, weight)| format!("{path} {weight}"))
        .collect()
}

/// The lines as a file, with whole addresses.
pub(super) fn text(profile: &Profile, weight: Weight) -> String {
    let mut text = lines(profile, weight, Form::Whole).join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}
