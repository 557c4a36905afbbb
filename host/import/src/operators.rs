//! What each ONNX operator means: its operands and attributes checked, its shape inferred, and one or
//! more nodes of the typed graph, or a constant, in its place. Specification: ONNX's `Operators.md`.

mod pointwise;
mod product;
mod quantisation;
mod shape;
mod window;

use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::{NodeName, Problem};
use crate::resolve::Builder;
use crate::typed::{Arg, Element};

/// The ONNX operators that import takes, sorted.
pub const SUPPORTED: &[&str] = &[
    "Abs",
    "Add",
    "ArgMax",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Flatten",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "MatMul",
    "MaxPool",
    "Mul",
    "Neg",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Selu",
    "Shape",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

/// One ONNX node with its operands found.
pub(crate) struct Call<'m> {
    pub(crate) node: NodeName,
    /// `None` where an optional operand is left out; the last is there.
    pub(crate) inputs: Vec<Option<Arg>>,
    pub(crate) attributes: Attributes<'m>,
    pub(crate) opset: i64,
}

impl Call<'_> {
    /// Checks the number of operands.
    fn arity(&self, least: usize, most: usize, expected: &'static str) -> Result<(), Problem> {
        let actual = self.inputs.len();
        if (least..=most).contains(&actual) && self.inputs[..least].iter().all(Option::is_some) {
            return Ok(());
        }
        Err(Problem::Count {
            what: "operands",
            actual: self.inputs.iter().flatten().count(),
            expected,
        })
    }

    /// Operand `index`, which [`Self::arity`] found to be there.
    fn arg(&self, index: usize) -> Result<&Arg, Problem> {
        self.inputs
            .get(index)
            .and_then(Option::as_ref)
            .ok_or(Problem::Count {
                what: "operands",
                actual: self.inputs.len(),
                expected: "more",
            })
    }

    /// Operand `index`, if it is given.
    fn optional(&self, index: usize) -> Option<&Arg> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// Operand `index`, of real numbers.
    fn real(&self, b: &Builder<'_>, index: usize) -> Result<&Arg, Problem> {
        let arg = self.arg(index)?;
        let actual = match arg {
            Arg::Constant(c) if c.is_float() => return Ok(arg),
            Arg::Constant(c) => c.type_name().to_string(),
            Arg::Value(id) => match b.typed_value(*id).element {
                Element::Real => return Ok(arg),
                Element::Byte(dtype) => dtype.to_string(),
                Element::Index => "INT64".to_string(),
            },
        };
        Err(Problem::UnsupportedType {
            actual: format!("{actual} of operand {index}"),
            expected: "it must be FLOAT",
        })
    }

    /// Operand `index`, if given, which must be a constant.
    fn constant(&self, index: usize, what: &'static str) -> Result<Option<&Constant>, Problem> {
        match self.optional(index) {
            Some(Arg::Constant(c)) => Ok(Some(c)),
            Some(Arg::Value(_)) => Err(Problem::NotConstant(what)),
            None => Ok(None),
        }
    }

    /// Operand `index`, which must be a constant and there.
    fn needed(&self, index: usize, what: &'static str) -> Result<&Constant, Problem> {
        self.constant(index, what)?.ok_or(Problem::Count {
            what: "operands",
            actual: self.inputs.len(),
            expected: "more",
        })
    }
}

/// Puts a node into the typed graph; gives its result.
pub(crate) fn translate(b: &mut Builder<'_>, call: &Call<'_>, operator: &str) -> Result<Arg, Problem> {
    match operator {
        "MatMul" => product::mat_mul(b, call),
        "Gemm" => product::gemm(b, call),
        "Conv" => window::conv(b, call),
        "BatchNormalization" => window::batch_normalization(b, call),
        "MaxPool" => window::max_pool(b, call),
        "AveragePool" => window::average_pool(b, call),
        "GlobalAveragePool" => window::global_average_pool(b, call),
        "Add" => pointwise::add(b, call),
        "Mul" | "Sub" | "Div" => pointwise::affine(b, call, operator),
        "ArgMax" => shape::arg_max(b, call),
        "Reshape" => shape::reshape(b, call),
        "Flatten" => shape::flatten(b, call),
        "Squeeze" => shape::squeeze(b, call),
        "Unsqueeze" => shape::unsqueeze(b, call),
        "Identity" => {
            call.arity(1, 1, "1")?;
            call.arg(0).cloned()
        }
        "Dropout" => shape::dropout(call),
        "Cast" => shape::cast(b, call),
        "Constant" => shape::constant(call),
        "Transpose" => shape::transpose(b, call),
        "Shape" => shape::shape(b, call),
        "Gather" => shape::gather(b, call),
        "Concat" => shape::concat(b, call),
        "QuantizeLinear" => quantisation::quantize(b, call),
        "DequantizeLinear" => quantisation::dequantize(b, call),
        _ => pointwise::unary(b, call, operator),
    }
}
