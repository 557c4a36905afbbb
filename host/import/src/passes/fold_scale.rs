//! A constant factor or summand that follows a product goes into its weights and bias: BatchNormalization, Mul, Div, Add
//! and Sub by one number or one a channel. In integers it then costs nothing and rounds nothing: each output channel has
//! a scale of its own, and the bias has 32 bits.
//!
//! Between the two there may be moves that keep channels apart. Weights that a file stores as integers stay as they are,
//! and so does every file that has grids of its own.

use crate::constant::{Constant, Data};
use crate::function::Function;
use crate::typed::{Arg, Operator, Typed, TypedNode, ValueId};
use metisvm_model::Window;

/// Moves in a row that are looked through.
const MOST_MOVES: usize = 8;

/// `x · factor + offset`, each one number or one for each index of `axis`.
struct Affine {
    axis: usize,
    factor: Vec<f64>,
    offset: Vec<f64>,
}

pub(super) fn fold(mut typed: Typed) -> Typed {
    if typed.is_quantised() {
        return typed;
    }
    let readers: Vec<usize> = typed.readers().iter().map(Vec::len).collect();
    let mut producer: Vec<Option<usize>> = vec![None; typed.values.len()];
    let mut kept: Vec<TypedNode> = Vec::with_capacity(typed.nodes.len());
    for node in std::mem::take(&mut typed.nodes) {
        if let Some((x, affine)) = Affine::of(&node, &typed)
            && let Some(last) = producer[x]
            && let Some((product, affine)) = product(&typed, &kept, &producer, &readers, x, affine)
            && affine.go_into(&mut kept[product])
        {
            kept[last].output = node.output;
            producer[node.output] = Some(last);
            continue;
        }
        producer[node.output] = Some(kept.len());
        kept.push(node);
    }
    typed.nodes = kept;
    typed
}

/// The product that x is the result of, perhaps moved, and the same factors as they lie there; if nothing else reads any
/// of it.
fn product(
    typed: &Typed,
    kept: &[TypedNode],
    producer: &[Option<usize>],
    readers: &[usize],
    x: ValueId,
    mut affine: Affine,
) -> Option<(usize, Affine)> {
    let mut value = x;
    for _ in 0..=MOST_MOVES {
        if readers[value] != 1 {
            return None;
        }
        let at = producer[value]?;
        let node = &kept[at];
        let to = typed.values[value].shape.dims();
        match (&node.op, &node.inputs[..]) {
            (Operator::Conv { .. }, _) => return affine.along(1, to).then_some((at, affine)),
            (Operator::MatMul { .. }, _) => {
                return affine.along(to.len().checked_sub(1)?, to).then_some((at, affine));
            }
            (op, [Arg::Value(from)]) => {
                affine.before(op, typed.values[*from].shape.dims(), to)?;
                value = *from;
            }
            _ => return None,
        }
    }
    None
}

impl Affine {
    /// What a node does to its computed operand, if it is this.
    fn of(node: &TypedNode, typed: &Typed) -> Option<(ValueId, Self)> {
        let number = |factor: f64, offset: f64| Self {
            axis: 0,
            factor: vec![factor],
            offset: vec![offset],
        };
        let result = typed.values[node.output].shape.dims();
        let (x, affine) = match (&node.op, &node.inputs[..]) {
            (Operator::Pointwise(Function::Affine { scale, offset }), [Arg::Value(x)]) => {
                (*x, number((*scale).into(), (*offset).into()))
            }
            (Operator::Pointwise(Function::DivideBy { divisor }), [Arg::Value(x)]) => {
                (*x, number(1.0 / f64::from(*divisor), 0.0))
            }
            (Operator::Conv { window, groups, bias }, [Arg::Value(x), Arg::Constant(w)])
                if *window == Window::default() && w.grids.is_none() && w.dims == [*groups, 1, 1, 1] =>
            {
                let factor = w.reals64();
                let offset = bias.clone().unwrap_or_else(|| vec![0.0; factor.len()]);
                let axis = 1;
                (*x, Self { axis, factor, offset })
            }
            (op, [Arg::Value(x), Arg::Constant(c)]) => {
                let (axis, values) = channels(c, result)?;
                let ones = vec![1.0; values.len()];
                let (factor, offset) = match op {
                    Operator::Add => (ones, values),
                    Operator::Sub => (ones, values.iter().map(|v| -v).collect()),
                    Operator::Mul => (values, vec![0.0; ones.len()]),
                    Operator::Div => (values.iter().map(|v| 1.0 / v).collect(), vec![0.0; ones.len()]),
                    _ => return None,
                };
                (*x, Self { axis, factor, offset })
            }
            (op, [Arg::Constant(c), Arg::Value(x)]) => {
                let (axis, values) = channels(c, result)?;
                let (factor, offset) = match op {
                    Operator::Add => (vec![1.0; values.len()], values),
                    Operator::Sub => (vec![-1.0; values.len()], values),
                    Operator::Mul => (values.clone(), vec![0.0; values.len()]),
                    _ => return None,
                };
                (*x, Self { axis, factor, offset })
            }
            _ => return None,
        };
        let finite = affine.factor.iter().chain(&affine.offset).all(|v| v.is_finite());
        (finite && typed.values[x].shape.dims() == result).then_some((x, affine))
    }

    /// The same before a move.
    fn before(&mut self, op: &Operator, from: &[u32], to: &[u32]) -> Option<()> {
        let one = self.factor.len() == 1;
        match op {
            Operator::Transpose { perm } => self.axis = *perm.get(self.axis)?,
            Operator::Select { axis, .. } if one || *axis != self.axis => {}
            Operator::Reshape if one => {}
            Operator::Reshape => {
                let outer = |dims: &[u32]| dims.iter().map(|&d| u64::from(d)).product::<u64>();
                let before = outer(&to[..self.axis]);
                let extent = to[self.axis];
                // The dimension before which as many elements lie, and which holds as many of each channel.
                let axis = (0..from.len()).find(|&at| from[at] != 1 && outer(&from[..at]) == before)?;
                if !from[axis].is_multiple_of(extent) {
                    return None;
                }
                let each = (from[axis] / extent) as usize;
                let spread = |all: &[f64]| all.iter().flat_map(|&v| std::iter::repeat_n(v, each)).collect();
                self.factor = spread(&self.factor);
                self.offset = spread(&self.offset);
                self.axis = axis;
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether it is along this dimension, of which it then has as many numbers.
    fn along(&mut self, axis: usize, dims: &[u32]) -> bool {
        let Some(&extent) = dims.get(axis) else {
            return false;
        };
        let count = extent as usize;
        if let ([factor], [offset]) = (&self.factor[..], &self.offset[..]) {
            let (factor, offset) = (*factor, *offset);
            self.factor = vec![factor; count];
            self.offset = vec![offset; count];
            return true;
        }
        self.axis == axis && self.factor.len() == count
    }

    /// Puts it into a product with a constant weight.
    fn go_into(&self, product: &mut TypedNode) -> bool {
        let [Arg::Value(_), Arg::Constant(w)] = &product.inputs[..] else {
            return false;
        };
        let (channels, bias) = (self.factor.len(), &mut product.op);
        let (inner, bias) = match bias {
            Operator::MatMul { bias } => (1, bias),
            Operator::Conv { bias, .. } => (w.len() / channels, bias),
            _ => return false,
        };
        let scaled = self.factor.iter().any(|&f| f != 1.0);
        if scaled {
            if w.grids.is_some() {
                return false;
            }
            let of = |(at, v): (usize, &f64)| (v * self.factor[at / inner % channels]) as f32;
            let data: Vec<f32> = w.reals64().iter().enumerate().map(of).collect();
            if data.iter().any(|v| !v.is_finite()) {
                return false;
            }
            let Ok(w) = Constant::new(&w.name, w.dims.clone(), Data::F32(data)) else {
                return false;
            };
            product.inputs[1] = Arg::Constant(w);
        }
        if bias.is_some() || self.offset.iter().any(|&o| o != 0.0) {
            let own = bias.take().unwrap_or_else(|| vec![0.0; channels]);
            let both = self.factor.iter().zip(&self.offset);
            *bias = Some(own.iter().zip(both).map(|(b, (f, o))| b * f + o).collect());
        }
        true
    }
}

/// The numbers of a constant that has one, or one for each index of one dimension of the result.
fn channels(c: &Constant, result: &[u32]) -> Option<(usize, Vec<f64>)> {
    let shift = result.len().checked_sub(c.dims.len())?;
    let mut wide = (0..c.dims.len()).filter(|&d| c.dims[d] != 1);
    let axis = wide.next().map_or(0, |d| d + shift);
    wide.next().is_none().then(|| (axis, c.reals64()))
}
