//! From a model to proofs: a circuit and, where the proof is to be small or to hide its input, the wrap around it.

use crate::circuit::{Circuit, Inference};
use crate::description::{self, Description};
use crate::error::{CompileError, ProveError};
use crate::wrap::Wrap;
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::{Proof, Verifier};
use plonky2::plonk::circuit_data::CommonCircuitData;
use std::fmt;
use std::str::FromStr;

use metisvm_verifier::field::{D, F};

/// How a proof is finished. Each form of a model has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The proof of the model's own circuit: quickest to make, largest, and it hides nothing.
    Raw,
    /// A proof that a raw one was verified.
    Wrapped,
    /// The same, blinded: for an input that is to stay private. docs/proofs.md says what that hides.
    Blinded,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Wrapped, Self::Blinded];

    /// Its name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Wrapped => "wrapped",
            Self::Blinded => "blinded",
        }
    }

    /// Whether a proof in this form may be shown where its input may not.
    pub const fn blinds(self) -> bool {
        matches!(self, Self::Blinded)
    }

    /// Whether its proofs are those of a wrap, whose key has a form as bytes.
    pub const fn wraps(self) -> bool {
        !matches!(self, Self::Raw)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|form| form.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is no form of a proof; there are {names}")
        })
    }
}

/// Why there is nothing to prove a model with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The model has no circuit, or one that takes more memory than it may.
    #[error(transparent)]
    Circuit(#[from] CompileError),
    /// The circuit and what wraps its proofs take more memory together than they may.
    #[error(
        "a {form} proof of the model would take about {bytes} bytes of memory, of which its wrap takes {wrap}, over the \
         limit of {limit}; raise the limit{}", if form.blinds() { "" } else { ", or ask for a raw proof" }
    )]
    Memory {
        /// The form that was asked for.
        form: Form,
        /// What all of it takes.
        bytes: u64,
        /// What the wrap takes while it proves.
        wrap: u64,
        /// The limit.
        limit: u64,
    },
}

/// What a proof takes, known before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The model's circuit.
    pub circuit: Description,
    /// The rows of the wrap's circuit are 2 to this power, where there is one.
    pub wrap_degree_bits: Option<usize>,
    /// The memory that making a proof takes at most, about, with everything that is held meanwhile.
    pub memory_bytes: u64,
}

impl Size {
    /// The rows of the circuit whose proof is shown are 2 to this power.
    pub fn degree_bits(&self) -> usize {
        self.wrap_degree_bits.unwrap_or(self.circuit.degree_bits)
    }
}

/// How far a proof is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The circuit of the model is being made.
    Circuit,
    /// The circuit that wraps its proofs is being made.
    WrapCircuit,
    /// The inference is run and proven.
    Proof,
    /// The proof is wrapped.
    Wrap,
}

impl Stage {
    /// What is being done, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Circuit => "making the circuit",
            Self::WrapCircuit => "making the wrap's circuit",
            Self::Proof => "proving",
            Self::Wrap => "wrapping",
        }
    }
}

/// Proves inferences of a model in one form.
pub struct Prover {
    form: Form,
    circuit: Circuit,
    wrap: Option<Wrap>,
    size: Size,
}

impl Prover {
    /// Makes the circuits. Proving may take `memory_limit` bytes, about. `stage` is told what begins.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or proving it would take more memory. What the least wrap
    /// takes, and each row of the circuit, is counted before it is made.
    pub fn new(
        bundle: &Bundle,
        form: Form,
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        let least = if form.wraps() { LEAST_WRAP_BYTES } else { 0 };
        let too_large = |bytes, wrap| PrepareError::Memory {
            form,
            bytes,
            wrap,
            limit: memory_limit,
        };
        if least > memory_limit {
            return Err(too_large(least, least));
        }
        stage(Stage::Circuit);
        let circuit = Circuit::compile(bundle, memory_limit)?;
        let description = circuit.description();
        let held = held_bytes(&circuit.verifier().key().common);
        let together = |wrap: u64, wrap_held: u64| {
            let proving = description.memory_bytes.saturating_add(wrap_held);
            proving.max(held.saturating_add(wrap))
        };
        if form.wraps() && together(least, 0) > memory_limit {
            return Err(too_large(together(least, 0), least));
        }
        let wrap = form.wraps().then(|| {
            stage(Stage::WrapCircuit);
            Wrap::new(circuit.verifier(), form.blinds())
        });
        let wrap_key = wrap.as_ref().map(|wrap| &wrap.verifier().key().common);
        let memory_bytes = match wrap_key {
            None => description.memory_bytes,
            Some(common) => {
                let bytes = working_bytes(common);
                let all = together(bytes, held_bytes(common));
                if all > memory_limit {
                    return Err(too_large(all, bytes));
                }
                all
            }
        };
        let size = Size {
            wrap_degree_bits: wrap_key.map(CommonCircuitData::degree_bits),
            circuit: description,
            memory_bytes,
        };
        Ok(Self {
            form,
            circuit,
            wrap,
            size,
        })
    }

    /// The model.
    pub const fn model(&self) -> ModelId {
        self.circuit.model()
    }

    /// The form of its proofs.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// What a proof takes.
    pub const fn size(&self) -> &Size {
        &self.size
    }

    /// What checks its proofs.
    pub const fn verifier(&self) -> &Verifier {
        match &self.wrap {
            Some(wrap) => wrap.verifier(),
            None => self.circuit.verifier(),
        }
    }

    /// Runs an inference and proves it. `stage` is told what begins.
    ///
    /// # Errors
    /// If the input has another length than the model takes. Other errors are defects.
    pub fn prove(
        &self,
        inference: &Inference<'_>,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Proof, ProveError> {
        stage(Stage::Proof);
        let proof = self.circuit.prove(inference)?;
        let Some(wrap) = &self.wrap else {
            return Ok(proof);
        };
        stage(Stage::Wrap);
        // The inner proof ends here: it is not blinded.
        wrap.prove(self.circuit.verifier(), &proof)
    }
}

/// No circuit that verifies another one's proof has fewer rows than 2 to this power.
const LEAST_WRAP_DEGREE_BITS: usize = 12;

/// What the least wrap takes, by plonky2's columns for recursion.
const LEAST_WRAP_BYTES: u64 =
    description::memory_bytes(description::columns(2, 135, 80), LEAST_WRAP_DEGREE_BITS);

/// What proving takes in a circuit.
fn working_bytes(common: &CommonCircuitData<F, D>) -> u64 {
    let config = &common.config;
    let columns = description::columns(common.num_constants, config.num_wires, config.num_routed_wires);
    description::memory_bytes(columns, common.degree_bits())
}

/// What a circuit takes while nothing is proven with it: constants and copies on the larger domain with their
/// coefficients and Merkle tree, copies once more as values, and where each wire's value stands.
fn held_bytes(common: &CommonCircuitData<F, D>) -> u64 {
    let config = &common.config;
    let blow_up = 1 << config.fri_config.rate_bits;
    let columns = (common.num_constants + config.num_routed_wires) as u64;
    let tree = 2 * 4 * blow_up;
    let words = columns * (blow_up + 1) + tree + config.num_routed_wires as u64 + config.num_wires as u64;
    (words * 8).saturating_mul(1 << common.degree_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_shown_and_nothing_else_is_taken() {
        for form in Form::ALL {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        for text in ["", "Raw", "raw ", "zk"] {
            assert!(text.parse::<Form>().is_err(), "{text}");
        }
    }
}
