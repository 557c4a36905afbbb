//! Ensembles of trees.

use super::lists::{narrow, of_tensor, reals};
use super::{Labels, Post, greatest, matrix, second};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::Problem;
use crate::operators::make::Maker;
use crate::trees::build::{Flat, FlatNode, Name, build};
use crate::trees::{Aggregate, Ensemble, Test};
use crate::typed::{Arg, Element, Operator};
use std::rc::Rc;

/// Classes or targets: each is a column of scores.
const MAX_OUTPUTS: usize = 1 << 16;

/// What a share of one half may be over it by rounding: as many votes for one class as for the other are no majority.
/// Weights are f32, off by 2^−25 of themselves, and in fixed point by less than that each, up to some hundred trees.
const TIE: f32 = 1.0 / 524_288.0;

/// Results: the class of each row and its scores.
///
/// What ONNX leaves open of two classes is as ONNX Runtime has it: the second wins where its score is over 0, or over
/// one half if no weight is negative; and weights of one class alone give the other's score too.
pub(crate) fn classifier(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(1, 1, "1")?;
    let labels = Labels::of(call, "classlabels_int64s", "classlabels_strings")?;
    let labels = labels.ok_or_else(|| wrong("classlabels_int64s", "class labels are missing"))?;
    let classes = labels.len();
    if !(2..=MAX_OUTPUTS).contains(&classes) {
        return Err(wrong(
            "classlabels_int64s",
            format!("{classes} classes; 2 or more are needed"),
        ));
    }
    let post = Post::given(call)?;
    let weights = Weights {
        trees: "class_treeids",
        nodes: "class_nodeids",
        outputs: "class_ids",
        list: "class_weights",
        tensor: "class_weights_as_tensor",
    };
    let mut m = Maker::new(b, call);
    let (x, [rows, features]) = matrix(&mut m, call)?;
    let mut flat = flat(call, &weights, classes, Aggregate::Sum)?;
    let base = std::mem::take(&mut flat.base);
    let positive = flat.weights.iter().all(|(_, _, w)| *w >= 0.0);
    let mut trees = build(&flat, features as usize)?;
    if classes > 2 {
        trees.base = match base.len() {
            0 => trees.base,
            n if n == classes => base,
            n => return Err(wrong("base_values", format!("{n} of them for {classes} classes"))),
        };
        let scores = emit(&mut m, trees, x, rows)?;
        let label = greatest(&mut m, scores.clone())?;
        let scores = post.apply(&mut m, scores)?;
        return labels.results(&mut m, label, scores);
    }
    let half = if positive { 0.5 + TIE } else { 0.0 };
    let alone = trees.given_outputs().into_iter().eq([0]);
    let base = match base[..] {
        [] => 0.0,
        [only] if alone => only,
        [first, second] if first == 0.0 && second == 0.0 => 0.0,
        _ => {
            return Err(wrong(
                "base_values",
                "of two classes ONNX does not say what they mean; only one is taken, where all weights are of class 0",
            ));
        }
    };
    if !alone {
        let scores = emit(&mut m, trees, x, rows)?;
        let label = second(&mut m, scores.clone(), half)?;
        let scores = post.apply(&mut m, scores)?;
        return labels.results(&mut m, label, scores);
    }
    // Of a score s the classes have −s and s, which the trees give at once. Of probabilities they have 1 − s and s.
    let share = positive && post != Post::Logistic;
    let first = if share { 1.0 - base } else { -base };
    let trees = trees.with_outputs(2, vec![first, base], |_, w| vec![(0, -w), (1, w)]);
    let scores = emit(&mut m, trees, x, rows)?;
    let label = second(&mut m, scores.clone(), half)?;
    let scores = match post {
        Post::Logistic => post.apply(&mut m, scores)?,
        Post::None | Post::Softmax => scores,
    };
    labels.results(&mut m, label, scores)
}

pub(crate) fn regressor(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let targets = outputs(call.attributes.int("n_targets", 1)?)?;
    let aggregate = match call.attributes.string("aggregate_function", "SUM")? {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        _ => {
            return Err(wrong(
                "aggregate_function",
                "it is none of SUM, AVERAGE, MIN and MAX",
            ));
        }
    };
    let post = Post::given(call)?;
    let weights = Weights {
        trees: "target_treeids",
        nodes: "target_nodeids",
        outputs: "target_ids",
        list: "target_weights",
        tensor: "target_weights_as_tensor",
    };
    let flat = flat(call, &weights, targets, aggregate)?;
    scores(b, call, &flat, post)
}

fn outputs(count: i64) -> Result<usize, Problem> {
    let count = usize::try_from(count)
        .ok()
        .filter(|n| (1..=MAX_OUTPUTS).contains(n));
    count.ok_or_else(|| wrong("n_targets", format!("it is not in 1..={MAX_OUTPUTS}")))
}

fn scores(b: &mut Builder, call: &Call<'_>, flat: &Flat, post: Post) -> Result<Arg, Problem> {
    let mut m = Maker::new(b, call);
    let (x, [rows, features]) = matrix(&mut m, call)?;
    let trees = build(flat, features as usize)?;
    let scores = emit(&mut m, trees, x, rows)?;
    post.apply(&mut m, scores)
}

fn emit(m: &mut Maker<'_>, trees: Ensemble, x: Arg, rows: u32) -> Result<Arg, Problem> {
    if let Aggregate::Min | Aggregate::Max = trees.aggregate
        && !trees.is_complete()
    {
        return Err(wrong(
            "aggregate_function",
            "of MIN and MAX every leaf must give every target exactly one weight",
        ));
    }
    let dims = [rows, trees.outputs as u32];
    m.emit(Operator::Trees(Rc::new(trees)), vec![x], &dims, Element::Real)
}

/// Names of the attributes that hold what leaves give.
struct Weights {
    trees: &'static str,
    nodes: &'static str,
    outputs: &'static str,
    list: &'static str,
    tensor: &'static str,
}

/// The lists of TreeEnsembleClassifier and TreeEnsembleRegressor.
fn flat(call: &Call<'_>, of: &Weights, outputs: usize, aggregate: Aggregate) -> Result<Flat, Problem> {
    let a = &call.attributes;
    let trees = a.ints("nodes_treeids")?.unwrap_or_default();
    let count = trees.len();
    let ints = |name: &'static str| {
        let list = a.ints(name)?.unwrap_or_default();
        same_length(name, list.len(), "nodes", count)?;
        Ok::<_, Problem>(list)
    };
    let (ids, features) = (ints("nodes_nodeids")?, ints("nodes_featureids")?);
    let (yes, no) = (ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
    let modes = a.strings("nodes_modes")?.unwrap_or_default();
    same_length("nodes_modes", modes.len(), "nodes", count)?;
    let values = reals(call, "nodes_values", "nodes_values_as_tensor")?.unwrap_or_default();
    same_length("nodes_values", values.len(), "nodes", count)?;
    // How often a branch was taken, and where a number that is missing goes: neither has to do with numbers that are there.
    a.floats("nodes_hitrates")?;
    a.tensor("nodes_hitrates_as_tensor")?;
    a.ints("nodes_missing_value_tracks_true")?;
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        let tree = trees[at];
        let node = match mode(modes[at])? {
            Some((test, opposite)) => branch(
                features[at],
                test,
                values[at],
                [(tree, yes[at]), (tree, no[at])],
                opposite,
            ),
            None => FlatNode::Leaf,
        };
        nodes.push(((tree, ids[at]), node));
    }
    let list = reals(call, of.list, of.tensor)?.unwrap_or_default();
    let mut weights = Vec::with_capacity(list.len());
    let part = |name: &'static str| {
        let part = a.ints(name)?.unwrap_or_default();
        same_length(name, part.len(), "weights", list.len())?;
        Ok::<_, Problem>(part)
    };
    let (trees, ids, outs) = (part(of.trees)?, part(of.nodes)?, part(of.outputs)?);
    for (at, &weight) in narrow(of.list, &list)?.iter().enumerate() {
        let output = output(of.outputs, outs[at])?;
        weights.push(((trees[at], ids[at]), output, weight));
    }
    let base = reals(call, "base_values", "base_values_as_tensor")?.unwrap_or_default();
    Ok(Flat {
        nodes,
        weights,
        roots: None,
        outputs,
        aggregate,
        base: narrow("base_values", &base)?,
    })
}

fn same_length(name: &str, actual: usize, what: &str, expected: usize) -> Result<(), Problem> {
    if actual == expected {
        return Ok(());
    }
    Err(wrong(name, format!("{actual} entries for {expected} {what}")))
}

fn output(name: &str, output: i64) -> Result<u32, Problem> {
    u32::try_from(output).map_err(|_| wrong(name, format!("there is no output {output}")))
}

/// The test, and whether its answer is turned round; nothing for a leaf.
fn mode(name: &str) -> Result<Option<(Test, bool)>, Problem> {
    Ok(Some(match name {
        "LEAF" => return Ok(None),
        "BRANCH_LEQ" => (Test::AtMost, false),
        "BRANCH_LT" => (Test::Below, false),
        "BRANCH_GTE" => (Test::Below, true),
        "BRANCH_GT" => (Test::AtMost, true),
        "BRANCH_EQ" => (Test::Equal, false),
        "BRANCH_NEQ" => (Test::Equal, true),
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(wrong("nodes_modes", format!("{other:?} is not known")));
        }
    }))
}

fn branch(feature: i64, test: Test, value: f64, [yes, no]: [Name; 2], opposite: bool) -> FlatNode {
    let (yes, no) = if opposite { (no, yes) } else { (yes, no) };
    FlatNode::Branch {
        feature,
        test,
        threshold: threshold(test, value),
        yes,
        no,
    }
}

/// The FLOAT that parts the numbers of that type as the threshold does, which may have more digits.
fn threshold(test: Test, value: f64) -> f32 {
    let nearest = value as f32;
    let exact = f64::from(nearest);
    match test {
        Test::AtMost if exact > value => nearest.next_down(),
        Test::Below if exact < value => nearest.next_up(),
        _ => nearest,
    }
}

/// TreeEnsemble, which takes the place of the other two from version 5 on.
pub(crate) fn ensemble(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let a = &call.attributes;
    let targets = outputs(a.int("n_targets", 1)?)?;
    let aggregate = match a.int("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(wrong("aggregate_function", format!("{other} is not known"))),
    };
    let post = Post::of(match a.int("post_transform", 0)? {
        0 => "NONE",
        1 => "SOFTMAX",
        2 => "LOGISTIC",
        3 => "SOFTMAX_ZERO",
        4 => "PROBIT",
        _ => "of that number",
    })?;
    a.tensor("nodes_hitrates")?;
    a.ints("nodes_missing_value_tracks_true")?;
    let flat = Nested::of(call)?.flat(targets, aggregate)?;
    scores(b, call, &flat, post)
}

/// The lists of TreeEnsemble.
struct Nested<'a> {
    features: &'a [i64],
    modes: Vec<i64>,
    splits: Vec<f64>,
    /// Where each answer leads, and whether that is a leaf.
    yes: (&'a [i64], &'a [i64]),
    no: (&'a [i64], &'a [i64]),
    roots: &'a [i64],
    targets: &'a [i64],
    weights: Vec<f64>,
}

/// What [`Name`]'s first number says here.
const NODE: i64 = 0;
const LEAF: i64 = 1;

impl<'a> Nested<'a> {
    fn of(call: &'a Call<'_>) -> Result<Self, Problem> {
        let a = &call.attributes;
        let features = a.ints("nodes_featureids")?.unwrap_or_default();
        let count = features.len();
        let ints = |name: &'static str| {
            let list = a.ints(name)?.unwrap_or_default();
            same_length(name, list.len(), "nodes", count)?;
            Ok::<_, Problem>(list)
        };
        let tensor = |name: &'static str| a.tensor(name)?.ok_or_else(|| wrong(name, "it is missing"));
        let modes = Constant::of(tensor("nodes_modes")?, "nodes_modes")?.whole("nodes_modes")?;
        same_length("nodes_modes", modes.len(), "nodes", count)?;
        let splits = of_tensor(tensor("nodes_splits")?, "nodes_splits")?;
        same_length("nodes_splits", splits.len(), "nodes", count)?;
        let targets = a.ints("leaf_targetids")?.unwrap_or_default();
        let weights = of_tensor(tensor("leaf_weights")?, "leaf_weights")?;
        same_length("leaf_weights", weights.len(), "leaves", targets.len())?;
        a.tensor("membership_values")?;
        Ok(Self {
            features,
            modes,
            splits,
            yes: (ints("nodes_truenodeids")?, ints("nodes_trueleafs")?),
            no: (ints("nodes_falsenodeids")?, ints("nodes_falseleafs")?),
            roots: a.ints("tree_roots")?.unwrap_or_default(),
            targets,
            weights,
        })
    }

    fn flat(&self, outputs: usize, aggregate: Aggregate) -> Result<Flat, Problem> {
        let narrow = narrow("leaf_weights", &self.weights)?;
        let mut nodes = Vec::new();
        let mut weights = Vec::new();
        for at in 0..self.features.len() {
            let mut children = [(NODE, 0); 2];
            for (side, (ids, leaves)) in [self.yes, self.no].into_iter().enumerate() {
                if leaves[at] == 0 {
                    children[side] = (NODE, ids[at]);
                    continue;
                }
                // Nodes may share a leaf: each gets a copy of its own.
                let name = (LEAF, 2 * at as i64 + side as i64);
                children[side] = name;
                let leaf = usize::try_from(ids[at]).ok();
                let given = leaf.and_then(|l| self.targets.get(l).zip(narrow.get(l)));
                let (&target, &weight) =
                    given.ok_or_else(|| wrong("nodes_trueleafs", format!("there is no leaf {}", ids[at])))?;
                nodes.push((name, FlatNode::Leaf));
                weights.push((name, output("leaf_targetids", target)?, weight));
            }
            let (test, opposite) = match self.modes[at] {
                0 => (Test::AtMost, false),
                1 => (Test::Below, false),
                2 => (Test::Below, true),
                3 => (Test::AtMost, true),
                4 => (Test::Equal, false),
                5 => (Test::Equal, true),
                6 => {
                    return Err(wrong(
                        "nodes_modes",
                        "membership of a set is not supported; export categories as BRANCH_EQ, or one-hot",
                    ));
                }
                other => return Err(wrong("nodes_modes", format!("{other} is not known"))),
            };
            let node = branch(self.features[at], test, self.splits[at], children, opposite);
            nodes.push(((NODE, at as i64), node));
        }
        let roots = self.roots.iter().map(|&r| (NODE, r)).collect();
        Ok(Flat {
            nodes,
            weights,
            roots: Some(roots),
            outputs,
            aggregate,
            base: Vec::new(),
        })
    }
}
