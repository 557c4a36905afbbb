//! One proof of many inferences of a model, by a tree of circuits that verify proofs.

use crate::at_once::at_once;
use crate::circuit::{Built, outputs};
use crate::description::Description;
use crate::error::{CompileError, ProveError, failed};
use crate::held::{PROCESS_BYTES, held_bytes};
use crate::inference::Inference;
use crate::lane::Lane;
use crate::parameters::Parameters;
use crate::recursion::{RawKey, RawProof, Recursion, Recursive};
use crate::rows::Rows;
use metisvm_model::{Bundle, Reference};
use metisvm_verifier::batch::{LEAF_DOMAIN, NODE_DOMAIN, capacity, message};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, Hasher};
use metisvm_verifier::{BatchVerifier, Proof, Statement, Verifier};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use std::sync::Arc;

/// A proof of several statements.
#[derive(Clone, Debug)]
pub struct BatchProof {
    /// What is proven, in this order.
    pub statements: Vec<Statement>,
    /// The proof, without the public inputs, which follow from the statements.
    pub bytes: Vec<u8>,
}

/// One circuit that proves several inferences of a model: for small models, of which many fit.
pub struct BatchCircuit {
    reference: Reference,
    rows: Built,
    lanes: Vec<Lane>,
    verifier: BatchVerifier,
}

impl BatchCircuit {
    /// Makes the circuit for `count` inferences. Proving may take `memory_limit` bytes, about.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, proving would take more memory, or there are too many.
    pub fn new(
        bundle: &Bundle,
        count: usize,
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        capacity(&[count]).ok_or(CompileError::Batch)?;
        let graph = Arc::new(bundle.graph.clone());
        let mut rows = Rows::new(parameters, memory_limit);
        let lanes = (0..count).map(|_| Lane::new(&mut rows, &graph, bundle.id, 0..graph.nodes().len()));
        let lanes = lanes.collect::<Result<Vec<_>, _>>()?;
        let leaves: Vec<[Target; 4]> = lanes
            .iter()
            .map(|lane| {
                rows.note(F::from_canonical_u64(LEAF_DOMAIN));
                leaf(rows.builder(), &lane.public)
            })
            .collect();
        rows.note(F::from_canonical_u64(NODE_DOMAIN));
        let root = node(rows.builder(), &leaves);
        let rows = Built::new(rows, &root)?;
        let data = rows.data.verifier_data();
        // Only the model and its outputs are asked of it.
        let single = Verifier::new(bundle.id, outputs(&graph), rows.data.verifier_data());
        Ok(Self {
            verifier: BatchVerifier::new(single, vec![count], data),
            reference: Reference::new(graph),
            rows,
            lanes,
        })
    }

    /// What it takes to prove a batch.
    pub fn description(&self) -> Description {
        self.rows.description()
    }

    /// What checks its proofs.
    pub const fn verifier(&self) -> &BatchVerifier {
        &self.verifier
    }

    /// Runs inferences and proves them. Where there are fewer than the circuit is for, the last is repeated.
    ///
    /// # Errors
    /// If there are none or too many, or an input has another length than the model takes. Other errors are defects.
    pub fn prove(&self, inferences: &[Inference<'_>]) -> Result<BatchProof, ProveError> {
        let graph = self.reference.segment().graph();
        let filled = filled(inferences, self.lanes.len())?;
        let mut inputs = PartialWitness::new();
        for (lane, inference) in self.lanes.iter().zip(&filled) {
            inference.check_length(graph)?;
            lane.assign(graph, inference, &[], &mut inputs).map_err(failed)?;
        }
        let witness = self.rows.witness(inputs)?;
        let statements = self
            .lanes
            .iter()
            .zip(&filled)
            .map(|(lane, inference)| lane.check(&self.reference, inference, &witness));
        let mut statements = statements.collect::<Result<Vec<_>, _>>()?;
        statements.truncate(inferences.len());
        Ok(BatchProof {
            statements,
            bytes: encode(&self.rows.prove(witness)?),
        })
    }
}

/// A tree of circuits over proofs of one key.
pub struct Batch {
    levels: Vec<Recursive>,
    arities: Vec<usize>,
    verifier: BatchVerifier,
    /// What may be taken by proofs that are made at once, beside what is held.
    memory_left: u64,
}

impl Batch {
    /// A tree over proofs that `inner` verifies, whose nodes have so many children, those of the proofs first.
    /// Proving may take `memory_limit` bytes, about.
    ///
    /// # Errors
    /// If it would take more, before circuits are made, or the tree holds nothing or too much.
    pub fn new(
        inner: &Verifier,
        arities: &[usize],
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        capacity(arities).ok_or(CompileError::Batch)?;
        let levels = levels(inner.key(), true, arities, parameters, memory_limit)?;
        let memory_left = memory_left(&levels, memory_limit)?;
        let top = levels.last().ok_or(CompileError::Batch)?.key();
        Ok(Self {
            verifier: BatchVerifier::new(inner.with_key(top.clone()), arities.to_vec(), top),
            levels,
            arities: arities.to_vec(),
            memory_left,
        })
    }

    /// A tree over proofs of batches that `inner` verifies: such a proof becomes smaller, or one with others.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn over(
        inner: &BatchVerifier,
        arities: &[usize],
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let all = [inner.arities(), arities].concat();
        capacity(&all).ok_or(CompileError::Batch)?;
        let levels = levels(inner.key(), false, arities, parameters, memory_limit)?;
        let memory_left = memory_left(&levels, memory_limit)?;
        let top = levels.last().ok_or(CompileError::Batch)?.key();
        Ok(Self {
            verifier: inner.with_key(all, top),
            levels,
            arities: arities.to_vec(),
            memory_left,
        })
    }

    /// What each level takes, that over the proofs first.
    pub fn descriptions(&self) -> impl Iterator<Item = &Description> {
        self.levels.iter().map(Recursive::description)
    }

    /// The levels likewise, with their shapes.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (&Description, &CommonCircuitData<F, D>)> {
        self.levels
            .iter()
            .map(|level| (level.description(), &level.data.common))
    }

    /// What checks its proofs.
    pub const fn verifier(&self) -> &BatchVerifier {
        &self.verifier
    }

    /// Proves that these proofs, which `inner` verifies, are valid. As many nodes of a level as the memory limit
    /// allows are proven at once.
    ///
    /// # Errors
    /// If there are none or too many, or one is not valid.
    pub fn prove(&self, inner: &Verifier, proofs: &[Proof]) -> Result<BatchProof, ProveError> {
        let mut parsed = Vec::with_capacity(proofs.len());
        for proof in proofs {
            inner.verify(&proof.statement, &proof.bytes)?;
            parsed.push(inner.parse(&proof.statement, &proof.bytes)?);
        }
        Ok(BatchProof {
            statements: proofs.iter().map(|proof| proof.statement.clone()).collect(),
            bytes: self.join(parsed)?,
        })
    }

    /// The same for proofs of batches, of which there must be as many as the tree holds, all but the last full.
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    pub fn prove_over(&self, inner: &BatchVerifier, proofs: &[BatchProof]) -> Result<BatchProof, ProveError> {
        let room: usize = self.arities.iter().product();
        let full = proofs.iter().rev().skip(1);
        let filled = full
            .clone()
            .all(|proof| proof.statements.len() == inner.capacity());
        if proofs.len() != room || !filled {
            return Err(ProveError::Batch {
                given: proofs.len(),
                capacity: room,
            });
        }
        let mut parsed = Vec::with_capacity(proofs.len());
        for proof in proofs {
            inner.verify(&proof.statements, &proof.bytes)?;
            parsed.push(inner.parse(&proof.statements, &proof.bytes)?);
        }
        Ok(BatchProof {
            statements: proofs.iter().flat_map(|proof| proof.statements.clone()).collect(),
            bytes: self.join(parsed)?,
        })
    }

    fn join(&self, mut layer: Vec<RawProof>) -> Result<Vec<u8>, ProveError> {
        let mut room: usize = self.arities.iter().product();
        filled(&layer, room)?;
        for (level, &arity) in self.levels.iter().zip(&self.arities) {
            room /= arity;
            // Nodes that would be over repeated proofs alone are themselves repeated, one level up.
            let nodes = layer.len().div_ceil(arity).min(room);
            let filled = filled(&layer, nodes * arity)?;
            let groups: Vec<&[RawProof]> = filled.chunks(arity).collect();
            let bytes = level.description().memory_bytes;
            layer = at_once(bytes, self.memory_left, &groups, |group| level.prove(group))?;
        }
        Ok(encode(&filled(&layer, 1)?[0]))
    }
}

/// What is left for proofs while the circuits of all levels are held. Fails if the largest does not fit.
fn memory_left(levels: &[Recursive], memory_limit: u64) -> Result<u64, CompileError> {
    let held = levels.iter().map(|level| held_bytes(&level.data.common));
    let held = held.fold(PROCESS_BYTES, u64::saturating_add);
    let descriptions = levels.iter().map(Recursive::description);
    if let Some(largest) = descriptions.max_by_key(|level| level.memory_bytes) {
        let bytes = held.saturating_add(largest.memory_bytes);
        if bytes > memory_limit {
            let (rows, limit) = (largest.rows, memory_limit);
            return Err(CompileError::TooLarge { rows, bytes, limit });
        }
    }
    Ok(memory_limit.saturating_sub(held))
}

/// The circuit of each level, over proofs of one key: of inferences, or of digests.
fn levels(
    inner: &RawKey,
    of_inferences: bool,
    arities: &[usize],
    parameters: Parameters,
    memory_limit: u64,
) -> Result<Vec<Recursive>, CompileError> {
    let mut levels: Vec<Recursive> = Vec::with_capacity(arities.len());
    for &arity in arities {
        let (key, hashes) = match levels.last() {
            None => (inner.clone(), of_inferences),
            Some(below) => (below.key(), false),
        };
        levels.push(level(
            &key,
            hashes,
            arity,
            parameters,
            memory_limit,
            &mut |_, inputs| inputs,
        )?);
    }
    Ok(levels)
}

/// The circuit that verifies so many proofs and states the digest of their public inputs, as `passed` gives them on.
pub(crate) fn level(
    key: &RawKey,
    hashes: bool,
    arity: usize,
    parameters: Parameters,
    memory_limit: u64,
    passed: &mut dyn FnMut(&mut Recursion, Vec<Target>) -> Vec<Target>,
) -> Result<Recursive, CompileError> {
    let mut recursion = Recursion::new(parameters, memory_limit);
    let mut children = Vec::with_capacity(arity);
    for _ in 0..arity {
        let inputs = recursion.verify(key)?;
        let inputs = passed(&mut recursion, inputs);
        children.push(if hashes {
            leaf(recursion.builder(), &inputs)
        } else {
            std::array::from_fn(|i| inputs[i])
        });
    }
    let digest = node(recursion.builder(), &children);
    recursion.finish(&digest)
}

/// As many as there is room for, the last repeated.
fn filled<T: Clone>(items: &[T], room: usize) -> Result<Vec<T>, ProveError> {
    let last = items.last().filter(|_| items.len() <= room);
    let last = last.ok_or(ProveError::Batch {
        given: items.len(),
        capacity: room,
    })?;
    let mut filled = items.to_vec();
    filled.resize(room, last.clone());
    Ok(filled)
}

/// The digest of one statement.
fn leaf(builder: &mut CircuitBuilder<F, D>, public_inputs: &[Target]) -> [Target; 4] {
    let domain = builder.constant(F::from_canonical_u64(LEAF_DOMAIN));
    let message = message(domain, public_inputs.iter().copied());
    builder.hash_n_to_hash_no_pad::<Hasher>(message).elements
}

/// The digest of digests.
fn node(builder: &mut CircuitBuilder<F, D>, children: &[[Target; 4]]) -> [Target; 4] {
    let domain = builder.constant(F::from_canonical_u64(NODE_DOMAIN));
    let message = message(domain, children.iter().flatten().copied());
    builder.hash_n_to_hash_no_pad::<Hasher>(message).elements
}
