//! An ensemble in floats, as ONNX defines it.

use super::{Aggregate, Branch, Ensemble, Node, Test};
use crate::view::View;

impl Branch {
    pub(super) fn next(&self, value: f32) -> u32 {
        let holds = match self.test {
            Test::AtMost => value <= self.threshold,
            Test::Below => value < self.threshold,
            Test::Equal => value == self.threshold,
        };
        if holds { self.yes } else { self.no }
    }
}

impl Ensemble {
    /// The scores of every row. Operands are `[rows, columns]`.
    pub(crate) fn evaluate(&self, operands: &[View<'_>]) -> Vec<f32> {
        let width = |view: &View<'_>| view.dims.last().map_or(1, |&d| d as usize).max(1);
        let rows = operands.first().map_or(0, |view| view.data.len() / width(view));
        let mut scores = Vec::with_capacity(rows * self.outputs);
        for row in 0..rows {
            let features: Vec<f32> = operands
                .iter()
                .flat_map(|view| {
                    view.data
                        .iter()
                        .skip(row * width(view))
                        .take(width(view))
                        .copied()
                })
                .collect();
            scores.extend(self.row(&features));
        }
        scores
    }

    fn row(&self, features: &[f32]) -> Vec<f32> {
        let first = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => 0.0,
            Aggregate::Min => f64::INFINITY,
            Aggregate::Max => f64::NEG_INFINITY,
        };
        let mut scores = vec![first; self.outputs];
        for &root in &self.roots {
            let mut at = root;
            for _ in 0..=self.depth {
                match self.nodes.get(at as usize) {
                    Some(Node::Branch(branch)) => {
                        let value = features.get(branch.feature as usize).copied();
                        at = branch.next(value.unwrap_or(f32::NAN));
                    }
                    Some(Node::Leaf { weights }) => {
                        for &(output, weight) in self.weights.get(weights.clone()).unwrap_or_default() {
                            if let Some(score) = scores.get_mut(output as usize) {
                                let weight = f64::from(weight);
                                *score = match self.aggregate {
                                    Aggregate::Sum | Aggregate::Average => *score + weight,
                                    Aggregate::Min => score.min(weight),
                                    Aggregate::Max => score.max(weight),
                                };
                            }
                        }
                        break;
                    }
                    None => break,
                }
            }
        }
        let n = match self.aggregate {
            Aggregate::Average => self.roots.len().max(1) as f64,
            _ => 1.0,
        };
        let based = scores.iter().zip(&self.base);
        based.map(|(s, &base)| (s / n + f64::from(base)) as f32).collect()
    }
}
