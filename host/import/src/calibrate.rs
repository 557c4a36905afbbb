//! What tensors hold, from running the float graph on samples.

mod beyond;
mod patches;
mod seen;

pub(crate) use seen::Seen;

use crate::error::{ImportError, Problem, plain};
use crate::float::{self, View};
use crate::options::{Calibration, Range};
use crate::ranges::Held;
use crate::typed::{Arg, Typed, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// Multiplications that calibration may cost, over all samples: minutes, not days.
const MAX_WORK: u64 = 1 << 38;

/// Rows of a product's operand that are kept for the choice of its grid, over all samples: enough to tell grids
/// apart (the ratio of two errors settles to a few hundredths), few enough to try dozens of grids.
const MAX_ROWS: usize = 128;

/// Runs the samples; keeps columns and rows of the values that `watched` names.
///
/// # Errors
/// If the samples do not fit the inputs, running them would take too long, or a tensor overflows.
pub(crate) fn run(
    typed: &Typed,
    calibration: &Calibration,
    range: Range,
    watched: &BTreeSet<ValueId>,
) -> Result<Seen, ImportError> {
    let samples = samples(typed, calibration)?;
    let count = samples.first().map_or(0, |(_, runs)| runs.len());
    check_work(typed, count)?;
    let each = MAX_ROWS.div_ceil(count.max(1));
    let mut seen = Seen {
        held: vec![Held::default(); typed.values.len()],
        columns: BTreeMap::new(),
        rows: BTreeMap::new(),
        channels: BTreeMap::new(),
        patches: BTreeMap::new(),
        samples: count,
    };
    let floats = Floats::new(typed);
    for run in 0..count {
        let given = samples.iter().map(|(value, runs)| (*value, runs[run].to_vec()));
        let results = floats.run(given)?;
        for (value, result) in results.iter().enumerate() {
            seen.held[value].note(result, count, range);
            if watched.contains(&value) && !result.is_empty() {
                let width = typed.values[value].shape.dims().last().map_or(1, |&d| d as usize);
                note_columns(seen.columns.entry(value).or_default(), result, width);
                if !taken(run, count) {
                    continue;
                }
                let kept = seen.rows.entry(value).or_default();
                let rows = result.len() / width;
                let step = rows.div_ceil(each).max(1);
                for row in result
                    .chunks_exact(width)
                    .skip(crate::picks::start(run, step))
                    .step_by(step)
                {
                    if kept.len() < MAX_ROWS * width {
                        kept.extend_from_slice(row);
                    }
                }
            }
        }
        patches::note(typed, &results, (run, count), &mut seen);
    }
    Ok(seen)
}

/// Whether rows of this sample are kept: where there are more samples than rows, of some that are spread over all.
fn taken(run: usize, count: usize) -> bool {
    count <= MAX_ROWS || run * MAX_ROWS / count != (run + 1) * MAX_ROWS / count
}

fn check_work(typed: &Typed, count: usize) -> Result<(), ImportError> {
    let work = typed.nodes.iter().map(|n| {
        let dims: Vec<&[u32]> = n.inputs.iter().map(|a| arg_dims(typed, a)).collect();
        float::work(&n.op, &dims, &typed.values[n.output].shape)
    });
    let work = work.fold(0, u64::saturating_add).saturating_mul(count as u64);
    if work > MAX_WORK {
        return Err(ImportError::model(Problem::TooMany {
            what: "multiplications for calibration (use fewer samples)",
            count: work,
            limit: MAX_WORK,
        }));
    }
    Ok(())
}

/// The typed graph ready to be run in floats.
pub(crate) struct Floats<'t> {
    typed: &'t Typed,
    /// Constants of each node, dequantised once and not once a sample.
    constants: Vec<Vec<Vec<f32>>>,
}

impl<'t> Floats<'t> {
    pub(crate) fn new(typed: &'t Typed) -> Self {
        let of = |n: &crate::typed::TypedNode| n.inputs.iter().map(reals).collect();
        Self {
            typed,
            constants: typed.nodes.iter().map(of).collect(),
        }
    }

    /// What every value holds for these inputs.
    ///
    /// # Errors
    /// If something is not finite.
    pub(crate) fn run(
        &self,
        given: impl Iterator<Item = (ValueId, Vec<f32>)>,
    ) -> Result<Vec<Vec<f32>>, ImportError> {
        let typed = self.typed;
        let mut results: Vec<Vec<f32>> = vec![Vec::new(); typed.values.len()];
        for (value, data) in given {
            results[value] = data;
        }
        for (node, constants) in typed.nodes.iter().zip(&self.constants) {
            let views: Vec<View<'_>> = node
                .inputs
                .iter()
                .zip(constants)
                .map(|(arg, constant)| View {
                    dims: arg_dims(typed, arg),
                    data: match arg {
                        Arg::Value(id) => &results[*id],
                        Arg::Constant(_) => constant,
                    },
                })
                .collect();
            let result = float::evaluate(&node.op, &views, &typed.values[node.output].shape);
            if let Some(&value) = result.iter().find(|v| !v.is_finite()) {
                let name = &typed.values[node.output].name;
                let problem = beyond::index(&node.op, &views).unwrap_or_else(|| Problem::Range {
                    name: name.clone(),
                    value: value.into(),
                });
                return Err(problem.at(&node.name));
            }
            results[node.output] = result;
        }
        Ok(results)
    }
}

fn note_columns(seen: &mut Vec<(f32, f32)>, result: &[f32], width: usize) {
    seen.resize(width, (f32::INFINITY, f32::NEG_INFINITY));
    for row in result.chunks_exact(width) {
        for ((low, high), &v) in seen.iter_mut().zip(row) {
            *low = low.min(v);
            *high = high.max(v);
        }
    }
}

pub(crate) fn arg_dims<'a>(typed: &'a Typed, arg: &'a Arg) -> &'a [u32] {
    match arg {
        Arg::Value(id) => typed.values[*id].shape.dims(),
        Arg::Constant(c) => &c.dims,
    }
}

fn reals(arg: &Arg) -> Vec<f32> {
    match arg {
        Arg::Value(_) => Vec::new(),
        Arg::Constant(c) => c.reals(),
    }
}

/// An input, and what it holds in each run.
pub(crate) type Runs<'a> = (ValueId, Vec<&'a [f32]>);

pub(crate) fn samples<'a>(typed: &Typed, calibration: &'a Calibration) -> Result<Vec<Runs<'a>>, ImportError> {
    let wrong = |text: String| Err(ImportError::Calibration(text));
    let mut all: Vec<Runs<'a>> = Vec::new();
    for &id in &typed.inputs {
        let value = &typed.values[id];
        let name: String = value.name.chars().take(80).collect();
        let only = if typed.inputs.len() == 1 {
            calibration.inputs.get("")
        } else {
            None
        };
        let Some(array) = calibration.inputs.get(&value.name).or(only) else {
            let given: Vec<String> = calibration
                .inputs
                .keys()
                .take(8)
                .map(|name| plain(name))
                .collect();
            let given = match given.as_slice() {
                [only] if only.is_empty() => {
                    "an array without a name, and the model has several inputs".to_owned()
                }
                names => names.join(", "),
            };
            return wrong(format!(
                "there is none for input {name:?}; what is given is {given}"
            ));
        };
        let elements = value.shape.elements();
        let rest: usize = array.shape()[1..].iter().product();
        // Samples of one image each, or of as many as a batch has.
        let batch = value.shape.dims().first().map_or(1, |&b| b as usize);
        let fits = rest == elements || rest * batch == elements && array.shape()[0].is_multiple_of(batch);
        if !fits {
            return wrong(format!(
                "shape {:?} is not a number of samples for input {name:?} of shape {}",
                array.shape(),
                value.shape
            ));
        }
        all.push((id, array.data().chunks_exact(elements).collect()));
    }
    if let Some(known) = calibration
        .inputs
        .keys()
        .find(|k| !k.is_empty() && !typed.inputs.iter().any(|&i| typed.values[i].name == **k))
    {
        let known: String = known.chars().take(80).collect();
        return wrong(format!(
            "there is no input {known:?} that the outputs need; leave its samples out"
        ));
    }
    if all.windows(2).any(|w| w[0].1.len() != w[1].1.len()) {
        return wrong("inputs have different numbers of samples".to_string());
    }
    Ok(all)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::constant::{Constant, Data};
    use crate::error::NodeName;
    use crate::npy::Array;
    use crate::typed::{Element, Operator, TypedNode, TypedValue};
    use metisvm_model::Shape;

    /// One product of eight rows a sample, the first of which is small in each, and samples for it.
    pub(crate) fn product(samples: usize) -> (Typed, Calibration) {
        let value = |name: &str, dims: &[u32]| TypedValue {
            name: name.to_string(),
            shape: Shape::new(dims).unwrap(),
            element: Element::Real,
        };
        let w = Constant::new("w", vec![2, 1], Data::F32(vec![1.0, 1.0])).unwrap();
        let node = TypedNode {
            name: NodeName::default(),
            op: Operator::MatMul { bias: None },
            inputs: vec![Arg::Value(0), Arg::Constant(w)],
            output: 1,
        };
        let typed = Typed {
            values: vec![value("x", &[1, 8, 2]), value("y", &[1, 8, 1])],
            nodes: vec![node],
            inputs: vec![0],
            outputs: vec![("y".to_string(), 1)],
            ..Typed::default()
        };
        let of = |at: usize| {
            if at % 16 < 2 {
                1.0
            } else {
                (at / 2 % 8) as f32 * 10.0
            }
        };
        let data = (0..samples * 16).map(of).collect();
        let array = Array::new(vec![samples, 1, 8, 2], data).unwrap();
        (typed, Calibration::single(array))
    }

    fn kept(samples: usize) -> Seen {
        let (typed, calibration) = product(samples);
        run(&typed, &calibration, Range::MinMax, &BTreeSet::from([0])).unwrap()
    }

    #[test]
    fn rows_come_from_all_places_of_a_sample() {
        for samples in [40, 100, 128, 300] {
            let seen = kept(samples);
            let rows: Vec<f32> = seen.rows[&0].chunks_exact(2).map(|row| row[0]).collect();
            assert!(
                rows.len() > MAX_ROWS / 2,
                "{samples} samples: {} rows",
                rows.len()
            );
            for place in [1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0] {
                let share = rows.iter().filter(|&&v| v == place).count() * 8;
                let near = rows.len() / 2..=rows.len() * 3 / 2;
                assert!(
                    near.contains(&share),
                    "{samples} samples: {place} in {share} / 8 rows"
                );
            }
        }
    }
}
