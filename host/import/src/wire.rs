//! Checks the protobuf structure of a file before a parser sees it.
//!
//! `onnx-rs` reads nested messages by recursion, trusts that a known field has the wire type that the
//! ONNX schema gives it, and makes a structure of hundreds of bytes of a message of two. So the whole
//! file is walked here first, with a stack of bounded depth and the schema as a table: wire types and
//! lengths must be right everywhere, and what parsing will allocate is added up and bounded.
//!
//! Schema: `onnx/onnx.proto3`. Wire format: <https://protobuf.dev/programming-guides/encoding/>.

use crate::error::{ImportError, Problem};
use onnx_rs::ast;
use std::mem::size_of;

/// The largest file that is looked at.
const MAX_FILE_BYTES: usize = metisvm_model::limits::MAX_BUNDLE_BYTES;
/// The deepest nesting of messages: an attribute's tensor lies at 4, a subgraph in a subgraph at 7.
const MAX_DEPTH: usize = 24;
/// What the parsed form may take, beyond the file itself.
const MAX_PARSED_BYTES: usize = 1 << 30;
/// The greatest code of an element type that the parser knows.
const LAST_DATA_TYPE: u64 = 23;

/// A kind of message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Segment,
    Sparse,
    ValueInfo,
    Type,
    TensorType,
    Sequence,
    Map,
    Shape,
    Dimension,
    Entry,
    Opset,
    Annotation,
    Training,
    Function,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Field {
    Varint,
    Fixed32,
    Bytes,
    Of(Message),
    /// Repeated scalars, packed or one by one: the size of one element when it is fixed.
    Varints,
    Floats(usize),
}

/// The schema: what a field of a message holds, if it is a known one.
fn field(message: Message, number: u64) -> Option<Field> {
    use Field::{Bytes, Fixed32, Floats, Of, Varint, Varints};
    use Message as M;
    Some(match (message, number) {
        (M::Model, 1 | 5) => Varint,
        (M::Model, 2..=4 | 6) => Bytes,
        (M::Model, 7) => Of(M::Graph),
        (M::Model, 8) | (M::Function, 9) => Of(M::Opset),
        (M::Model, 14) | (M::Graph, 16) | (M::Node, 9) | (M::ValueInfo, 4) => Of(M::Entry),
        (M::Model, 20) => Of(M::Training),
        (M::Model, 25) => Of(M::Function),
        (M::Graph, 1) | (M::Function, 7) => Of(M::Node),
        (M::Graph, 2 | 10) => Bytes,
        (M::Graph, 5) => Of(M::Tensor),
        (M::Graph, 11..=13) | (M::Function, 12) => Of(M::ValueInfo),
        (M::Graph, 14) => Of(M::Annotation),
        (M::Graph, 15) => Of(M::Sparse),
        (M::Node, 1..=4 | 6..=8) => Bytes,
        (M::Node, 5) | (M::Function, 11) => Of(M::Attribute),
        (M::Attribute, 1 | 4 | 9 | 13 | 21) => Bytes,
        (M::Attribute, 2) => Fixed32,
        (M::Attribute, 3 | 20) => Varint,
        (M::Attribute, 5 | 10) => Of(M::Tensor),
        (M::Attribute, 6 | 11) => Of(M::Graph),
        (M::Attribute, 7) => Floats(4),
        (M::Attribute, 8) => Varints,
        (M::Attribute, 14 | 15) => Of(M::Type),
        (M::Attribute, 22 | 23) => Of(M::Sparse),
        (M::Tensor, 1 | 5 | 7 | 11) | (M::Sparse, 3) => Varints,
        (M::Tensor, 2 | 14) => Varint,
        (M::Tensor, 3) => Of(M::Segment),
        (M::Tensor, 4) => Floats(4),
        (M::Tensor, 10) => Floats(8),
        (M::Tensor, 6 | 8 | 9 | 12) => Bytes,
        (M::Tensor, 13 | 16) | (M::Annotation, 2) | (M::Training, 3 | 4) | (M::Function, 14) => Of(M::Entry),
        (M::Segment, 1 | 2) => Varint,
        (M::Sparse, 1 | 2) => Of(M::Tensor),
        (M::ValueInfo, 1 | 3) => Bytes,
        (M::ValueInfo, 2) => Of(M::Type),
        (M::Type, 1 | 8) => Of(M::TensorType),
        (M::Type, 4 | 9) => Of(M::Sequence),
        (M::Type, 5) => Of(M::Map),
        (M::Type, 6) => Bytes,
        (M::TensorType, 1) | (M::Map, 1) => Varint,
        (M::TensorType, 2) => Of(M::Shape),
        (M::Sequence, 1) | (M::Map, 2) => Of(M::Type),
        (M::Shape, 1) => Of(M::Dimension),
        (M::Dimension, 1) | (M::Opset, 2) => Varint,
        (M::Dimension, 2 | 3) | (M::Opset, 1) | (M::Entry, 1 | 2) | (M::Annotation, 1) => Bytes,
        (M::Training, 1 | 2) => Of(M::Graph),
        (M::Function, 1 | 4..=6 | 8 | 10 | 13) => Bytes,
        _ => return None,
    })
}

/// What the parser makes of one message.
fn parsed_size(message: Message) -> usize {
    match message {
        Message::Model => size_of::<ast::Model<'_>>(),
        Message::Graph => size_of::<ast::Graph<'_>>(),
        Message::Node => size_of::<ast::Node<'_>>(),
        Message::Attribute => size_of::<ast::Attribute<'_>>(),
        Message::Tensor => size_of::<ast::TensorProto<'_>>(),
        Message::Segment => size_of::<ast::TensorSegment>(),
        Message::Sparse => size_of::<ast::SparseTensor<'_>>(),
        Message::ValueInfo => size_of::<ast::ValueInfo<'_>>(),
        Message::Type | Message::Sequence | Message::Map => size_of::<ast::TypeProto<'_>>(),
        Message::TensorType => size_of::<ast::TensorTypeProto<'_>>(),
        Message::Shape => size_of::<ast::TensorShape<'_>>(),
        Message::Dimension => size_of::<ast::TensorShapeDimension<'_>>(),
        Message::Entry => size_of::<ast::StringStringEntry<'_>>(),
        Message::Opset => size_of::<ast::OperatorSetId<'_>>(),
        Message::Annotation => size_of::<ast::TensorAnnotation<'_>>(),
        Message::Training => size_of::<ast::TrainingInfo<'_>>(),
        Message::Function => size_of::<ast::Function<'_>>(),
    }
}

fn wrong(at: usize, what: impl Into<String>) -> ImportError {
    let what = what.into();
    ImportError::File { at, what }
}

/// Walks the file.
///
/// # Errors
/// If it is too large or empty, is not protobuf, breaks the ONNX schema, nests too deep, or would take
/// too much memory to parse.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::model(Problem::TooMany {
            what: "bytes of the file",
            count: bytes.len() as u64,
            limit: MAX_FILE_BYTES as u64,
        }));
    }
    if bytes.is_empty() {
        return Err(wrong(0, "it is empty"));
    }
    let mut reader = Reader { bytes, at: 0 };
    let mut open = vec![(Message::Model, 0, bytes.len())];
    let mut parsed = 0usize;
    let mut graphs = 0;
    while let Some(&(message, start, end)) = open.last() {
        if reader.at == end {
            open.pop();
            continue;
        }
        let at = reader.at;
        let tag = reader.varint(end)?;
        let (number, wire) = (tag >> 3, tag & 7);
        if number == 0 || number >> 29 != 0 {
            return Err(wrong(at, format!("field number {number} does not exist")));
        }
        let Some(kind) = field(message, number) else {
            reader.skip(wire, end, at)?;
            continue;
        };
        match (kind, wire) {
            (Field::Varint, 0) => {
                let value = reader.varint(end)?;
                if message == Message::Tensor && number == 2 && value > LAST_DATA_TYPE {
                    return Err(ImportError::tensor(
                        "initializer",
                        &tensor_name(&bytes[start..end]),
                        Problem::UnsupportedType {
                            actual: format!("number {value}"),
                            expected: "use FLOAT, INT8, UINT8, INT32 or INT64",
                        },
                    ));
                }
            }
            (Field::Varints, 0) => {
                reader.varint(end)?;
                parsed += 8;
            }
            (Field::Fixed32, 5) | (Field::Floats(4), 5) => {
                reader.take(4, end)?;
                parsed += 4;
            }
            (Field::Floats(8), 1) => {
                reader.take(8, end)?;
                parsed += 8;
            }
            (Field::Bytes, 2) => {
                reader.bytes(end)?;
                parsed += size_of::<&str>();
            }
            (Field::Floats(size), 2) => {
                let length = reader.bytes(end)?;
                if length % size != 0 {
                    return Err(wrong(
                        at,
                        format!("{length} bytes of packed floats are no whole number"),
                    ));
                }
                parsed += length;
            }
            // The parser reserves one element for each byte.
            (Field::Varints, 2) => parsed += reader.bytes(end)? * size_of::<u64>(),
            (Field::Of(inner), 2) => {
                let length = reader.bytes(end)?;
                parsed += parsed_size(inner);
                if message == Message::Model && inner == Message::Graph {
                    graphs += 1;
                    if graphs > 1 {
                        return Err(wrong(at, "it holds two graphs"));
                    }
                }
                if open.len() >= MAX_DEPTH {
                    let what = format!("messages are nested more than {MAX_DEPTH} deep (subgraphs?)");
                    return Err(wrong(at, what));
                }
                let end = reader.at;
                reader.at -= length;
                open.push((inner, reader.at, end));
            }
            _ => return Err(wrong(at, format!("field {number} has wire type {wire}"))),
        }
        if parsed > MAX_PARSED_BYTES {
            return Err(ImportError::model(Problem::TooMany {
                what: "bytes that the parsed file would take",
                count: parsed as u64,
                limit: MAX_PARSED_BYTES as u64,
            }));
        }
    }
    Ok(())
}

/// The name in a tensor message, if one is found: it may come after the field that is wrong.
fn tensor_name(bytes: &[u8]) -> String {
    let mut reader = Reader { bytes, at: 0 };
    let end = bytes.len();
    let mut name = String::new();
    while reader.at < end {
        let Ok(tag) = reader.varint(end) else { break };
        let start = reader.at;
        if reader.skip(tag & 7, end, start).is_err() {
            break;
        }
        if tag >> 3 == 8 && tag & 7 == 2 {
            let mut value = Reader { bytes, at: start };
            if value.varint(end).is_ok() {
                name = String::from_utf8_lossy(&bytes[value.at..reader.at]).into_owned();
            }
        }
    }
    name
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn varint(&mut self, end: usize) -> Result<u64, ImportError> {
        let at = self.at;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes[..end].get(self.at) else {
                return Err(wrong(at, "it ends within a number"));
            };
            self.at += 1;
            if shift == 63 && byte > 1 {
                return Err(wrong(at, "a number has more than 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(wrong(at, "a number has more than 64 bits"))
    }

    fn take(&mut self, length: u64, end: usize) -> Result<usize, ImportError> {
        let left = end - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                self.at += length;
                Ok(length)
            }
            _ => {
                let what = format!("{length} bytes are announced where {left} are left; it may be cut off");
                Err(wrong(self.at, what))
            }
        }
    }

    /// A length and as many bytes; gives the length.
    fn bytes(&mut self, end: usize) -> Result<usize, ImportError> {
        let length = self.varint(end)?;
        self.take(length, end)
    }

    fn skip(&mut self, wire: u64, end: usize, at: usize) -> Result<(), ImportError> {
        match wire {
            0 => self.varint(end).map(drop),
            1 => self.take(8, end).map(drop),
            2 => self.bytes(end).map(drop),
            5 => self.take(4, end).map(drop),
            _ => Err(wrong(at, format!("wire type {wire} is not supported"))),
        }
    }
}
