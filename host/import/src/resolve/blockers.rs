//! What stands in the way of a file, all of it, collected while what does not depend on it is looked at.

use crate::error::{Blocker, ImportError, Problem};
use std::collections::BTreeMap;

/// Names that are shown of nodes with the same problem.
const NAMES: usize = 3;
/// Different problems that are kept; a hostile file has one for each of its nodes.
const MOST: usize = 256;

/// Problems of different kinds, in the order in which they were met.
#[derive(Default)]
pub(super) struct Blockers {
    kinds: Vec<(Blocker, ImportError)>,
    /// Positions by operator, so that one is found without comparing with all.
    by_operator: BTreeMap<String, Vec<usize>>,
    more: usize,
    /// Nodes that read a result of one that failed.
    pub(super) behind: usize,
}

impl Blockers {
    pub(super) fn add(&mut self, error: ImportError) {
        let (operator, name, problem) = match &error {
            ImportError::Node { node, problem } => (node.operator.clone(), node.name.clone(), problem),
            ImportError::Tensor { role, name, problem } => ((*role).to_string(), name.clone(), problem),
            _ => return self.more += 1,
        };
        let same = self.by_operator.entry(operator.clone()).or_default();
        let known = same
            .iter()
            .copied()
            .find(|&at| self.kinds[at].0.problem == **problem);
        if let Some(at) = known {
            let blocker = &mut self.kinds[at].0;
            blocker.count += 1;
            if blocker.names.len() < NAMES {
                blocker.names.push(name);
            }
        } else if self.kinds.len() < MOST {
            same.push(self.kinds.len());
            let blocker = Blocker {
                operator,
                names: vec![name],
                count: 1,
                problem: (**problem).clone(),
            };
            self.kinds.push((blocker, error));
        } else {
            self.more += 1;
        }
    }

    /// The error that says all of it, if there is something to say. One problem alone reads as if it had been the
    /// first of a file that was given up there.
    pub(super) fn into_error(mut self) -> Option<ImportError> {
        if self.kinds.len() == 1 && self.more == 0 && self.kinds[0].0.count == 1 {
            return self.kinds.pop().map(|(_, error)| error);
        }
        (!self.kinds.is_empty()).then(|| ImportError::Several {
            blockers: self.kinds.into_iter().map(|(blocker, _)| blocker).collect(),
            more: self.more,
            behind: self.behind,
        })
    }
}
