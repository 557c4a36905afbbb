//! The bundle: one graph, or the two of a generative model, as canonical bytes, named by their Keccak-256 hash.
//!
//! Layout (all integers little-endian; `docs/inference.md` is normative):
//!
//! ```text
//! 0   magic "METISMDL"      8   version u32, 1 to 3   12  inputs u32     16  constants u32
//! 20  nodes u32             24  outputs u32           28  metadata u32   32  total bytes u64
//! 40  records: inputs {name, type}, constants {type}, nodes {operator u8, operands u8,
//!     operand u32 …, attributes (from version 2 on after their length u16)}, outputs {name, value u32}, metadata {key, value} sorted by key,
//!     in version 3 the prefill graph and how tokens are chosen
//!     zeros to a multiple of 64, then each constant's bytes, zeros to a multiple of 64 after each
//! ```
//! A string is a u16 length and UTF-8; a type is dtype u8, rank u8, dims u32 …; a value is one number:
//! inputs first, then constants, then nodes.
//!
//! A graph is written in the oldest version that has all its operators, so that it has one name whatever
//! build writes it. Version 3 is that of generative models, and of them alone: the graph is their decode graph, and the
//! constants are those of both graphs.

mod error;
mod read;
mod write;

pub use error::BundleError;
pub(crate) use read::Reader;
pub(crate) use write::{put_type, put_window, put_words};

use crate::generation::Generation;
use crate::graph::Graph;
use crate::limits::MAX_BUNDLE_BYTES;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

const MAGIC: [u8; 8] = *b"METISMDL";
/// The first version. Its nodes hold their attributes without a length.
const OLDEST_VERSION: u32 = 1;
/// The version of generative models.
const GENERATIVE_VERSION: u32 = 3;
const NEWEST_VERSION: u32 = 3;
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
    /// What the bytes say; of a generative model its decode graph.
    pub graph: Graph,
    /// What a generative model has besides.
    pub generation: Option<Arc<Generation>>,
}

impl Bundle {
    /// The bytes of the header, which ends with the total length.
    pub const HEADER_BYTES: usize = 40;

    /// Whether a file that begins so can be a bundle: before more of it is read.
    ///
    /// # Errors
    /// If the magic number or the version is another, or the length that it names is over the limit.
    pub fn check_header(start: &[u8]) -> Result<(), BundleError> {
        match Reader::new(start).total()? {
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
        let (parsed, generative, version) = Reader::new(bytes).bundle()?;
        let graph = parsed.check()?;
        let generation = match generative {
            None => None,
            Some(read::Generative {
                prefill,
                sampling,
                end_tokens,
            }) => {
                let prefill = Arc::new(prefill.check()?);
                Some(Generation::new(&graph, prefill, sampling, end_tokens)?)
            }
        };
        let oldest = write::version(graph.parsed(), generation.as_ref());
        if oldest != version {
            return Err(BundleError::NeedlessVersion {
                version,
                canonical: oldest,
            });
        }
        let canonical = write::encode(graph.parsed(), generation.as_ref(), version);
        if canonical != bytes {
            let same = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(BundleError::NotCanonical { at: same });
        }
        Ok(Self {
            id: ModelId(keccak256(&[bytes])),
            graph,
            generation: generation.map(Arc::new),
        })
    }

    /// The bundle of a checked graph, with its bytes.
    ///
    /// # Errors
    /// If the graph is too large for a bundle.
    pub fn encode(graph: Graph) -> Result<(Self, Vec<u8>), BundleError> {
        Self::written(graph, None)
    }

    /// The bundle of a generative model with that decode graph.
    ///
    /// # Errors
    /// If the graphs are too large for a bundle.
    pub fn encode_generative(graph: Graph, generation: Generation) -> Result<(Self, Vec<u8>), BundleError> {
        Self::written(graph, Some(generation))
    }

    fn written(graph: Graph, generation: Option<Generation>) -> Result<(Self, Vec<u8>), BundleError> {
        let version = write::version(graph.parsed(), generation.as_ref());
        let bytes = write::encode(graph.parsed(), generation.as_ref(), version);
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        Ok((
            Self {
                id: ModelId(keccak256(&[&bytes])),
                graph,
                generation: generation.map(Arc::new),
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

#[cfg(test)]
mod tests;
