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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Aggregate, Branch};

    /// Numbers without any order, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % end
        }
    }

    const TESTS: [Test; 3] = [Test::AtMost, Test::Below, Test::Equal];

    /// Trees of any shape, whose thresholds lie on the grid of their feature, between its points, and beyond its ends.
    fn ensemble(numbers: &mut Numbers, columns: &[Column]) -> Ensemble {
        let mut all = Ensemble {
            features: columns.len(),
            outputs: 1,
            roots: Vec::new(),
            nodes: Vec::new(),
            weights: Vec::new(),
            aggregate: Aggregate::Sum,
            base: vec![0.0],
            depth: 0,
        };
        for _ in 0..3 {
            let root = all.nodes.len() as u32;
            all.roots.push(root);
            all.nodes.push(Node::Leaf { weights: 0..0 });
            let mut open = vec![(root, 0)];
            while let Some((at, depth)) = open.pop() {
                all.depth = all.depth.max(depth);
                if depth >= 6 || numbers.below(4) == 0 {
                    continue;
                }
                let feature = numbers.below(columns.len() as u64) as u32;
                let column = columns[feature as usize];
                let span = i64::from(column.high) - i64::from(column.low);
                let on_grid = column.real(i64::from(column.low) + numbers.below(span.min(9) as u64) as i64);
                let threshold = match numbers.below(8) {
                    0 => f32::INFINITY,
                    1 => f32::NEG_INFINITY,
                    2 => column.real(i64::from(column.high) + 5),
                    3 => on_grid.next_down(),
                    4 => on_grid + 0.4 * column.scale as f32,
                    _ => on_grid,
                };
                let yes = all.nodes.len() as u32;
                all.nodes
                    .extend([Node::Leaf { weights: 0..0 }, Node::Leaf { weights: 0..0 }]);
                open.extend([(yes, depth + 1), (yes + 1, depth + 1)]);
                all.nodes[at as usize] = Node::Branch(Branch {
                    feature,
                    test: TESTS[numbers.below(3) as usize],
                    threshold,
                    yes,
                    no: yes + 1,
                });
            }
        }
        all
    }

    #[test]
    fn a_walk_over_integers_ends_at_the_leaf_of_their_reals() {
        let columns = [
            (0.1, 0, -128, 127),
            (1.0, 3, 0, 255),
            (2f64.powi(-20), 0, -(1 << 30) + 2, (1 << 30) - 2),
            (37.5, -7, -32_768, 32_767),
            (1.0 / 3.0, 0, -32_768, 32_767),
        ];
        let columns = columns.map(|(scale, zero, low, high)| Column {
            scale: f64::from(scale as f32),
            zero,
            low,
            high,
        });
        let mut numbers = Numbers(1);
        let mut leaves = std::collections::BTreeSet::new();
        for _ in 0..300 {
            let ensemble = ensemble(&mut numbers, &columns);
            let tables = ensemble.tables(&columns).unwrap();
            assert_eq!(tables.roots.len(), ensemble.roots.len());
            for _ in 0..40 {
                let row: Vec<i32> = columns
                    .iter()
                    .map(|c| match numbers.below(5) {
                        0 => c.high,
                        1 => c.low,
                        _ => c.low + numbers.below(12) as i32,
                    })
                    .collect();
                for (&root, &start) in ensemble.roots.iter().zip(&tables.roots) {
                    let mut expected = root;
                    while let Node::Branch(branch) = &ensemble.nodes[expected as usize] {
                        let feature = branch.feature as usize;
                        expected = branch.next(columns[feature].real(row[feature].into()));
                    }
                    let mut at = start as usize;
                    for _ in 0..tables.steps {
                        let over = row[tables.features[at] as usize] - tables.thresholds[at];
                        at = (tables.children[at] + over.clamp(0, 1)) as usize;
                    }
                    assert_eq!(tables.leaves[at], Some(expected));
                    leaves.insert(expected);
                }
            }
        }
        assert!(leaves.len() > 20, "{} leaves", leaves.len());
    }
}
