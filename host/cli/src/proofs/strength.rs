//! How strong a proof is, as it is told.

use crate::error::CliError;
use metisvm_prover::{Form, Strength};
use serde_json::{Value, json};

/// What `--proven-bits` promises.
const PROMISED_BITS: u32 = 100;

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

    /// Refuses circuits that are too large for the bits that their form promises.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn check(bits: Option<Self>, form: Form) -> Result<(), CliError> {
        let promises = matches!(form, Form::Proven | Form::ProvenBlinded);
        match bits {
            Some(bits) if promises && bits.proven < PROMISED_BITS => Err(CliError::Proof(format!(
                "the model's circuit is too large for {PROMISED_BITS} proven bits: its proofs would have {}; leave \
                 --proven-bits out, or prove a smaller model",
                bits.proven
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_promises_bits_is_refused_with_fewer() {
        let bits = |proven| {
            Some(Bits {
                conjectured: 120,
                proven,
            })
        };
        for form in [Form::Proven, Form::ProvenBlinded] {
            assert!(Bits::check(bits(100), form).is_ok());
            let refusal = Bits::check(bits(99), form).unwrap_err().to_string();
            assert!(refusal.contains("its proofs would have 99"), "{refusal}");
        }
        assert!(Bits::check(bits(39), Form::Wrapped).is_ok());
    }
}
