//! The statement, and how it stands in the public inputs.

use crate::commitment::{Commitment, words};
use crate::field::{F, limb, residue};
use metisvm_model::{DType, ModelId};
use plonky2::field::types::Field;

/// The version of the statement and of the circuits that prove it; each proof is bound to it.
pub const VERSION: u32 = 0;

/// "Model `model` on the input that is committed to by `input` gives `output`, for chain `chain_id` and job
/// `job_id`."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The model's name.
    pub model: ModelId,
    /// The commitment to its input.
    pub input: Commitment,
    /// The raw output, as the reference gives it.
    pub output: Vec<u8>,
    /// The chain that the proof is for.
    pub chain_id: u64,
    /// What it is for there: whoever accepts a proof chooses it, and accepts none twice.
    pub job_id: [u8; 32],
}

/// A statement with its proof.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What is proven.
    pub statement: Statement,
    /// The proof, without the public inputs, which follow from the statement.
    pub bytes: Vec<u8>,
}

/// Public inputs before the output: version, model, commitment, chain, job.
pub const FIXED_INPUTS: usize = 1 + 8 + 4 + 2 + 8;

/// Public inputs that say nothing of the output, in their order.
pub fn fixed_inputs(
    model: &ModelId,
    input: &Commitment,
    chain_id: u64,
    job_id: &[u8; 32],
) -> [F; FIXED_INPUTS] {
    let mut elements = [F::ZERO; FIXED_INPUTS];
    let parts = [limb(VERSION)]
        .into_iter()
        .chain(model_elements(model))
        .chain(input.0)
        .chain(chain_elements(chain_id))
        .chain(job_elements(job_id));
    for (element, part) in elements.iter_mut().zip(parts) {
        *element = part;
    }
    elements
}

/// The model's name as 32-bit limbs.
pub fn model_elements(model: &ModelId) -> [F; 8] {
    words(&model.0).map(limb)
}

/// The chain's number as 32-bit limbs, the lower first.
pub fn chain_elements(chain_id: u64) -> [F; 2] {
    [chain_id as u32, (chain_id >> 32) as u32].map(limb)
}

/// The job as 32-bit limbs.
pub fn job_elements(job_id: &[u8; 32]) -> [F; 8] {
    words(job_id).map(limb)
}

/// Elements of raw tensors of these types, one after the other: each as its residue. `None` if the length is
/// another.
pub fn output_elements(types: impl Iterator<Item = (DType, usize)>, mut output: &[u8]) -> Option<Vec<F>> {
    let mut elements = Vec::new();
    for (dtype, count) in types {
        let (own, rest) = output.split_at_checked(dtype.size() * count)?;
        output = rest;
        elements.extend(own.chunks_exact(dtype.size()).map(|raw| {
            let mut bytes = [if raw[raw.len() - 1] >= 128 && dtype.min() < 0 {
                0xff
            } else {
                0
            }; 8];
            bytes[..raw.len()].copy_from_slice(raw);
            residue(i64::from_le_bytes(bytes))
        }));
    }
    output.is_empty().then_some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_the_numbers_of_the_output() {
        let types = || [(DType::U8, 2), (DType::I8, 1), (DType::I32, 1)].into_iter();
        let raw = [0, 255, 255, 0xfe, 0xff, 0xff, 0xff];
        let expected = [0, 255, -1, -2].map(residue);
        assert_eq!(output_elements(types(), &raw).as_deref(), Some(&expected[..]));
        assert_eq!(output_elements(types(), &raw[..6]), None);
        assert_eq!(output_elements(types(), &[0; 8]), None);
    }

    #[test]
    fn each_part_has_its_place() {
        let commitment = crate::commitment::commit(&[0; 32], &[]);
        let of = |model, chain, job| fixed_inputs(&ModelId([model; 32]), &commitment, chain, &[job; 32]);
        let differ = |a: [F; FIXED_INPUTS], b: [F; FIXED_INPUTS]| -> Vec<usize> {
            (0..FIXED_INPUTS).filter(|&i| a[i] != b[i]).collect()
        };
        let original = of(1, 2, 3);
        assert_eq!(differ(original, of(9, 2, 3)), (1..9).collect::<Vec<_>>());
        assert_eq!(differ(original, of(1, 2 + (1 << 32), 3)), [14]);
        assert_eq!(differ(original, of(1, 5, 3)), [13]);
        assert_eq!(differ(original, of(1, 2, 9)), (15..23).collect::<Vec<_>>());
    }
}
