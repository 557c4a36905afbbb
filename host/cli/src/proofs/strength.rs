//! How strong a proof is, as it is told.

use metisvm_prover::Strength;
use serde_json::{Value, json};

/// Bits of strength: of the weakest circuit on the way from the model to the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// By the conjecture up to the code's capacity, which is refuted.
    pub conjectured: u32,
    /// Those that are proven.
    pub proven: u32,
}

impl Bits {
    /// The bits of these circuits; `None` where there are none.
    pub fn of(circuits: &[Strength]) -> Option<Self> {
        Some(Self {
            conjectured: circuits.iter().map(Strength::conjectured).min()?,
            proven: circuits.iter().map(Strength::proven).min()?,
        })
    }

    /// Puts them into an object, null where they are not known.
    pub fn add_to(bits: Option<Self>, object: &mut Value) {
        object["conjectured_bits"] = json!(bits.map(|bits| bits.conjectured));
        object["proven_bits"] = json!(bits.map(|bits| bits.proven));
    }
}
