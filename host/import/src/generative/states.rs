//! Which inputs are the state, and on which grids its rows lie.

use crate::error::{ImportError, Problem};
use crate::grid::Grid;
use crate::plan::{Plan, Site, words};
use crate::typed::{Operator, Typed, ValueId};
use metisvm_model::DType;

/// What the name of a state's new rows begins with, before the name of the state.
const NEW: &str = "new.";

/// A state: the input with its rows so far, and the output with the new ones.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) old: ValueId,
    pub(super) new: ValueId,
}

/// The inputs of a step.
#[derive(Clone, Debug)]
pub(super) struct States {
    pub(super) tokens: ValueId,
    pub(super) position: ValueId,
    pub(super) all: Vec<State>,
}

impl States {
    pub(super) fn of(typed: &Typed) -> Result<Self, ImportError> {
        let wrong = |what: &str| ImportError::model(Problem::Unsupported(what.to_string()));
        let [tokens, position, states @ ..] = &typed.inputs[..] else {
            return Err(wrong("a step takes tokens, a position and a state"));
        };
        let name = |id: ValueId| typed.values[id].name.as_str();
        if name(*tokens) != "tokens" || name(*position) != "position" {
            return Err(wrong("the first inputs of a step are tokens and position"));
        }
        let mut all = Vec::new();
        for &old in states {
            let new = format!("{NEW}{}", name(old));
            let at = index_of(typed.outputs.iter().map(|(name, _)| name.as_str()), &new)?;
            all.push(State {
                old,
                new: typed.outputs[at].1,
            });
        }
        if all.is_empty() || typed.outputs.len() != all.len() + 1 {
            return Err(wrong("a step gives logits and the new rows of each state"));
        }
        Ok(Self {
            tokens: *tokens,
            position: *position,
            all,
        })
    }

    /// Puts old and new rows of each state on one grid: that on which they are joined, so that what is stored is what is
    /// read. Positions are whole numbers of 32 bits, whatever the samples had.
    pub(super) fn tie(&self, typed: &Typed, plan: &mut Plan) {
        plan.ranges[self.tokens] = None;
        plan.ranges[self.position] = None;
        for state in &self.all {
            let joined = typed.nodes.iter().find(|node| {
                matches!(node.op, Operator::Concat { .. }) && node.values().any(|value| value == state.new)
            });
            let grid = match joined.map(|node| (node.output, plan.grids[node.output])) {
                Some((_, Some(grid))) => grid,
                Some((output, None)) => wide(plan, output),
                None => wide(plan, state.new),
            };
            let mut tied = vec![state.old, state.new];
            if let Some(node) = joined {
                tied.push(node.output);
                tied.extend(node.values());
            }
            // The rows are rounded where they are computed, and then moved as what they are stored as.
            let readers = typed.readers();
            let mut at = state.new;
            while let Some(from) = moved_from(typed, at)
                && readers[from].len() == 1
            {
                tied.push(from);
                at = from;
            }
            for value in tied {
                plan.grids[value] = Some(grid);
                plan.steps.remove(&value);
                plan.columns.remove(&value);
            }
            // A product of the rows takes them as they are stored.
            if let Some(node) = joined
                && let Some(site) = plan.sites.get_mut(&node.output)
            {
                *site = if grid.dtype.is_byte() {
                    Site::Bytes(grid)
                } else {
                    Site::Words {
                        scales: vec![grid.scale.into()],
                    }
                };
            }
        }
    }
}

/// What a value is only another arrangement of.
fn moved_from(typed: &Typed, value: ValueId) -> Option<ValueId> {
    let node = typed.nodes.iter().find(|node| node.output == value)?;
    let moves = matches!(node.op, Operator::Reshape | Operator::Transpose { .. });
    node.values().next().filter(|_| moves)
}

/// Words with room for all that a value was seen to hold.
fn wide(plan: &Plan, value: ValueId) -> Grid {
    let (low, high) = plan.ranges[value].unwrap_or((-1.0, 1.0));
    Grid {
        scale: words(low, high) as f32,
        zero_point: 0,
        dtype: DType::I16,
    }
}

/// Where a name is.
pub(super) fn index_of<'n>(
    mut names: impl Iterator<Item = &'n str>,
    name: &str,
) -> Result<usize, ImportError> {
    names
        .position(|n| n == name)
        .ok_or_else(|| ImportError::tensor("output", name, Problem::Missing("such output")))
}
