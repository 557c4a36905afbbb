//! How precisely each tensor is held, and on which grid.
//!
//! A QDQ file says so itself. For an f32 file, from what the samples showed:
//! - a tensor that only products of bytes read is put on a grid of bytes as soon as it is computed ([`classes`]);
//! - the operand of a product with constant weights gets the cheapest form whose measured error is next to the best
//!   ([`sites`]): bytes on one grid, bytes with a scale for each column, or 16-bit words;
//! - every other tensor stays as wide as it was computed, and becomes words where a step needs them.

mod classes;
mod clip;
mod convs;
mod features;
mod joins;
mod sites;
mod steps;
mod trial;
mod wanted;

pub(crate) use features::Columns;
pub(crate) use sites::{Site, words};

use crate::calibrate::{self, Seen};
use crate::error::{ImportError, Problem};
use crate::grid::Grid;
use crate::options::{Calibration, Options, Range};
use crate::typed::{Arg, Element, Operator, Typed, ValueId};
use metisvm_model::DType;
use std::collections::{BTreeMap, BTreeSet};

/// The choice.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// For each value what it was seen to hold; nothing where no samples were run.
    pub(crate) ranges: Vec<Option<(f64, f64)>>,
    /// For each value the grid of bytes that it is put on as soon as it is computed.
    pub(crate) grids: Vec<Option<Grid>>,
    /// For operands of products with constant weights, the form in which they enter it.
    pub(crate) sites: BTreeMap<ValueId, Site>,
    /// The same as the search left it: inputs may be put elsewhere later.
    searched: BTreeMap<ValueId, Site>,
    /// For results of convolutions, the form in which their operand enters them.
    pub(crate) convs: BTreeMap<ValueId, Site>,
    /// For inputs whose samples are all multiples of one power of two, words with just that step.
    pub(crate) steps: BTreeMap<ValueId, f64>,
    /// For inputs whose columns are features.
    pub(crate) columns: BTreeMap<ValueId, Columns>,
    /// The type of bytes that are activations.
    pub(crate) bytes: DType,
    /// Whether grids came from samples.
    pub(crate) calibrated: bool,
    /// Samples used.
    pub(crate) samples: usize,
    /// Whether something would be held otherwise if ranges were the least and the greatest value seen.
    pub(crate) ranged: bool,
}

impl Plan {
    /// What it would be without samples, of a file that carries its grids.
    pub(crate) fn without_samples(&self) -> Self {
        Self {
            ranges: vec![None; self.ranges.len()],
            grids: self.grids.clone(),
            sites: BTreeMap::new(),
            searched: BTreeMap::new(),
            convs: BTreeMap::new(),
            steps: BTreeMap::new(),
            columns: BTreeMap::new(),
            samples: 0,
            ..*self
        }
    }

    /// Puts inputs on the grids that the caller asks for.
    fn wanted(&mut self, typed: &Typed, options: &Options) {
        for &input in &typed.inputs {
            if let Some(grid) = options.input_grids.get(&typed.values[input].name) {
                self.grids[input] = Some(*grid);
                self.sites.remove(&input);
                self.columns.remove(&input);
            }
        }
    }
}

/// Chooses grids once, as the most tolerant measure has it.
#[cfg(test)]
pub(crate) fn plan(typed: &Typed, options: &Options) -> Result<Plan, ImportError> {
    plan_from(typed, options, observe(typed, options)?.as_ref(), Sites::Searched)
}

/// Where the forms of products' operands come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sites<'p> {
    /// A search among all forms.
    Searched,
    /// An earlier plan; convolutions are to be as precise as the measure of this number asks for, and so are products
    /// where the caller asks for an error of outputs.
    Refined(&'p Plan, usize),
}

/// How often a plan can be made more precise.
pub(crate) const REFINEMENTS: usize = convs::WORTH_WORDS.len();

/// Runs the calibration samples, if there are any.
///
/// # Errors
/// If they do not fit, running them would take too long, or a tensor overflows.
pub(crate) fn observe(typed: &Typed, options: &Options) -> Result<Option<Seen>, ImportError> {
    let Some(calibration) = &options.calibration else {
        return Ok(None);
    };
    wanted::check(typed, options)?;
    let watched: BTreeSet<ValueId> = products(typed).keys().copied().collect();
    calibrate::run(typed, calibration, options.range, &watched).map(Some)
}

/// Chooses grids from what the samples showed.
///
/// # Errors
/// If calibration data are missing, or do not fit.
pub(crate) fn plan_from(
    typed: &Typed,
    options: &Options,
    seen: Option<&Seen>,
    sites: Sites<'_>,
) -> Result<Plan, ImportError> {
    let mut empty = Plan {
        ranges: vec![None; typed.values.len()],
        grids: vec![None; typed.values.len()],
        sites: BTreeMap::new(),
        searched: BTreeMap::new(),
        convs: BTreeMap::new(),
        steps: BTreeMap::new(),
        columns: BTreeMap::new(),
        bytes: options.activation.dtype(),
        calibrated: false,
        samples: 0,
        ranged: false,
    };
    let quantised = typed.is_quantised();
    if quantised {
        empty.grids = joins::grids(typed);
    }
    let real = |id: &ValueId| typed.values[*id].element == Element::Real;
    let (Some(calibration), Some(seen)) = (&options.calibration, seen) else {
        if quantised || !typed.inputs.iter().any(real) && !typed.nodes.iter().any(|n| real(&n.output)) {
            wanted::check(typed, options)?;
            wanted::none(options)?;
            return Ok(empty);
        }
        let Some(ranges) = features::ranges(typed) else {
            return Err(ImportError::model(Problem::NeedsCalibration));
        };
        wanted::check(typed, options)?;
        let mut plan = Plan {
            ranges,
            columns: features::columns(typed, &[]),
            calibrated: true,
            ..empty
        };
        plan.wanted(typed, options);
        return Ok(plan);
    };
    let samples = seen.samples;
    if quantised {
        // The file's grids stand; what it leaves in floats is held as the samples say.
        wanted::none(options)?;
        return Ok(Plan {
            ranges: extremes(seen),
            samples,
            ..empty
        });
    }
    let mut plan = Plan {
        calibrated: true,
        samples,
        ..empty
    };
    let round = match sites {
        Sites::Searched => {
            plan.sites = chosen_sites(typed, seen, options, 0);
            0
        }
        Sites::Refined(_, round) if options.target_error.is_some() => {
            plan.sites = chosen_sites(typed, seen, options, round);
            round
        }
        Sites::Refined(earlier, round) => {
            plan.sites.clone_from(&earlier.searched);
            round
        }
    };
    plan.searched.clone_from(&plan.sites);
    let by_range = |range| {
        let convs = convs::choose(typed, seen, options, range, round);
        let grids = grids(typed, seen, &plan.sites, &convs, range, plan.bytes);
        (convs, grids)
    };
    let (convs, grids) = by_range(options.range);
    plan.ranged = options.range != Range::MinMax && by_range(Range::MinMax) != (convs.clone(), grids.clone());
    (plan.convs, plan.grids) = (convs, grids);
    plan.ranges = extremes(seen);
    exact_inputs(typed, calibration, &mut plan)?;
    features::widen(typed, &mut plan.ranges);
    plan.columns = features::columns(typed, &calibrate::samples(typed, calibration)?);
    plan.wanted(typed, options);
    Ok(plan)
}

/// The grids of bytes that values are put on as soon as they are computed.
fn grids(
    typed: &Typed,
    seen: &Seen,
    sites: &BTreeMap<ValueId, Site>,
    convs: &BTreeMap<ValueId, Site>,
    range: Range,
    dtype: DType,
) -> Vec<Option<Grid>> {
    let bytes = classes::bytes(typed, sites, convs);
    let grid = |(value, bytes)| match (sites.get(&value), seen.held[value].range(range, dtype)) {
        (Some(Site::Bytes(grid)), _) if bytes => Some(*grid),
        (_, Some((low, high))) if bytes => Some(Grid::covering(low, high, dtype)),
        _ => None,
    };
    bytes.into_iter().enumerate().map(grid).collect()
}

/// Gives inputs the step that all their samples are multiples of.
fn exact_inputs(typed: &Typed, calibration: &Calibration, plan: &mut Plan) -> Result<(), ImportError> {
    for (input, runs) in calibrate::samples(typed, calibration)? {
        let Some((low, high)) = plan.ranges.get(input).copied().flatten() else {
            continue;
        };
        if typed.values[input].element != Element::Real {
            continue;
        }
        let Some(step) = steps::step(runs.iter().copied()) else {
            continue;
        };
        let own = matches!(
            plan.sites.get(&input),
            Some(Site::Columns { .. } | Site::Words { .. })
        );
        if let (Some(grid), false) = (steps::bytes(step, low, high, plan.bytes), own)
            && plan.grids[input].is_some()
        {
            plan.grids[input] = Some(grid);
            if let Some(site) = plan.sites.get_mut(&input) {
                *site = Site::Bytes(grid);
            }
        } else if let Some(step) = steps::words(step, low, high) {
            plan.steps.insert(input, step);
        }
    }
    Ok(())
}

/// What is held in words or sums has room for the greatest values seen.
fn extremes(seen: &Seen) -> Vec<Option<(f64, f64)>> {
    seen.held.iter().map(|held| held.extremes).collect()
}

/// Constant matrices of weights, by the value that is multiplied with them.
fn products(typed: &Typed) -> BTreeMap<ValueId, Vec<&crate::constant::Constant>> {
    let mut weighted: BTreeMap<ValueId, Vec<_>> = BTreeMap::new();
    for node in &typed.nodes {
        if let (Operator::MatMul { .. }, [Arg::Value(x), Arg::Constant(w)]) = (&node.op, &node.inputs[..])
            && w.dims.len() == 2
        {
            weighted.entry(*x).or_default().push(w);
        }
    }
    weighted
}

fn chosen_sites(typed: &Typed, seen: &Seen, options: &Options, round: usize) -> BTreeMap<ValueId, Site> {
    let mut chosen = BTreeMap::new();
    for (value, weights) in products(typed) {
        let (Some(rows), Some(columns)) = (seen.rows.get(&value), seen.columns.get(&value)) else {
            continue;
        };
        let fixed =
            options.input_grids.contains_key(&typed.values[value].name) && typed.inputs.contains(&value);
        if typed.values[value].element == Element::Real && !fixed {
            let range = seen.held[value].extremes.unwrap_or_default();
            chosen.insert(
                value,
                sites::choose(
                    rows,
                    columns,
                    range,
                    &weights,
                    options.activation.dtype(),
                    typed.inputs.contains(&value),
                    round,
                ),
            );
        }
    }
    chosen
}
