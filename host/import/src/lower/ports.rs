//! Inputs and outputs of the integer graph, and the notes that tell callers how to quantise.

use super::emitter::Emitter;
use super::state::{Lowered, Lowering, on};
use crate::error::{ImportError, NodeName, Problem};
use crate::typed::{Arg, Element, Operator, ValueId};
use metisvm_model::{Op, Shape, TensorType, Value};

impl Lowering<'_> {
    /// Declares the integer inputs.
    pub(super) fn inputs(&mut self) -> Result<(), ImportError> {
        for &id in &self.typed.inputs {
            let value = &self.typed.values[id];
            let shape = value.shape.clone();
            let wrong =
                |why: &str| ImportError::tensor("input", &value.name, Problem::Unsupported(why.to_string()));
            let port = |e: &mut Emitter, dtype| {
                let shape = shape.clone();
                e.parsed.input(value.name.clone(), TensorType { dtype, shape })
            };
            let state = match (value.element, self.plan.grids[id]) {
                (Element::Quantised(dtype), _) => {
                    let grid = self.typed.nodes.iter().find_map(|n| match n.op {
                        Operator::Dequantise(grid) if n.values().any(|v| v == id) => Some(grid),
                        _ => None,
                    });
                    self.describe(
                        "input",
                        &value.name,
                        grid.map(|g| (g.scale.into(), g.zero_point)),
                        &shape,
                    );
                    Lowered::Integers(port(&mut self.emitter, dtype))
                }
                (Element::Real, Some(grid)) => {
                    self.describe(
                        "input",
                        &value.name,
                        Some((grid.scale.into(), grid.zero_point)),
                        &shape,
                    );
                    Lowered::Real(on(port(&mut self.emitter, grid.dtype), grid, shape.clone()))
                }
                (Element::Real, None) => {
                    let grid = self.typed.nodes.iter().find_map(|n| match n.op {
                        Operator::Quantise(grid) if n.values().any(|v| v == id) => Some(grid),
                        _ => None,
                    });
                    let Some(grid) = grid else {
                        let unread = !self.typed.nodes.iter().any(|n| n.values().any(|v| v == id));
                        if unread {
                            return Err(wrong("nothing that leads to an output reads it; drop it"));
                        }
                        return Err(wrong("no QuantizeLinear reads it"));
                    };
                    self.describe(
                        "input",
                        &value.name,
                        Some((grid.scale.into(), grid.zero_point)),
                        &shape,
                    );
                    Lowered::Input(port(&mut self.emitter, grid.dtype), grid)
                }
                (Element::Int, _) => return Err(wrong("it is INT64; an input is FLOAT, UINT8 or INT8")),
            };
            self.states[id] = Some(state);
        }
        Ok(())
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
            let (value, grid) = self.output(*id).map_err(wrong)?;
            self.emitter.end();
            let shape = self.typed.values[*id].shape.clone();
            self.describe("output", name, grid, &shape);
            self.emitter.parsed.output(name.clone(), value);
        }
        Ok(())
    }

    /// An output's integers, and the scale and zero point that make reals of them.
    fn output(&mut self, id: ValueId) -> Result<(Value, Option<(f64, i32)>), Problem> {
        let arg = Arg::Value(id);
        match self.state(&arg)?.clone() {
            Lowered::Integers(value) => {
                // Of an integer output the grid is that of the QuantizeLinear that wrote it.
                let grid = self.typed.nodes.iter().find_map(|n| match n.op {
                    Operator::Quantise(grid) if n.output == id => {
                        Some((f64::from(grid.scale), grid.zero_point))
                    }
                    _ => None,
                });
                Ok((value, grid))
            }
            Lowered::Real(real) if real.plain().is_some() => {
                Ok((real.value, Some((real.scales[0], real.zero))))
            }
            Lowered::Real(real) if !real.dtype.is_byte() && real.only_clamps() => {
                // Sums that nobody quantised: they go out as they are, on one scale.
                let common = real.scales.iter().copied().fold(0.0, f64::max);
                let value = self.on_common_scale(&real, common)?;
                let value = match real.reshape {
                    Some(shape) => self.emitter.node(Op::Reshape { shape }, &[value]),
                    None => value,
                };
                Ok((value, Some((common, 0))))
            }
            _ => Err(self.not_quantised(&arg)),
        }
    }
}
