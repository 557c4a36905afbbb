//! The bundle: one graph as canonical bytes, named by their Keccak-256 hash.
//!
//! Layout (all integers little-endian; `docs/inference.md` is normative):
//!
//! ```text
//! 0   magic "METISMDL"      8   version u32 = 1       12  inputs u32     16  constants u32
//! 20  nodes u32             24  outputs u32           28  metadata u32   32  total bytes u64
//! 40  records: inputs {name, type}, constants {type}, nodes {operator u8, operands u8,
//!     operand u32 …, attributes}, outputs {name, value u32}, metadata {key, value} sorted by key
//!     zeros to a multiple of 64, then each constant's bytes, zeros to a multiple of 64 after each
//! ```
//! A string is a u16 length and UTF-8; a type is dtype u8, rank u8, dims u32 …; a value is one number:
//! inputs first, then constants, then nodes.

use crate::error::GraphError;
use crate::graph::{Constant, Graph, Node, Output, Parsed, Port, Value};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_CONSTANTS, MAX_METADATA, MAX_NODES, MAX_PORTS};
use crate::op::{Op, Padding, Window};
use crate::tensor::{DType, TensorType};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

const MAGIC: [u8; 8] = *b"METISMDL";
const VERSION: u32 = 1;
const ALIGNMENT: usize = 64;

/// The name of a model: the Keccak-256 hash of its bundle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub [u8; 32]);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A checked graph and its name.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The hash of the canonical bytes.
    pub id: ModelId,
    /// What the bytes say.
    pub graph: Graph,
}

/// Why bytes are not a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Over [`MAX_BUNDLE_BYTES`].
    #[error("the bundle has {0} bytes, over the limit of {MAX_BUNDLE_BYTES}")]
    TooLarge(usize),
    /// The first bytes are not those of a bundle.
    #[error("this is not a model bundle (wrong magic number)")]
    Magic,
    /// A format of another time.
    #[error("bundle format version {0} is not supported (this build reads version {VERSION})")]
    Version(u32),
    /// It ends too early.
    #[error("the bundle ends within {what} at byte {at}")]
    Truncated {
        /// Within what.
        what: &'static str,
        /// Where the missing part begins.
        at: usize,
    },
    /// A field holds a value that means nothing.
    #[error("{what} at byte {at} is invalid")]
    Invalid {
        /// Which field.
        what: &'static str,
        /// Where it begins.
        at: usize,
    },
    /// The graph is malformed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The same graph has other canonical bytes.
    #[error("the bundle is not in canonical form: byte {at} differs")]
    NotCanonical {
        /// The first byte that differs.
        at: usize,
    },
}

impl Bundle {
    /// The bytes of the header, which ends with the total length.
    pub const HEADER_BYTES: usize = 40;

    /// Whether a file that begins so can be a bundle: before more of it is read.
    ///
    /// # Errors
    /// If the magic number or the version is another, or the length that it names is over the limit.
    pub fn check_header(start: &[u8]) -> Result<(), BundleError> {
        let mut reader = Reader { bytes: start, at: 0 };
        if reader.take(8, "the header")? != MAGIC {
            return Err(BundleError::Magic);
        }
        let version = reader.u32("the header")?;
        if version != VERSION {
            return Err(BundleError::Version(version));
        }
        reader.take(20, "the header")?;
        match reader.u64("the header")? {
            total if total > MAX_BUNDLE_BYTES as u64 => Err(BundleError::Invalid {
                what: "the total length",
                at: Self::HEADER_BYTES - 8,
            }),
            _ => Ok(()),
        }
    }

    /// Reads and verifies a bundle that is in memory of our own.
    ///
    /// # Errors
    /// If the bytes are not exactly the canonical encoding of a graph that passes every check.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let graph = Reader { bytes, at: 0 }.bundle()?.check()?;
        let canonical = encode(graph.parsed());
        if canonical != bytes {
            let same = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(BundleError::NotCanonical { at: same });
        }
        Ok(Self {
            id: ModelId(keccak256(&[bytes])),
            graph,
        })
    }

    /// The bundle of a checked graph, with its bytes.
    ///
    /// # Errors
    /// If the graph is too large for a bundle.
    pub fn encode(graph: Graph) -> Result<(Self, Vec<u8>), BundleError> {
        let bytes = encode(graph.parsed());
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        Ok((
            Self {
                id: ModelId(keccak256(&[&bytes])),
                graph,
            },
            bytes,
        ))
    }
}

/// Keccak-256 of the parts, one after the other.
pub(crate) fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    use sha3::{Digest, Keccak256};
    let mut hasher = Keccak256::new();
    parts.iter().for_each(|p| hasher.update(p));
    hasher.finalize().into()
}

// Operator codes.
const MAT_MUL: u8 = 1;
const CONV2D: u8 = 2;
const ADD: u8 = 3;
const REQUANTISE: u8 = 4;
const CLAMP: u8 = 5;
const TABLE: u8 = 6;
const MAX_POOL2D: u8 = 7;
const RESHAPE: u8 = 8;
const ARG_MAX: u8 = 9;

fn encode(graph: &Parsed) -> Vec<u8> {
    let mut out = Vec::from(MAGIC);
    let mut word = |v: usize| out.extend_from_slice(&(v as u32).to_le_bytes());
    word(VERSION as usize);
    word(graph.inputs.len());
    word(graph.constants.len());
    word(graph.nodes.len());
    word(graph.outputs.len());
    word(graph.metadata.len());
    out.extend_from_slice(&[0; 8]); // the total length, known at the end
    for port in &graph.inputs {
        put_string(&mut out, &port.name);
        put_type(&mut out, &port.ty);
    }
    for constant in &graph.constants {
        put_type(&mut out, &constant.ty);
    }
    let number = |value| match value {
        Value::Input(i) => i,
        Value::Constant(i) => graph.inputs.len() as u32 + i,
        Value::Node(i) => (graph.inputs.len() + graph.constants.len()) as u32 + i,
    };
    for node in &graph.nodes {
        put_node(&mut out, node, number);
    }
    for output in &graph.outputs {
        put_string(&mut out, &output.name);
        out.extend_from_slice(&number(output.value).to_le_bytes());
    }
    for (key, value) in &graph.metadata {
        put_string(&mut out, key);
        put_string(&mut out, value);
    }
    pad(&mut out);
    for constant in &graph.constants {
        out.extend_from_slice(&constant.bytes);
        pad(&mut out);
    }
    let total = out.len() as u64;
    out[32..40].copy_from_slice(&total.to_le_bytes());
    out
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_type(out: &mut Vec<u8>, ty: &TensorType) {
    out.extend_from_slice(&[ty.dtype.code(), ty.shape.rank() as u8]);
    out.extend(ty.shape.dims().iter().flat_map(|d| d.to_le_bytes()));
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|w| w.to_le_bytes()));
}

fn put_window(out: &mut Vec<u8>, w: &Window) {
    let p = w.padding;
    put_words(
        out,
        &[
            w.stride[0],
            w.stride[1],
            w.dilation[0],
            w.dilation[1],
            p.top,
            p.left,
            p.bottom,
            p.right,
        ],
    );
}

fn put_node(out: &mut Vec<u8>, node: &Node, number: impl Fn(Value) -> u32) {
    let code = match node.op {
        Op::MatMul => MAT_MUL,
        Op::Conv2d { .. } => CONV2D,
        Op::Add => ADD,
        Op::Requantise { .. } => REQUANTISE,
        Op::Clamp => CLAMP,
        Op::Table => TABLE,
        Op::MaxPool2d { .. } => MAX_POOL2D,
        Op::Reshape { .. } => RESHAPE,
        Op::ArgMax { .. } => ARG_MAX,
    };
    out.extend_from_slice(&[code, node.operands.len() as u8]);
    out.extend(node.operands.iter().flat_map(|&v| number(v).to_le_bytes()));
    match &node.op {
        Op::MatMul | Op::Add | Op::Clamp | Op::Table => {}
        Op::Conv2d { window, groups } => {
            put_window(out, window);
            put_words(out, &[*groups]);
        }
        Op::Requantise { to, axis } => out.extend_from_slice(&[to.code(), *axis]),
        Op::MaxPool2d { kernel, window } => {
            put_words(out, kernel);
            put_window(out, window);
        }
        Op::Reshape { shape } => put_type(
            out,
            &TensorType {
                dtype: DType::U8,
                shape: shape.clone(),
            },
        ),
        Op::ArgMax { axis } => out.push(*axis),
    }
}

/// Reads what [`encode`] writes. Nothing is allocated by a count that was read: everything grows by
/// what is really there.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn bundle(mut self) -> Result<Parsed, BundleError> {
        if self.take(8, "the header")? != MAGIC {
            return Err(BundleError::Magic);
        }
        let version = self.u32("the header")?;
        if version != VERSION {
            return Err(BundleError::Version(version));
        }
        let inputs = self.count("inputs", MAX_PORTS)?;
        let constants = self.count("constants", MAX_CONSTANTS)?;
        let nodes = self.count("nodes", MAX_NODES)?;
        let outputs = self.count("outputs", MAX_PORTS)?;
        let metadata = self.count("metadata", MAX_METADATA)?;
        let at = self.at;
        let total = self.u64("the header")?;
        if total != self.bytes.len() as u64 {
            if total > self.bytes.len() as u64 {
                return Err(BundleError::Truncated {
                    what: "the bundle",
                    at: self.bytes.len(),
                });
            }
            return Err(BundleError::Invalid {
                what: "the total length",
                at,
            });
        }
        let mut graph = Parsed::default();
        for _ in 0..inputs {
            let (name, ty) = (self.string("an input")?, self.ty("an input")?);
            graph.inputs.push(Port { name, ty });
        }
        let mut types = Vec::new();
        for _ in 0..constants {
            types.push(self.ty("a constant")?);
        }
        let value = |number: u32| {
            let (i, c) = (inputs as u32, constants as u32);
            match number {
                n if n < i => Value::Input(n),
                n if n < i + c => Value::Constant(n - i),
                n => Value::Node(n - i - c),
            }
        };
        for _ in 0..nodes {
            let node = self.node(value)?;
            graph.nodes.push(node);
        }
        for _ in 0..outputs {
            let name = self.string("an output")?;
            let value = value(self.u32("an output")?);
            graph.outputs.push(Output { name, value });
        }
        for _ in 0..metadata {
            let (key, value) = (self.string("metadata")?, self.string("metadata")?);
            graph.metadata.insert(key, value);
        }
        self.align()?;
        for ty in types {
            let bytes = self.take(ty.bytes(), "a constant")?.to_vec();
            graph.constants.push(Constant { ty, bytes });
            self.align()?;
        }
        if self.at != self.bytes.len() {
            return Err(BundleError::Invalid {
                what: "data after the end",
                at: self.at,
            });
        }
        Ok(graph)
    }

    fn node(&mut self, value: impl Fn(u32) -> Value) -> Result<Node, BundleError> {
        const WHAT: &str = "a node";
        let at = self.at;
        let [code, count] = *self.array(WHAT)?;
        let mut operands = Vec::new();
        for _ in 0..count {
            operands.push(value(self.u32(WHAT)?));
        }
        let op = match code {
            MAT_MUL => Op::MatMul,
            CONV2D => Op::Conv2d {
                window: self.window()?,
                groups: self.u32(WHAT)?,
            },
            ADD => Op::Add,
            REQUANTISE => {
                let at = self.at;
                let [to, axis] = *self.array(WHAT)?;
                let to = DType::from_code(to).ok_or(BundleError::Invalid {
                    what: "an element type",
                    at,
                })?;
                Op::Requantise { to, axis }
            }
            CLAMP => Op::Clamp,
            TABLE => Op::Table,
            MAX_POOL2D => {
                let kernel = [self.u32(WHAT)?, self.u32(WHAT)?];
                Op::MaxPool2d {
                    kernel,
                    window: self.window()?,
                }
            }
            RESHAPE => Op::Reshape {
                shape: self.ty(WHAT)?.shape,
            },
            ARG_MAX => Op::ArgMax {
                axis: self.array::<1>(WHAT)?[0],
            },
            _ => {
                return Err(BundleError::Invalid {
                    what: "an operator code",
                    at,
                });
            }
        };
        Ok(Node { op, operands })
    }

    fn window(&mut self) -> Result<Window, BundleError> {
        let mut word = || self.u32("a window");
        Ok(Window {
            stride: [word()?, word()?],
            dilation: [word()?, word()?],
            padding: Padding {
                top: word()?,
                left: word()?,
                bottom: word()?,
                right: word()?,
            },
        })
    }

    fn ty(&mut self, what: &'static str) -> Result<TensorType, BundleError> {
        let at = self.at;
        let [dtype, rank] = *self.array(what)?;
        let mut dims = Vec::new();
        for _ in 0..rank {
            dims.push(self.u32(what)?);
        }
        let dtype = DType::from_code(dtype).ok_or(BundleError::Invalid {
            what: "an element type",
            at,
        })?;
        TensorType::new(dtype, &dims).ok_or(BundleError::Invalid { what: "a shape", at })
    }

    fn string(&mut self, what: &'static str) -> Result<String, BundleError> {
        let length = u16::from_le_bytes(*self.array(what)?);
        let at = self.at;
        let text = core::str::from_utf8(self.take(usize::from(length), what)?);
        text.map(ToString::to_string)
            .map_err(|_| BundleError::Invalid { what: "a string", at })
    }

    fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, BundleError> {
        let at = self.at;
        let count = self.u32("the header")? as usize;
        if count <= limit {
            Ok(count)
        } else {
            Err(BundleError::Invalid { what, at })
        }
    }

    fn align(&mut self) -> Result<(), BundleError> {
        let padding = self.at.next_multiple_of(ALIGNMENT) - self.at;
        self.take(padding, "padding").map(drop)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, BundleError> {
        Ok(u32::from_le_bytes(*self.array(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, BundleError> {
        Ok(u64::from_le_bytes(*self.array(what)?))
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], BundleError> {
        let at = self.at;
        let found = self.bytes[at..]
            .first_chunk()
            .ok_or(BundleError::Truncated { what, at })?;
        self.at += N;
        Ok(found)
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], BundleError> {
        let at = self.at;
        let found = self.bytes[at..]
            .get(..length)
            .ok_or(BundleError::Truncated { what, at })?;
        self.at += length;
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
