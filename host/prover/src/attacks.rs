//! A prover that does not follow the rules, between rows: copies from row to row, what is stated, borders of layers,
//! wraps and batches. `tests/attacks` has the attacks on single rows.
//!
//! The rule is the same: the attack is refused by the verifier, and **a circuit without the one constraint that it
//! attacks accepts it**. A copy that is left out leaves a wire free. The attacker fills all wires of that circuit, and
//! puts the very same numbers on the wires of the complete one, which has the same rows.

mod batches;
mod checks;
mod claims;
mod copies;
mod harness;
mod joins;
mod statements;
mod wraps;
