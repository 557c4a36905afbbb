//! What each ONNX operator means: its operands and attributes checked, its shape inferred, and one or
//! more nodes of the typed graph, or a constant, in its place. Specification: ONNX's `Operators.md`.

mod arrange;
mod einsum;
mod make;
mod pointwise;
mod product;
mod qoperator;
mod quantisation;
mod shape;
mod window;

use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::Arg;
use Translator::One;

/// Puts a node into the typed graph; gives its result.
pub(crate) type Translate = fn(&mut Builder, &Call<'_>) -> Result<Arg, Problem>;

/// The same for an operator of several results: as many as the node names, `None` for one that import cannot give
/// (whoever reads it finds no such value).
pub(crate) type TranslateMany = fn(&mut Builder, &Call<'_>) -> Result<Vec<Option<Arg>>, Problem>;

/// What becomes of an operator.
#[derive(Clone, Copy)]
pub(crate) enum Translator {
    One(Translate),
    Many(TranslateMany),
}

/// Operators of ONNX's own domain that have several results, by name, sorted.
const MANY: &[(&str, TranslateMany)] = &[];

/// Those of `ai.onnx.ml`.
const ML: &[(&str, Translator)] = &[];

/// Those of `com.microsoft`, as ONNX Runtime writes them.
const MICROSOFT: &[(&str, Translator)] = &[
    ("DequantizeLinear", One(quantisation::dequantize)),
    ("QGemm", One(qoperator::gemm)),
    ("QLinearAdd", One(qoperator::add)),
    ("QLinearAveragePool", One(qoperator::average_pool)),
    ("QLinearConcat", One(qoperator::concat)),
    ("QLinearGlobalAveragePool", One(qoperator::global_average_pool)),
    ("QLinearLeakyRelu", One(qoperator::leaky_relu)),
    ("QLinearMul", One(qoperator::mul)),
    ("QLinearReduceMean", One(qoperator::reduce_mean)),
    ("QLinearSigmoid", One(qoperator::sigmoid)),
    ("QLinearSoftmax", One(qoperator::softmax)),
    ("QLinearWhere", One(qoperator::choose)),
    ("QuantizeLinear", One(quantisation::quantize)),
];

/// Every operator of ONNX's own domain that import takes, by name, sorted. A new one is a row here.
const OPERATORS: &[(&str, Translate)] = &[
    ("Abs", |b, call| pointwise::unary(b, call, Function::Abs)),
    ("Add", pointwise::add),
    ("ArgMax", shape::arg_max),
    ("AveragePool", window::average_pool),
    ("BatchNormalization", window::batch_normalization),
    ("Cast", shape::cast),
    ("Clip", pointwise::clip),
    ("Concat", shape::concat),
    ("Constant", |_, call| shape::constant(call)),
    ("Conv", window::conv),
    ("DequantizeLinear", quantisation::dequantize),
    ("Div", pointwise::div),
    ("Dropout", |_, call| shape::dropout(call)),
    ("Einsum", einsum::einsum),
    ("Elu", pointwise::elu),
    ("Erf", |b, call| pointwise::unary(b, call, Function::Erf)),
    ("Exp", |b, call| pointwise::unary(b, call, Function::Exp)),
    ("Flatten", shape::flatten),
    ("Gather", shape::gather),
    ("Gelu", pointwise::gelu),
    ("Gemm", product::gemm),
    ("GlobalAveragePool", window::global_average_pool),
    ("HardSigmoid", pointwise::hard_sigmoid),
    ("HardSwish", |b, call| {
        pointwise::unary(b, call, Function::HardSwish)
    }),
    ("Identity", |_, call| shape::identity(call)),
    ("LeakyRelu", pointwise::leaky_relu),
    ("MatMul", product::mat_mul),
    ("MaxPool", window::max_pool),
    ("Mul", pointwise::mul),
    ("Neg", |b, call| pointwise::unary(b, call, Function::Neg)),
    ("QLinearConv", qoperator::conv),
    ("QLinearMatMul", qoperator::mat_mul),
    ("QuantizeLinear", quantisation::quantize),
    ("Relu", pointwise::relu),
    ("Reshape", shape::reshape),
    ("Selu", pointwise::selu),
    ("Shape", shape::shape),
    ("Sigmoid", |b, call| pointwise::unary(b, call, Function::Sigmoid)),
    ("Softplus", |b, call| {
        pointwise::unary(b, call, Function::Softplus)
    }),
    ("Softsign", |b, call| {
        pointwise::unary(b, call, Function::Softsign)
    }),
    ("Sqrt", |b, call| pointwise::unary(b, call, Function::Sqrt)),
    ("Squeeze", shape::squeeze),
    ("Sub", pointwise::sub),
    ("Tanh", |b, call| pointwise::unary(b, call, Function::Tanh)),
    ("Transpose", shape::transpose),
    ("Unsqueeze", shape::unsqueeze),
];

/// The ONNX operators that import takes, sorted.
pub const SUPPORTED: &[&str] = &{
    let mut names = [""; OPERATORS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = OPERATORS[index].0;
        index += 1;
    }
    names
};

/// What translates an operator of a domain, if import takes it.
pub(crate) fn translator(domain: &str, operator: &str) -> Option<Translator> {
    let among = |rows: &[(&str, Translator)]| {
        let at = rows.binary_search_by_key(&operator, |row| row.0).ok()?;
        Some(rows[at].1)
    };
    match domain {
        "" | "ai.onnx" => {
            if let Ok(at) = MANY.binary_search_by_key(&operator, |row| row.0) {
                return Some(Translator::Many(MANY[at].1));
            }
            let at = OPERATORS.binary_search_by_key(&operator, |row| row.0).ok()?;
            Some(Translator::One(OPERATORS[at].1))
        }
        "ai.onnx.ml" => among(ML),
        "com.microsoft" => among(MICROSOFT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_and_nothing_else_is() {
        assert!(
            SUPPORTED.is_sorted_by(|a, b| a < b),
            "the table is searched by halves"
        );
        for name in SUPPORTED {
            assert!(translator("", name).is_some(), "{name}");
        }
        assert!(MANY.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ML.is_sorted_by(|a, b| a.0 < b.0) && MICROSOFT.is_sorted_by(|a, b| a.0 < b.0));
        for name in ["", "A", "conv", "Zzz"] {
            assert!(translator("", name).is_none(), "{name}");
        }
        assert!(translator("somebody.else", "Conv").is_none());
    }
}
