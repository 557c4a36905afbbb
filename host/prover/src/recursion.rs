//! Circuits that verify the proofs of others: what wraps, joins and batches have in common.

use crate::description::{self, Description};
use crate::error::{CompileError, ProveError, failed};
use crate::parameters::{Parameters, choose_folding};
use metisvm_verifier::field::{D, F, ProofConfig};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitData, VerifierCircuitData, VerifierCircuitTarget};
use plonky2::plonk::proof::{ProofWithPublicInputs, ProofWithPublicInputsTarget};
use std::collections::BTreeMap;

/// A proof as plonky2 has it.
pub(crate) type RawProof = ProofWithPublicInputs<F, ProofConfig, D>;

/// A key as plonky2 has it.
pub(crate) type RawKey = VerifierCircuitData<F, ProofConfig, D>;

/// Constants of a row.
const CONSTANTS: usize = 2;

/// Columns of constants and selectors, about.
pub(crate) const PREPROCESSED: usize = CONSTANTS + 4;

/// Rows that plonky2's builder adds at the end for constants, of which there are two in each; a verifier's circuit
/// has fewer than twice as many constants.
const CONSTANT_ROWS: usize = 128;

/// A circuit under construction that verifies proofs.
pub(crate) struct Recursion {
    builder: CircuitBuilder<F, D>,
    proofs: Vec<ProofWithPublicInputsTarget<D>>,
    parameters: Parameters,
    memory_limit: u64,
}

impl Recursion {
    /// None yet; proving may take so many bytes, about.
    pub(crate) fn new(parameters: Parameters, memory_limit: u64) -> Self {
        Self {
            builder: CircuitBuilder::new(parameters.config(CONSTANTS)),
            proofs: Vec::new(),
            parameters,
            memory_limit,
        }
    }

    pub(crate) const fn builder(&mut self) -> &mut CircuitBuilder<F, D> {
        &mut self.builder
    }

    /// Rows that verify a proof of the circuit with this key, which is a constant: no other circuit's proofs pass.
    /// Gives the proof's public inputs.
    pub(crate) fn verify(&mut self, key: &RawKey) -> Result<Vec<Target>, CompileError> {
        let constant = self
            .builder
            .constant_verifier_data::<ProofConfig>(&key.verifier_only);
        self.verify_with(&constant, key)
    }

    /// The same with whatever key is on these wires, of a circuit of the same shape.
    pub(crate) fn verify_with(
        &mut self,
        wires: &VerifierCircuitTarget,
        key: &RawKey,
    ) -> Result<Vec<Target>, CompileError> {
        let proof = self.builder.add_virtual_proof_with_pis(&key.common);
        self.builder
            .verify_proof::<ProofConfig>(&proof, wires, &key.common);
        let public_inputs = proof.public_inputs.clone();
        self.proofs.push(proof);
        self.reserve()?;
        Ok(public_inputs)
    }

    /// Makes sure that the rows so far are not too many, and says 2 to which power they are, as they fold best.
    fn reserve(&mut self) -> Result<usize, CompileError> {
        // The public inputs' hash and its row come at the end as well.
        let rows =
            self.builder.num_gates() + self.builder.num_public_inputs().div_ceil(8) + 1 + CONSTANT_ROWS;
        let bits = choose_folding(&mut self.builder.config, rows);
        self.within_limit(rows, bits)?;
        Ok(bits)
    }

    fn within_limit(&self, rows: usize, degree_bits: usize) -> Result<u64, CompileError> {
        let columns = self.columns(PREPROCESSED);
        let bytes = description::memory_bytes_at_rate(columns, degree_bits, self.parameters.rate_bits());
        let limit = self.memory_limit;
        if bytes > limit {
            return Err(CompileError::TooLarge { rows, bytes, limit });
        }
        Ok(bytes)
    }

    fn columns(&self, preprocessed: usize) -> usize {
        let config = &self.builder.config;
        let columns = description::columns_with_challenges(
            preprocessed,
            config.num_wires,
            config.num_routed_wires,
            config.num_challenges,
        );
        columns
            + if config.zero_knowledge {
                description::SALT_COLUMNS
            } else {
                0
            }
    }

    /// The circuit, unless proving would take too much memory; that is known before it is made.
    pub(crate) fn finish(mut self, public_inputs: &[Target]) -> Result<Recursive, CompileError> {
        self.builder.register_public_inputs(public_inputs);
        let rows = self.builder.num_gates();
        let expected = self.reserve()?;
        let memory_bytes = self.within_limit(rows, expected)?;
        let columns = self.columns(PREPROCESSED);
        let data = self.builder.build::<ProofConfig>();
        let description = Description {
            degree_bits: data.common.degree_bits(),
            rows,
            rows_by_gate: BTreeMap::new(),
            columns,
            memory_bytes: memory_bytes << data.common.degree_bits().saturating_sub(expected),
        };
        if description.memory_bytes > self.memory_limit {
            return Err(CompileError::TooLarge {
                rows,
                bytes: description.memory_bytes,
                limit: self.memory_limit,
            });
        }
        Ok(Recursive {
            data,
            proofs: self.proofs,
            description,
        })
    }
}

/// A circuit that verifies proofs.
pub(crate) struct Recursive {
    pub(crate) data: CircuitData<F, ProofConfig, D>,
    proofs: Vec<ProofWithPublicInputsTarget<D>>,
    description: Description,
}

impl Recursive {
    pub(crate) const fn description(&self) -> &Description {
        &self.description
    }

    /// What checks its proofs.
    pub(crate) fn key(&self) -> RawKey {
        self.data.verifier_data()
    }

    /// Proves that these proofs, which must be valid and as many as it takes, were verified.
    pub(crate) fn prove(&self, proofs: &[RawProof]) -> Result<RawProof, ProveError> {
        self.data.prove(self.inputs(proofs)?).map_err(failed)
    }

    /// The wires of these proofs.
    pub(crate) fn inputs(&self, proofs: &[RawProof]) -> Result<PartialWitness<F>, ProveError> {
        let mut witness = PartialWitness::new();
        for (wires, proof) in self.proofs.iter().zip(proofs) {
            witness.set_proof_with_pis_target(wires, proof).map_err(failed)?;
        }
        Ok(witness)
    }
}
