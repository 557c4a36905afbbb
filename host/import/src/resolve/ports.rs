//! What a file declares of its inputs and outputs.

use super::dims::shown;
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

/// What a declaration says otherwise of an output's shape than was computed. Runtimes make nothing of it, and exporters
/// do write that: it is a note.
pub(super) fn declared_shape(info: &ValueInfo<'_>, actual: &Shape) -> Option<String> {
    let declared = info.tensor_shape()?;
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
        return None;
    }
    let dims = declared.dim.iter().take(8).map(|d| shown(&d.value));
    let dims = dims.collect::<Vec<_>>().join(",");
    let more = if declared.dim.len() > 8 { ",…" } else { "" };
    let name = crate::error::shown(info.name);
    Some(format!(
        "output {name:?}: it is declared as [{dims}{more}] and computed as {actual}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use onnx_rs::ast::{TensorShapeDimension, TensorTypeProto, TypeProto};

    fn note(declared: Vec<Dimension<'static>>, actual: &[u32]) -> Option<String> {
        let dim = declared.into_iter().map(|value| TensorShapeDimension {
            value,
            ..Default::default()
        });
        let tensor = TensorTypeProto {
            elem_type: DataType::Float,
            shape: Some(TensorShape { dim: dim.collect() }),
        };
        let info = ValueInfo {
            name: "y",
            r#type: Some(TypeProto {
                value: Some(TypeValue::Tensor(tensor)),
                ..Default::default()
            }),
            ..Default::default()
        };
        declared_shape(&info, &Shape::new(actual).unwrap())
    }

    #[test]
    fn another_shape_than_declared_is_a_note() {
        let value = Dimension::Value;
        assert_eq!(note(vec![value(2), Dimension::Param("rows")], &[2, 7]), None);
        assert_eq!(note(vec![value(0), value(7)], &[2, 7]), None);
        // Of another extent, as of another number of dimensions.
        let said = note(vec![value(0), value(2)], &[1, 1]).unwrap();
        assert!(said.contains("declared as [?,2] and computed as [1,1]"), "{said}");
        let said = note(vec![value(2)], &[1, 2]).unwrap();
        assert!(said.contains("declared as [2] and computed as [1,2]"), "{said}");
    }
}
