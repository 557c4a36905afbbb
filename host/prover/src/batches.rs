//! From a model to proofs of many of its inferences at once: a circuit for as many as fit, a tree over its proofs where
//! there are more, and the wraps of the form.

use crate::batch::{Batch, BatchCircuit, BatchProof};
use crate::description::Description;
use crate::error::{CompileError, ProveError};
use crate::form::Form;
use crate::inference::Inference;
use crate::memory::{PROCESS_BYTES, held_bytes, least_bytes};
use crate::parameters::Parameters;
use crate::prover::{PrepareError, Stage};
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::batch::MAX_BATCH;
use metisvm_verifier::{BatchVerifier, Strength};

/// The children of a node of the tree: two proofs are what the fewest rows verify.
const ARITY: usize = 2;

/// What a batch's key follows from, beside model and form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// Inferences in one circuit.
    pub lanes: usize,
    /// Levels of the tree over that circuit's proofs, each of which doubles the batch.
    pub doublings: u32,
}

impl BatchShape {
    /// How many inferences it holds; `None` where that is none, or more than a batch may have.
    pub fn capacity(&self) -> Option<usize> {
        let circuits = 1usize.checked_shl(self.doublings)?;
        let capacity = self.lanes.checked_mul(circuits)?;
        (1..=MAX_BATCH).contains(&capacity).then_some(capacity)
    }
}

/// Proves batches of inferences of a model in one form.
pub struct BatchProver {
    model: ModelId,
    form: Form,
    shape: BatchShape,
    circuit: BatchCircuit,
    /// The tree, then the wraps of the form.
    outer: Vec<Batch>,
    memory_bytes: u64,
}

impl BatchProver {
    /// Makes the circuits for `count` inferences: one circuit for all of them if proving takes no more than
    /// `memory_limit` bytes, about, else one for a half, a quarter and so on, whose proofs a tree joins.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or there is no such way, or there are none or too many.
    pub fn new(
        bundle: &Bundle,
        form: Form,
        count: usize,
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(CompileError::Batch.into());
        }
        let mut doublings = 0;
        loop {
            let shape = BatchShape {
                lanes: count.div_ceil(1 << doublings),
                doublings,
            };
            match Self::of_shape(bundle, form, shape, memory_limit, stage) {
                Err(error) if error.is_memory() && shape.lanes > 1 && form.wraps_of_joined().is_some() => {
                    doublings += 1;
                }
                decided => return decided,
            }
        }
    }

    /// The same in a shape that somebody else has chosen.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the form cannot join proofs where the shape asks for it.
    pub fn of_shape(
        bundle: &Bundle,
        form: Form,
        shape: BatchShape,
        memory_limit: u64,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Self, PrepareError> {
        shape.capacity().ok_or(CompileError::Batch)?;
        let tree = vec![ARITY; shape.doublings as usize];
        let wraps = if tree.is_empty() {
            form.wraps()
        } else {
            form.wraps_of_joined().ok_or(PrepareError::Joined { form })?
        };
        let too_large = |bytes, wrap| PrepareError::Memory {
            form,
            bytes,
            wrap,
            limit: memory_limit,
        };
        let least = wraps.first().map_or(0, least_bytes);
        if least.saturating_add(PROCESS_BYTES) > memory_limit {
            return Err(too_large(least.saturating_add(PROCESS_BYTES), least));
        }
        stage(Stage::Circuit);
        let left = memory_limit.saturating_sub(PROCESS_BYTES);
        let circuit = BatchCircuit::new(bundle, shape.lanes, form.innermost(), left);
        let circuit = circuit.map_err(|error| error.with_beside(PROCESS_BYTES, memory_limit))?;
        let own = held_bytes(&circuit.verifier().key().common);
        let mut held = PROCESS_BYTES.saturating_add(own);
        let mut steps = vec![(circuit.description().memory_bytes, own)];
        let mut outer: Vec<Batch> = Vec::new();
        let trees = (!tree.is_empty()).then_some((&tree[..], Parameters::STANDARD));
        let singles = wraps.iter().map(|parameters| (&[1][..], *parameters));
        for (arities, parameters) in trees.into_iter().chain(singles) {
            stage(Stage::WrapCircuit);
            let inner = outer.last().map_or(circuit.verifier(), Batch::verifier);
            // The process is counted here, and by a batch as well.
            let left = memory_limit.saturating_sub(held).saturating_add(PROCESS_BYTES);
            let batch = Batch::over(inner, arities, parameters, left).map_err(|error| match error {
                CompileError::TooLarge { bytes, .. } => too_large(held.saturating_add(bytes), bytes),
                error => error.into(),
            })?;
            for (level, common) in batch.levels() {
                let own = held_bytes(common);
                held = held.saturating_add(own);
                steps.push((level.memory_bytes, own));
            }
            outer.push(batch);
        }
        let memory_bytes = steps
            .iter()
            .map(|(bytes, own)| held.saturating_sub(*own).saturating_add(*bytes))
            .fold(0, u64::max);
        if memory_bytes > memory_limit {
            let greatest = steps[1..].iter().map(|(bytes, _)| *bytes).max();
            return Err(too_large(memory_bytes, greatest.unwrap_or_default()));
        }
        Ok(Self {
            model: bundle.id,
            form,
            shape,
            circuit,
            outer,
            memory_bytes,
        })
    }

    /// The model.
    pub const fn model(&self) -> ModelId {
        self.model
    }

    /// The form of its proofs.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// What its key follows from beside model and form.
    pub const fn shape(&self) -> BatchShape {
        self.shape
    }

    /// The circuit of the inferences.
    pub fn circuit(&self) -> Description {
        self.circuit.description()
    }

    /// The memory that a batch takes at most, about, with everything that is held meanwhile.
    pub const fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// What checks its proofs.
    pub fn verifier(&self) -> &BatchVerifier {
        self.outer.last().map_or(self.circuit.verifier(), Batch::verifier)
    }

    /// How strong the proofs of each of its circuits are, from the inside out. A proof is no stronger than the weakest.
    pub fn strengths(&self) -> Vec<Strength> {
        let outer = self.outer.iter().flat_map(Batch::levels);
        let inner = [&self.circuit.verifier().key().common];
        let all = inner.into_iter().chain(outer.map(|(_, common)| common));
        all.map(Strength::of).collect()
    }

    /// Runs inferences and proves them all. `stage` is told what begins.
    ///
    /// # Errors
    /// If there are none or more than the shape holds, or an input has another length than the model takes. Other errors
    /// are defects.
    pub fn prove(
        &self,
        inferences: &[Inference<'_>],
        stage: &mut dyn FnMut(Stage),
    ) -> Result<BatchProof, ProveError> {
        let capacity = self.verifier().capacity();
        let count = ProveError::Batch {
            given: inferences.len(),
            capacity,
        };
        let last = inferences.last().ok_or_else(|| count.clone())?;
        if inferences.len() > capacity {
            return Err(count);
        }
        stage(Stage::Proof);
        let mut proofs = Vec::new();
        for some in inferences.chunks(self.shape.lanes) {
            // One circuit at a time: each uses all threads.
            proofs.push(self.circuit.prove(some)?);
        }
        let circuits = capacity / self.shape.lanes;
        if proofs.len() < circuits {
            // The tree is over full batches of the last inference where there are no more; one proof serves them all.
            let full = proofs.last_mut().ok_or(count)?;
            let stated = full.statements.last().cloned();
            full.statements.resize(
                self.shape.lanes,
                stated.ok_or(ProveError::Batch { given: 0, capacity })?,
            );
            let fill = self.circuit.prove(&vec![*last; self.shape.lanes])?;
            proofs.resize(circuits, fill);
        }
        let mut inner = self.circuit.verifier();
        for batch in &self.outer {
            stage(Stage::Wrap);
            // The inner proofs end here: they are not blinded.
            proofs = vec![batch.prove_over(inner, &proofs)?];
            inner = batch.verifier();
        }
        let mut proof = proofs.swap_remove(0);
        proof.statements.truncate(inferences.len());
        Ok(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_holds_what_a_batch_may_have() {
        let capacity = |lanes, doublings| BatchShape { lanes, doublings }.capacity();
        assert_eq!(capacity(64, 0), Some(64));
        assert_eq!(capacity(3, 2), Some(12));
        assert_eq!(capacity(MAX_BATCH, 0), Some(MAX_BATCH));
        for (lanes, doublings) in [
            (0, 0),
            (0, 3),
            (MAX_BATCH, 1),
            (1, 17),
            (1, 64),
            (usize::MAX, 1),
            (2, u32::MAX),
        ] {
            assert_eq!(capacity(lanes, doublings), None, "{lanes} {doublings}");
        }
    }
}
