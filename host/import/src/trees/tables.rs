//! An ensemble as tables of integers, for a walk that takes one step in every tree at once.
//!
//! The two nodes that a question leads to lie next to each other. A step is then `children[at] + no`, where `no` is 1
//! where the feature is over the threshold. A leaf is a question that is always answered with yes and leads back to
//! itself, so that trees of any depth walk the same number of steps.

use super::{Ensemble, Node, Test};
use crate::error::Problem;
use std::collections::VecDeque;

/// How the integers of one feature are read, and between which they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) scale: f64,
    pub(crate) zero: i32,
    pub(crate) low: i32,
    pub(crate) high: i32,
}

impl Column {
    /// The real number that an integer stands for: in the end an f32, since that is what a runtime compares.
    fn real(&self, integer: i64) -> f32 {
        ((integer - i64::from(self.zero)) as f64 * self.scale) as f32
    }

    /// The greatest integer for which `holds`, which holds up to some number; one less than all where it never does.
    fn last(&self, holds: impl Fn(f32) -> bool) -> i32 {
        let (mut yes, mut no) = (i64::from(self.low) - 1, i64::from(self.high) + 1);
        while no - yes > 1 {
            let middle = yes + (no - yes) / 2;
            if holds(self.real(middle)) {
                yes = middle;
            } else {
                no = middle;
            }
        }
        yes as i32
    }
}

/// The tables. A node is its place in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tables {
    /// Where each tree starts.
    pub(crate) roots: Vec<i32>,
    /// The feature that is asked for.
    pub(crate) features: Vec<i32>,
    /// The greatest integer for which the answer is yes.
    pub(crate) thresholds: Vec<i32>,
    /// Where yes leads; no leads to the place behind it.
    pub(crate) children: Vec<i32>,
    /// At leaves the node of the ensemble.
    pub(crate) leaves: Vec<Option<u32>>,
    /// Steps after which every tree is at a leaf.
    pub(crate) steps: usize,
}

/// What is at a place.
#[derive(Clone, Copy)]
enum Item {
    /// A node of the ensemble.
    Node(u32),
    /// The second half of `x = t`: x is at most t, and `below` is the last integer that is less.
    Above {
        feature: u32,
        below: i32,
        yes: u32,
        no: i32,
    },
    /// What leads to another place, whatever the features are.
    Forward(i32),
}

impl Ensemble {
    /// The tables for features that are held in these columns.
    ///
    /// # Errors
    /// If there are more nodes than a table may have, or a feature has no column.
    pub(crate) fn tables(&self, columns: &[Column]) -> Result<Tables, Problem> {
        let mut tables = Tables::default();
        let mut open: VecDeque<(i32, Item, usize)> = VecDeque::new();
        for &root in &self.roots {
            let at = tables.place();
            tables.roots.push(at);
            open.push_back((at, Item::Node(root), 0));
        }
        let column = |feature: u32| {
            let found = columns.get(feature as usize);
            found.ok_or_else(|| Problem::Data(format!("feature {feature} has no column")))
        };
        let always = column(0)?.high;
        while let Some((at, item, depth)) = open.pop_front() {
            let (feature, threshold, child) = match item {
                Item::Forward(to) => (0, always, to),
                Item::Above {
                    feature,
                    below,
                    yes,
                    no,
                } => {
                    let child = tables.pair();
                    open.push_back((child, Item::Forward(no), depth + 1));
                    open.push_back((child + 1, Item::Node(yes), depth + 1));
                    (feature, below, child)
                }
                Item::Node(node) => match self.nodes.get(node as usize) {
                    Some(Node::Branch(branch)) => {
                        let column = column(branch.feature)?;
                        let t = branch.threshold;
                        let (at_most, below) = (column.last(|x| x <= t), column.last(|x| x < t));
                        let child = tables.pair();
                        let (yes, no) = (Item::Node(branch.yes), Item::Node(branch.no));
                        match branch.test {
                            Test::AtMost | Test::Below => {
                                open.push_back((child, yes, depth + 1));
                                open.push_back((child + 1, no, depth + 1));
                            }
                            Test::Equal => {
                                let yes = Item::Above {
                                    feature: branch.feature,
                                    below,
                                    yes: branch.yes,
                                    no: child + 1,
                                };
                                open.push_back((child, yes, depth + 1));
                                // By way of both other items.
                                open.push_back((child + 1, no, depth + 3));
                            }
                        }
                        let last = if branch.test == Test::Below {
                            below
                        } else {
                            at_most
                        };
                        (branch.feature, last, child)
                    }
                    _ => {
                        tables.steps = tables.steps.max(depth);
                        if let Some(leaf) = tables.leaves.get_mut(at as usize) {
                            *leaf = Some(node);
                        }
                        (0, always, at)
                    }
                },
            };
            let place = at as usize;
            tables.features[place] = feature as i32;
            tables.thresholds[place] = threshold;
            tables.children[place] = child;
        }
        // The last place is nobody's: that a step ends within the tables is proven by adding 1 to the greatest child.
        let last = tables.place() as usize;
        tables.thresholds[last] = always;
        Ok(tables)
    }

    /// What the leaf gives each output.
    pub(crate) fn leaf(&self, node: u32) -> Vec<f64> {
        let mut given = vec![0f64; self.outputs];
        if let Some(Node::Leaf { weights }) = self.nodes.get(node as usize) {
            for &(output, weight) in self.weights.get(weights.clone()).unwrap_or_default() {
                if let Some(sum) = given.get_mut(output as usize) {
                    *sum += f64::from(weight);
                }
            }
        }
        given
    }
}

impl Tables {
    fn place(&mut self) -> i32 {
        self.features.push(0);
        self.thresholds.push(0);
        self.children.push(0);
        self.leaves.push(None);
        self.features.len() as i32 - 1
    }

    /// Two places next to each other; the first.
    fn pair(&mut self) -> i32 {
        let first = self.place();
        self.place();
        first
    }

    pub(crate) fn len(&self) -> usize {
        self.features.len()
    }
}
