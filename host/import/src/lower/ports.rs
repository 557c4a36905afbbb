//! Inputs and outputs of the integer graph, and the notes that tell callers how to quantise.

use super::input;
use super::labels;
use super::state::{Lowered, Lowering, Real, on};
use crate::columns::MAX_COLUMNS;
use crate::error::{ImportError, NodeName, Problem};
use crate::function::Function;
use crate::measure::Place;
use crate::plan::Site;
use crate::typed::{Arg, Element, Operator, ValueId};
use metisvm_model::limits::MAX_STRING_BYTES;
use metisvm_model::{DType, Op, Shape, TensorType, Value};

/// What an output gives: integers, their type, and the scale and zero point that make reals of them, if any do.
type Given = (Value, DType, Option<(f64, i32)>);

impl Lowering<'_> {
    /// Declares the integer inputs.
    pub(super) fn inputs(&mut self) -> Result<(), ImportError> {
        for &id in &self.typed.inputs {
            let value = &self.typed.values[id];
            let shape = value.shape.clone();
            let state = match value.element {
                Element::Quantised(dtype) => {
                    let grid = self.typed.nodes.iter().find_map(|n| match n.op {
                        Operator::Dequantise(grid) if n.values().any(|v| v == id) => Some(grid),
                        _ => None,
                    });
                    let grid = grid.map(|g| (f64::from(g.scale), g.zero_point));
                    self.describe("input", &value.name, grid, &shape);
                    Lowered::Integers(self.port(id, dtype), dtype)
                }
                Element::Int => {
                    let dtype = self.whole_type(id);
                    Lowered::Integers(self.port(id, dtype), dtype)
                }
                Element::Real if self.plan.calibrated => Lowered::Real(self.real_input(id, shape)),
                Element::Real => Lowered::Real(self.quantised_input(id, shape)?),
            };
            self.place(id, &state, None);
            self.states[id] = Some(state);
        }
        Ok(())
    }

    /// A real input of a file that carries its grids: on the one that its QuantizeLinear has; what is read in floats too
    /// is held as its samples say, if there are any.
    fn quantised_input(&mut self, id: ValueId, shape: Shape) -> Result<Real, ImportError> {
        let name = &self.typed.values[id].name;
        let problem = |why: &str| ImportError::tensor("input", name, Problem::Unsupported(why.to_string()));
        let readers = input::readers(self.typed, id);
        let grid = match &readers.grids[..] {
            _ if readers.others && self.seen(id) => return Ok(self.real_input(id, shape)),
            [] if readers.others => return Err(ImportError::tensor("input", name, Problem::NoRange)),
            [] => return Err(problem("nothing that leads to an output reads it; drop it")),
            [grid] => *grid,
            several => input::common(several),
        };
        let scale = f64::from(grid.scale);
        self.describe("input", &name.clone(), Some((scale, grid.zero_point)), &shape);
        Ok(on(self.port(id, grid.dtype), grid, shape))
    }

    /// Whether samples showed what a value holds.
    fn seen(&self, id: ValueId) -> bool {
        self.plan.ranges.get(id).copied().flatten().is_some()
    }

    fn port(&mut self, id: ValueId, dtype: DType) -> Value {
        let value = &self.typed.values[id];
        let shape = value.shape.clone();
        self.emitter
            .parsed
            .input(value.name.clone(), TensorType { dtype, shape })
    }

    /// Whole numbers are 32 bits; bytes where they were seen to be that and no position.
    fn whole_type(&self, id: ValueId) -> DType {
        let position = |n: &crate::typed::TypedNode| {
            let at = matches!(
                n.op,
                Operator::Lookup { .. } | Operator::Pointwise(Function::FromFront { .. })
            );
            at && n.values().any(|v| v == id)
        };
        match self.plan.ranges.get(id).copied().flatten() {
            Some((low, high)) if low >= 0.0 && high <= 255.0 && !self.typed.nodes.iter().any(position) => {
                DType::U8
            }
            _ => DType::I32,
        }
    }

    /// A real input of an f32 file: bytes where the plan says so, else with a scale for each column where products
    /// want that, else words.
    fn real_input(&mut self, id: ValueId, shape: Shape) -> Real {
        let name = self.typed.values[id].name.clone();
        if let Some(grid) = self.plan.grids[id] {
            self.describe("input", &name, Some((grid.scale.into(), grid.zero_point)), &shape);
            return on(self.port(id, grid.dtype), grid, shape);
        }
        if let Some(columns) = self.plan.columns.get(&id) {
            let (dtype, scales) = (columns.dtype, columns.scales.clone());
            let value = self.port(id, dtype);
            self.describe_columns(&name, &scales, 0);
            return Real {
                axis: shape.rank().saturating_sub(1),
                scales,
                ..Real::new(value, dtype, shape, 1.0, 0)
            };
        }
        let only_products = self
            .typed
            .nodes
            .iter()
            .filter(|n| n.values().any(|v| v == id))
            .all(|n| {
                matches!(
                    (&n.op, n.inputs.get(1)),
                    (Operator::MatMul { .. }, Some(Arg::Constant(_)))
                )
            });
        let (dtype, scales, zero) = match self.plan.sites.get(&id) {
            Some(Site::Columns { scales, zero, dtype }) if only_products && scales.len() <= MAX_COLUMNS => {
                (*dtype, scales.clone(), *zero)
            }
            Some(Site::Words { scales }) if only_products && (2..=MAX_COLUMNS).contains(&scales.len()) => {
                (DType::I16, scales.clone(), 0)
            }
            _ => {
                let (low, high) = self.plan.ranges.get(id).copied().flatten().unwrap_or_default();
                let scale = self.plan.steps.get(&id).copied();
                let scale = scale.unwrap_or_else(|| f64::from(crate::plan::words(low, high) as f32));
                (DType::I16, vec![scale], 0)
            }
        };
        let value = self.port(id, dtype);
        match scales[..] {
            [scale] => self.describe("input", &name, Some((scale, zero)), &shape),
            _ => self.describe_columns(&name, &scales, zero),
        }
        Real {
            axis: shape.rank().saturating_sub(1),
            scales,
            ..Real::new(value, dtype, shape, 1.0, zero)
        }
    }

    /// Notes for callers of an input whose columns have scales of their own: `input.NAME.scales`, numbers separated by
    /// spaces, cut into as many entries as their length asks for.
    fn describe_columns(&mut self, name: &str, scales: &[f64], zero: i32) {
        let metadata = &mut self.emitter.parsed.metadata;
        metadata.insert(format!("input.{name}.zero_point"), zero.to_string());
        let mut part = String::new();
        let mut parts = Vec::new();
        for scale in scales {
            let text = (*scale as f32).to_string();
            if part.len() + text.len() + 1 > MAX_STRING_BYTES {
                parts.push(std::mem::take(&mut part));
            }
            if !part.is_empty() {
                part.push(' ');
            }
            part.push_str(&text);
        }
        parts.push(part);
        for (index, part) in parts.into_iter().enumerate() {
            metadata.insert(format!("input.{name}.scales.{index}"), part);
        }
    }

    /// Notes for callers: how reals become this port's bytes, or come from them.
    fn describe(&mut self, role: &str, name: &str, grid: Option<(f64, i32)>, shape: &Shape) {
        let mut note = |what: &str, text: String| {
            self.emitter
                .parsed
                .metadata
                .insert(format!("{role}.{name}.{what}"), text);
        };
        if let Some((scale, zero)) = grid {
            // The shortest text that reads back as the same number; a scale of a file is an f32.
            let short = scale as f32;
            let text = if f64::from(short) == scale {
                short.to_string()
            } else {
                scale.to_string()
            };
            note("scale", text);
            note("zero_point", zero.to_string());
        }
        if shape.rank() == 4 {
            note("layout", "NCHW".to_string());
        }
    }

    /// Declares the integer outputs.
    pub(super) fn outputs(&mut self) -> Result<(), ImportError> {
        for (name, id) in &self.typed.outputs {
            let wrong = |problem| ImportError::tensor("output", &name.clone(), problem);
            self.emitter.begin(&NodeName {
                index: usize::MAX,
                name: name.clone(),
                operator: "output".to_string(),
            });
            let (value, dtype, grid) = self.output(*id).map_err(wrong)?;
            self.emitter.end();
            let shape = self.typed.values[*id].shape.clone();
            let (scale, zero) = grid.unwrap_or((1.0, 0));
            self.output_places.push(Place {
                id: *id,
                value,
                dtype,
                scales: vec![scale],
                axis: 0,
                zero,
                layer: None,
                operand: false,
            });
            self.describe("output", name, grid, &shape);
            if let Some(labels) = self.typed.labels.get(id) {
                labels::describe(&mut self.emitter.parsed.metadata, name, labels);
            }
            self.emitter.parsed.output(name.clone(), value);
        }
        Ok(())
    }

    /// An output's integers, and the scale and zero point that make reals of them.
    fn output(&mut self, id: ValueId) -> Result<Given, Problem> {
        let arg = Arg::Value(id);
        match self.state(&arg)?.clone() {
            Lowered::Integers(value, dtype) => {
                // Of an integer output the grid is that of the QuantizeLinear that wrote it.
                let grid = self.typed.nodes.iter().find_map(|n| match n.op {
                    Operator::Quantise(grid) if n.output == id => {
                        Some((f64::from(grid.scale), grid.zero_point))
                    }
                    _ => None,
                });
                Ok((value, dtype, grid))
            }
            Lowered::Real(real) if real.done() && real.scales.len() == 1 && real.dtype != DType::I32 => {
                Ok((real.value, real.dtype, Some((real.scales[0], real.zero))))
            }
            // Wider than words they would only be longer.
            Lowered::Real(_) if self.plan.ranges.get(id).copied().flatten().is_some() => {
                let (value, scale) = self.words(&arg)?;
                Ok((value, DType::I16, Some((scale, 0))))
            }
            Lowered::Real(real) if real.dtype == DType::I32 && real.only_clamps() => {
                // Sums that nobody quantised: they go out as they are, on one scale.
                let common = real.scales.iter().copied().fold(0.0, f64::max);
                let value = self.on_common_scale(&real, common)?;
                let value = match real.reshape {
                    Some(shape) => self.emitter.node(Op::Reshape { shape }, &[value]),
                    None => value,
                };
                Ok((value, DType::I32, Some((common, 0))))
            }
            // Functions of bytes that the file leaves in floats: words hold what they give.
            Lowered::Real(real) if real.byte_grid().is_some() => {
                let (value, scale) = self.words(&arg)?;
                Ok((value, DType::I16, Some((scale, 0))))
            }
            _ => Err(self.not_quantised(&arg)),
        }
    }
}
