//! Nodes whose operands are all constants are computed while importing: exporters write shapes, masks and positions as
//! small graphs. Whole numbers stay whole; real ones are computed in f32 as a runtime does it.

mod make;
mod numbers;
mod pairs;
mod places;
mod rows;
mod unary;

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, EXACT};
use crate::error::Problem;
use crate::float::{self, View};
use crate::operators::Translator;
use crate::typed::{Arg, Element, Operator, Typed};

/// What a constant node gives; nothing where its folder leaves these operands to the translator.
type Fold = fn(&mut Builder, &Call<'_>) -> Result<Option<Constant>, Problem>;

/// Operators that have a folder, by name, sorted.
const FOLDS: &[(&str, Fold)] = &[
    ("Abs", |b, call| unary::unary(b, call, "Abs")),
    ("Add", pairs::add),
    ("And", |b, call| pairs::logical(b, call, |x, y| x && y)),
    ("Ceil", |b, call| unary::unary(b, call, "Ceil")),
    ("ConstantOfShape", make::constant_of_shape),
    ("Cos", |b, call| unary::unary(b, call, "Cos")),
    ("CumSum", rows::cum_sum),
    ("Div", pairs::div),
    ("Equal", |b, call| {
        pairs::compare(b, call, std::cmp::Ordering::is_eq)
    }),
    ("Exp", |b, call| unary::unary(b, call, "Exp")),
    ("EyeLike", make::eye_like),
    ("Floor", |b, call| unary::unary(b, call, "Floor")),
    ("Greater", |b, call| {
        pairs::compare(b, call, std::cmp::Ordering::is_gt)
    }),
    ("GreaterOrEqual", |b, call| {
        pairs::compare(b, call, std::cmp::Ordering::is_ge)
    }),
    ("Less", |b, call| {
        pairs::compare(b, call, std::cmp::Ordering::is_lt)
    }),
    ("LessOrEqual", |b, call| {
        pairs::compare(b, call, std::cmp::Ordering::is_le)
    }),
    ("Log", |b, call| unary::unary(b, call, "Log")),
    ("Max", |b, call| pairs::extreme(b, call, true)),
    ("Min", |b, call| pairs::extreme(b, call, false)),
    ("Mod", pairs::modulo),
    ("Mul", pairs::mul),
    ("Neg", |b, call| unary::unary(b, call, "Neg")),
    ("NonZero", places::non_zero),
    ("Not", unary::not),
    ("OneHot", make::one_hot),
    ("Or", |b, call| pairs::logical(b, call, |x, y| x || y)),
    ("Pow", pairs::pow),
    ("Range", make::range),
    ("Reciprocal", |b, call| unary::unary(b, call, "Reciprocal")),
    ("ReduceMax", |b, call| rows::reduce(b, call, rows::Kind::Max)),
    ("ReduceMean", |b, call| rows::reduce(b, call, rows::Kind::Mean)),
    ("ReduceMin", |b, call| rows::reduce(b, call, rows::Kind::Min)),
    ("ReduceProd", |b, call| rows::reduce(b, call, rows::Kind::Prod)),
    ("ReduceSum", |b, call| rows::reduce(b, call, rows::Kind::Sum)),
    ("Round", |b, call| unary::unary(b, call, "Round")),
    ("ScatterElements", places::scatter_elements),
    ("ScatterND", places::scatter_nd),
    ("Sign", |b, call| unary::unary(b, call, "Sign")),
    ("Sin", |b, call| unary::unary(b, call, "Sin")),
    ("Sqrt", |b, call| unary::unary(b, call, "Sqrt")),
    ("Sub", pairs::sub),
    ("Sum", pairs::sum),
    ("Where", pairs::choose),
    ("Xor", |b, call| pairs::logical(b, call, |x, y| x != y)),
];

/// Operators whose translators take constants and give constants.
const NATIVE: &[&str] = &[
    "Cast",
    "CastLike",
    "Concat",
    "Constant",
    "DepthToSpace",
    "DequantizeLinear",
    "Dropout",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "Identity",
    "QuantizeLinear",
    "Reshape",
    "Shape",
    "Size",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
];

/// Multiplications that one folded node may cost: seconds.
const MAX_WORK: u64 = 1 << 30;

/// The names of [`FOLDS`], sorted.
const NAMES: [&str; FOLDS.len()] = {
    let mut names = [""; FOLDS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = FOLDS[index].0;
        index += 1;
    }
    names
};

/// Operators of ONNX's own domain that are computed while importing where all operands are constants; some of them are
/// taken in no other place.
pub const FOLDED: &[&str] = &NAMES;

/// Whether an operator of ONNX's own domain has a folder.
pub(crate) fn knows(operator: &str) -> bool {
    NAMES.binary_search(&operator).is_ok()
}

/// The results of a node, if all its operands are constants and it is one to compute.
pub(crate) fn fold(
    b: &mut Builder,
    call: &Call<'_>,
    operator: &str,
    translator: Option<Translator>,
) -> Result<Option<Vec<Option<Arg>>>, Problem> {
    let constant = |arg: &Option<Arg>| matches!(arg, None | Some(Arg::Constant(_)));
    if call.inputs.is_empty() || !call.inputs.iter().all(constant) {
        return Ok(None);
    }
    if let Ok(at) = NAMES.binary_search(&operator)
        && let Some(result) = FOLDS[at].1(b, call)?
    {
        return Ok(Some(vec![Some(Arg::Constant(result))]));
    }
    match translator {
        Some(translator) if !NATIVE.contains(&operator) => in_floats(b, call, translator).map(Some),
        _ => Ok(None),
    }
}

/// Translates the node as if its first operand were computed, and runs what comes of that.
fn in_floats(b: &mut Builder, call: &Call<'_>, translator: Translator) -> Result<Vec<Option<Arg>>, Problem> {
    let first = call.needed(0, "the first operand")?;
    let shape = metisvm_model::Shape::new(&first.dims)
        .ok_or_else(|| Problem::Shape(format!("{:?} is empty or too large", first.dims)))?;
    let element = if first.is_float() {
        Element::Real
    } else {
        Element::Int
    };
    let mut scratch = Builder::default();
    let x = scratch.value("", shape, element);
    let mut inputs = call.inputs.clone();
    if let Some(input) = inputs.first_mut() {
        *input = Some(Arg::Value(x));
    }
    let call = call.with(inputs);
    let results = match translator {
        Translator::One(translate) => vec![Some(translate(&mut scratch, &call)?)],
        Translator::Many(translate) => translate(&mut scratch, &call)?,
    };
    let values = evaluated(b, &scratch.typed, x, first.reals())?;
    results
        .into_iter()
        .map(|result| match result {
            Some(Arg::Value(id)) => {
                let value = scratch.typed_value(id);
                let data = values.get(id).cloned().unwrap_or_default();
                let data = match value.element {
                    Element::Int if data.iter().any(|v| v.is_nan() || v.abs() >= EXACT) => {
                        return Err(Problem::Unsupported(
                            "a constant whole number is over 2^24; fold it when exporting".to_string(),
                        ));
                    }
                    Element::Int => Data::I64(data.iter().map(|&v| v as i64).collect()),
                    _ => Data::F32(data),
                };
                let constant = Constant::new(&call.node.name, value.shape.dims().to_vec(), data)?;
                Ok(Some(Arg::Constant(constant)))
            }
            other => Ok(other),
        })
        .collect()
}

/// What every value of a small graph with one input holds.
fn evaluated(b: &mut Builder, typed: &Typed, x: usize, input: Vec<f32>) -> Result<Vec<Vec<f32>>, Problem> {
    let mut values = vec![Vec::new(); typed.values.len()];
    values[x] = input;
    let mut work = 0u64;
    for node in &typed.nodes {
        if let Operator::Quantise(_) = node.op {
            return Err(Problem::Unsupported("its operands are constants".to_string()));
        }
        let operands: Vec<(&[u32], Vec<f32>)> = node
            .inputs
            .iter()
            .map(|arg| match arg {
                Arg::Value(id) => (typed.values[*id].shape.dims(), values[*id].clone()),
                Arg::Constant(c) => (&c.dims[..], c.reals()),
            })
            .collect();
        let dims: Vec<&[u32]> = operands.iter().map(|(dims, _)| *dims).collect();
        let shape = &typed.values[node.output].shape;
        work = work.saturating_add(float::work(&node.op, &dims, shape));
        if work > MAX_WORK {
            return Err(Problem::TooMany {
                what: "multiplications to fold one node",
                count: work,
                limit: MAX_WORK,
            });
        }
        let read: usize = operands.iter().map(|(_, data)| data.len()).sum();
        b.folds(read.saturating_add(shape.elements()))?;
        let views: Vec<View<'_>> = operands.iter().map(|(dims, data)| View { dims, data }).collect();
        values[node.output] = float::evaluate(&node.op, &views, shape);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_searched_by_halves() {
        assert!(NAMES.is_sorted() && NATIVE.is_sorted());
        assert!(NAMES.iter().all(|name| !NATIVE.contains(name)));
    }
}
