//! Why bytes are not a bundle.

use super::{NEWEST_VERSION, OLDEST_VERSION};
use crate::error::GraphError;
use crate::generation::GenerationError;
use crate::limits::MAX_BUNDLE_BYTES;
use crate::operators::OperatorId;

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
    #[error(
        "bundle format version {0} is not supported: this build reads versions {OLDEST_VERSION} to \
         {NEWEST_VERSION}; a newer metisvm may read it"
    )]
    Version(u32),
    /// An operator that this build does not have.
    #[error("node {node}, at byte {at}, has the unknown operator code {code}; a newer metisvm may read it")]
    UnknownOperator {
        /// Its code.
        code: u8,
        /// Which node of the bundle.
        node: usize,
        /// Where the node begins.
        at: usize,
    },
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
    /// Its two graphs are no generative model.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// An operator in a version that does not have it.
    #[error("node {node} is a {operator}, which bundles have from version {since} on, not in {version}")]
    OperatorVersion {
        /// Which node of the bundle.
        node: usize,
        /// Which operator.
        operator: OperatorId,
        /// The first version that has it.
        since: u32,
        /// The bundle's.
        version: u32,
    },
    /// A newer version than the graph needs: the same graph has other bytes, and so another name.
    #[error(
        "the bundle is of version {version}, but its graph is written in version {canonical}; write it anew"
    )]
    NeedlessVersion {
        /// The bundle's.
        version: u32,
        /// The one in which the graph is written.
        canonical: u32,
    },
    /// The same graph has other canonical bytes.
    #[error("the bundle is not in canonical form: byte {at} differs")]
    NotCanonical {
        /// The first byte that differs.
        at: usize,
    },
}
