//! The integer graph beside the floats: what tests of translated operators go on to, so that every case that holds in
//! floats is lowered, proven and run as integers too.

use crate::error::ImportError;
use crate::imported::Imported;
use crate::lower;
use crate::npy::Array;
use crate::options::{Calibration, Options};
use crate::plan;
use crate::typed::{Element, Typed};
use metisvm_model::{Reference, Tensor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is compared with floats of each output.
#[derive(Debug)]
pub(crate) struct Integers {
    pub(crate) name: String,
    pub(crate) reals: Vec<f64>,
}

pub(super) fn import(typed: &Typed, options: &Options) -> Result<Imported, ImportError> {
    let plan = plan::plan(typed, options)?;
    lower::lower(typed, &plan, options.calibration.as_ref())
}

/// The outputs of the integer graph for inputs in their order, the grids chosen from one sample of each.
pub(crate) fn run(typed: &Typed, inputs: &[Vec<f32>], samples: &[Vec<f32>]) -> Result<Vec<Integers>, String> {
    let mut calibration = Calibration::default();
    for (&id, data) in typed.inputs.iter().zip(samples) {
        let value = &typed.values[id];
        let shape = std::iter::once(1)
            .chain(value.shape.dims().iter().map(|&d| d as usize))
            .collect();
        let array = Array::new(shape, data.clone()).ok_or("an array of another size")?;
        calibration.inputs.insert(value.name.clone(), array);
    }
    // A file with grids of its own needs samples only where it leaves something in floats.
    let without = import(typed, &Options::default());
    let imported = without.or_else(|_| {
        let options = Options {
            calibration: Some(calibration),
            ..Options::default()
        };
        import(typed, &options)
    });
    let imported = imported.map_err(|e| e.to_string())?;
    let graph = Arc::new(imported.graph);
    let note = |key: String| {
        graph
            .metadata()
            .get(&key)
            .and_then(|text| text.parse::<f64>().ok())
    };
    let mut bytes = Vec::new();
    for ((port, &id), data) in graph.inputs().iter().zip(&typed.inputs).zip(inputs) {
        let whole = typed.values[id].element == Element::Int;
        let columns = (0..).map_while(|at| graph.metadata().get(&format!("input.{}.scales.{at}", port.name)));
        let columns: Vec<f64> = columns
            .flat_map(|part| part.split(' '))
            .filter_map(|s| s.parse().ok())
            .collect();
        let scale = note(format!("input.{}.scale", port.name)).unwrap_or(1.0);
        let zero = note(format!("input.{}.zero_point", port.name)).unwrap_or(0.0);
        for (at, &v) in data.iter().enumerate() {
            let scale = if columns.is_empty() {
                scale
            } else {
                columns[at % columns.len()]
            };
            // Where it is a tie, the step is that of f32, as ONNX has it.
            // What goes into a quantised file as integers is on its grid already.
            let steps = if whole || typed.values[id].element != Element::Real {
                f64::from(v)
            } else {
                f64::from((v / scale as f32).round_ties_even()) + zero
            };
            let value = port.ty.dtype.saturate(steps as i64);
            bytes.extend_from_slice(&value.to_le_bytes()[..port.ty.dtype.size()]);
        }
    }
    let result = Reference::new(graph.clone())
        .run(&bytes)
        .map_err(|e| e.to_string())?;
    let (mut rest, mut outputs) = (&result[..], Vec::new());
    let metadata: &BTreeMap<String, String> = graph.metadata();
    for (output, (_, id)) in graph.outputs().iter().zip(&typed.outputs) {
        let ty = graph.ty(output.value).clone();
        let (own, after) = rest.split_at(ty.bytes());
        rest = after;
        let tensor = Tensor::from_bytes(ty, own).ok_or("an output of another length")?;
        let real = typed.values[*id].element == Element::Real
            && metadata.contains_key(&format!("output.{}.scale", output.name));
        let scale = note(format!("output.{}.scale", output.name))
            .filter(|_| real)
            .unwrap_or(1.0);
        let zero = note(format!("output.{}.zero_point", output.name))
            .filter(|_| real)
            .unwrap_or(0.0);
        let reals = tensor
            .data()
            .iter()
            .map(|&v| (f64::from(v) - zero) * scale)
            .collect();
        outputs.push(Integers {
            name: output.name.clone(),
            reals,
        });
    }
    Ok(outputs)
}

/// Root of the mean squared error of the worst output, as a part of what floats give.
pub(crate) fn error(
    typed: &Typed,
    inputs: &[Vec<f32>],
    samples: &[Vec<f32>],
    floats: &[Vec<f32>],
) -> Result<f64, String> {
    let mut worst = 0f64;
    for (output, floats) in run(typed, inputs, samples)?.iter().zip(floats) {
        if output.reals.len() != floats.len() {
            return Err(format!(
                "{}: {} elements, not {}",
                output.name,
                output.reals.len(),
                floats.len()
            ));
        }
        let pairs = output.reals.iter().zip(floats).map(|(a, &b)| (*a, f64::from(b)));
        let (error, power) = pairs.fold((0.0, 0.0), |(e, p), (a, b)| (e + (a - b).powi(2), p + b * b));
        worst = worst.max(if power > 0.0 {
            (error / power).sqrt()
        } else {
            error.sqrt()
        });
    }
    Ok(worst)
}
