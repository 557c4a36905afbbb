//! Encoders of categories.

use super::{Labels, note, real};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::operators::make::Maker;
use crate::typed::{Arg, Element, Operator};

/// How far apart the least and the greatest key may lie: each number between them is an entry of a table.
const MAX_SPAN: i64 = 1 << 16;

/// Whole numbers that a key was found for: 1 + the key less the least one; 0 and `span + 1` for what lies outside.
fn positions(m: &mut Maker<'_>, x: Arg, keys: &[i64], name: &str) -> Result<(Arg, i64, i64), Problem> {
    let (Some(&least), Some(&most)) = (keys.iter().min(), keys.iter().max()) else {
        return Err(wrong(name, "they are missing"));
    };
    let span = most.saturating_sub(least);
    let exact = (-(1 << 23)..(1 << 23)).contains(&least);
    if span >= MAX_SPAN || !exact {
        return Err(wrong(
            name,
            format!("they lie too far apart ({least} to {most}) for a table of {MAX_SPAN} entries"),
        ));
    }
    let dims = m.dims(&x);
    let x = match m.element(&x) {
        Element::Int => x,
        _ => m.emit(Operator::Cast, vec![x], &dims, Element::Int)?,
    };
    let shift = Function::Affine {
        scale: 1.0,
        offset: (1 - least) as f32,
    };
    let x = m.function(x, shift)?;
    let within = Function::Clamp {
        low: 0.0,
        high: (span + 2) as f32,
    };
    Ok((m.function(x, within)?, least, span))
}

/// Texts are positions in the list of values, with the values as notes; so texts that are keys are none.
pub(crate) fn label_encoder(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let a = &call.attributes;
    let texts = || {
        Problem::Unsupported(
            "its operand is of texts, which are no numbers; number them before the model, and export the rest".to_string(),
        )
    };
    if a.strings("keys_strings")?.is_some() {
        return Err(texts());
    }
    let keys: Vec<i64> = match (
        a.ints("keys_int64s")?,
        a.floats("keys_floats")?,
        a.tensor("keys_tensor")?,
    ) {
        (Some(keys), None, None) => keys.to_vec(),
        (None, Some(keys), None) if keys.iter().all(|k| k.fract() == 0.0) => {
            keys.iter().map(|&k| k as i64).collect()
        }
        (None, None, Some(keys)) => Constant::of(keys, "keys_tensor")?.whole("keys_tensor")?,
        _ => return Err(wrong("keys_int64s", "one list of whole numbers is needed")),
    };
    let default_text = a.string("default_string", "_Unused")?;
    let default_real = a.float("default_float", 0.0)?;
    let default_whole = a.int("default_int64", -1)?;
    let default_tensor = match a.tensor("default_tensor")? {
        Some(stored) => Some(Constant::of(stored, "default_tensor")?),
        None => None,
    };
    let mut m = Maker::new(b, call);
    let x = call.arg(0)?.clone();
    let (at, least, span) = positions(&mut m, x, &keys, "keys_int64s")?;
    let mut table: Vec<Option<usize>> = vec![None; span as usize + 3];
    for (index, key) in keys.iter().enumerate() {
        if let Some(entry) = table.get_mut((key - least + 1) as usize) {
            *entry = Some(index);
        }
    }
    let same = |given: usize| {
        if given == keys.len() {
            Ok(())
        } else {
            Err(wrong(
                "values_int64s",
                format!("{given} values for {} keys", keys.len()),
            ))
        }
    };
    let dims = m.dims(&at);
    let length = vec![table.len() as u32];
    let (data, element, names) = if let Some(values) = a.strings("values_strings")? {
        same(values.len())?;
        let mut names: Vec<String> = values.iter().map(|s| (*s).to_string()).collect();
        names.push(default_text.to_string());
        let data = table.iter().map(|e| e.unwrap_or(values.len()) as i64).collect();
        (Data::I64(data), Element::Int, Some(names))
    } else if let Some(values) = a.ints("values_int64s")? {
        same(values.len())?;
        let data = table
            .iter()
            .map(|e| e.map_or(default_whole, |i| values[i]))
            .collect();
        (Data::I64(data), Element::Int, None)
    } else if let Some(values) = a.floats("values_floats")? {
        same(values.len())?;
        let data = table
            .iter()
            .map(|e| e.map_or(default_real, |i| values[i]))
            .collect();
        (Data::F32(data), Element::Real, None)
    } else if let Some(stored) = a.tensor("values_tensor")? {
        let values = Constant::of(stored, "values_tensor")?;
        same(values.len())?;
        if values.is_float() {
            let default = default_tensor.map_or(default_real, |d| d.reals().first().copied().unwrap_or(0.0));
            let values = values.finite()?;
            let data = table.iter().map(|e| e.map_or(default, |i| values[i])).collect();
            (Data::F32(data), Element::Real, None)
        } else {
            let default = match default_tensor {
                Some(d) => d.whole("default_tensor")?.first().copied().unwrap_or(-1),
                None => default_whole,
            };
            let values = values.whole("values_tensor")?;
            let data = table.iter().map(|e| e.map_or(default, |i| values[i])).collect();
            (Data::I64(data), Element::Int, None)
        }
    } else {
        return Err(wrong("values_int64s", "values are missing"));
    };
    let table = Arg::Constant(Constant::new("", length, data)?);
    let y = m.emit(Operator::Lookup { axis: 0 }, vec![table, at], &dims, element)?;
    if let Some(names) = names {
        note(&mut m, &y, names.into());
    }
    Ok(y)
}

/// Rows of an identity matrix: column k is 1 where the number is category k. What is no category has none.
pub(crate) fn one_hot(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    // Without it a number that is no category would be an error, which an execution cannot raise.
    call.attributes.flag("zeros", true)?;
    let cats = match Labels::of(call, "cats_int64s", "cats_strings")? {
        Some(Labels::Numbers(cats)) => cats,
        Some(Labels::Texts(_)) => {
            return Err(Problem::Unsupported(
                "its categories are texts, which are no numbers; number them before the model, and export the rest"
                    .to_string(),
            ));
        }
        None => return Err(wrong("cats_int64s", "categories are missing")),
    };
    let mut m = Maker::new(b, call);
    let x = call.arg(0)?.clone();
    let (at, least, span) = positions(&mut m, x, &cats, "cats_int64s")?;
    let (rows, width) = (span as usize + 3, cats.len());
    m.b.folds(rows.saturating_mul(width))?;
    let mut table = vec![0i64; rows * width];
    for (column, cat) in cats.iter().enumerate() {
        if let Some(entry) = table.get_mut((cat - least + 1) as usize * width + column) {
            *entry = 1;
        }
    }
    let table = Constant::new("", vec![rows as u32, width as u32], Data::I64(table))?;
    let mut dims = m.dims(&at);
    dims.push(width as u32);
    let op = Operator::Lookup { axis: 0 };
    let y = m.emit(op, vec![Arg::Constant(table), at], &dims, Element::Int)?;
    real(&mut m, y)
}
