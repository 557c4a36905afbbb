//! From a model to proofs: a circuit and, where the proof is to be small or to hide its input, the wrap around it.

use crate::base::Base;
use crate::circuit::{Circuit, Inference};
use crate::description::Description;
use crate::error::{CompileError, ProveError};
use crate::form::Form;
use crate::layers::Layers;
use crate::memory::{PROCESS_BYTES, held_bytes, least_bytes, least_join_bytes};
use crate::parameters::Parameters;
use crate::wrap::Wrap;
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::{Proof, Strength, Verifier};

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
    /// A form that a proof which joins several cannot have.
    #[error(
        "a {form} proof is of one circuit, and cannot join those of layers or of several circuits; choose another form"
    )]
    Joined {
        /// The form that was asked for.
        form: Form,
    },
    /// Cuts that are not in order within the model.
    #[error("the cuts are not nodes of the model in ascending order, from 1 to {last}")]
    Cuts {
        /// The last node before which it can be cut.
        last: usize,
    },
}

impl PrepareError {
    /// Whether it is for want of memory alone.
    pub(crate) const fn is_memory(&self) -> bool {
        matches!(
            self,
            Self::Memory { .. } | Self::Circuit(CompileError::TooLarge { .. })
        )
    }
}

/// What a proof takes, known before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The circuits of the model's nodes, in order: one, but in layers.
    pub circuits: Vec<Description>,
    /// The circuits that join the proofs of layers.
    pub joins: Vec<Description>,
    /// The circuits that wrap its proofs, from the inside out.
    pub wraps: Vec<Description>,
    /// The memory that making a proof takes at most, about, with everything that is held meanwhile.
    pub memory_bytes: u64,
}

impl Size {
    /// The circuit whose proof is shown.
    pub fn outermost(&self) -> &Description {
        let outer = self.wraps.last().or(self.joins.last());
        outer.unwrap_or_else(|| self.circuit())
    }

    /// The model's circuit; in layers the largest of them.
    ///
    /// # Panics
    /// Never: a prover has a circuit.
    pub fn circuit(&self) -> &Description {
        let largest = self.circuits.iter().max_by_key(|circuit| circuit.rows);
        largest.expect("a prover has a circuit")
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
    base: Base,
    /// From the inside out.
    wraps: Vec<Wrap>,
    size: Size,
}

impl Prover {
    /// Makes the circuits. Proving may take `memory_limit` bytes, about. Where one circuit of the model would take more,
    /// it is cut into layers that do not, if the form can join them. `stage` is told what begins.
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
        let whole = Self::cut(bundle, form, &[], memory_limit, stage);
        let too_large = match whole {
            Err(error) if error.is_memory() && form.wraps_of_joined().is_some() => error,
            decided => return decided,
        };
        if least_join_bytes().saturating_add(PROCESS_BYTES) > memory_limit {
            return Err(too_large);
        }
        let layers = match Layers::compile(bundle, memory_limit) {
            Ok(layers) => Base::of_layers(layers),
            // What one circuit would take says more than what a part of it would.
            Err(CompileError::TooLarge { .. }) => return Err(too_large),
            Err(error) => return Err(error.into()),
        };
        if layers.cuts().is_empty() {
            return Err(too_large);
        }
        match Self::over(layers, form, memory_limit, stage) {
            Err(error) if error.is_memory() => Err(too_large),
            decided => decided,
        }
    }

    /// The same of a model that is cut into layers before these nodes, whatever the memory limit would demand; into none
    /// if there are none. Form and cuts decide which key the proofs have.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if it cannot be cut there or the form cannot join proofs.
    pub fn cut(
        bundle: &Bundle,
        form: Form,
        cuts: &[usize],
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        if cuts.is_empty() {
            let least = form.wraps().first().map_or(0, least_bytes);
            if least > memory_limit {
                return Err(too_large(form, least, least, memory_limit));
            }
            stage(Stage::Circuit);
            let left = memory_limit.saturating_sub(PROCESS_BYTES);
            let circuit = Circuit::with_parameters(bundle, form.innermost(), left);
            let circuit = circuit.map_err(|error| error.with_beside(PROCESS_BYTES, memory_limit))?;
            return Self::over(Base::Whole(Box::new(circuit)), form, memory_limit, stage);
        }
        check_cuts(bundle, cuts)?;
        form.wraps_of_joined().ok_or(PrepareError::Joined { form })?;
        stage(Stage::Circuit);
        let (inner, outer) = (Parameters::INNER, Parameters::STANDARD);
        let layers = Layers::at(bundle, cuts, inner, outer, memory_limit)?;
        Self::over(Base::of_layers(layers), form, memory_limit, stage)
    }

    /// Makes the wraps of a form over the circuits of a model.
    fn over(
        base: Base,
        form: Form,
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        let too_large = |bytes, wrap| too_large(form, bytes, wrap, memory_limit);
        let wrapped_by = match &base {
            Base::Whole(_) => form.wraps(),
            Base::Layers(..) => form.wraps_of_joined().ok_or(PrepareError::Joined { form })?,
        };
        let least = wrapped_by.first().map_or(0, least_bytes);
        let mut held = base.held();
        if held.saturating_add(least) > memory_limit {
            return Err(too_large(held.saturating_add(least), least));
        }
        let mut wraps: Vec<Wrap> = Vec::with_capacity(wrapped_by.len());
        for &parameters in wrapped_by {
            stage(Stage::WrapCircuit);
            let inner = wraps.last().map_or(base.verifier(), Wrap::verifier);
            let left = memory_limit.saturating_sub(held);
            let wrap = Wrap::with_parameters(inner, parameters, left).map_err(|error| match error {
                CompileError::TooLarge { bytes, .. } => too_large(held.saturating_add(bytes), bytes),
                error => error.into(),
            })?;
            held = held.saturating_add(held_bytes(&wrap.verifier().key().common));
            wraps.push(wrap);
        }
        // One of them proves at a time, while all are held.
        let wrapping = wraps.iter().map(|wrap| {
            let own = held_bytes(&wrap.verifier().key().common);
            held.saturating_sub(own)
                .saturating_add(wrap.description().memory_bytes)
        });
        let of_base = held
            .saturating_sub(base.held())
            .saturating_add(base.memory_bytes());
        let memory_bytes = wrapping.fold(of_base, u64::max);
        if memory_bytes > memory_limit {
            let greatest = wraps.iter().map(|wrap| wrap.description().memory_bytes).max();
            return Err(too_large(memory_bytes, greatest.unwrap_or_default()));
        }
        let size = Size {
            circuits: base.circuits(),
            joins: base.joins(),
            wraps: wraps.iter().map(|wrap| wrap.description().clone()).collect(),
            memory_bytes,
        };
        Ok(Self {
            form,
            base,
            wraps,
            size,
        })
    }

    /// Before which nodes the model is cut into layers.
    pub fn cuts(&self) -> &[usize] {
        self.base.cuts()
    }

    /// The model.
    pub fn model(&self) -> ModelId {
        self.base.model()
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
        self.wraps.last().map_or(self.base.verifier(), Wrap::verifier)
    }

    /// How strong the proofs of each of its circuits are, from the inside out. A proof is no stronger than the weakest.
    /// `None` in layers, as the keys of their circuits are not held.
    pub fn strengths(&self) -> Option<Vec<Strength>> {
        let Base::Whole(circuit) = &self.base else {
            return None;
        };
        let wraps = self.wraps.iter().map(Wrap::verifier);
        let all = [circuit.verifier()].into_iter().chain(wraps);
        Some(all.map(Verifier::strength).collect())
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
        let mut proof = self.base.prove(inference)?;
        let mut inner = self.base.verifier();
        for wrap in &self.wraps {
            stage(Stage::Wrap);
            // The inner proof ends here: the first is not blinded.
            proof = wrap.prove(inner, &proof)?;
            inner = wrap.verifier();
        }
        Ok(proof)
    }
}

fn check_cuts(bundle: &Bundle, cuts: &[usize]) -> Result<(), PrepareError> {
    let nodes = bundle.graph.nodes().len();
    let ascending = cuts.windows(2).all(|pair| pair[0] < pair[1]);
    if ascending && cuts.first() != Some(&0) && cuts.last().is_none_or(|last| *last < nodes) {
        return Ok(());
    }
    Err(PrepareError::Cuts {
        last: nodes.saturating_sub(1),
    })
}

const fn too_large(form: Form, bytes: u64, wrap: u64, limit: u64) -> PrepareError {
    PrepareError::Memory {
        form,
        bytes,
        wrap,
        limit,
    }
}
