//! A model's circuit: made, described, proven, verified.

use crate::compile::{self, Values};
use crate::description::{self, Description};
use crate::error::{CompileError, ProveError};
use crate::input;
use crate::rows::Rows;
use metisvm_model::{Bundle, ModelId, Reference, TensorType, Value};
use metisvm_verifier::Verifier;
use metisvm_verifier::commitment::{Salt, commit, salt_elements};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::limb;
use metisvm_verifier::field::{D, F, ProofConfig, integer, residue};
use metisvm_verifier::statement::{
    FIXED_INPUTS, Proof, Statement, VERSION, chain_elements, job_elements, model_elements,
};
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The circuit of a model, with its proving and its verifying key.
pub struct Circuit {
    reference: Reference,
    data: CircuitData<F, ProofConfig, D>,
    verifier: Verifier,
    /// A wire for each byte of the raw input.
    bytes: Vec<Target>,
    salt: [Target; 8],
    chain: [Target; 2],
    job: [Target; 8],
    values: Values,
    rows_by_gate: BTreeMap<String, usize>,
    rows: usize,
}

/// What is to be proven.
#[derive(Clone, Copy, Debug)]
pub struct Inference<'a> {
    /// The raw input of the model.
    pub input: &'a [u8],
    /// What hides the input in its commitment.
    pub salt: &'a Salt,
    /// The chain that the proof is for.
    pub chain_id: u64,
    /// The job that it is for.
    pub job_id: [u8; 32],
}

impl Circuit {
    /// Makes the circuit of a model. Proving may take `memory_limit` bytes, about.
    ///
    /// # Errors
    /// If the model has an operator that circuits lack, or proving it would take more memory.
    pub fn compile(bundle: &Bundle, memory_limit: u64) -> Result<Self, CompileError> {
        let graph = Arc::new(bundle.graph.clone());
        let mut rows = Rows::new(memory_limit);
        let too_large = |e: crate::rows::TooManyRows| CompileError::TooLarge {
            rows: e.rows,
            bytes: e.bytes,
            limit: e.limit,
        };
        let input = input::read(&mut rows, &graph).map_err(too_large)?;
        let salt = rows.builder().add_virtual_target_arr();
        let commitment = input::commit(&mut rows, salt, &input);
        let chain = rows.builder().add_virtual_target_arr();
        let job = rows.builder().add_virtual_target_arr();
        let mut values = Values {
            inputs: input.elements,
            nodes: Vec::with_capacity(graph.nodes().len()),
        };
        compile::nodes(&mut rows, &graph, &mut values)?;

        let version = rows.constant(limb(VERSION));
        let model = model_elements(&bundle.id).map(|element| rows.constant(element));
        let mut public = vec![version];
        public.extend(model);
        public.extend(commitment);
        public.extend(chain);
        public.extend(job);
        debug_assert_eq!(public.len(), FIXED_INPUTS);
        for output in graph.outputs() {
            match output.value {
                Value::Input(i) => public.extend(&values.inputs[i as usize]),
                Value::Node(i) => public.extend(&values.nodes[i as usize]),
                Value::Constant(i) => {
                    let tensor = graph.constants()[i as usize].tensor();
                    let wires = tensor.data().iter().map(|&v| rows.constant(residue(v.into())));
                    public.extend(wires.collect::<Vec<_>>());
                }
            }
        }
        rows.builder().register_public_inputs(&public);
        let (builder, rows_by_gate) = rows.finish();
        let rows = builder.num_gates();
        let outputs = graph.outputs().iter().map(|output| {
            let ty: &TensorType = graph.ty(output.value);
            (ty.dtype, ty.elements())
        });
        let outputs = outputs.collect();
        let data = builder.build::<ProofConfig>();
        Ok(Self {
            verifier: Verifier::new(bundle.id, outputs, data.verifier_data()),
            reference: Reference::new(graph),
            data,
            bytes: input.bytes,
            salt,
            chain,
            job,
            values,
            rows_by_gate,
            rows,
        })
    }

    /// The model.
    pub const fn model(&self) -> ModelId {
        self.verifier.model()
    }

    /// What it takes to prove an inference.
    pub fn description(&self) -> Description {
        let common = &self.data.common;
        let config = &common.config;
        let columns = description::columns(common.num_constants, config.num_wires, config.num_routed_wires);
        Description {
            degree_bits: common.degree_bits(),
            rows: self.rows,
            rows_by_gate: self.rows_by_gate.clone(),
            columns,
            memory_bytes: description::memory_bytes(columns, common.degree_bits()),
        }
    }

    /// Runs an inference and proves it.
    ///
    /// # Errors
    /// If the input has another length than the model takes. Other errors are defects.
    pub fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        let failed = |e: anyhow::Error| ProveError::Backend(e.to_string());
        let graph = self.reference.segment().graph();
        if inference.input.len() != graph.input_bytes() {
            return Err(ProveError::Input(metisvm_model::WrongInputLength {
                expected: graph.input_bytes(),
                actual: inference.input.len(),
            }));
        }
        let witness = generate_partial_witness(
            self.inputs(inference).map_err(failed)?,
            &self.data.prover_only,
            &self.data.common,
        )
        .map_err(failed)?;

        let mut disagreement = None;
        let output = self.reference.trace(inference.input, |step| {
            let wires = &self.values.nodes[step.node];
            for (element, (&expected, &wire)) in step.result.data().iter().zip(wires).enumerate() {
                let actual = integer(witness.get_target(wire));
                if disagreement.is_none() && actual != i64::from(expected) {
                    disagreement = Some(ProveError::Disagrees {
                        node: step.node,
                        operator: graph.nodes()[step.node].op.name(),
                        element,
                        expected: expected.into(),
                        actual,
                    });
                }
            }
        })?;
        if let Some(disagreement) = disagreement {
            return Err(disagreement);
        }

        let mut timing = TimingTree::default();
        let proof =
            prove_with_partition_witness(&self.data.prover_only, &self.data.common, witness, &mut timing)
                .map_err(failed)?;
        Ok(Proof {
            statement: Statement {
                model: self.model(),
                input: commit(inference.salt, inference.input),
                output,
                chain_id: inference.chain_id,
                job_id: inference.job_id,
            },
            bytes: encode(&proof),
        })
    }

    /// What checks the proofs of this circuit.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn inputs(&self, inference: &Inference<'_>) -> Result<PartialWitness<F>, anyhow::Error> {
        let graph = self.reference.segment().graph();
        let mut witness = PartialWitness::new();
        let signed = input::signed_bytes(graph);
        for ((&wire, &byte), signed) in self.bytes.iter().zip(inference.input).zip(signed) {
            let value = if signed {
                i64::from(byte as i8)
            } else {
                i64::from(byte)
            };
            witness.set_target(wire, residue(value))?;
        }
        witness.set_target_arr(&self.salt, &salt_elements(inference.salt))?;
        witness.set_target_arr(&self.chain, &chain_elements(inference.chain_id))?;
        witness.set_target_arr(&self.job, &job_elements(&inference.job_id))?;
        Ok(witness)
    }
}
