//! Lists of numbers that attributes hold, in either of the forms that a file may give them.

use crate::attributes::wrong;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::Problem;
use onnx_rs::ast::{DataType, TensorProto};

/// A list of FLOAT, or a tensor of FLOAT or DOUBLE; `None` where neither is given.
pub(super) fn reals(
    call: &Call<'_>,
    list: &'static str,
    tensor: &'static str,
) -> Result<Option<Vec<f64>>, Problem> {
    let listed = call.attributes.floats(list)?.unwrap_or_default();
    match call.attributes.tensor(tensor)? {
        Some(_) if !listed.is_empty() => Err(wrong(tensor, format!("{list} are given too"))),
        Some(stored) => of_tensor(stored, tensor).map(Some),
        None if listed.is_empty() => Ok(None),
        None => Ok(Some(listed.iter().map(|&v| v.into()).collect())),
    }
}

/// Every element of a tensor of FLOAT or DOUBLE.
pub(super) fn of_tensor(tensor: &TensorProto<'_>, name: &'static str) -> Result<Vec<f64>, Problem> {
    if tensor.data_type() != DataType::Double {
        return Ok(Constant::of(tensor, name)?.reals64());
    }
    let expected: i64 = tensor.dims().iter().fold(1, |n, &d| n.saturating_mul(d));
    let stored = tensor.as_f64().unwrap_or_default();
    if usize::try_from(expected) != Ok(stored.len()) {
        return Err(wrong(
            name,
            format!(
                "its shape asks for {expected} elements; there are {}",
                stored.len()
            ),
        ));
    }
    Ok(stored.into_owned())
}

/// Each as the nearest f32; all finite.
pub(super) fn narrow(name: &str, values: &[f64]) -> Result<Vec<f32>, Problem> {
    let narrow = |&v: &f64| match v as f32 {
        narrow if narrow.is_finite() => Ok(narrow),
        _ => Err(wrong(name, format!("{v} is not a finite FLOAT"))),
    };
    values.iter().map(narrow).collect()
}

/// A list of FLOAT, all finite; `None` where it is not given or empty.
pub(super) fn floats(call: &Call<'_>, name: &'static str) -> Result<Option<Vec<f32>>, Problem> {
    match call.attributes.floats(name)? {
        None | Some([]) => Ok(None),
        Some(list) => match list.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(wrong(name, format!("{v} is not a finite number"))),
            None => Ok(Some(list.to_vec())),
        },
    }
}

/// One number for every column: the list's, or its only one.
pub(super) fn columns(name: &str, list: Vec<f32>, columns: u32) -> Result<Vec<f32>, Problem> {
    match list[..] {
        [one] => Ok(vec![one; columns as usize]),
        _ if list.len() == columns as usize => Ok(list),
        _ => Err(wrong(
            name,
            format!("{} numbers for {columns} columns", list.len()),
        )),
    }
}
