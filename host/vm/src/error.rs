use alloy_primitives::Address;

/// Why a chain spec is refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not JSON, a wrong type, an unknown key, or a key missing; the text names line and column.
    #[error("not a chain spec: {0}")]
    Json(#[from] serde_json::Error),
    /// A fork comes before one that it builds on, or the earlier one is missing.
    #[error("forks.{later} must come with, and not before, forks.{earlier}")]
    ForkOrder {
        /// The key of the fork that must be there first.
        earlier: &'static str,
        /// The key of the fork that comes too early.
        later: &'static str,
    },
    /// The blob schedule is not sorted, does not start with Cancun, or holds an impossible number.
    #[error("blobSchedule: {0}")]
    BlobSchedule(&'static str),
    /// The inference extension cannot work as described.
    #[error("inference: {0}")]
    Inference(&'static str),
    /// The inference precompile would cover an address that Ethereum uses.
    #[error("inference.{key}: {address} belongs to Ethereum")]
    ReservedAddress {
        /// `precompile` or `registry`.
        key: &'static str,
        /// The address.
        address: Address,
    },
    /// Circuits whose keys this build cannot read.
    #[error("inference.proofs.circuitVersion: this build knows circuits of version {known}, not {version}")]
    CircuitVersion {
        /// Of the spec.
        version: u32,
        /// Of the build.
        known: u32,
    },
    /// The name of a built-in spec that does not exist.
    #[error("no built-in chain spec is called {0:?}; there are: mainnet, metis-dev")]
    UnknownName(String),
}
