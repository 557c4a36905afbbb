//! From the typed graph and its grids to the integer graph.
//!
//! A tensor of real numbers is followed as what stands for it: bytes on a grid, or 32-bit sums with a
//! scale for each channel, and functions that are still to be applied. Only where a grid is asked for
//! (a QuantizeLinear of the file, or the plan) does that become bytes:
//! - sums by Requantise, and Clamp for what is left of a ReLU;
//! - bytes by nothing at all if the grid is the same, by Clamp if only a clamp is to be applied, and by
//!   a table of all 256 values otherwise, which is exactly what an ONNX runtime computes.

mod add;
mod emitter;
mod ports;
mod state;
mod weights;

use crate::error::{ImportError, Problem};
use crate::grid::Grid;
use crate::imported::Imported;
use crate::plan::Plan;
use crate::report::Report;
use crate::typed::{Arg, Element, Operator, Typed, TypedNode};
use emitter::Emitter;
use metisvm_model::{DType, Op, Shape, TensorType, Value};
use state::{Lowered, Lowering, Real, on, sum};
use weights::Weights;

/// Functions that one table may stand for; it bounds what a hostile chain costs.
const MAX_CHAIN: usize = 256;

/// Lowers a graph.
///
/// # Errors
/// If an operator has no integer form on these grids, or the integer graph fails its proof.
pub(crate) fn lower(typed: &Typed, plan: &Plan) -> Result<Imported, ImportError> {
    let mut lowering = Lowering {
        typed,
        plan,
        emitter: Emitter::default(),
        states: vec![None; typed.values.len()],
    };
    lowering.inputs()?;
    for node in &typed.nodes {
        lowering.emitter.begin(&node.name);
        lowering.node(node).map_err(|p| p.at(&node.name))?;
    }
    lowering.emitter.end();
    lowering.outputs()?;
    let Emitter {
        parsed,
        origins,
        mut layers,
        ..
    } = lowering.emitter;
    let graph = parsed.check().map_err(|e| match e.node {
        Some((index, _)) => Problem::Graph(e).at(&origins[index]),
        None => ImportError::Graph(Box::new(e)),
    })?;
    layers.retain(|l| !l.operators.is_empty());
    let report = Report {
        calibrated: plan.calibrated,
        samples: plan.samples,
        weights: layers.iter().map(|l| l.weights).sum(),
        layers,
        dropped: typed.dropped.clone(),
        macs: graph.work().macs,
    };
    Ok(Imported { graph, report })
}

impl Lowering<'_> {
    fn node(&mut self, node: &TypedNode) -> Result<(), Problem> {
        let shape = self.typed.values[node.output].shape.clone();
        let state = match &node.op {
            Operator::Quantise(grid) => self.quantise_node(&node.inputs[0], *grid)?,
            Operator::Dequantise(grid) => match self.state(&node.inputs[0])? {
                Lowered::Integers(value) => Lowered::Real(on(*value, *grid, shape)),
                _ => return Err(self.not_quantised(&node.inputs[0])),
            },
            Operator::MatMul { bias } => Lowered::Real(self.mat_mul(node, bias.as_deref(), shape)?),
            Operator::Conv { window, groups, bias } => {
                let (x, grid, _) = self.bytes(&node.inputs[0])?;
                let w = self.weights(&node.inputs[1], 0, grid, bias.as_deref())?;
                let op = Op::Conv2d {
                    window: *window,
                    groups: *groups,
                };
                Lowered::Real(self.product(op, x, grid, w, bias.as_deref(), shape, 1)?)
            }
            Operator::Add => Lowered::Real(self.add(node, shape)?),
            Operator::Pointwise(function) => {
                let mut real = self.real(&node.inputs[0])?;
                if let Some(both) = real.then.last().and_then(|last| last.clamps(function)) {
                    real.then.pop();
                    real.then.push(both);
                } else if real.then.len() < MAX_CHAIN {
                    real.then.push(function.clone());
                } else {
                    return Err(Problem::TooMany {
                        what: "functions of one number in a row",
                        count: MAX_CHAIN as u64 + 1,
                        limit: MAX_CHAIN as u64,
                    });
                }
                Lowered::Real(real)
            }
            Operator::MaxPool { kernel, window } => {
                let op = Op::MaxPool2d {
                    kernel: *kernel,
                    window: *window,
                };
                self.max_pool(&node.inputs[0], op, shape)?
            }
            Operator::Reshape => self.reshape(&node.inputs[0], shape)?,
            Operator::ArgMax { axis } => self.arg_max(&node.inputs[0], *axis)?,
            _ => return Err(Problem::Unsupported("it has no integer form yet".to_string())),
        };
        let state = match (state, self.plan.grids[node.output]) {
            (Lowered::Real(real), Some(grid)) => {
                let shape = self.typed.values[node.output].shape.clone();
                let value = self.quantise(real, grid)?;
                Lowered::Real(on(value, grid, shape))
            }
            (state, _) => state,
        };
        let shape = match &state {
            Lowered::Real(real) => real.shape.clone(),
            _ => self.typed.values[node.output].shape.clone(),
        };
        let dtype = match (&state, self.typed.values[node.output].element) {
            (Lowered::Real(real), _) => real.dtype,
            (_, Element::Quantised(dtype)) => dtype,
            _ => DType::I32,
        };
        self.emitter.layer().result = Some(TensorType { dtype, shape });
        self.states[node.output] = Some(state);
        Ok(())
    }

    fn quantise_node(&mut self, arg: &Arg, grid: Grid) -> Result<Lowered, Problem> {
        match self.state(arg)?.clone() {
            Lowered::Input(value, own) if own == grid => Ok(Lowered::Integers(value)),
            Lowered::Input(..) => Err(Problem::Unsupported(
                "another QuantizeLinear puts the same input on another grid; an input has one".to_string(),
            )),
            Lowered::Real(real) => {
                let value = self
                    .quantise(real, grid)
                    .map_err(|problem| match (problem, arg) {
                        (Problem::Multiplier { ratio, .. }, Arg::Value(id)) => Problem::Multiplier {
                            sum: self.producer(*id),
                            ratio,
                        },
                        (problem, _) => problem,
                    })?;
                Ok(Lowered::Integers(value))
            }
            Lowered::Integers(_) => Err(self.not_quantised(arg)),
        }
    }

    /// Real numbers as bytes on a grid.
    fn quantise(&mut self, real: Real, grid: Grid) -> Result<Value, Problem> {
        self.emitter.layer().grid = Some(grid);
        let value = match real.grid() {
            Some(own) => self.regrid(&real, own, grid)?,
            None => {
                if !real.only_clamps() {
                    return Err(Problem::NotQuantised(
                        "the operand, a sum to which a function other than a clamp is applied,".to_string(),
                    ));
                }
                let factors: Vec<f64> = real.scales.iter().map(|s| s / f64::from(grid.scale)).collect();
                let value =
                    self.emitter
                        .requantise(real.value, &factors, real.axis, grid.dtype, grid.zero_point)?;
                let low = grid.quantise(real.apply(f32::NEG_INFINITY));
                let high = grid.quantise(real.apply(f32::INFINITY));
                self.emitter.clamp(value, grid.dtype, low, high)?
            }
        };
        Ok(match real.reshape {
            Some(shape) => self.emitter.node(Op::Reshape { shape }, &[value]),
            None => value,
        })
    }

    /// Bytes to bytes.
    fn regrid(&mut self, real: &Real, own: Grid, grid: Grid) -> Result<Value, Problem> {
        if own == grid && real.only_clamps() {
            let low = grid.quantise(real.apply(f32::NEG_INFINITY));
            let high = grid.quantise(real.apply(f32::INFINITY));
            return self.emitter.clamp(real.value, grid.dtype, low, high);
        }
        let entry = |v: i32| grid.quantise(real.apply(own.real(v)));
        self.emitter.table(real.value, own.dtype, grid.dtype, entry)
    }

    fn mat_mul(&mut self, node: &TypedNode, bias: Option<&[f64]>, shape: Shape) -> Result<Real, Problem> {
        let axis = shape.rank() - 1;
        let (x, grid) = match &node.inputs[0] {
            Arg::Constant(c) => {
                let w = Weights::per_tensor(c)?;
                let grid = w.single_grid()?;
                (self.emitter.weights(&w)?, grid)
            }
            arg => {
                let (value, grid, _) = self.bytes(arg)?;
                (value, grid)
            }
        };
        if let Arg::Constant(c) = &node.inputs[1] {
            let w = self.weights(&node.inputs[1], c.dims.len() - 1, grid, bias)?;
            return self.product(Op::MatMul, x, grid, w, bias, shape, axis);
        }
        let (w, w_grid, _) = self.bytes(&node.inputs[1])?;
        let x_zero = self.emitter.scalar(grid.dtype, grid.zero_point)?;
        let w_zero = self.emitter.scalar(w_grid.dtype, w_grid.zero_point)?;
        let scale = f64::from(grid.scale) * f64::from(w_grid.scale);
        let mut operands = vec![x, w, x_zero, w_zero];
        if let Some(bias) = bias {
            operands.push(self.emitter.bias(bias, &[scale])?);
        }
        let value = self.emitter.node(Op::MatMul, &operands);
        Ok(sum(value, shape, vec![scale], axis))
    }

    fn weights(&self, arg: &Arg, axis: usize, grid: Grid, bias: Option<&[f64]>) -> Result<Weights, Problem> {
        match arg {
            Arg::Constant(c) => Weights::per_channel(c, axis, f64::from(grid.scale), bias),
            Arg::Value(_) => Err(Problem::NotConstant("the weight")),
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "an operator and its operands, each of its own type"
    )]
    fn product(
        &mut self,
        op: Op,
        x: Value,
        grid: Grid,
        w: Weights,
        bias: Option<&[f64]>,
        shape: Shape,
        axis: usize,
    ) -> Result<Real, Problem> {
        let scales: Vec<f64> = w.scales.iter().map(|s| s * f64::from(grid.scale)).collect();
        let value = self.emitter.weights(&w)?;
        let x_zero = self.emitter.scalar(grid.dtype, grid.zero_point)?;
        let w_zero = self.emitter.zeros(&w)?;
        let mut operands = vec![x, value, x_zero, w_zero];
        if let Some(bias) = bias {
            operands.push(self.emitter.bias(bias, &scales)?);
        }
        let value = self.emitter.node(op, &operands);
        Ok(sum(value, shape, scales, axis))
    }

    /// The greatest of bytes stands for the greatest real, because a grid is increasing; and a clamp
    /// that is still to come does not change which it is.
    fn max_pool(&mut self, arg: &Arg, op: Op, shape: Shape) -> Result<Lowered, Problem> {
        match self.state(arg)?.clone() {
            Lowered::Integers(value) => Ok(Lowered::Integers(self.emitter.node(op, &[value]))),
            Lowered::Real(mut real) if real.only_clamps() && real.reshape.is_none() => {
                real.value = self.emitter.node(op, &[real.value]);
                real.shape = shape;
                Ok(Lowered::Real(real))
            }
            _ => Err(self.not_quantised(arg)),
        }
    }

    fn reshape(&mut self, arg: &Arg, shape: Shape) -> Result<Lowered, Problem> {
        Ok(match self.state(arg)?.clone() {
            Lowered::Integers(value) => Lowered::Integers(self.emitter.node(Op::Reshape { shape }, &[value])),
            Lowered::Real(mut real) => {
                if real.scales.len() == 1 && real.reshape.is_none() {
                    let op = Op::Reshape { shape: shape.clone() };
                    real.value = self.emitter.node(op, &[real.value]);
                    real.shape = shape;
                } else {
                    real.reshape = Some(shape);
                }
                Lowered::Real(real)
            }
            Lowered::Input(..) => return Err(self.not_quantised(arg)),
        })
    }

    fn arg_max(&mut self, arg: &Arg, axis: u8) -> Result<Lowered, Problem> {
        let value = match self.state(arg)?.clone() {
            Lowered::Integers(value) => value,
            Lowered::Real(real) if real.plain().is_some() => real.value,
            Lowered::Real(real) if real.then.is_empty() && real.reshape.is_none() => {
                let common = real.scales.iter().copied().fold(0.0, f64::max);
                self.on_common_scale(&real, common)?
            }
            _ => return Err(self.not_quantised(arg)),
        };
        Ok(Lowered::Integers(
            self.emitter.node(Op::ArgMax { axis }, &[value]),
        ))
    }
}
