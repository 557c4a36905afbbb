//! Names of element types.

use onnx_rs::ast::DataType;

/// What ONNX calls an element type.
pub(crate) const fn type_name(ty: DataType) -> &'static str {
    match ty {
        DataType::Undefined => "UNDEFINED",
        DataType::Float => "FLOAT",
        DataType::Uint8 => "UINT8",
        DataType::Int8 => "INT8",
        DataType::Uint16 => "UINT16",
        DataType::Int16 => "INT16",
        DataType::Int32 => "INT32",
        DataType::Int64 => "INT64",
        DataType::String => "STRING",
        DataType::Bool => "BOOL",
        DataType::Float16 => "FLOAT16",
        DataType::Double => "DOUBLE",
        DataType::Uint32 => "UINT32",
        DataType::Uint64 => "UINT64",
        DataType::Complex64 => "COMPLEX64",
        DataType::Complex128 => "COMPLEX128",
        DataType::Bfloat16 => "BFLOAT16",
        DataType::Float8e4m3fn => "FLOAT8E4M3FN",
        DataType::Float8e4m3fnuz => "FLOAT8E4M3FNUZ",
        DataType::Float8e5m2 => "FLOAT8E5M2",
        DataType::Float8e5m2fnuz => "FLOAT8E5M2FNUZ",
        DataType::Uint4 => "UINT4",
        DataType::Int4 => "INT4",
        DataType::Float4e2m1 => "FLOAT4E2M1",
    }
}
