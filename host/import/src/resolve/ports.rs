//! What a file declares of its inputs and outputs.

use crate::error::Problem;
use crate::typed::Element;
use metisvm_model::limits::MAX_ELEMENTS;
use metisvm_model::{DType, Shape};
use onnx_rs::ast::{DataType, Dimension, TypeValue, ValueInfo};

/// What a graph input holds; `batch` stands for a first dimension that is open.
pub(super) fn input_type(info: &ValueInfo<'_>, batch: u32) -> Result<(Element, Shape), Problem> {
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
        DataType::Float => Element::Real,
        DataType::Uint8 => Element::Quantised(DType::U8),
        DataType::Int8 => Element::Quantised(DType::I8),
        // Refused, but by the node that reads it: that says more.
        DataType::Int64 => Element::Int,
        other => {
            return Err(Problem::UnsupportedType {
                actual: format!("{other:?}"),
                expected: "an input is FLOAT, UINT8 or INT8",
            });
        }
    };
    let shape = tensor.shape.as_ref().ok_or(Problem::Missing("shape"))?;
    let mut dims = Vec::new();
    for (dimension, extent) in shape.dim.iter().enumerate() {
        let open = matches!(extent.value, Dimension::Param(_) | Dimension::Value(0 | -1));
        dims.push(match extent.value {
            _ if open && dimension == 0 => batch,
            Dimension::Value(v) if v > 0 => {
                u32::try_from(v).map_err(|_| Problem::Shape(format!("dimension {dimension} is {v}")))?
            }
            Dimension::Value(v) if !open => {
                return Err(Problem::Shape(format!("dimension {dimension} is {v}")));
            }
            _ => return Err(Problem::Dynamic { dimension }),
        });
    }
    let shape = Shape::new(&dims).ok_or_else(|| {
        let rank = dims.len();
        Problem::Shape(format!(
            "its {rank} dimensions hold no element, over {MAX_ELEMENTS}, or are over 8"
        ))
    })?;
    Ok((element, shape))
}

/// An output has the shape that its declaration says, where it says one.
pub(super) fn declared_shape_agrees(info: &ValueInfo<'_>, actual: &Shape) -> Result<(), Problem> {
    let Some(declared) = info.tensor_shape() else {
        return Ok(());
    };
    let agrees = declared.dim.len() == actual.rank()
        && declared
            .dim
            .iter()
            .zip(actual.dims())
            .all(|(d, &a)| match d.value {
                Dimension::Value(v) if v > 0 => v == i64::from(a),
                _ => true,
            });
    if agrees {
        return Ok(());
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
    Err(Problem::Shape(format!(
        "it is declared as [{}] and computed as {actual}",
        shown.join(",")
    )))
}
