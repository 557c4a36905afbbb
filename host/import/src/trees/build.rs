//! From the flat lists of a file to an ensemble: every name is looked up, and every tree is one.

use super::{Aggregate, Branch, Ensemble, Node, Test};
use crate::columns::MAX_COLUMNS;
use crate::error::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// An ensemble as a file has it: nodes with names of their own.
pub(crate) struct Flat {
    /// In the file's order.
    pub(crate) nodes: Vec<(Name, FlatNode)>,
    /// Leaf, output and weight.
    pub(crate) weights: Vec<(Name, u32, f32)>,
    /// The first node of each tree, where the file names them; else those that are nobody's child.
    pub(crate) roots: Option<Vec<Name>>,
    pub(crate) outputs: usize,
    pub(crate) aggregate: Aggregate,
    pub(crate) base: Vec<f32>,
}

/// Tree and node, as a file numbers them.
pub(crate) type Name = (i64, i64);

/// A node as a file has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FlatNode {
    Branch {
        feature: i64,
        test: Test,
        threshold: f32,
        yes: Name,
        no: Name,
    },
    Leaf,
}

/// An ensemble over rows of so many features.
///
/// # Errors
/// If a name is used twice or stands for nothing, a feature or an output does not exist, a threshold or weight is not a
/// number, or the nodes are not trees.
pub(crate) fn build(flat: &Flat, features: usize) -> Result<Ensemble, Problem> {
    if features > MAX_COLUMNS {
        return Err(Problem::TooMany {
            what: "features (trees want integers with a scale for each; give them those that they ask for)",
            count: features as u64,
            limit: MAX_COLUMNS as u64,
        });
    }
    let mut numbers = BTreeMap::new();
    for (at, (name, _)) in flat.nodes.iter().enumerate() {
        let number = u32::try_from(at).map_err(|_| wrong("there are too many nodes"))?;
        if numbers.insert(*name, number).is_some() {
            return Err(wrong(format!("{} is there twice", shown(*name))));
        }
    }
    let number = |name: Name| {
        let found = numbers.get(&name).copied();
        found.ok_or_else(|| wrong(format!("nothing is {}", shown(name))))
    };
    let mut weights: BTreeMap<u32, Vec<(u32, f32)>> = BTreeMap::new();
    for &(leaf, output, weight) in &flat.weights {
        if output as usize >= flat.outputs {
            return Err(wrong(format!(
                "a weight is for output {output} of {}",
                flat.outputs
            )));
        }
        if !weight.is_finite() {
            return Err(wrong(format!("a weight of {} is {weight}", shown(leaf))));
        }
        weights.entry(number(leaf)?).or_default().push((output, weight));
    }
    let mut nodes = Vec::with_capacity(flat.nodes.len());
    let mut list = Vec::new();
    for (at, (name, node)) in flat.nodes.iter().enumerate() {
        nodes.push(match *node {
            FlatNode::Branch {
                feature,
                test,
                threshold,
                yes,
                no,
            } => {
                let known = u32::try_from(feature).ok().filter(|&f| (f as usize) < features);
                let feature = known.ok_or_else(|| {
                    wrong(format!(
                        "{} asks for feature {feature} of {features}",
                        shown(*name)
                    ))
                })?;
                if threshold.is_nan() {
                    return Err(wrong(format!(
                        "the threshold of {} is not a number",
                        shown(*name)
                    )));
                }
                Node::Branch(Branch {
                    feature,
                    test,
                    threshold,
                    yes: number(yes)?,
                    no: number(no)?,
                })
            }
            FlatNode::Leaf => {
                let first = list.len();
                list.extend(weights.remove(&(at as u32)).unwrap_or_default());
                Node::Leaf {
                    weights: first..list.len(),
                }
            }
        });
    }
    if let Some((&at, _)) = weights.first_key_value() {
        let name = flat.nodes.get(at as usize).map_or((0, 0), |(name, _)| *name);
        return Err(wrong(format!("{} has a weight and is no leaf", shown(name))));
    }
    let roots = match &flat.roots {
        Some(names) => names.iter().map(|&n| number(n)).collect::<Result<Vec<_>, _>>()?,
        None => {
            let trees: BTreeSet<i64> = flat.nodes.iter().map(|((tree, _), _)| *tree).collect();
            let roots = childless(&nodes);
            if roots.len() != trees.len() {
                return Err(wrong(format!(
                    "{} trees have {} nodes that are no child of another; each has one root",
                    trees.len(),
                    roots.len()
                )));
            }
            roots
        }
    };
    let depth = depth(&nodes, &roots)?;
    let base = match flat.base[..] {
        [] => vec![0.0; flat.outputs],
        _ if flat.base.len() == flat.outputs => flat.base.clone(),
        _ => {
            return Err(wrong(format!(
                "there are {} base values for {} outputs",
                flat.base.len(),
                flat.outputs
            )));
        }
    };
    if let Some(v) = base.iter().find(|v| !v.is_finite()) {
        return Err(wrong(format!("a base value is {v}")));
    }
    Ok(Ensemble {
        features,
        outputs: flat.outputs,
        roots,
        nodes,
        weights: list,
        aggregate: flat.aggregate,
        base,
        depth,
    })
}

/// Nodes that are no other's child.
fn childless(nodes: &[Node]) -> Vec<u32> {
    let mut is_child = vec![false; nodes.len()];
    for node in nodes {
        if let Node::Branch(branch) = node {
            for child in [branch.yes, branch.no] {
                if let Some(is_child) = is_child.get_mut(child as usize) {
                    *is_child = true;
                }
            }
        }
    }
    let first = is_child.iter().enumerate().filter(|(_, child)| !**child);
    first.map(|(at, _)| at as u32).collect()
}

/// The depth, if every node is reached once, and by one way.
fn depth(nodes: &[Node], roots: &[u32]) -> Result<usize, Problem> {
    let mut reached = vec![false; nodes.len()];
    let mut level: Vec<u32> = roots.to_vec();
    let mut depth = 0;
    let mut count = 0;
    loop {
        let mut next = Vec::new();
        for &at in &level {
            match reached.get_mut(at as usize) {
                Some(reached) if !*reached => *reached = true,
                _ => {
                    return Err(wrong(
                        "a node is reached by two ways; they must be trees".to_string(),
                    ));
                }
            }
            count += 1;
            if let Some(Node::Branch(branch)) = nodes.get(at as usize) {
                next.extend([branch.yes, branch.no]);
            }
        }
        if next.is_empty() {
            break;
        }
        depth += 1;
        level = next;
    }
    if count < nodes.len() || roots.is_empty() {
        return Err(wrong(
            "there is no tree, or nodes that no tree reaches; they go in circles".to_string(),
        ));
    }
    Ok(depth)
}

impl Ensemble {
    /// The same trees with other outputs: each weight becomes those that `each` makes of it.
    pub(crate) fn with_outputs(
        &self,
        outputs: usize,
        base: Vec<f32>,
        each: impl Fn(u32, f32) -> Vec<(u32, f32)>,
    ) -> Self {
        let mut weights = Vec::new();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            nodes.push(match node {
                Node::Leaf { weights: own } => {
                    let first = weights.len();
                    let own = self.weights.get(own.clone()).unwrap_or_default();
                    weights.extend(own.iter().flat_map(|&(output, weight)| each(output, weight)));
                    Node::Leaf {
                        weights: first..weights.len(),
                    }
                }
                branch => branch.clone(),
            });
        }
        Self {
            outputs,
            base,
            nodes,
            weights,
            ..self.clone()
        }
    }

    /// Whether every leaf gives every output exactly one weight.
    pub(crate) fn is_complete(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Branch(_) => true,
            Node::Leaf { weights } => {
                let given = self.weights.get(weights.clone()).unwrap_or_default();
                let distinct: BTreeSet<u32> = given.iter().map(|(output, _)| *output).collect();
                given.len() == self.outputs && distinct.len() == self.outputs
            }
        })
    }

    /// Outputs that some leaf gives a weight.
    pub(crate) fn given_outputs(&self) -> BTreeSet<u32> {
        self.weights.iter().map(|(output, _)| *output).collect()
    }
}

fn shown((tree, node): Name) -> String {
    format!("node {node} of tree {tree}")
}

fn wrong(why: impl Into<String>) -> Problem {
    Problem::Data(why.into())
}
