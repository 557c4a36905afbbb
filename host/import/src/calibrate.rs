//! Ranges of tensors, from running the float graph on samples.

use crate::error::{ImportError, Problem};
use crate::float::{self, View};
use crate::options::{Calibration, Range};
use crate::typed::{Arg, Element, Typed, ValueId};

/// Multiplications that calibration may cost, over all samples: minutes, not days.
const MAX_WORK: u64 = 1 << 38;

/// What each value was seen to hold, least and greatest; nothing for values that are not real numbers.
pub(crate) struct Ranges {
    pub(crate) of: Vec<Option<(f64, f64)>>,
    pub(crate) samples: usize,
}

/// Runs the samples.
///
/// # Errors
/// If the samples do not fit the inputs, running them would take too long, or a tensor overflows.
pub(crate) fn ranges(typed: &Typed, calibration: &Calibration, range: Range) -> Result<Ranges, ImportError> {
    let samples = samples(typed, calibration)?;
    let count = samples.first().map_or(0, |(_, runs)| runs.len());
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
    // Dequantised once, not once a sample.
    let constants: Vec<Vec<Vec<f32>>> = typed
        .nodes
        .iter()
        .map(|n| n.inputs.iter().map(reals).collect())
        .collect();
    let mut seen = vec![None; typed.values.len()];
    for run in 0..count {
        let mut results: Vec<Vec<f32>> = vec![Vec::new(); typed.values.len()];
        for (value, runs) in &samples {
            results[*value] = runs[run].to_vec();
        }
        for (node, constants) in typed.nodes.iter().zip(&constants) {
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
                let problem = Problem::Range {
                    name: typed.values[node.output].name.clone(),
                    value: value.into(),
                };
                return Err(problem.at(&node.name));
            }
            results[node.output] = result;
        }
        for (seen, result) in seen.iter_mut().zip(&results) {
            note(seen, result, range);
        }
    }
    let of = seen
        .into_iter()
        .map(|s| {
            s.map(|(low, high)| match range {
                Range::MinMax => (low, high),
                Range::MeanMinMax => (low / count as f64, high / count as f64),
            })
        })
        .collect();
    Ok(Ranges { of, samples: count })
}

/// Adds the range of one sample's tensor to what was seen.
fn note(seen: &mut Option<(f64, f64)>, result: &[f32], range: Range) {
    if result.is_empty() {
        return;
    }
    let low = result.iter().copied().fold(f32::INFINITY, f32::min).into();
    let high = result.iter().copied().fold(f32::NEG_INFINITY, f32::max).into();
    *seen = Some(match (*seen, range) {
        (None, _) => (low, high),
        (Some((l, h)), Range::MinMax) => (low.min(l), high.max(h)),
        (Some((l, h)), Range::MeanMinMax) => (low + l, high + h),
    });
}

fn arg_dims<'a>(typed: &'a Typed, arg: &'a Arg) -> &'a [u32] {
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

/// A real input, and what it holds in each run.
type Runs<'a> = (ValueId, Vec<&'a [f32]>);

fn samples<'a>(typed: &Typed, calibration: &'a Calibration) -> Result<Vec<Runs<'a>>, ImportError> {
    let wrong = |text: String| Err(ImportError::Calibration(text));
    let mut all: Vec<Runs<'a>> = Vec::new();
    for &id in &typed.inputs {
        let value = &typed.values[id];
        if value.element != Element::Real {
            continue;
        }
        let name: String = value.name.chars().take(80).collect();
        let only = if typed.inputs.len() == 1 {
            calibration.inputs.get("")
        } else {
            None
        };
        let Some(array) = calibration.inputs.get(&value.name).or(only) else {
            return wrong(format!("there is none for input {name:?}"));
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
        return wrong(format!("there is no input {known:?}"));
    }
    if all.windows(2).any(|w| w[0].1.len() != w[1].1.len()) {
        return wrong("inputs have different numbers of samples".to_string());
    }
    Ok(all)
}
