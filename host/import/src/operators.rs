//! What each ONNX operator means: its operands and attributes checked, its shape inferred, and one or
//! more nodes of the typed graph, or a constant, in its place. Specification: ONNX's `Operators.md`.

mod arg_max;
mod arithmetic;
mod arrange;
mod attention;
mod axes;
mod batch_norm;
mod blocks;
#[cfg(test)]
mod cases;
mod cast;
mod compare;
mod concat;
mod conv;
mod conv_transpose;
mod cumulative;
pub(crate) mod dynamic;
mod einsum;
mod extremes;
mod gather;
mod given;
mod identity;
mod make;
mod masks;
mod microsoft;
mod ml;
mod n_bits;
mod norm;
mod pad;
mod pointwise;
mod pool;
mod product;
mod qoperator;
mod quantisation;
mod recurrent;
mod reduce;
mod repeat;
mod reshape;
mod resize;
mod scatter;
mod sign;
mod slice;
mod softmax;
mod top_k;
mod transpose;
mod window;

pub(crate) use axes::axis;
pub(crate) use cast::element_data;
pub(crate) use make::broadcast;

use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::Arg;
use Translator::One;
use compare::Relation;
use reduce::Kind;

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
const MANY: &[(&str, TranslateMany)] = &[
    ("Attention", attention::attention),
    ("DynamicQuantizeLinear", dynamic::quantize),
    ("GRU", recurrent::gru),
    ("LSTM", recurrent::lstm),
    ("LayerNormalization", norm::layer),
    ("RNN", recurrent::rnn),
    ("SimplifiedLayerNormalization", norm::simplified),
    ("Split", slice::split),
    ("TopK", top_k::top_k),
];

/// Those of `ai.onnx.ml`.
const ML: &[(&str, Translator)] = &[
    ("ArrayFeatureExtractor", Translator::One(ml::features::extract)),
    ("Binarizer", Translator::One(ml::features::binarizer)),
    ("CastMap", Translator::One(ml::of_texts)),
    ("CategoryMapper", Translator::One(ml::of_texts)),
    ("DictVectorizer", Translator::One(ml::of_texts)),
    ("FeatureVectorizer", Translator::One(ml::features::vectorize)),
    ("Imputer", Translator::One(ml::features::imputer)),
    ("LabelEncoder", Translator::One(ml::encoders::label_encoder)),
    ("LinearClassifier", Translator::Many(ml::linear::classifier)),
    ("LinearRegressor", Translator::One(ml::linear::regressor)),
    ("Normalizer", Translator::One(ml::features::normalizer)),
    ("OneHotEncoder", Translator::One(ml::encoders::one_hot)),
    ("SVMClassifier", Translator::Many(ml::support_vectors::classifier)),
    ("SVMRegressor", Translator::One(ml::support_vectors::regressor)),
    ("Scaler", Translator::One(ml::features::scaler)),
    ("TreeEnsemble", Translator::One(ml::trees::ensemble)),
    ("TreeEnsembleClassifier", Translator::Many(ml::trees::classifier)),
    ("TreeEnsembleRegressor", Translator::One(ml::trees::regressor)),
    ("ZipMap", Translator::One(ml::features::zip_map)),
];

/// Those of `com.microsoft`, as ONNX Runtime writes them.
const MICROSOFT: &[(&str, Translator)] = &[
    ("Attention", Translator::Many(attention::packed)),
    (
        "BiasGelu",
        Translator::One(|b, call| microsoft::bias_gelu(b, call, false)),
    ),
    ("DequantizeLinear", One(quantisation::dequantize)),
    (
        "DynamicQuantizeLSTM",
        Translator::Many(recurrent::quantised::lstm),
    ),
    ("DynamicQuantizeMatMul", One(dynamic::quantize_mat_mul)),
    (
        "EmbedLayerNormalization",
        Translator::Many(attention::embedding_layer),
    ),
    (
        "FastGelu",
        Translator::One(|b, call| microsoft::bias_gelu(b, call, true)),
    ),
    ("FusedMatMul", Translator::One(microsoft::fused_mat_mul)),
    ("Gelu", Translator::One(microsoft::gelu)),
    ("MatMulIntegerToFloat", One(dynamic::mat_mul_to_float)),
    ("MatMulNBits", One(n_bits::mat_mul)),
    ("MultiHeadAttention", Translator::Many(attention::multi_head)),
    ("QAttention", Translator::Many(attention::quantised)),
    ("QGemm", One(qoperator::gemm)),
    ("QLinearAdd", One(qoperator::add)),
    ("QLinearAveragePool", One(qoperator::average_pool)),
    ("QLinearConcat", One(qoperator::concat)),
    ("QLinearGlobalAveragePool", One(qoperator::global_average_pool)),
    ("QLinearLeakyRelu", One(qoperator::leaky_relu)),
    ("QLinearMul", One(qoperator::mul)),
    ("QLinearReduceMean", One(qoperator::reduce_mean)),
    ("QLinearSigmoid", One(qoperator::sigmoid)),
    ("QLinearSoftmax", One(qoperator::soft_max)),
    ("QLinearWhere", One(qoperator::choose)),
    ("QuantizeLinear", One(quantisation::quantize)),
    ("QuickGelu", Translator::One(microsoft::quick_gelu)),
    ("RotaryEmbedding", One(attention::microsoft_rotary)),
    ("SimplifiedLayerNormalization", Translator::Many(norm::simplified)),
    ("SkipLayerNormalization", Translator::Many(microsoft::skip_layer)),
    (
        "SkipSimplifiedLayerNormalization",
        Translator::Many(microsoft::skip_simplified),
    ),
];

/// Every operator of ONNX's own domain that import takes, by name, sorted. A new one is a row here.
const OPERATORS: &[(&str, Translate)] = &[
    ("Abs", |b, call| pointwise::unary(b, call, Function::Abs)),
    ("Add", arithmetic::add),
    ("And", compare::and),
    ("ArgMax", arg_max::arg_max),
    ("ArgMin", reduce::arg_min),
    ("Atan", |b, call| pointwise::unary(b, call, Function::Atan)),
    ("AveragePool", pool::average_pool),
    ("BatchNormalization", batch_norm::batch_normalization),
    ("Cast", cast::cast),
    ("CastLike", cast::cast_like),
    ("Ceil", |b, call| pointwise::rounding(b, call, Function::Ceil)),
    ("Celu", pointwise::celu),
    ("Clip", extremes::clip),
    ("Concat", concat::concat),
    ("Constant", |_, call| given::constant(call)),
    ("Conv", conv::conv),
    ("ConvInteger", dynamic::conv_integer),
    ("ConvTranspose", conv_transpose::conv_transpose),
    ("Cos", |b, call| pointwise::unary(b, call, Function::Cos)),
    ("Cosh", |b, call| pointwise::unary(b, call, Function::Cosh)),
    ("CumSum", cumulative::cum_sum),
    ("DepthToSpace", blocks::depth_to_space),
    ("DequantizeLinear", quantisation::dequantize),
    ("Div", arithmetic::div),
    ("Dropout", |_, call| identity::dropout(call)),
    ("Einsum", einsum::einsum),
    ("Elu", pointwise::elu),
    ("Equal", |b, call| compare::compare(b, call, Relation::Equal)),
    ("Erf", |b, call| pointwise::unary(b, call, Function::Erf)),
    ("Exp", |b, call| pointwise::unary(b, call, Function::Exp)),
    ("Expand", repeat::expand),
    ("Flatten", reshape::flatten),
    ("Floor", |b, call| pointwise::rounding(b, call, Function::Floor)),
    ("Gather", gather::gather),
    ("GatherElements", gather::gather_elements),
    ("GatherND", gather::gather_nd),
    ("Gelu", pointwise::gelu),
    ("Gemm", product::gemm),
    ("GlobalAveragePool", pool::global_average_pool),
    ("GlobalMaxPool", reduce::global_max_pool),
    ("Greater", |b, call| compare::compare(b, call, Relation::Greater)),
    ("GreaterOrEqual", |b, call| {
        compare::compare(b, call, Relation::GreaterOrEqual)
    }),
    ("GroupNormalization", norm::group),
    ("HardSigmoid", pointwise::hard_sigmoid),
    ("HardSwish", |b, call| {
        pointwise::unary(b, call, Function::HardSwish)
    }),
    ("Hardmax", softmax::hardmax),
    ("Identity", |_, call| identity::identity(call)),
    ("InstanceNormalization", norm::instance),
    ("IsNaN", pointwise::is_nan),
    ("LeakyRelu", pointwise::leaky_relu),
    ("Less", |b, call| compare::compare(b, call, Relation::Less)),
    ("LessOrEqual", |b, call| {
        compare::compare(b, call, Relation::LessOrEqual)
    }),
    ("Log", |b, call| pointwise::unary(b, call, Function::Log)),
    ("LogSoftmax", softmax::log_softmax),
    ("LpNormalization", norm::lp),
    ("MatMul", product::mat_mul),
    ("MatMulInteger", dynamic::mat_mul_integer),
    ("Max", extremes::max),
    ("MaxPool", pool::max_pool),
    ("Mean", extremes::mean),
    ("MeanVarianceNormalization", norm::mean_variance),
    ("Min", extremes::min),
    ("Mish", pointwise::mish),
    ("Mul", arithmetic::mul),
    ("Neg", |b, call| pointwise::unary(b, call, Function::Neg)),
    ("Not", compare::not),
    ("OneHot", masks::one_hot),
    ("Or", compare::or),
    ("PRelu", pointwise::p_relu),
    ("Pad", pad::pad),
    ("Pow", arithmetic::pow),
    ("QLinearConv", qoperator::conv),
    ("QLinearMatMul", qoperator::mat_mul),
    ("QuantizeLinear", quantisation::quantize),
    ("RMSNormalization", norm::rms),
    ("Reciprocal", |b, call| {
        pointwise::unary(b, call, Function::Divide { dividend: 1.0 })
    }),
    ("ReduceL1", |b, call| reduce::reduce(b, call, Kind::L1)),
    ("ReduceL2", |b, call| reduce::reduce(b, call, Kind::L2)),
    ("ReduceLogSum", |b, call| reduce::reduce(b, call, Kind::LogSum)),
    ("ReduceLogSumExp", |b, call| {
        reduce::reduce(b, call, Kind::LogSumExp)
    }),
    ("ReduceMax", |b, call| reduce::reduce(b, call, Kind::Max)),
    ("ReduceMean", |b, call| reduce::reduce(b, call, Kind::Mean)),
    ("ReduceMin", |b, call| reduce::reduce(b, call, Kind::Min)),
    ("ReduceSum", |b, call| reduce::reduce(b, call, Kind::Sum)),
    ("ReduceSumSquare", |b, call| {
        reduce::reduce(b, call, Kind::SumSquare)
    }),
    ("Relu", pointwise::relu),
    ("Reshape", reshape::reshape),
    ("Resize", resize::resize),
    ("RotaryEmbedding", attention::rotary),
    ("Round", |b, call| pointwise::rounding(b, call, Function::Round)),
    ("ScatterElements", scatter::scatter_elements),
    ("ScatterND", scatter::scatter_nd),
    ("Selu", pointwise::selu),
    ("Shape", given::shape),
    ("Shrink", pointwise::shrink),
    ("Sigmoid", |b, call| pointwise::unary(b, call, Function::Sigmoid)),
    ("Sign", |b, call| pointwise::unary(b, call, Function::Sign)),
    ("Sin", |b, call| pointwise::unary(b, call, Function::Sin)),
    ("Sinh", |b, call| pointwise::unary(b, call, Function::Sinh)),
    ("Size", given::size),
    ("Slice", slice::slice),
    ("Softmax", softmax::softmax),
    ("Softplus", |b, call| {
        pointwise::unary(b, call, Function::Softplus)
    }),
    ("Softsign", |b, call| {
        pointwise::unary(b, call, Function::Softsign)
    }),
    ("SpaceToDepth", blocks::space_to_depth),
    ("Sqrt", |b, call| pointwise::unary(b, call, Function::Sqrt)),
    ("Squeeze", reshape::squeeze),
    ("Sub", arithmetic::sub),
    ("Sum", extremes::sum),
    ("Swish", pointwise::swish),
    ("Tan", |b, call| pointwise::unary(b, call, Function::Tan)),
    ("Tanh", |b, call| pointwise::unary(b, call, Function::Tanh)),
    ("ThresholdedRelu", pointwise::thresholded_relu),
    ("Tile", repeat::tile),
    ("Transpose", transpose::transpose),
    ("Trilu", masks::trilu),
    ("Unsqueeze", reshape::unsqueeze),
    ("Upsample", resize::upsample),
    ("Where", compare::choose),
    ("Xor", compare::xor),
];

/// How many operators import takes, of all domains.
const COUNT: usize = OPERATORS.len() + MANY.len() + ML.len() + MICROSOFT.len();

/// The operators that import takes: domain ("" is ONNX's own) and name, those of one table after those of another.
pub const SUPPORTED: &[(&str, &str)] = &{
    let mut names = [("", ""); COUNT];
    let (mut at, mut index) = (0, 0);
    while index < OPERATORS.len() {
        names[at].1 = OPERATORS[index].0;
        (at, index) = (at + 1, index + 1);
    }
    index = 0;
    while index < MANY.len() {
        names[at].1 = MANY[index].0;
        (at, index) = (at + 1, index + 1);
    }
    index = 0;
    while index < ML.len() {
        names[at] = ("ai.onnx.ml", ML[index].0);
        (at, index) = (at + 1, index + 1);
    }
    index = 0;
    while index < MICROSOFT.len() {
        names[at] = ("com.microsoft", MICROSOFT[index].0);
        (at, index) = (at + 1, index + 1);
    }
    names
};

/// The error for an operator that is in no table, or that is folded alone.
pub(crate) fn unsupported(domain: &str, operator: &str) -> Problem {
    let why = match operator {
        _ if !matches!(domain, "" | "ai.onnx") => "",
        "Loop" | "Scan" | "SequenceMap" => {
            "a graph does the same steps for every input; export the model with its loop unrolled"
        }
        "NonMaxSuppression" | "NonZero" | "Unique" | "Compress" => {
            "how many results it has depends on what goes in; keep a tensor before it with --keep"
        }
        "ConstantOfShape" | "EyeLike" | "Mod" | "Range" | "ReduceProd" => {
            "it is folded, and its operands are not constants; export the model with fixed shapes"
        }
        "Bernoulli" | "Multinomial" | "RandomNormal" | "RandomNormalLike" | "RandomUniform"
        | "RandomUniformLike" => "its results are random; give them as an input",
        _ => "",
    };
    if why.is_empty() {
        return Problem::UnsupportedOperator { supported: SUPPORTED };
    }
    Problem::Unsupported(why.to_string())
}

/// Translates a node that reads what a DynamicQuantizeLinear gives.
pub(crate) fn translate_dynamic(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    if call.node.operator == "com.microsoft.QAttention" {
        return attention::quantised(b, call);
    }
    dynamic::translate(b, call).map(|arg| vec![Some(arg)])
}

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
            OPERATORS.is_sorted_by(|a, b| a.0 < b.0),
            "the table is searched by halves"
        );
        for (domain, name) in SUPPORTED {
            assert!(translator(domain, name).is_some(), "{domain} {name}");
        }
        assert!(MANY.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ML.is_sorted_by(|a, b| a.0 < b.0) && MICROSOFT.is_sorted_by(|a, b| a.0 < b.0));
        for name in ["", "A", "conv", "Zzz"] {
            assert!(translator("", name).is_none(), "{name}");
        }
        assert!(translator("somebody.else", "Conv").is_none());
    }
}
