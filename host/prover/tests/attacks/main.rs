//! A prover that does not follow the rules. Each attack puts wrong numbers on the wires of one row and names
//! the constraint that is to refuse them. It counts if the proof is refused by the verifier, and if **the
//! same wires are accepted by the circuit from which that constraint is taken out**: so it is that constraint
//! that refuses them, and no luck.
//!
//! The attacks of a gate are a list in its file. To add one is to add a line.

mod bytes;
mod greatest;
mod harness;
mod mat_vec;
mod reciprocal;
mod requantise;
mod table;
