//! From a model to proofs: a circuit and, where the proof is to be small or to hide its input, the wrap around it.

use crate::circuit::{Circuit, Inference};
use crate::description::{self, Description};
use crate::error::{CompileError, ProveError};
use crate::memory::{PROCESS_BYTES, held_bytes};
use crate::parameters::Parameters;
use crate::wrap::Wrap;
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::{Proof, Verifier};
use std::fmt;
use std::str::FromStr;

/// How a proof is finished. Each form of a model has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// The proof of the model's own circuit: quickest to make, largest, and it hides nothing.
    Raw,
    /// A proof that one was verified.
    Wrapped,
    /// The same, blinded: for an input that is to stay private. docs/proofs.md says what that hides.
    Blinded,
    /// Wrapped until it is as small as it gets.
    Small,
    /// Blinded, then wrapped until it is as small as it gets.
    SmallBlinded,
    /// Wrapped, with at least 100 bits that rest on no conjecture about codes.
    Proven,
    /// The same, blinded.
    ProvenBlinded,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 7] = [
        Self::Raw,
        Self::Wrapped,
        Self::Blinded,
        Self::Small,
        Self::SmallBlinded,
        Self::Proven,
        Self::ProvenBlinded,
    ];

    /// Its name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Wrapped => "wrapped",
            Self::Blinded => "blinded",
            Self::Small => "small",
            Self::SmallBlinded => "small-blinded",
            Self::Proven => "proven",
            Self::ProvenBlinded => "proven-blinded",
        }
    }

    /// Whether a proof in this form may be shown where its input may not.
    pub fn blinds(self) -> bool {
        self.wraps().iter().any(Parameters::blinds)
    }

    /// Whether its key has a form as bytes: that of a model's own circuit has none.
    pub const fn has_key_bytes(self) -> bool {
        !self.wraps().is_empty()
    }

    /// The parameter sets of its wraps, from the inside out.
    pub const fn wraps(self) -> &'static [Parameters] {
        match self {
            Self::Raw => &[],
            Self::Wrapped => &[Parameters::STANDARD],
            Self::Blinded => &[Parameters::BLINDED],
            Self::Small => &[Parameters::STANDARD, Parameters::MIDDLE, Parameters::SMALL],
            Self::SmallBlinded => &[
                Parameters::BLINDED,
                Parameters::STANDARD,
                Parameters::MIDDLE,
                Parameters::SMALL,
            ],
            Self::Proven => &[Parameters::PROVEN],
            Self::ProvenBlinded => &[Parameters::PROVEN_BLINDED],
        }
    }

    /// The parameter set of the model's own circuit.
    const fn innermost(self) -> Parameters {
        match self {
            Self::Raw => Parameters::STANDARD,
            Self::Proven | Self::ProvenBlinded => Parameters::PROVEN,
            _ => Parameters::INNER,
        }
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
        "a {form} proof of the model would take about {bytes} bytes of memory, {wrap} of them for wrapping it, over the \
         limit of {limit}; raise the limit{}", if form.blinds() { "" } else { ", or ask for a raw proof" }
    )]
    Memory {
        /// The form that was asked for.
        form: Form,
        /// What all of it takes, as far as it is known.
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
    /// The circuits that wrap its proofs, from the inside out.
    pub wraps: Vec<Description>,
    /// The memory that making a proof takes at most, about, with everything that is held meanwhile.
    pub memory_bytes: u64,
}

impl Size {
    /// The circuit whose proof is shown.
    pub fn outermost(&self) -> &Description {
        self.wraps.last().unwrap_or(&self.circuit)
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
    /// From the inside out.
    wraps: Vec<Wrap>,
    size: Size,
}

impl Prover {
    /// Makes the circuits. Proving may take `memory_limit` bytes, about. `stage` is told what begins.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or proving it would take more memory. The least that a wrap
    /// takes, each row of the model's circuit and each wrap are counted before they are made.
    pub fn new(
        bundle: &Bundle,
        form: Form,
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        let too_large = |bytes, wrap| PrepareError::Memory {
            form,
            bytes,
            wrap,
            limit: memory_limit,
        };
        let least = form.wraps().first().map_or(0, least_bytes);
        if least > memory_limit {
            return Err(too_large(least, least));
        }
        stage(Stage::Circuit);
        let left = memory_limit.saturating_sub(PROCESS_BYTES);
        let circuit =
            Circuit::with_parameters(bundle, form.innermost(), left).map_err(|error| match error {
                CompileError::TooLarge { rows, bytes, .. } => CompileError::TooLarge {
                    rows,
                    bytes: bytes.saturating_add(PROCESS_BYTES),
                    limit: memory_limit,
                },
                error => error,
            })?;
        let mut held = PROCESS_BYTES.saturating_add(held_bytes(&circuit.verifier().key().common));
        if held.saturating_add(least) > memory_limit {
            return Err(too_large(held.saturating_add(least), least));
        }
        let mut wraps: Vec<Wrap> = Vec::with_capacity(form.wraps().len());
        for &parameters in form.wraps() {
            stage(Stage::WrapCircuit);
            let inner = wraps.last().map_or(circuit.verifier(), Wrap::verifier);
            let left = memory_limit.saturating_sub(held);
            let wrap = Wrap::with_parameters(inner, parameters, left).map_err(|error| match error {
                CompileError::TooLarge { bytes, .. } => too_large(held.saturating_add(bytes), bytes),
                error => error.into(),
            })?;
            held = held.saturating_add(held_bytes(&wrap.verifier().key().common));
            wraps.push(wrap);
        }
        // One of them proves at a time, while all are held.
        let beside = |description: &Description, verifier: &Verifier| {
            let own = held_bytes(&verifier.key().common);
            held.saturating_sub(own).saturating_add(description.memory_bytes)
        };
        let wrapping = wraps
            .iter()
            .map(|wrap| beside(wrap.description(), wrap.verifier()));
        let description = circuit.description();
        let memory_bytes = wrapping.fold(beside(&description, circuit.verifier()), u64::max);
        if memory_bytes > memory_limit {
            let greatest = wraps.iter().map(|wrap| wrap.description().memory_bytes).max();
            return Err(too_large(memory_bytes, greatest.unwrap_or_default()));
        }
        let size = Size {
            circuit: description,
            wraps: wraps.iter().map(|wrap| wrap.description().clone()).collect(),
            memory_bytes,
        };
        Ok(Self {
            form,
            circuit,
            wraps,
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
    pub fn verifier(&self) -> &Verifier {
        self.wraps.last().map_or(self.circuit.verifier(), Wrap::verifier)
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
        let mut proof = self.circuit.prove(inference)?;
        let mut inner = self.circuit.verifier();
        for wrap in &self.wraps {
            stage(Stage::Wrap);
            // The inner proof ends here: the first is not blinded.
            proof = wrap.prove(inner, &proof)?;
            inner = wrap.verifier();
        }
        Ok(proof)
    }
}

/// No circuit that verifies the proof of a model's circuit has fewer rows than 2 to this power.
const LEAST_WRAP_DEGREE_BITS: usize = 11;

/// What the least wrap with a parameter set takes.
fn least_bytes(parameters: &Parameters) -> u64 {
    let config = parameters.config(0);
    let columns = description::columns_with_challenges(
        config.num_constants,
        config.num_wires,
        config.num_routed_wires,
        config.num_challenges,
    );
    description::memory_bytes_at_rate(columns, LEAST_WRAP_DEGREE_BITS, parameters.rate_bits())
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
