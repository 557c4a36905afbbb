//! Whether a value can be negative, as far as the nodes that lead to it say: a divisor must not.

use crate::function::Function;
use crate::typed::{Arg, Operator, Typed, ValueId};

/// Nodes that are looked at for one answer. Norms, the usual divisors, need half a dozen.
const MOST: usize = 64;

/// Whether every element is 0 or more, whatever the inputs are.
pub(crate) fn is_nonnegative(typed: &Typed, value: ValueId) -> bool {
    let mut open = vec![value];
    for _ in 0..MOST {
        let Some(value) = open.pop() else {
            return true;
        };
        // Nodes are in the order of their results.
        let Ok(at) = typed.nodes.binary_search_by_key(&value, |n| n.output) else {
            return false;
        };
        let node = &typed.nodes[at];
        let needed: &[Arg] = match &node.op {
            Operator::Pointwise(function) => match of(function) {
                Sign::Never => &[],
                Sign::AsOperand => &node.inputs,
                Sign::Unknown => return false,
            },
            Operator::Mul => match &node.inputs[..] {
                [Arg::Value(x), Arg::Value(y)] if x == y => &[],
                inputs => inputs,
            },
            Operator::Where => node.inputs.get(1..).unwrap_or_default(),
            Operator::Lookup { .. } => node.inputs.get(..1).unwrap_or_default(),
            Operator::Softmax { .. } | Operator::ArgMax { .. } => &[],
            Operator::Add
            | Operator::Div
            | Operator::MaxPool { .. }
            | Operator::Reshape
            | Operator::Transpose { .. }
            | Operator::Concat { .. }
            | Operator::Select { .. }
            | Operator::Reduce { .. }
            | Operator::Cast => &node.inputs,
            _ => return false,
        };
        for arg in needed {
            match arg {
                Arg::Value(id) => open.push(*id),
                Arg::Constant(c) if c.reals().iter().all(|&v| v >= 0.0) => {}
                Arg::Constant(_) => return false,
            }
        }
    }
    false
}

/// What a function gives.
enum Sign {
    /// Nothing negative.
    Never,
    /// Nothing negative of what is not negative.
    AsOperand,
    Unknown,
}

fn of(function: &Function) -> Sign {
    match *function {
        Function::Exp
        | Function::Sigmoid
        | Function::Softplus
        | Function::Sqrt
        | Function::Abs
        | Function::HardSigmoid { .. }
        | Function::Equal { .. }
        | Function::Less { .. }
        | Function::Greater { .. } => Sign::Never,
        Function::Clamp { low, high } if low >= 0.0 && high >= 0.0 => Sign::Never,
        Function::Power { exponent } if exponent % 2.0 == 0.0 => Sign::Never,
        Function::Affine { scale, offset } if scale >= 0.0 && offset >= 0.0 => Sign::AsOperand,
        Function::DivideBy { divisor } if divisor > 0.0 => Sign::AsOperand,
        Function::Divide { dividend } if dividend > 0.0 => Sign::AsOperand,
        Function::Power { .. } | Function::Tanh | Function::Erf | Function::Sign => Sign::AsOperand,
        _ => Sign::Unknown,
    }
}
