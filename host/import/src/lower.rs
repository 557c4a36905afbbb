//! From the typed graph and its grids to the integer graph.
//!
//! A tensor of real numbers is followed as what stands for it: integers of whatever width they were computed in, a scale
//! (one, or one a channel), and functions that are still to be applied. A step that reads it asks for the form that it
//! needs, bytes on a grid, words on a scale, sums ([`forms`]); each form is made once, from what was computed.

mod columns;
mod convs;
mod emitter;
mod forms;
mod functions;
mod input;
mod labels;
mod moves;
mod pairs;
mod ports;
mod products;
mod rows;
mod state;
mod trees;
mod weights;

use crate::error::{ImportError, Problem};
use crate::grid::Grid;
use crate::imported::Imported;
use crate::measure::{self, Place};
use crate::options::Calibration;
use crate::plan::Plan;
use crate::report::Report;
use crate::resolve::blockers::Blockers;
use crate::typed::{Arg, Operator, Typed, TypedNode};
use emitter::Emitter;
use metisvm_model::{Op, TensorType, Value};
use state::{Lowered, Lowering, on};

/// Lowers a graph.
///
/// # Errors
/// If an operator has no integer form on these grids, or the integer graph fails its proof.
pub(crate) fn lower(
    typed: &Typed,
    plan: &Plan,
    calibration: Option<&Calibration>,
) -> Result<Imported, ImportError> {
    let mut lowering = Lowering {
        typed,
        plan,
        emitter: Emitter::default(),
        states: vec![None; typed.values.len()],
        forms: std::collections::BTreeMap::new(),
        places: Vec::new(),
        output_places: Vec::new(),
    };
    lowering.inputs()?;
    let mut blockers = Blockers::default();
    for node in &typed.nodes {
        if node.values().any(|v| lowering.states[v].is_none()) {
            blockers.behind += 1;
            continue;
        }
        lowering.emitter.begin(&node.name);
        if let Err(problem) = lowering.node(node) {
            blockers.add(problem.at(&node.name));
        }
    }
    lowering.emitter.end();
    if let Some(error) = blockers.into_error() {
        return Err(error);
    }
    lowering.outputs()?;
    let (places, output_places) = (lowering.places, lowering.output_places);
    let Emitter {
        parsed,
        origins,
        layers,
        ..
    } = lowering.emitter;
    let (graph, order) = parsed.check_numbered().map_err(|e| match e.node {
        Some((index, _)) => Problem::Graph(e).at(&origins[index]),
        None => ImportError::Graph(Box::new(e)),
    })?;
    let mut report = Report {
        calibrated: plan.calibrated,
        samples: plan.samples,
        weights: layers.iter().map(|l| l.weights).sum(),
        layers,
        dropped: typed.dropped.clone(),
        warnings: typed.notes.clone(),
        macs: graph.work().macs,
        ..Report::default()
    };
    if let Some(calibration) = calibration.filter(|_| plan.samples > 0) {
        let mut renumbered = vec![None; origins.len()];
        for (now, &before) in order.iter().enumerate() {
            renumbered[before] = Some(Value::Node(now as u32));
        }
        let there = |place: Place| match place.value {
            Value::Node(before) => Some(Place {
                value: renumbered[before as usize]?,
                ..place
            }),
            _ => Some(place),
        };
        let places: Vec<Place> = places.into_iter().filter_map(there).collect();
        let outputs: Vec<Place> = output_places.into_iter().filter_map(there).collect();
        measure::measure(typed, calibration, &graph, &places, &outputs, &mut report)?;
    }
    report.layers.retain(|l| !l.operators.is_empty());
    Ok(Imported { graph, report })
}

impl Lowering<'_> {
    fn node(&mut self, node: &TypedNode) -> Result<(), Problem> {
        let shape = self.typed.values[node.output].shape.clone();
        let first = node.inputs.first().ok_or(Problem::Cycle)?;
        let state = match &node.op {
            Operator::Quantise(grid) => self.quantise_node(first, *grid)?,
            Operator::Dequantise(grid) => match self.state(first)? {
                Lowered::Integers(value, _) => Lowered::Real(on(*value, *grid, shape)),
                _ => return Err(self.not_quantised(first)),
            },
            Operator::MatMul { bias } => self.mat_mul(node, bias.as_deref(), shape)?,
            Operator::Conv { window, groups, bias } => {
                let op = Op::Conv2d {
                    window: *window,
                    groups: *groups,
                };
                self.conv(node, op, bias.as_deref(), shape)?
            }
            Operator::Add => self.add(node, shape, &Op::Add)?,
            Operator::Sub => self.add(node, shape, &Op::Sub)?,
            Operator::Mul => self.mul(node, shape)?,
            Operator::Div => self.div(node, shape)?,
            Operator::Where => self.choose(node, shape)?,
            Operator::Pointwise(function) => self.pointwise(node, function)?,
            Operator::MaxPool { kernel, window } => {
                let op = Op::MaxPool2d {
                    kernel: *kernel,
                    window: *window,
                };
                self.max_pool(first, op, shape)?
            }
            Operator::Reshape => self.reshape(first, shape)?,
            Operator::Transpose { perm } => self.transpose(first, perm, shape)?,
            Operator::Concat { axis } => self.concat(node, *axis, shape)?,
            Operator::Select { axis, indices } => self.select(first, *axis, indices, shape)?,
            Operator::Lookup { axis } => self.lookup(node, *axis, shape)?,
            Operator::Reduce { kind, axis } => self.reduce(node, *kind, *axis, shape)?,
            Operator::Softmax { axis } => self.softmax(node, *axis, shape)?,
            Operator::Normalise { epsilon, centred } => self.normalise(node, *epsilon, *centred, shape)?,
            Operator::ArgMax { axis } => self.arg_max(first, *axis)?,
            Operator::Cast => self.cast(node, shape)?,
            Operator::Trees(ensemble) => self.trees(node, ensemble, shape)?,
        };
        let state = self.settled(state, node.output)?;
        let (dtype, shape) = match &state {
            Lowered::Real(real) => (real.dtype, real.shape.clone()),
            Lowered::Integers(_, dtype) => (*dtype, self.typed.values[node.output].shape.clone()),
        };
        self.emitter.layer().result = Some(TensorType { dtype, shape });
        let layer = self.emitter.at();
        self.place(node.output, &state, Some(layer));
        self.states[node.output] = Some(state);
        Ok(())
    }

    fn quantise_node(&mut self, arg: &Arg, grid: Grid) -> Result<Lowered, Problem> {
        match self.state(arg)?.clone() {
            Lowered::Real(real) => {
                self.emitter.layer().grid = Some(grid);
                let value = if real.byte_grid().is_none() && !real.only_clamps() {
                    Err(self.not_quantised(arg))
                } else {
                    self.on_grid(&real, grid)
                };
                let value = value.map_err(|problem| match (problem, arg) {
                    (Problem::Multiplier { ratio, .. }, Arg::Value(id)) => Problem::Multiplier {
                        sum: self.producer(*id),
                        ratio,
                    },
                    (problem, _) => problem,
                })?;
                Ok(Lowered::Integers(value, grid.dtype))
            }
            Lowered::Integers(..) => Err(self.not_quantised(arg)),
        }
    }
}
