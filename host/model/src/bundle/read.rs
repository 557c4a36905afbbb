//! Reading a bundle.

use super::{ALIGNMENT, BundleError, GENERATIVE_VERSION, MAGIC, NEWEST_VERSION, OLDEST_VERSION};
use crate::generation::{MAX_END_TOKENS, Sampling};
use crate::graph::{Constant, Node, Output, Parsed, Port, Value};
use crate::limits::{MAX_CONSTANTS, MAX_METADATA, MAX_NODES, MAX_PORTS};
use crate::op::{Op, Padding, Window};
use crate::operators::{Operator, OperatorId};
use crate::tensor::{DType, TensorType};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A position in the bytes of a bundle. Nothing is allocated by a count that was read: everything grows by
/// what is really there.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a generative bundle has besides its decode graph, as it says it.
#[derive(Debug)]
pub(super) struct Generative {
    pub(super) prefill: Parsed,
    pub(super) sampling: Sampling,
    pub(super) end_tokens: Vec<u32>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The length of the whole bundle, of bytes that begin with a header.
    pub(super) fn total(mut self) -> Result<u64, BundleError> {
        self.version()?;
        self.take(20, "the header")?;
        self.u64("the header")
    }

    /// Magic number and version.
    fn version(&mut self) -> Result<u32, BundleError> {
        if self.take(8, "the header")? != MAGIC {
            return Err(BundleError::Magic);
        }
        match self.u32("the header")? {
            version @ OLDEST_VERSION..=NEWEST_VERSION => Ok(version),
            other => Err(BundleError::Version(other)),
        }
    }

    /// The graph as the bundle says it, what a generative model has besides, and the bundle's version.
    pub(super) fn bundle(mut self) -> Result<(Parsed, Option<Generative>, u32), BundleError> {
        let version = self.version()?;
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
        self.inputs(inputs, &mut graph)?;
        let mut types = Vec::new();
        for _ in 0..constants {
            types.push(self.ty("a constant")?);
        }
        self.nodes((nodes, outputs), constants, version, &mut graph)?;
        for _ in 0..metadata {
            let (key, value) = (self.string("metadata")?, self.string("metadata")?);
            graph.metadata.insert(key, value);
        }
        let mut generative = match version {
            GENERATIVE_VERSION => Some(self.generative(constants, version)?),
            _ => None,
        };
        self.align()?;
        for ty in types {
            let bytes = self.take(ty.bytes(), "a constant")?.to_vec();
            graph.constants.push(Constant { ty, bytes });
            self.align()?;
        }
        if let Some(generative) = &mut generative {
            generative.prefill.constants.clone_from(&graph.constants);
        }
        if self.at != self.bytes.len() {
            return Err(BundleError::Invalid {
                what: "data after the end",
                at: self.at,
            });
        }
        Ok((graph, generative, version))
    }

    fn inputs(&mut self, count: usize, graph: &mut Parsed) -> Result<(), BundleError> {
        for _ in 0..count {
            let (name, ty) = (self.string("an input")?, self.ty("an input")?);
            graph.inputs.push(Port { name, ty });
        }
        Ok(())
    }

    /// The nodes and outputs of a graph whose inputs are there, in a bundle of so many constants.
    fn nodes(
        &mut self,
        (nodes, outputs): (usize, usize),
        constants: usize,
        version: u32,
        graph: &mut Parsed,
    ) -> Result<(), BundleError> {
        let (i, c) = (graph.inputs.len() as u32, constants as u32);
        let value = |number: u32| match number {
            n if n < i => Value::Input(n),
            n if n < i + c => Value::Constant(n - i),
            n => Value::Node(n - i - c),
        };
        for index in 0..nodes {
            let node = self.node(index, version, value)?;
            graph.nodes.push(node);
        }
        for _ in 0..outputs {
            let name = self.string("an output")?;
            let value = value(self.u32("an output")?);
            graph.outputs.push(Output { name, value });
        }
        Ok(())
    }

    /// The prefill graph without its constants, and how tokens are chosen.
    fn generative(&mut self, constants: usize, version: u32) -> Result<Generative, BundleError> {
        const WHAT: &str = "the generative part";
        let inputs = self.count("inputs of the prefill graph", MAX_PORTS)?;
        let nodes = self.count("nodes of the prefill graph", MAX_NODES)?;
        let outputs = self.count("outputs of the prefill graph", MAX_PORTS)?;
        let multiplier = self.u32(WHAT)?;
        let at = self.at;
        let [shift, ends] = *self.array(WHAT)?;
        if usize::from(ends) > MAX_END_TOKENS {
            let what = "the number of end tokens";
            return Err(BundleError::Invalid { what, at: at + 1 });
        }
        let end_tokens = (0..ends).map(|_| self.u32(WHAT)).collect::<Result<_, _>>()?;
        let mut prefill = Parsed::default();
        self.inputs(inputs, &mut prefill)?;
        self.nodes((nodes, outputs), constants, version, &mut prefill)?;
        Ok(Generative {
            prefill,
            sampling: Sampling { multiplier, shift },
            end_tokens,
        })
    }

    fn node(
        &mut self,
        index: usize,
        version: u32,
        value: impl Fn(u32) -> Value,
    ) -> Result<Node, BundleError> {
        let at = self.at;
        let [code, count] = *self.array("a node")?;
        let mut operands = Vec::new();
        for _ in 0..count {
            operands.push(value(self.u32("a node")?));
        }
        let id = OperatorId(code);
        let operator = Operator::by_id(id).ok_or(match version {
            // Version 1 has all the operators that it will ever have.
            OLDEST_VERSION => BundleError::Invalid {
                what: "an operator code",
                at,
            },
            _ => BundleError::UnknownOperator {
                code,
                node: index,
                at,
            },
        })?;
        if operator.since > version {
            return Err(BundleError::OperatorVersion {
                node: index,
                operator: id,
                since: operator.since,
                version,
            });
        }
        let op = if version == OLDEST_VERSION {
            (operator.read)(self)?
        } else {
            self.attributes(operator)?
        };
        Ok(Node { op, operands })
    }

    /// The attributes, after their length: of exactly that length.
    fn attributes(&mut self, operator: &Operator) -> Result<Op, BundleError> {
        let at = self.at;
        let length = usize::from(u16::from_le_bytes(*self.array("attributes")?));
        let start = self.at;
        self.take(length, "attributes")?;
        let mut block = Reader {
            bytes: &self.bytes[..self.at],
            at: start,
        };
        let op = (operator.read)(&mut block)?;
        if block.at == self.at {
            Ok(op)
        } else {
            Err(BundleError::Invalid {
                what: "the length of attributes",
                at,
            })
        }
    }

    /// A window: stride, dilation, padding top, left, bottom, right.
    pub(crate) fn window(&mut self) -> Result<Window, BundleError> {
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

    /// An element type.
    pub(crate) fn dtype(&mut self) -> Result<DType, BundleError> {
        const WHAT: &str = "an element type";
        let at = self.at;
        let [code] = *self.array(WHAT)?;
        DType::from_code(code).ok_or(BundleError::Invalid { what: WHAT, at })
    }

    /// A type: element type, rank, dimensions.
    pub(crate) fn ty(&mut self, what: &'static str) -> Result<TensorType, BundleError> {
        let at = self.at;
        let dtype = self.dtype()?;
        let [rank] = *self.array(what)?;
        let mut dims = Vec::new();
        for _ in 0..rank {
            dims.push(self.u32(what)?);
        }
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

    /// A word.
    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, BundleError> {
        Ok(u32::from_le_bytes(*self.array(what)?))
    }

    /// Two words.
    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, BundleError> {
        Ok(u64::from_le_bytes(*self.array(what)?))
    }

    /// So many bytes.
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], BundleError> {
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
