//! Operators that move or pick elements. They work on whatever stands for their operand, and change nothing in it.

use super::state::{Lowered, Lowering, Real};
use crate::error::Problem;
use crate::grid::Grid;
use crate::typed::{Arg, Element, TypedNode};
use metisvm_model::{DType, Op, Shape, Value};

impl Lowering<'_> {
    /// The greatest of integers stands for the greatest real, because a grid is increasing; and a clamp
    /// that is still to come does not change which it is.
    pub(super) fn max_pool(&mut self, arg: &Arg, op: Op, shape: Shape) -> Result<Lowered, Problem> {
        match self.state(arg)?.clone() {
            Lowered::Integers(value, dtype) => Ok(Lowered::Integers(self.emitter.node(op, &[value]), dtype)),
            Lowered::Real(mut real) if real.only_clamps() && real.reshape.is_none() => {
                real.value = self.emitter.node(op, &[real.value]);
                real.shape = shape;
                Ok(Lowered::Real(real))
            }
            Lowered::Real(_) => {
                let (value, scale) = self.words(arg)?;
                let value = self.emitter.node(op, &[value]);
                Ok(Lowered::Real(Real::new(value, DType::I16, shape, scale, 0)))
            }
        }
    }

    pub(super) fn reshape(&mut self, arg: &Arg, shape: Shape) -> Result<Lowered, Problem> {
        let op = Op::Reshape { shape: shape.clone() };
        let real = match self.state(arg)?.clone() {
            Lowered::Real(real) => real,
            other => return Ok(self.moved_integers(&other, op)),
        };
        let axis = match real.scales.len() {
            1 => Some(0),
            _ => same_axis(real.shape.dims(), shape.dims(), real.axis),
        };
        if let (Some(axis), None) = (axis, &real.reshape) {
            let value = self.emitter.node(op, &[real.value]);
            return Ok(Lowered::Real(Real {
                value,
                shape,
                axis,
                ..real
            }));
        }
        if self.plan.calibrated {
            let (value, scale) = self.words(arg)?;
            let value = self.emitter.node(op, &[value]);
            return Ok(Lowered::Real(Real::new(value, DType::I16, shape, scale, 0)));
        }
        Ok(Lowered::Real(Real {
            reshape: Some(shape),
            ..real
        }))
    }

    fn moved_integers(&mut self, state: &Lowered, op: Op) -> Lowered {
        match *state {
            Lowered::Integers(value, dtype) => Lowered::Integers(self.emitter.node(op, &[value]), dtype),
            Lowered::Real(ref real) => Lowered::Real(real.clone()),
        }
    }

    pub(super) fn transpose(&mut self, arg: &Arg, perm: &[usize], shape: Shape) -> Result<Lowered, Problem> {
        let op = Op::Transpose {
            perm: perm.iter().map(|&p| p as u8).collect(),
        };
        let real = match self.state(arg)?.clone() {
            Lowered::Real(real) => real,
            other => return Ok(self.moved_integers(&other, op)),
        };
        if real.reshape.is_some() {
            let real = self.single(arg)?;
            return Ok(Lowered::Real(self.moved(real, op, shape, &[])));
        }
        let axis = perm.iter().position(|&p| p == real.axis).unwrap_or(0);
        let value = self.emitter.node(op, &[real.value]);
        Ok(Lowered::Real(Real {
            value,
            shape,
            axis,
            ..real
        }))
    }

    fn moved(&mut self, mut real: Real, op: Op, shape: Shape, more: &[Value]) -> Real {
        let operands: Vec<Value> = std::iter::once(real.value).chain(more.iter().copied()).collect();
        real.value = self.emitter.node(op, &operands);
        real.shape = shape;
        real
    }

    pub(super) fn select(
        &mut self,
        arg: &Arg,
        axis: usize,
        indices: &[u32],
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let list = indices.iter().map(|&i| i as i32).collect();
        let list = self.emitter.tensor(DType::I32, &[indices.len() as u32], list)?;
        let op = Op::Gather { axis: axis as u8 };
        match self.state(arg)?.clone() {
            Lowered::Integers(value, dtype) => {
                Ok(Lowered::Integers(self.emitter.node(op, &[value, list]), dtype))
            }
            Lowered::Real(real) if real.reshape.is_none() => {
                let mut moved = self.moved(real, op, shape, &[list]);
                if moved.scales.len() > 1 && moved.axis == axis {
                    // Scales go where their channels go.
                    moved.scales = indices
                        .iter()
                        .filter_map(|&i| moved.scales.get(i as usize).copied())
                        .collect();
                }
                Ok(Lowered::Real(moved))
            }
            Lowered::Real(_) => {
                let real = self.single(arg)?;
                Ok(Lowered::Real(self.moved(real, op, shape, &[list])))
            }
        }
    }

    /// Rows of a table by computed positions, which are kept within it.
    pub(super) fn lookup(&mut self, node: &TypedNode, axis: usize, shape: Shape) -> Result<Lowered, Problem> {
        let (data, indices) = (&node.inputs[0], &node.inputs[1]);
        let extent = self.dims(data).get(axis).copied().unwrap_or(1);
        let op = Op::Gather { axis: axis as u8 };
        let whole = self.typed.values[node.output].element == Element::Int;
        let (position, dtype) = self.integers(indices)?;
        let last = i64::from(extent) - 1;
        let position = if dtype.is_byte() && last < i64::from(dtype.max()) || !dtype.is_byte() {
            let last = i32::try_from(last).unwrap_or(i32::MAX);
            self.emitter.clamp(position, dtype, 0, last.min(dtype.max()))?
        } else {
            position
        };
        if whole {
            let (value, dtype) = match data {
                Arg::Constant(c) => (self.whole(c)?, DType::I32),
                Arg::Value(_) => self.integers(data)?,
            };
            return Ok(Lowered::Integers(
                self.emitter.node(op, &[value, position]),
                dtype,
            ));
        }
        let real = match data {
            Arg::Value(_) => self.single(data)?,
            Arg::Constant(_) => {
                let (value, scale) = self.words(data)?;
                let shape = self.shape(data)?;
                Real::new(value, DType::I16, shape, scale, 0)
            }
        };
        Ok(Lowered::Real(self.moved(real, op, shape, &[position])))
    }

    /// All on one grid: that of the result where it is bytes, that of the operands where they agree, else words of the
    /// greatest reach.
    pub(super) fn concat(&mut self, node: &TypedNode, axis: usize, shape: Shape) -> Result<Lowered, Problem> {
        let op = Op::Concat { axis: axis as u8 };
        if self.typed.values[node.output].element == Element::Int {
            let mut operands = Vec::new();
            for arg in &node.inputs {
                operands.push(match arg {
                    Arg::Constant(c) => self.whole(c)?,
                    Arg::Value(_) => {
                        let (value, dtype) = self.integers(arg)?;
                        // One type for all: adding 0 makes 32 bits of it.
                        let none = self.emitter.scalar(DType::I32, 0)?;
                        if dtype == DType::I32 {
                            value
                        } else {
                            self.emitter.node(Op::Add, &[value, none])
                        }
                    }
                });
            }
            return Ok(Lowered::Integers(self.joined(op, operands), DType::I32));
        }
        if let Some(real) = self.columns_joined(node, axis, &shape)? {
            return Ok(Lowered::Real(real));
        }
        let grid = match self.plan.grids[node.output] {
            Some(grid) => grid,
            None => self.common_grid(&node.inputs)?,
        };
        let mut operands = Vec::new();
        for arg in &node.inputs {
            operands.push(match arg {
                Arg::Value(id) => self.value_on_grid(*id, grid)?,
                Arg::Constant(c) => {
                    let steps = c.finite()?.iter().map(|&v| grid.quantise(v)).collect();
                    self.emitter.tensor(grid.dtype, &c.dims, steps)?
                }
            });
        }
        let value = self.joined(op, operands);
        Ok(Lowered::Real(super::state::on(value, grid, shape)))
    }

    /// The operator takes up to 64 operands: more are joined in groups.
    pub(super) fn joined(&mut self, op: Op, mut operands: Vec<Value>) -> Value {
        const MOST: usize = 64;
        while operands.len() > MOST {
            let groups = operands.chunks(MOST).map(<[Value]>::to_vec).collect::<Vec<_>>();
            operands = groups
                .into_iter()
                .map(|group| match group[..] {
                    [one] => one,
                    _ => self.emitter.node(op.clone(), &group),
                })
                .collect();
        }
        match operands[..] {
            [one] => one,
            _ => self.emitter.node(op, &operands),
        }
    }

    fn common_grid(&self, args: &[Arg]) -> Result<Grid, Problem> {
        let mut grids = Vec::new();
        for arg in args.iter().filter(|arg| matches!(arg, Arg::Value(_))) {
            grids.push(self.real(arg)?.plain());
        }
        if let [Some(first), rest @ ..] = &grids[..]
            && rest.iter().all(|grid| grid.as_ref() == Some(first))
        {
            return Ok(*first);
        }
        let mut scale = 0f64;
        for arg in args {
            scale = scale.max(self.least_scale(arg)?);
        }
        Ok(Grid {
            scale: if scale > 0.0 { scale as f32 } else { 1.0 },
            zero_point: 0,
            dtype: DType::I16,
        })
    }

    pub(super) fn arg_max(&mut self, arg: &Arg, axis: u8) -> Result<Lowered, Problem> {
        let value = match self.state(arg)?.clone() {
            Lowered::Integers(value, _) => value,
            Lowered::Real(real) if real.done() && real.scales.len() == 1 => real.value,
            Lowered::Real(real) if real.done() => {
                let common = real.scales.iter().copied().fold(0.0, f64::max);
                self.on_common_scale(&real, common)?
            }
            Lowered::Real(_) => self.single(arg)?.value,
        };
        Ok(Lowered::Integers(
            self.emitter.node(Op::ArgMax { axis }, &[value]),
            DType::I32,
        ))
    }

    /// Whole numbers are real ones of scale 1, and the other way round.
    pub(super) fn cast(&mut self, node: &TypedNode, shape: Shape) -> Result<Lowered, Problem> {
        let arg = &node.inputs[0];
        let whole = self.typed.values[node.output].element == Element::Int;
        match self.state(arg)?.clone() {
            Lowered::Integers(value, dtype) if whole => Ok(Lowered::Integers(value, dtype)),
            Lowered::Integers(value, dtype) => Ok(Lowered::Real(Real::new(value, dtype, shape, 1.0, 0))),
            Lowered::Real(real) if whole => {
                if let Some(own) = real.byte_grid().filter(|_| real.reshape.is_none()) {
                    let entry = |v: i32| DType::I32.saturate(real.at(v) as i64);
                    let value = self.emitter.table(real.value, own.dtype, DType::I32, entry)?;
                    return Ok(Lowered::Integers(value, DType::I32));
                }
                if real.done() && real.scales[..] == [1.0] && real.zero == 0 {
                    return Ok(Lowered::Integers(real.value, real.dtype));
                }
                Err(Problem::Unsupported(
                    "real numbers of more than 8 bits are rounded to whole ones; leave that to the caller"
                        .to_string(),
                ))
            }
            other => Ok(other),
        }
    }
}

/// Where the channels of dimension `axis` lie after a reshape that leaves them whole: the dimension with as many
/// elements before it and the same extent.
fn same_axis(from: &[u32], to: &[u32], axis: usize) -> Option<usize> {
    let before = |dims: &[u32], axis: usize| dims[..axis].iter().map(|&d| u64::from(d)).product::<u64>();
    (0..to.len()).find(|&at| to[at] == from[axis] && before(to, at) == before(from, axis))
}

#[cfg(test)]
mod tests {
    use super::same_axis;

    #[test]
    fn channels_are_found_again_where_they_are_whole() {
        assert_eq!(same_axis(&[1, 8, 1, 5], &[1, 8, 5], 1), Some(1));
        assert_eq!(same_axis(&[2, 3, 12], &[2, 3, 4, 3], 2), None);
        assert_eq!(same_axis(&[6, 12], &[2, 3, 12], 1), Some(2));
        assert_eq!(same_axis(&[1, 8, 4, 4], &[1, 128], 1), None);
    }
}
