//! How large a key may be, and what the proofs that it verifies may cost.
//!
//! Whoever registers a digest chooses the key, and every node has to execute what it asks for: nothing in a key may
//! make verification cost more than the gas schedules were measured for. The circuits that `host/prover` makes stay
//! well below these.

/// Bytes of a key.
pub const MAX_KEY_BYTES: usize = 1 << 14;

/// Output tensors of a statement.
pub const MAX_OUTPUTS: usize = 64;

/// Elements of all outputs together. Each is a public input, which every verification hashes.
pub const MAX_OUTPUT_ELEMENTS: usize = 1 << 16;

/// Levels of the tree of a batch.
pub const MAX_LEVELS: usize = 16;

/// Public inputs of all statements that a batch holds together: what a verifier hashes, however few statements it has.
pub const MAX_BATCH_INPUTS: usize = 1 << 22;

/// Permutations of Poseidon in a verification.
pub const MAX_PERMUTATIONS: u64 = 1 << 16;

/// Bytes of a proof.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

/// Wires of a row.
pub const MAX_WIRES: usize = 255;

/// Gates of a circuit, all different.
pub const MAX_GATES: usize = 32;

/// Rows are at most 2 to this power.
pub const MAX_DEGREE_BITS: usize = 20;

/// The rate is at least 2 to minus this power.
pub const MAX_RATE_BITS: usize = 8;

/// Caps of Merkle trees have at most 2 to this power hashes.
pub const MAX_CAP_HEIGHT: usize = 8;

/// Queries of FRI.
pub const MAX_QUERIES: usize = 256;

/// Coefficients of FRI's last polynomial are at most 2 to this power.
pub const MAX_FINAL_BITS: usize = 8;

/// A step of FRI folds at most 2 to this power values.
pub const MAX_ARITY_BITS: usize = 5;

/// The fewest bits that a key's queries and work give, by the conjecture that `docs/proofs.md` names: what plonky2 calls
/// `security_bits`. Other steps leave less. Fewer here are a mistake of whoever made the circuit.
pub const MIN_SECURITY_BITS: usize = 100;
