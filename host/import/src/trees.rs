//! Ensembles of decision trees: what `ai.onnx.ml` writes as flat lists, as nodes that name each other.

pub(crate) mod build;
mod evaluate;
pub(crate) mod tables;

use std::ops::Range;

/// Trees over rows of features; each row gives one score an output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ensemble {
    /// Columns of a row: those of all operands, one operand after the other.
    pub(crate) features: usize,
    /// Scores that a row gets.
    pub(crate) outputs: usize,
    /// The first node of each tree.
    pub(crate) roots: Vec<u32>,
    /// Of all trees. Every node is the child of one other, or a root.
    pub(crate) nodes: Vec<Node>,
    /// Outputs and what is added to them. Each leaf names a part of this list.
    pub(crate) weights: Vec<(u32, f32)>,
    pub(crate) aggregate: Aggregate,
    /// What each output is added in the end.
    pub(crate) base: Vec<f32>,
    /// Steps from a root to the leaf that is furthest from it.
    pub(crate) depth: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Branch(Branch),
    Leaf { weights: Range<usize> },
}

/// A question about one feature, and where each answer leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) feature: u32,
    pub(crate) test: Test,
    pub(crate) threshold: f32,
    pub(crate) yes: u32,
    pub(crate) no: u32,
}

/// How a feature is compared with a threshold. The opposites are these with their children exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    AtMost,
    Below,
    Equal,
}

/// What becomes of the weights that the trees give to one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

impl Ensemble {
    /// The least and the greatest score that an output can have, whatever the features are.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        let mut ends = vec![(0f64, 0f64); self.outputs];
        let extremes: Vec<Vec<(f64, f64)>> = self.extremes();
        for (output, end) in ends.iter_mut().enumerate() {
            let of = extremes.iter().filter_map(|tree| tree.get(output));
            *end = match self.aggregate {
                Aggregate::Sum => of.fold((0.0, 0.0), |sum, e| (sum.0 + e.0, sum.1 + e.1)),
                Aggregate::Average => {
                    let n = self.roots.len().max(1) as f64;
                    of.fold((0.0, 0.0), |sum, e| (sum.0 + e.0 / n, sum.1 + e.1 / n))
                }
                Aggregate::Min | Aggregate::Max => of.fold((f64::INFINITY, f64::NEG_INFINITY), |all, e| {
                    (all.0.min(e.0), all.1.max(e.1))
                }),
            };
        }
        let based = ends.iter().zip(&self.base).map(|(e, &b)| {
            let base = f64::from(b);
            (e.0 + base, e.1 + base)
        });
        based.fold((0.0, 0.0), |all: (f64, f64), e| (all.0.min(e.0), all.1.max(e.1)))
    }

    /// For each tree and output the least and the greatest weight that a leaf gives.
    fn extremes(&self) -> Vec<Vec<(f64, f64)>> {
        let mut all = Vec::with_capacity(self.roots.len());
        for &root in &self.roots {
            let mut tree: Vec<Option<(f64, f64)>> = vec![None; self.outputs];
            let mut leaves = 0usize;
            let mut given = vec![0usize; self.outputs];
            let mut open = vec![root];
            while let Some(at) = open.pop() {
                match self.nodes.get(at as usize) {
                    Some(Node::Branch(branch)) => open.extend([branch.yes, branch.no]),
                    Some(Node::Leaf { weights }) => {
                        leaves += 1;
                        for &(output, weight) in self.weights.get(weights.clone()).unwrap_or_default() {
                            let weight = f64::from(weight);
                            let Some(end) = tree.get_mut(output as usize) else {
                                continue;
                            };
                            let (low, high) = end.unwrap_or((weight, weight));
                            *end = Some((low.min(weight), high.max(weight)));
                            given[output as usize] += 1;
                        }
                    }
                    None => {}
                }
            }
            let ends = tree.into_iter().zip(given).map(|(end, given)| match end {
                // A leaf that gives nothing gives 0.
                Some((low, high)) if given < leaves => (low.min(0.0), high.max(0.0)),
                Some(end) => end,
                None => (0.0, 0.0),
            });
            all.push(ends.collect());
        }
        all
    }

    /// Thresholds of each feature.
    pub(crate) fn thresholds(&self) -> Vec<Vec<f32>> {
        let mut all = vec![Vec::new(); self.features];
        for node in &self.nodes {
            if let Node::Branch(branch) = node
                && let Some(of) = all.get_mut(branch.feature as usize)
            {
                of.push(branch.threshold);
            }
        }
        all
    }
}
