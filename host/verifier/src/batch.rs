//! One proof of many inferences: its only public inputs are a digest of what each of them states.

use crate::encoding;
use crate::error::VerifyError;
use crate::field::{D, F, Hasher, ProofConfig};
use crate::key::Verifier;
use crate::statement::Statement;
use crate::strength::Strength;
use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::circuit_data::VerifierCircuitData;
use plonky2::plonk::config::Hasher as _;
use plonky2::plonk::proof::ProofWithPublicInputs;

/// "METISBL0" as a little-endian number, less than p: digests of one statement.
pub const LEAF_DOMAIN: u64 = u64::from_le_bytes(*b"METISBL0");

/// "METISBN0": digests of digests.
pub const NODE_DOMAIN: u64 = u64::from_le_bytes(*b"METISBN0");

/// Proofs in one batch at most: what stands for them is made before a proof is looked at.
pub const MAX_BATCH: usize = 1 << 16;

/// Elements of a digest: the public inputs of a batch's proof.
pub const DIGEST_ELEMENTS: usize = 4;

/// What a digest is made of, in the circuit and here.
pub fn message<T>(domain: T, parts: impl IntoIterator<Item = T>) -> Vec<T> {
    std::iter::once(domain).chain(parts).collect()
}

/// The digest of the statements with these public inputs, in a tree whose nodes have so many children, those of the
/// statements first. Where there are fewer statements than it holds, the last is repeated. `None` if there is none
/// or more than it holds.
pub fn digest(mut public_inputs: Vec<Vec<F>>, arities: &[usize]) -> Option<HashOut<F>> {
    let capacity = capacity(arities)?;
    if public_inputs.len() > capacity {
        return None;
    }
    let last = public_inputs.last()?.clone();
    public_inputs.resize(capacity, last);
    let hashed = |domain, parts: Vec<F>| Hasher::hash_no_pad(&message(F::from_canonical_u64(domain), parts));
    let mut digests: Vec<HashOut<F>> = public_inputs
        .into_iter()
        .map(|inputs| hashed(LEAF_DOMAIN, inputs))
        .collect();
    for &arity in arities {
        digests = digests
            .chunks(arity)
            .map(|children| hashed(NODE_DOMAIN, children.iter().flat_map(|c| c.elements).collect()))
            .collect();
    }
    digests.first().copied()
}

/// How many proofs a tree holds; `None` where that is none, or more than [`MAX_BATCH`].
pub fn capacity(arities: &[usize]) -> Option<usize> {
    let product = arities
        .iter()
        .try_fold(1usize, |product, &arity| product.checked_mul(arity));
    product.filter(|product| (1..=MAX_BATCH).contains(product) && !arities.is_empty())
}

/// The key of a circuit that proves a batch of one model's inferences.
#[derive(Debug)]
pub struct BatchVerifier {
    /// Makes public inputs of statements.
    single: Verifier,
    arities: Vec<usize>,
    data: VerifierCircuitData<F, ProofConfig, D>,
}

impl BatchVerifier {
    /// The key of a tree over proofs that `single` verifies, or of a circuit that proves what such proofs state.
    pub const fn new(
        single: Verifier,
        arities: Vec<usize>,
        data: VerifierCircuitData<F, ProofConfig, D>,
    ) -> Self {
        Self {
            single,
            arities,
            data,
        }
    }

    /// The same model with the key and the tree of another circuit.
    pub fn with_key(&self, arities: Vec<usize>, data: VerifierCircuitData<F, ProofConfig, D>) -> Self {
        Self::new(self.single.with_key(data.clone()), arities, data)
    }

    /// The model with its outputs, under the key of the batch's circuit.
    pub(crate) const fn single(&self) -> &Verifier {
        &self.single
    }

    /// How many statements a batch has at most.
    pub fn capacity(&self) -> usize {
        capacity(&self.arities).unwrap_or(0)
    }

    /// The key as plonky2 has it.
    pub const fn key(&self) -> &VerifierCircuitData<F, ProofConfig, D> {
        &self.data
    }

    /// How many children each node has, those of the statements first.
    pub fn arities(&self) -> &[usize] {
        &self.arities
    }

    /// How strong the proofs of this key are.
    pub fn strength(&self) -> Strength {
        Strength::of(&self.data.common)
    }

    /// Checks that a proof proves all of these statements, which must be the verifier's own, in this order.
    ///
    /// # Errors
    /// If it does not, for whatever reason.
    pub fn verify(&self, statements: &[Statement], proof: &[u8]) -> Result<(), VerifyError> {
        let proof = self.parse(statements, proof)?;
        self.data
            .verify(proof)
            .map_err(|e| VerifyError::Refused(e.to_string()))
    }

    /// The proof with the public inputs that the statements make. Nothing is proven by that.
    ///
    /// # Errors
    /// If a statement is not one of the key's model, there are none or too many, or the bytes have not the form of a
    /// proof.
    pub fn parse(
        &self,
        statements: &[Statement],
        proof: &[u8],
    ) -> Result<ProofWithPublicInputs<F, ProofConfig, D>, VerifyError> {
        let count = VerifyError::Batch {
            statements: statements.len(),
            capacity: self.capacity(),
        };
        if statements.is_empty() || statements.len() > self.capacity() {
            return Err(count);
        }
        let inputs = statements
            .iter()
            .map(|statement| self.single.public_inputs(statement));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        Ok(ProofWithPublicInputs {
            proof: encoding::decode(proof, &self.data.common)?,
            public_inputs: digest(inputs, &self.arities).ok_or(count)?.elements.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[u64]) -> Vec<Vec<F>> {
        numbers.iter().map(|&n| vec![F::from_canonical_u64(n)]).collect()
    }

    #[test]
    fn order_and_number_count() {
        let of = |n: &[u64]| digest(numbers(n), &[2, 2]);
        let all = of(&[1, 2, 3, 4]);
        assert!(all.is_some());
        for other in [&[1, 2, 4, 3][..], &[2, 1, 3, 4], &[3, 4, 1, 2], &[1, 2, 3], &[1]] {
            assert_ne!(of(other), all, "{other:?}");
        }
        assert_eq!(of(&[1, 2, 3]), of(&[1, 2, 3, 3]));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[1, 2, 3, 4, 5]), None);
        assert_ne!(digest(numbers(&[1, 2, 3, 4]), &[4]), all, "the shape of the tree");
    }

    #[test]
    fn trees_hold_what_they_hold() {
        assert_eq!(capacity(&[3, 4]), Some(12));
        assert_eq!(capacity(&[]), None);
        assert_eq!(capacity(&[3, 0]), None);
        assert_eq!(capacity(&[usize::MAX, 2]), None);
        assert_eq!(capacity(&[MAX_BATCH, 2]), None);
    }
}
