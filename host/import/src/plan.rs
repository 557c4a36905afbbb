//! Which tensors of an f32 file are put on a grid, and on which.
//!
//! A QDQ file says so itself. For an f32 file every tensor is, except
//! - what only moves elements (Reshape, MaxPool): the result stays on its operand's grid;
//! - a sum that goes into a clamp and nowhere else (Conv, Relu): it is rounded once, after the clamp;
//! - a step of a chain of functions of one number: the chain becomes one table.

use crate::calibrate;
use crate::error::{ImportError, Problem};
use crate::grid::Grid;
use crate::options::Options;
use crate::typed::{Element, Operator, Typed};

/// The choice.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// For each value the grid it is put on as soon as it is computed.
    pub(crate) grids: Vec<Option<Grid>>,
    /// Whether the file is an f32 file.
    pub(crate) calibrated: bool,
    /// Samples used.
    pub(crate) samples: usize,
}

/// Chooses grids.
///
/// # Errors
/// If calibration data are missing, superfluous, or do not fit.
pub(crate) fn plan(typed: &Typed, options: &Options) -> Result<Plan, ImportError> {
    let real_inputs = typed
        .inputs
        .iter()
        .any(|&i| typed.values[i].element == Element::Real);
    if typed.is_quantised() || !real_inputs {
        if options.calibration.is_some() {
            return Err(ImportError::model(Problem::CalibrationUnused));
        }
        return Ok(Plan {
            grids: vec![None; typed.values.len()],
            ..Plan::default()
        });
    }
    let Some(calibration) = &options.calibration else {
        return Err(ImportError::model(Problem::NeedsCalibration));
    };
    for (name, grid) in &options.input_grids {
        let known = typed.inputs.iter().any(|&i| typed.values[i].name == *name);
        if !known || !grid.is_sound() {
            let problem = Problem::Scale(if known {
                "the grid asked for is not one".to_string()
            } else {
                "a grid is asked for, but there is no such input".to_string()
            });
            return Err(ImportError::tensor("input", name, problem));
        }
    }
    let ranges = calibrate::ranges(typed, calibration, options.range)?;
    let mut grids = vec![None; typed.values.len()];
    for value in materialised(typed) {
        if let Some((low, high)) = ranges.of[value] {
            grids[value] = Some(Grid::covering(low, high, options.activation.dtype()));
        }
    }
    for &input in &typed.inputs {
        if let Some(grid) = options.input_grids.get(&typed.values[input].name) {
            grids[input] = Some(*grid);
        }
    }
    Ok(Plan {
        grids,
        calibrated: true,
        samples: ranges.samples,
    })
}

/// The values that are put on a grid.
fn materialised(typed: &Typed) -> Vec<usize> {
    let readers = typed.readers();
    let mut chosen = typed.inputs.clone();
    // Whether a value is still a sum, not on a grid yet.
    let mut sum = vec![false; typed.values.len()];
    for node in &typed.nodes {
        let next = match readers[node.output][..] {
            [reader] if reader != usize::MAX => match &typed.nodes[reader].op {
                Operator::Pointwise(function) => Some(function),
                _ => None,
            },
            _ => None,
        };
        let from_sum = match node.op {
            Operator::MatMul { .. } | Operator::Conv { .. } | Operator::Add => true,
            Operator::Pointwise(_) => node.values().any(|v| sum[v]),
            _ => continue,
        };
        let waits = next.is_some_and(|f| !from_sum || f.is_clamp());
        sum[node.output] = waits && from_sum;
        if !waits {
            chosen.push(node.output);
        }
    }
    chosen
}
