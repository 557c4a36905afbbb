//! What a quantised file joins.

use crate::grid::Grid;
use crate::typed::{Operator, Typed};

/// Of a quantised file the grids of what is joined and then put on one grid: its parts go there one by one, as exactly
/// as each can, and not by way of words.
pub(super) fn grids(typed: &Typed) -> Vec<Option<Grid>> {
    let mut grids = vec![None; typed.values.len()];
    let readers = typed.readers();
    let joins = typed
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Operator::Concat { .. }));
    for value in joins.map(|n| n.output) {
        let grid = |&at: &usize| match typed.nodes.get(at)?.op {
            Operator::Quantise(grid) => Some(grid),
            _ => None,
        };
        let own: Vec<Option<Grid>> = readers[value].iter().map(grid).collect();
        if let Some(Some(first)) = own.first()
            && own.iter().all(|grid| grid.as_ref() == Some(first))
        {
            grids[value] = Some(*first);
        }
    }
    grids
}
