//! What prepares features: scaling, norms, picking and joining of columns.

use super::lists::{columns, floats};
use super::{Labels, matrix, note, real, real_matrix};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::Problem;
use crate::function::Function;
use crate::operators::make::Maker;
use crate::typed::{Arg, Element, Operator, Reduction};

/// What a norm is at least: a row of zeros is divided by it and stays one.
const LEAST_NORM: f32 = 1e-12;

/// `(x − offset) · scale`.
pub(crate) fn scaler(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let mut m = Maker::new(b, call);
    let (mut x, [_, width]) = real_matrix(&mut m, call)?;
    for (name, op) in [("offset", Operator::Sub), ("scale", Operator::Mul)] {
        let Some(list) = floats(call, name)? else {
            continue;
        };
        let nothing = if name == "scale" { 1.0 } else { 0.0 };
        if list.iter().all(|&v| v == nothing) {
            continue;
        }
        let list = columns(name, list, width)?;
        let list = m.constant(vec![1, width], list)?;
        x = m.pair(op, x, list)?;
    }
    Ok(x)
}

/// Rows divided by their norm.
pub(crate) fn normalizer(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let norm = call.attributes.string("norm", "MAX")?;
    let mut m = Maker::new(b, call);
    let (x, [rows, width]) = real_matrix(&mut m, call)?;
    let norm = match norm {
        "MAX" => m.reduce(x.clone(), Reduction::Max, 1)?,
        "L1" => {
            let magnitudes = m.function(x.clone(), Function::Abs)?;
            m.reduce(magnitudes, Reduction::Sum, 1)?
        }
        "L2" => {
            let epsilon = f64::from(LEAST_NORM).powi(2);
            let op = Operator::Normalise {
                epsilon,
                centred: false,
            };
            let y = m.emit(op, vec![x], &[rows, width], Element::Real)?;
            // That was by the root of the mean square.
            let scale = (1.0 / f64::from(width).sqrt()) as f32;
            return m.function(y, Function::Affine { scale, offset: 0.0 });
        }
        _ => return Err(wrong("norm", "it is none of MAX, L1 and L2")),
    };
    let low = LEAST_NORM;
    let norm = m.function(
        norm,
        Function::Clamp {
            low,
            high: f32::INFINITY,
        },
    )?;
    m.pair(Operator::Div, x, norm)
}

/// A number that stands for a missing one becomes another. Integers have none that is not a number: where the file asks
/// for that, the caller puts the other one in.
pub(crate) fn imputer(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let reals = floats(call, "imputed_value_floats")?;
    let whole = call.attributes.ints("imputed_value_int64s")?.unwrap_or_default();
    let missing = call
        .attributes
        .float_if_any("replaced_value_float")?
        .unwrap_or(0.0);
    let missing_whole = call.attributes.int("replaced_value_int64", 0)?;
    let mut m = Maker::new(b, call);
    let (x, [_, width]) = matrix(&mut m, call)?;
    let list = match &reals {
        Some(list) => list.clone(),
        None => whole.iter().map(|&v| v as f32).collect(),
    };
    if list.is_empty() {
        return Err(wrong("imputed_value_floats", "they are missing"));
    }
    let list = columns("imputed_value_floats", list, width)?;
    let to = if reals.is_some() {
        missing
    } else {
        missing_whole as f32
    };
    if to.is_nan() {
        let shown: Vec<String> = list.iter().take(32).map(ToString::to_string).collect();
        let more = if list.len() > 32 { ", …" } else { "" };
        m.b.typed.notes.push(format!(
            "{}: integers have no NaN, so a missing number cannot be told from one that is there; put in its place \
             what the model was trained with, column by column: {}{more}",
            call.node,
            shown.join(", ")
        ));
        return Ok(x);
    }
    let x = real(&mut m, x)?;
    let is_missing = m.function(x.clone(), Function::Equal { to })?;
    let list = m.constant(vec![1, width], list)?;
    m.choose(is_missing, list, x)
}

/// 1 where a number is over the threshold, else 0.
pub(crate) fn binarizer(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let than = call.attributes.float("threshold", 0.0)?;
    let mut m = Maker::new(b, call);
    let x = call.arg(0)?.clone();
    let over = m.function(x, Function::Greater { than })?;
    real(&mut m, over)
}

/// Columns by number.
pub(crate) fn extract(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    if let (Arg::Constant(table), Arg::Value(_)) = (call.arg(0)?, call.arg(1)?) {
        let mut m = Maker::new(b, call);
        return picked(&mut m, table.clone(), call.arg(1)?.clone());
    }
    let which = call.needed(1, "the columns")?.whole("the columns")?;
    let mut m = Maker::new(b, call);
    let x = call.arg(0)?.clone();
    let mut dims = m.dims(&x);
    let (axis, width) = match dims.last() {
        Some(&width) => (dims.len() - 1, width),
        None => return Err(Problem::Shape("its operand is one number".to_string())),
    };
    let indices = which
        .iter()
        .map(|&i| u32::try_from(i).ok().filter(|&i| i < width))
        .collect::<Option<Vec<_>>>();
    let indices = indices.ok_or_else(|| {
        Problem::Shape(format!(
            "a column that is asked for is none of the {width} that there are"
        ))
    })?;
    dims[axis] = indices.len() as u32;
    let element = m.element(&x);
    let op = Operator::Select {
        axis,
        indices: indices.into(),
    };
    let y = m.emit(op, vec![x], &dims, element)?;
    match dims[..] {
        [width] => m.reshape(y, &[1, width]),
        _ => Ok(y),
    }
}

/// Of a list, entries by computed positions: the labels of the classes that were found.
fn picked(m: &mut Maker<'_>, table: Constant, at: Arg) -> Result<Arg, Problem> {
    let element = if table.is_float() {
        Element::Real
    } else {
        Element::Int
    };
    if table.dims.iter().rev().skip(1).any(|&d| d != 1) || m.element(&at) != Element::Int {
        return Err(Problem::Unsupported(
            "of constants only a list is picked from by computed positions, which are whole numbers"
                .to_string(),
        ));
    }
    let count = m.dims(&at).iter().copied().fold(1u32, u32::saturating_mul);
    let at = m.reshape(at, &[1, count])?;
    let length = table.dims.last().copied().unwrap_or(1);
    let table = table.reshaped(vec![length])?;
    m.emit(
        Operator::Lookup { axis: 0 },
        vec![Arg::Constant(table), at],
        &[1, count],
        element,
    )
}

/// Columns of all operands, one operand after the other.
pub(crate) fn vectorize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    let sizes = call.attributes.ints("inputdimensions")?;
    let mut m = Maker::new(b, call);
    let mut parts = Vec::new();
    let mut all = [0u32; 2];
    for index in 0..call.inputs.len() {
        let part = call.arg(index)?.clone();
        let part = match m.dims(&part)[..] {
            [rows] => m.reshape(part, &[rows, 1])?,
            [_, _] => part,
            ref dims => {
                return Err(Problem::Shape(format!(
                    "operand {index} has {} dimensions, not 1 or 2",
                    dims.len()
                )));
            }
        };
        let dims = m.dims(&part);
        let (rows, width) = (dims[0], dims[1]);
        let declared = sizes.map(|s| s.get(index).copied().unwrap_or(0));
        if declared.is_some_and(|d| d != i64::from(width)) || index > 0 && rows != all[0] {
            return Err(Problem::Shape(format!(
                "operand {index} is [{rows},{width}], which does not go with the others or with inputdimensions"
            )));
        }
        all = [rows, all[1].saturating_add(width)];
        parts.push(real(&mut m, part)?);
    }
    match parts.len() {
        1 => Ok(parts.swap_remove(0)),
        _ => m.emit(Operator::Concat { axis: 1 }, parts, &all, Element::Real),
    }
}

/// A map from the names of classes to their scores: the scores, in the order of the names.
pub(crate) fn zip_map(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let labels = Labels::of(call, "classlabels_int64s", "classlabels_strings")?;
    let labels = labels.ok_or_else(|| wrong("classlabels_int64s", "class labels are missing"))?;
    let mut m = Maker::new(b, call);
    let x = call.real(m.b, 0)?.clone();
    let columns = m.dims(&x).last().copied().unwrap_or(0);
    if columns as usize != labels.len() {
        return Err(wrong(
            "classlabels_int64s",
            format!("{} classes for {columns} columns", labels.len()),
        ));
    }
    note(&mut m, &x, labels.names());
    Ok(x)
}
