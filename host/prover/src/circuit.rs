//! A model's circuit: made, described, proven, verified.

use crate::description::{self, Description};
use crate::error::{CompileError, ProveError, failed};
use crate::gates::MatVec;
use crate::lane::Lane;
use crate::parameters::Parameters;
use crate::rows::{Rows, TooManyRows};
use metisvm_model::{Bundle, DType, Graph, ModelId, Reference};
use metisvm_verifier::Verifier;
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::statement::Proof;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, PartitionWitness};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::inference::Inference;

/// The circuit of a model, with its proving and its verifying key.
pub struct Circuit {
    reference: Reference,
    rows: Built,
    lane: Lane,
    verifier: Verifier,
}

impl Circuit {
    /// Makes the circuit of a model. Proving may take `memory_limit` bytes, about.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or proving it would take more memory.
    pub fn compile(bundle: &Bundle, memory_limit: u64) -> Result<Self, CompileError> {
        Self::with_parameters(bundle, Parameters::STANDARD, memory_limit)
    }

    /// Makes the circuit of a model with a parameter set, of which it takes what goes with its gates: it has all
    /// routed wires and never blinds.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn with_parameters(
        bundle: &Bundle,
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let graph = Arc::new(bundle.graph.clone());
        let (rows, lane) = laid_out(bundle, parameters, memory_limit)?;
        let rows = Built::new(rows, &lane.public)?;
        Ok(Self {
            verifier: Verifier::new(bundle.id, outputs(&graph), rows.data.verifier_data()),
            reference: Reference::new(graph),
            rows,
            lane,
        })
    }

    /// The model.
    pub const fn model(&self) -> ModelId {
        self.verifier.model()
    }

    /// What it takes to prove an inference.
    pub fn description(&self) -> Description {
        self.rows.description()
    }

    /// Runs an inference and proves it.
    ///
    /// # Errors
    /// If the input has another length than the model takes. Other errors are defects.
    pub fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        let graph = self.reference.segment().graph();
        inference.check_length(graph)?;
        let mut witness = PartialWitness::new();
        self.lane
            .assign(graph, inference, &[], &mut witness)
            .map_err(failed)?;
        let witness = self.rows.witness(witness)?;
        let statement = self.lane.check(&self.reference, inference, &witness)?;
        let proof = self.rows.prove(witness)?;
        Ok(Proof {
            statement,
            bytes: encode(&proof),
        })
    }

    /// What checks the proofs of this circuit.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// The rows of a model, with the gate for products that they take the least memory with.
fn laid_out(
    bundle: &Bundle,
    parameters: Parameters,
    memory_limit: u64,
) -> Result<(Rows, Lane), CompileError> {
    let with = |gate: MatVec| -> Result<(Rows, Lane), CompileError> {
        let mut rows = Rows::with_mat_vec(gate, parameters, memory_limit);
        let nodes = 0..bundle.graph.nodes().len();
        let lane = Lane::new(&mut rows, &bundle.graph, bundle.id, nodes)?;
        rows.closing(lane.public.len())?;
        Ok((rows, lane))
    };
    // Where the usual gate is over the limit no other is tried: a circuit that depended on the limit would have another
    // key under each.
    let (rows, lane) = with(MatVec::STANDARD)?;
    let stated = lane.public.len();
    match rows.wider(stated).map(with) {
        Some(Ok(wider)) if wider.0.bytes(stated) < rows.bytes(stated) => Ok(wider),
        _ => Ok((rows, lane)),
    }
}

/// Type and number of elements of each output.
pub(crate) fn outputs(graph: &Graph) -> Vec<(DType, usize)> {
    let outputs = graph.outputs().iter().map(|output| {
        let ty = graph.ty(output.value);
        (ty.dtype, ty.elements())
    });
    outputs.collect()
}

/// Rows of which plonky2 has made its keys.
pub(crate) struct Built {
    pub(crate) data: CircuitData<F, ProofConfig, D>,
    rows_by_gate: BTreeMap<String, usize>,
    rows: usize,
}

impl Built {
    /// Makes the keys, unless there are too many rows in the end.
    pub(crate) fn new(mut rows: Rows, public_inputs: &[Target]) -> Result<Self, TooManyRows> {
        rows.closing(public_inputs.len())?;
        rows.builder().register_public_inputs(public_inputs);
        let (builder, rows_by_gate) = rows.finish();
        Ok(Self {
            rows: builder.num_gates(),
            data: builder.build::<ProofConfig>(),
            rows_by_gate,
        })
    }

    pub(crate) fn description(&self) -> Description {
        let common = &self.data.common;
        let config = &common.config;
        let columns = description::columns_with_challenges(
            common.num_constants,
            config.num_wires,
            config.num_routed_wires,
            config.num_challenges,
        );
        let rate_bits = config.fri_config.rate_bits;
        Description {
            degree_bits: common.degree_bits(),
            rows: self.rows,
            rows_by_gate: self.rows_by_gate.clone(),
            columns,
            memory_bytes: description::memory_bytes_at_rate(columns, common.degree_bits(), rate_bits),
        }
    }

    /// All wires, of those that others follow from.
    pub(crate) fn witness(&self, inputs: PartialWitness<F>) -> Result<PartitionWitness<'_, F>, ProveError> {
        generate_partial_witness(inputs, &self.data.prover_only, &self.data.common).map_err(failed)
    }

    pub(crate) fn prove(
        &self,
        witness: PartitionWitness<'_, F>,
    ) -> Result<ProofWithPublicInputs<F, ProofConfig, D>, ProveError> {
        let mut timing = TimingTree::default();
        prove_with_partition_witness(&self.data.prover_only, &self.data.common, witness, &mut timing)
            .map_err(failed)
    }
}
