//! The rows of one inference, or of a span of its nodes: what a circuit has once, and a batch's many times.

use crate::boundary::Boundary;
use crate::compile::{self, Values};
use crate::error::{CompileError, ProveError};
use crate::inference::Inference;
use crate::input;
use crate::links::Part;
use crate::rows::Rows;
use metisvm_model::{Graph, ModelId, Reference, Value};
use metisvm_verifier::commitment::{commit, salt_elements};
use metisvm_verifier::field::{F, integer, limb, residue};
use metisvm_verifier::statement::{
    FIXED_INPUTS, Statement, VERSION, chain_elements, job_elements, model_elements,
};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use std::ops::Range;

/// The wires of one inference.
pub(crate) struct Lane {
    model: ModelId,
    nodes: Range<usize>,
    /// A wire for each byte of the raw input, and the salt of its commitment; none where earlier nodes read it.
    input: Option<(Vec<Target>, [Target; 8])>,
    /// Where nodes before the span gave values, these.
    incoming: Option<Boundary>,
    /// Where nodes behind the span take values, these.
    outgoing: Option<Boundary>,
    commitment: [Target; 4],
    chain: [Target; 2],
    job: [Target; 8],
    values: Values,
    /// What the lane states, in the order of docs/proofs.md.
    pub(crate) public: Vec<Target>,
}

impl Lane {
    /// Rows for the nodes of a span. The span of all nodes states what docs/proofs.md says; another one has the
    /// digests of the values at its borders in the place of what it does not have.
    pub(crate) fn new(
        rows: &mut Rows,
        graph: &Graph,
        model: ModelId,
        nodes: Range<usize>,
    ) -> Result<Self, CompileError> {
        let (first, last) = (nodes.start == 0, nodes.end == graph.nodes().len());
        let mut values = Values {
            inputs: vec![Vec::new(); graph.inputs().len()],
            nodes: vec![Vec::new(); nodes.start],
        };
        let (input, incoming, commitment);
        if first {
            let read = input::read(rows, graph)?;
            let salt = rows.builder().add_virtual_target_arr();
            commitment = input::commit(rows, salt, &read);
            values.inputs = read.elements;
            (input, incoming) = (Some((read.bytes, salt)), None);
        } else {
            // Bound by the join, which holds it against that of the span that reads the input.
            commitment = rows.builder().add_virtual_target_arr();
            let boundary = Boundary::incoming(rows, graph, nodes.start, &mut values)?;
            (input, incoming) = (None, Some(boundary));
        }
        let chain = rows.builder().add_virtual_target_arr();
        let job = rows.builder().add_virtual_target_arr();
        compile::nodes(rows, graph, nodes.clone(), &mut values)?;

        let version = rows.constant(limb(VERSION));
        let mut public = vec![version];
        public.extend(model_elements(&model).map(|element| rows.constant(element)));
        public.extend(commitment);
        public.extend(chain);
        public.extend(job);
        debug_assert_eq!(public.len(), FIXED_INPUTS);
        public.extend(incoming.iter().flat_map(|boundary| boundary.digest));
        let outgoing = if last {
            outputs(rows, graph, &values, &mut public);
            None
        } else {
            let boundary = Boundary::outgoing(rows, graph, nodes.end, &values)?;
            public.extend(boundary.digest);
            Some(boundary)
        };
        rows.begin(Part::Statement);
        let public = public.into_iter().map(|wire| rows.passed(wire)).collect();
        Ok(Self {
            model,
            nodes,
            input,
            incoming,
            outgoing,
            commitment,
            chain,
            job,
            values,
            public,
        })
    }

    /// The values of the wires that others follow from. `results` has those of the nodes that the span takes.
    pub(crate) fn assign(
        &self,
        graph: &Graph,
        inference: &Inference<'_>,
        results: &[Vec<i32>],
        witness: &mut PartialWitness<F>,
    ) -> Result<(), anyhow::Error> {
        if let Some((bytes, salt)) = &self.input {
            let signed = input::signed_bytes(graph);
            for ((&wire, &byte), signed) in bytes.iter().zip(inference.input).zip(signed) {
                let value = if signed {
                    i64::from(byte as i8)
                } else {
                    i64::from(byte)
                };
                witness.set_target(wire, residue(value))?;
            }
            witness.set_target_arr(salt, &salt_elements(inference.salt))?;
        } else {
            let commitment = commit(inference.salt, inference.input);
            witness.set_target_arr(&self.commitment, &commitment.elements())?;
        }
        if let Some(incoming) = &self.incoming {
            incoming.assign(graph, inference, results, witness)?;
        }
        for boundary in self.incoming.iter().chain(&self.outgoing) {
            boundary.assign_salt(inference.salt, witness)?;
        }
        witness.set_target_arr(&self.chain, &chain_elements(inference.chain_id))?;
        witness.set_target_arr(&self.job, &job_elements(&inference.job_id))
    }

    /// Runs the reference over the input and compares every element of every node with its wire.
    pub(crate) fn check(
        &self,
        reference: &Reference,
        inference: &Inference<'_>,
        witness: &impl Witness<F>,
    ) -> Result<Statement, ProveError> {
        let graph = reference.segment().graph();
        let mut disagreement = None;
        let output = reference.trace(inference.input, |step| {
            if disagreement.is_some() || !self.nodes.contains(&step.node) {
                return;
            }
            let wires = &self.values.nodes[step.node];
            for (element, (&expected, &wire)) in step.result.data().iter().zip(wires).enumerate() {
                let actual = integer(witness.get_target(wire));
                if actual != i64::from(expected) {
                    disagreement = Some(ProveError::Disagrees {
                        node: step.node,
                        operator: graph.nodes()[step.node].op.name(),
                        element,
                        expected: expected.into(),
                        actual,
                    });
                    break;
                }
            }
        })?;
        match disagreement {
            Some(disagreement) => Err(disagreement),
            None => Ok(self.statement(inference, output)),
        }
    }

    /// What an inference with this output states.
    pub(crate) fn statement(&self, inference: &Inference<'_>, output: Vec<u8>) -> Statement {
        Statement {
            model: self.model,
            input: commit(inference.salt, inference.input),
            output,
            chain_id: inference.chain_id,
            job_id: inference.job_id,
        }
    }
}

/// The elements of the outputs.
fn outputs(rows: &mut Rows, graph: &Graph, values: &Values, public: &mut Vec<Target>) {
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
}

/// The elements of every node's result.
pub(crate) fn results(reference: &Reference, input: &[u8]) -> Result<(Vec<Vec<i32>>, Vec<u8>), ProveError> {
    let mut results = vec![Vec::new(); reference.segment().graph().nodes().len()];
    let output = reference.trace(input, |step| {
        results[step.node] = step.result.data().to_vec();
    })?;
    Ok((results, output))
}
