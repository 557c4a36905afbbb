//! The values that cross the border between two spans of nodes, and the salted digest that binds them.
//!
//! The span before the border has them on the wires of its nodes, the one behind it on wires that its prover fills.
//! Both hash theirs, and the join of the two holds the digests to be equal: so the wires are, unless somebody found
//! two messages with one hash.

use crate::compile::Values;
use crate::error::CompileError;
use crate::inference::Inference;
use crate::rows::Rows;
use metisvm_model::{Graph, Tensor, Value};
use metisvm_verifier::commitment::{Salt, salt_elements};
use metisvm_verifier::field::{F, Hasher, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::config::Hasher as _;

/// "METISBO0" as a little-endian number: what keeps these hashes apart from others by Poseidon.
const DOMAIN: u64 = u64::from_le_bytes(*b"METISBO0");

/// "METISBS0", for the salts.
const SALT_DOMAIN: u64 = u64::from_le_bytes(*b"METISBS0");

/// The wires of a border.
pub(crate) struct Boundary {
    /// The node behind it.
    at: usize,
    /// The wires of each value.
    values: Vec<(Value, Vec<Target>)>,
    salt: [Target; 4],
    pub(crate) digest: [Target; 4],
}

impl Boundary {
    /// Wires for the values before a node, which are put into `values`.
    pub(crate) fn incoming(
        rows: &mut Rows,
        graph: &Graph,
        at: usize,
        values: &mut Values,
    ) -> Result<Self, CompileError> {
        let crossing = crossing(graph, at).into_iter().map(|value| {
            let wires = rows.builder().add_virtual_targets(graph.ty(value).elements());
            let place = match value {
                Value::Input(i) => &mut values.inputs[i as usize],
                Value::Node(i) => &mut values.nodes[i as usize],
                Value::Constant(_) => unreachable!("constants are in every span and cross no border"),
            };
            place.clone_from(&wires);
            (value, wires)
        });
        let crossing = crossing.collect();
        Self::hashed(rows, at, crossing)
    }

    /// The values before a node, where nodes before it have computed them.
    pub(crate) fn outgoing(
        rows: &mut Rows,
        graph: &Graph,
        at: usize,
        values: &Values,
    ) -> Result<Self, CompileError> {
        let crossing = crossing(graph, at).into_iter().map(|value| {
            let wires = match value {
                Value::Input(i) => &values.inputs[i as usize],
                Value::Node(i) => &values.nodes[i as usize],
                Value::Constant(_) => unreachable!("constants are in every span and cross no border"),
            };
            (value, wires.clone())
        });
        Self::hashed(rows, at, crossing.collect())
    }

    /// `Poseidon(domain, salt, node, elements)`.
    fn hashed(rows: &mut Rows, at: usize, values: Vec<(Value, Vec<Target>)>) -> Result<Self, CompileError> {
        let elements: usize = values.iter().map(|(_, wires)| wires.len()).sum();
        rows.reserve(elements / 8)?;
        let salt = rows.builder().add_virtual_target_arr();
        let mut message = vec![rows.constant(F::from_canonical_u64(DOMAIN))];
        message.extend(salt);
        message.push(rows.constant(F::from_canonical_usize(at)));
        message.extend(values.iter().flat_map(|(_, wires)| wires));
        let digest = rows.builder().hash_n_to_hash_no_pad::<Hasher>(message).elements;
        Ok(Self {
            at,
            values,
            salt,
            digest,
        })
    }

    /// The values of incoming wires: bytes of the input, and what nodes before the border gave.
    pub(crate) fn assign(
        &self,
        graph: &Graph,
        inference: &Inference<'_>,
        results: &[Vec<i32>],
        witness: &mut PartialWitness<F>,
    ) -> Result<(), anyhow::Error> {
        for (value, wires) in &self.values {
            let numbers = match *value {
                Value::Input(i) => input_elements(graph, inference.input, i as usize),
                Value::Node(i) => results[i as usize].clone(),
                Value::Constant(_) => unreachable!("constants are in every span and cross no border"),
            };
            for (&wire, number) in wires.iter().zip(numbers) {
                witness.set_target(wire, residue(number.into()))?;
            }
        }
        Ok(())
    }

    /// The salt, which follows from that of the input and is as secret.
    pub(crate) fn assign_salt(
        &self,
        salt: &Salt,
        witness: &mut PartialWitness<F>,
    ) -> Result<(), anyhow::Error> {
        let mut message = vec![
            F::from_canonical_u64(SALT_DOMAIN),
            F::from_canonical_usize(self.at),
        ];
        message.extend(salt_elements(salt));
        witness.set_target_arr(&self.salt, &Hasher::hash_no_pad(&message).elements)
    }
}

/// Which values cross the border before a node: inputs, and results of nodes before it, that it, a node behind it
/// or the output takes.
pub(crate) fn crossing(graph: &Graph, at: usize) -> Vec<Value> {
    let mut found = std::collections::BTreeSet::new();
    let taken = graph.nodes()[at..].iter().flat_map(|node| &node.operands);
    let outputs = graph.outputs().iter().map(|output| &output.value);
    for value in taken.chain(outputs) {
        match *value {
            Value::Input(i) => found.insert((0, i)),
            Value::Node(i) if (i as usize) < at => found.insert((1, i)),
            Value::Node(_) | Value::Constant(_) => false,
        };
    }
    let value = |(kind, i)| {
        if kind == 0 {
            Value::Input(i)
        } else {
            Value::Node(i)
        }
    };
    found.into_iter().map(value).collect()
}

/// The elements of an input of the graph. `raw` has the length of all inputs, which is checked before.
fn input_elements(graph: &Graph, raw: &[u8], index: usize) -> Vec<i32> {
    let before: usize = graph.inputs()[..index].iter().map(|port| port.ty.bytes()).sum();
    let ty = &graph.inputs()[index].ty;
    let tensor = Tensor::from_bytes(ty.clone(), &raw[before..][..ty.bytes()]);
    tensor.map(|tensor| tensor.data().to_vec()).unwrap_or_default()
}
