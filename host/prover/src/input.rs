//! The rows of a circuit that read the raw input: its bytes, the commitment to them, the elements that they
//! make.

use crate::gates::{Bytes, Rules};
use crate::rows::{Operation, Rows, TooManyRows};
use metisvm_model::{DType, Graph};
use metisvm_verifier::commitment::DOMAIN;
use metisvm_verifier::field::{F, Hasher};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// The wires of an input.
pub(crate) struct Input {
    /// One for each byte of the raw form, with its value as `signed_bytes` says.
    pub(crate) bytes: Vec<Target>,
    /// Bytes, as many as go, in one element.
    packed: Vec<Target>,
    /// The elements of each input of the graph.
    pub(crate) elements: Vec<Vec<Target>>,
}

/// Of every byte of the raw input, whether it is read as i8: the only or the highest byte of an element with
/// a sign.
pub(crate) fn signed_bytes(graph: &Graph) -> Vec<bool> {
    let mut signed = Vec::with_capacity(graph.input_bytes());
    for port in graph.inputs() {
        let (size, negative) = (port.ty.dtype.size(), port.ty.dtype != DType::U8);
        signed.extend((0..port.ty.bytes()).map(|i| negative && i % size == size - 1));
    }
    signed
}

/// Rows for the raw input.
pub(crate) fn read(rows: &mut Rows, graph: &Graph) -> Result<Input, TooManyRows> {
    let elements = graph.input_bytes().div_ceil(Bytes::PACKED);
    rows.reserve(elements.div_ceil(Bytes.operations()))?;
    let signed = signed_bytes(graph);
    let zero = rows.zero();
    let bytes = rows.builder().add_virtual_targets(signed.len());
    let operations: Vec<Operation> = (0..signed.len())
        .step_by(Bytes::PACKED)
        .map(|first| {
            let at = (first..).take(Bytes::PACKED);
            Operation {
                // What is left of the last element is zero, as it is for `commit`.
                inputs: at
                    .clone()
                    .map(|i| bytes.get(i).copied().unwrap_or(zero))
                    .collect(),
                constants: at
                    .map(|i| F::from_bool(signed.get(i).copied().unwrap_or(false)))
                    .collect(),
            }
        })
        .collect();
    let places = rows.operations(&Bytes, &operations);
    #[cfg(test)]
    rows.hold_reserved();
    let packed = places
        .iter()
        .map(|place| place.wire(Bytes.packed(place.operation)));

    let mut inputs = Vec::with_capacity(graph.inputs().len());
    let mut rest = &bytes[..];
    for port in graph.inputs() {
        let (own, after) = rest.split_at(port.ty.bytes());
        rest = after;
        let elements = own.chunks_exact(port.ty.dtype.size()).map(|element| {
            let mut value = element[element.len() - 1];
            for &byte in element[..element.len() - 1].iter().rev() {
                value = rows.scale_add(F::from_canonical_u64(256), value, byte);
            }
            value
        });
        inputs.push(elements.collect());
    }
    Ok(Input {
        packed: packed.collect(),
        bytes: bytes.clone(),
        elements: inputs,
    })
}

/// The commitment to an input, as [`crate::commit`] makes it.
pub(crate) fn commit(rows: &mut Rows, salt: [Target; 8], input: &Input) -> [Target; 4] {
    let mut message = vec![rows.constant(F::from_canonical_u64(DOMAIN))];
    message.extend(salt);
    message.push(rows.constant(F::from_canonical_usize(input.bytes.len())));
    message.extend(input.packed.iter().map(|&element| rows.passed(element)));
    rows.builder().hash_n_to_hash_no_pad::<Hasher>(message).elements
}
