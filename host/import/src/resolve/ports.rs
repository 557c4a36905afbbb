//! What a file declares of its inputs and outputs.

use crate::constant::type_name;
use crate::error::Problem;
use crate::typed::Element;
use metisvm_model::{DType, Shape};
use onnx_rs::ast::{DataType, Dimension, TensorShape, TypeValue, ValueInfo};

/// What a graph input holds, and the shape that the file declares. Bytes are integers of a grid where an operator of
/// quantised files reads them as that, and else whole numbers, as pixels are.
pub(super) fn input_type<'f>(
    info: &'f ValueInfo<'f>,
    on_grid: bool,
) -> Result<(Element, Option<&'f TensorShape<'f>>), Problem> {
    let tensor = match info.r#type.as_ref().and_then(|t| t.value.as_ref()) {
        Some(TypeValue::Tensor(tensor)) => tensor,
        Some(_) => {
            return Err(Problem::Unsupported(
                "it is a sequence, a map, optional or sparse; only tensors are supported".to_string(),
            ));
        }
        None => return Err(Problem::Missing("type")),
    };
    let element = match tensor.elem_type {
        // The caller gives integers of a grid, which is coarser than any of these.
        DataType::Float | DataType::Float16 | DataType::Bfloat16 | DataType::Double => Element::Real,
        DataType::Uint8 if on_grid => Element::Quantised(DType::U8),
        DataType::Int8 if on_grid => Element::Quantised(DType::I8),
        DataType::Uint8 | DataType::Int8 | DataType::Int64 | DataType::Int32 | DataType::Bool => Element::Int,
        other => {
            return Err(Problem::UnsupportedType {
                actual: type_name(other).to_string(),
                expected: "an input is FLOAT, FLOAT16, DOUBLE, UINT8, INT8, INT32, INT64 or BOOL",
            });
        }
    };
    Ok((element, tensor.shape.as_ref()))
}

/// An output has the shape that its declaration says, where it says one. Of another number of dimensions runtimes make
/// nothing, and exporters do write that: it is worth a note, which is given.
pub(super) fn declared_shape(info: &ValueInfo<'_>, actual: &Shape) -> Result<Option<String>, Problem> {
    let Some(declared) = info.tensor_shape() else {
        return Ok(None);
    };
    let same_rank = declared.dim.len() == actual.rank();
    let agrees = same_rank
        && declared
            .dim
            .iter()
            .zip(actual.dims())
            .all(|(d, &a)| match d.value {
                Dimension::Value(v) if v > 0 => v == i64::from(a),
                _ => true,
            });
    if agrees {
        return Ok(None);
    }
    let shown: Vec<String> = declared
        .dim
        .iter()
        .take(8)
        .map(|d| match d.value {
            Dimension::Value(v) => v.to_string(),
            Dimension::Param(_) => "?".to_string(),
        })
        .collect();
    let shown = format!("it is declared as [{}] and computed as {actual}", shown.join(","));
    if same_rank {
        return Err(Problem::Shape(shown));
    }
    Ok(Some(format!(
        "output {:?}: {shown}",
        crate::error::shown(info.name)
    )))
}
