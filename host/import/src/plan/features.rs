//! Inputs whose columns are features: integers with a scale for each column, since one scale for columns of 0.1 and of
//! 4000 would ruin the model. They are inputs that a row of numbers is taken from, as a StandardScaler does, and inputs
//! that trees read.
//!
//! For trees it only matters on which side of every threshold a feature is, so the thresholds say by themselves what is
//! fine enough. Where the samples of every column are whole numbers, or multiples of another power of two, and 16 bits hold them, they
//! go in as such. Else they are 32 bits: 29 of them up to the greatest threshold, which tells any two floats apart that are
//! not 32 times closer to 0 than that.

use super::sites::words;
use super::steps;
use crate::calibrate::Runs;
use crate::columns::MAX_COLUMNS;
use crate::typed::{Arg, Element, Operator, Reduction, Typed, TypedNode, ValueId};
use metisvm_model::DType;
use std::collections::BTreeMap;

/// Columns of an input, with zero point 0.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Columns {
    pub(crate) dtype: DType,
    pub(crate) scales: Vec<f64>,
}

/// Bits up to the greatest threshold: a 30th is left for what lies beyond it.
const THRESHOLD_BITS: f64 = 29.0;
/// Steps are no finer than this, which an f32 still holds with all its bits.
const FINEST: f64 = -100.0;

/// Thresholds of the columns of a real input, whether trees read it, and whether only trees do.
struct Asked {
    thresholds: Vec<Vec<f32>>,
    trees: bool,
    alone: bool,
}

fn asked(typed: &Typed) -> BTreeMap<ValueId, Asked> {
    let mut all = BTreeMap::new();
    for &input in &typed.inputs {
        let value = &typed.values[input];
        if value.element != Element::Real || value.shape.rank() != 2 {
            continue;
        }
        let width = value.shape.dims()[1] as usize;
        if width > MAX_COLUMNS {
            continue;
        }
        let mut asked = Asked {
            thresholds: vec![Vec::new(); width],
            trees: false,
            alone: !typed.outputs.iter().any(|(_, id)| *id == input),
        };
        let mut scaled = false;
        for node in typed.nodes.iter().filter(|n| n.values().any(|v| v == input)) {
            let Operator::Trees(ensemble) = &node.op else {
                asked.alone = false;
                scaled |= by_column(node, width);
                continue;
            };
            asked.trees = true;
            let thresholds = ensemble.thresholds();
            let mut first = 0;
            for arg in &node.inputs {
                let Arg::Value(id) = *arg else { continue };
                let columns = typed.values[id].shape.dims().last().map_or(1, |&d| d as usize);
                if id == input {
                    for (own, of) in asked.thresholds.iter_mut().zip(thresholds.iter().skip(first)) {
                        own.extend(of.iter().filter(|t| t.is_finite()));
                    }
                }
                first += columns;
            }
        }
        if asked.trees || scaled {
            all.insert(input, asked);
        }
    }
    all
}

/// Whether a node does something of its own to each column. What adds to columns may be a mask, which is no feature's.
fn by_column(node: &TypedNode, width: usize) -> bool {
    let arithmetic = matches!(node.op, Operator::Sub | Operator::Mul | Operator::Div);
    let row = |arg: &Arg| matches!(arg, Arg::Constant(c) if c.len() == width && c.dims.last() == Some(&(width as u32)));
    arithmetic && width > 1 && node.inputs.iter().any(row)
}

/// The columns of every such input.
pub(super) fn columns(typed: &Typed, runs: &[Runs<'_>]) -> BTreeMap<ValueId, Columns> {
    let mut all = BTreeMap::new();
    for (input, asked) in asked(typed) {
        let samples = runs
            .iter()
            .find(|(id, _)| *id == input)
            .map(|(_, runs)| &runs[..]);
        let width = asked.thresholds.len();
        let by_column: Option<Vec<Vec<f32>>> = samples.map(|runs| {
            let column = |c: usize| {
                runs.iter()
                    .flat_map(move |run| run.iter().skip(c).step_by(width).copied())
            };
            (0..width).map(|c| column(c).collect()).collect()
        });
        let in_words = by_column.as_ref().and_then(|columns| {
            let rounded = |column: &[f32]| (!asked.trees).then(|| words(-most(column), most(column)));
            let scale = |(column, t): (&Vec<f32>, &Vec<f32>)| exact(column, t).or_else(|| rounded(column));
            let pairs = columns.iter().zip(&asked.thresholds);
            pairs.map(scale).collect::<Option<Vec<f64>>>()
        });
        if in_words.is_none() && !asked.trees {
            continue;
        }
        let columns = match in_words {
            Some(scales) => Columns {
                dtype: DType::I16,
                scales,
            },
            None => {
                let scale = |(c, thresholds): (usize, &Vec<f32>)| {
                    let seen = by_column.as_ref().and_then(|columns| columns.get(c));
                    // Of what else reads the column, no number may saturate.
                    let seen = seen
                        .filter(|_| !asked.alone)
                        .map_or(0.0, |column| 2.0 * most(column));
                    fine(most(thresholds).max(seen))
                };
                Columns {
                    dtype: DType::I32,
                    scales: asked.thresholds.iter().enumerate().map(scale).collect(),
                }
            }
        };
        all.insert(input, columns);
    }
    all
}

fn most(list: &[f32]) -> f64 {
    list.iter().fold(0.0, |m, v| m.max(f64::from(v.abs())))
}

/// The step of 16-bit words that holds every sample of a column exactly, and parts no two thresholds less than they do.
fn exact(samples: &[f32], thresholds: &[f32]) -> Option<f64> {
    let step = if most(samples) == 0.0 {
        1.0
    } else {
        // Finer is as exact; and whole numbers go in as they are.
        steps::step(std::iter::once(samples))?.min(1.0)
    };
    // A number that saturates is to be on the right side of every threshold.
    let most = most(samples).max(most(thresholds) + step);
    steps::words(step, -most, most)
}

/// The step of 32-bit numbers whose greatest threshold this is.
fn fine(most: f64) -> f64 {
    if most > 0.0 {
        (most.log2().ceil() - THRESHOLD_BITS).max(FINEST).exp2()
    } else {
        (-THRESHOLD_BITS).exp2()
    }
}

/// What each value may hold, if that is known without samples: of a graph whose real inputs only trees read, and in
/// which what they give is not computed with further than classifiers do.
pub(super) fn ranges(typed: &Typed) -> Option<Vec<Option<(f64, f64)>>> {
    let asked = asked(typed);
    let mut ranges: Vec<Option<(f64, f64)>> = vec![None; typed.values.len()];
    for &input in &typed.inputs {
        if typed.values[input].element == Element::Real && !asked.get(&input)?.alone {
            return None;
        }
    }
    for node in &typed.nodes {
        if typed.values[node.output].element != Element::Real {
            continue;
        }
        let of = |arg: &Arg| match arg {
            Arg::Value(id) => ranges[*id],
            Arg::Constant(_) => None,
        };
        ranges[node.output] = Some(match &node.op {
            Operator::Trees(ensemble) => ensemble.bounds(),
            Operator::Reshape | Operator::Transpose { .. } | Operator::Select { .. } => {
                of(node.inputs.first()?)?
            }
            Operator::Reduce {
                kind: Reduction::Max | Reduction::Mean,
                ..
            } => of(node.inputs.first()?)?,
            Operator::Concat { .. } => {
                let parts = node.inputs.iter().map(of).collect::<Option<Vec<_>>>()?;
                let all = |a: (f64, f64), b: &(f64, f64)| (a.0.min(b.0), a.1.max(b.1));
                parts.iter().fold((0.0, 0.0), all)
            }
            Operator::Softmax { .. } | Operator::Pointwise(crate::function::Function::Sigmoid) => (0.0, 1.0),
            _ => return None,
        });
    }
    Some(ranges)
}

/// Room for scores beyond those that the samples gave, as far as the trees can give any.
pub(super) fn widen(typed: &Typed, ranges: &mut [Option<(f64, f64)>]) {
    for node in &typed.nodes {
        let Operator::Trees(ensemble) = &node.op else {
            continue;
        };
        if let Some(Some((low, high))) = ranges.get_mut(node.output) {
            let (least, greatest) = ensemble.bounds();
            let extent = (*high - *low).max(0.0);
            *low = (*low - extent).max(least.min(*low));
            *high = (*high + extent).min(greatest.max(*high));
        }
    }
}
