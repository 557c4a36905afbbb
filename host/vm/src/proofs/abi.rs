//! The call format: the Solidity ABI, of which only the canonical encoding is taken.

use crate::call::{padded, small, word};
use alloy_primitives::B256;
use alloy_sol_types::{SolCall, sol};

sol! {
    /// What contracts call.
    #[derive(Debug, PartialEq, Eq)]
    #[allow(missing_docs)] // the names below are the documentation; docs/vm.md says what they mean
    interface IInferenceProofs {
        error UnknownKey(bytes32 modelId, uint256 circuitVersion);
        error MalformedCall();
        error ValueNotAccepted();

        function verifyInference(
            bytes32 modelId,
            bytes32 inputCommitment,
            bytes calldata output,
            bytes32 jobId,
            bytes calldata proof
        ) external view returns (bool valid);
        function commit(bytes32 salt, bytes calldata input) external view returns (bytes32 inputCommitment);
        function keyInfo(bytes32 modelId) external view returns (
            bytes32 keyDigest, uint256 circuitVersion, uint256 outputBytes, uint256 proofBytes, uint256 gas
        );
    }
}

/// Words of `verifyInference` before its tails.
const VERIFY_HEAD: usize = 5 * 32;

/// A decoded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call<'a> {
    Verify {
        model: B256,
        input_commitment: B256,
        output: &'a [u8],
        job_id: B256,
        proof: &'a [u8],
    },
    Commit {
        salt: B256,
        input: &'a [u8],
    },
    KeyInfo {
        model: B256,
    },
}

impl<'a> Call<'a> {
    /// Decodes the canonical encoding and nothing else.
    pub(super) fn decode(call_data: &'a [u8]) -> Option<Self> {
        let (selector, arguments) = call_data.split_first_chunk::<4>()?;
        match *selector {
            IInferenceProofs::verifyInferenceCall::SELECTOR => Self::decode_verify(arguments),
            IInferenceProofs::commitCall::SELECTOR => {
                let (salt, rest) = word(arguments)?;
                let (offset, tail) = word(rest)?;
                let (input, rest) = padded(tail)?;
                (small(offset)? == 0x40 && rest.is_empty()).then_some(Self::Commit {
                    salt: B256::from(*salt),
                    input,
                })
            }
            IInferenceProofs::keyInfoCall::SELECTOR => {
                let model = B256::try_from(arguments).ok()?;
                Some(Self::KeyInfo { model })
            }
            _ => None,
        }
    }

    fn decode_verify(arguments: &'a [u8]) -> Option<Self> {
        let (model, rest) = word(arguments)?;
        let (input_commitment, rest) = word(rest)?;
        let (output_offset, rest) = word(rest)?;
        let (job_id, rest) = word(rest)?;
        let (proof_offset, tails) = word(rest)?;
        let (output, second) = padded(tails)?;
        let (proof, rest) = padded(second)?;
        let proof_at = VERIFY_HEAD + tails.len() - second.len();
        let canonical =
            small(output_offset)? == VERIFY_HEAD && small(proof_offset)? == proof_at && rest.is_empty();
        canonical.then_some(Self::Verify {
            model: B256::from(*model),
            input_commitment: B256::from(*input_commitment),
            output,
            job_id: B256::from(*job_id),
            proof,
        })
    }
}

/// How long the call data of `verifyInference` is for an output and a proof of these lengths.
pub(super) const fn verify_call_data_bytes(output_bytes: u64, proof_bytes: u64) -> u64 {
    let head = 4 + VERIFY_HEAD as u64 + 2 * 32;
    head.saturating_add(in_words(output_bytes))
        .saturating_add(in_words(proof_bytes))
}

const fn in_words(bytes: u64) -> u64 {
    bytes.div_ceil(32).saturating_mul(32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;

    fn verify(output: usize, proof: usize) -> Vec<u8> {
        IInferenceProofs::verifyInferenceCall {
            modelId: B256::repeat_byte(1),
            inputCommitment: B256::repeat_byte(2),
            output: Bytes::from(vec![3; output]),
            jobId: B256::repeat_byte(4),
            proof: Bytes::from(vec![5; proof]),
        }
        .abi_encode()
    }

    #[test]
    fn what_solidity_encodes_is_decoded() {
        for (output, proof) in [(0, 0), (1, 31), (31, 1), (32, 33), (100, 1000)] {
            let call_data = verify(output, proof);
            let decoded = Call::decode(&call_data);
            let expected = Call::Verify {
                model: B256::repeat_byte(1),
                input_commitment: B256::repeat_byte(2),
                output: &vec![3; output],
                job_id: B256::repeat_byte(4),
                proof: &vec![5; proof],
            };
            assert_eq!(decoded, Some(expected));
            assert_eq!(
                verify_call_data_bytes(output as u64, proof as u64),
                call_data.len() as u64
            );
        }
        let (salt, input) = (B256::repeat_byte(7), Bytes::from(vec![8; 33]));
        let commit = IInferenceProofs::commitCall { salt, input }.abi_encode();
        assert_eq!(
            Call::decode(&commit),
            Some(Call::Commit {
                salt,
                input: &[8; 33]
            })
        );
        let model = B256::repeat_byte(9);
        let info = IInferenceProofs::keyInfoCall { modelId: model }.abi_encode();
        assert_eq!(Call::decode(&info), Some(Call::KeyInfo { model }));
    }

    #[test]
    fn any_change_of_shape_is_malformed() {
        let good = verify(3, 40);
        assert!(Call::decode(&good).is_some());
        for cut in 0..good.len() {
            assert_eq!(Call::decode(&good[..cut]), None, "cut at {cut}");
        }
        for more in [1, 32] {
            assert_eq!(
                Call::decode(&[&good[..], &vec![0; more]].concat()),
                None,
                "{more} after"
            );
        }
        // Selector, both offsets, and the padding of both tails: every bit counts.
        let (output_at, proof_at) = (4 + 5 * 32, 4 + 7 * 32);
        let places = (0..4).chain(68..100).chain(132..164);
        let paddings = (output_at + 32 + 3..proof_at).chain(proof_at + 32 + 40..good.len());
        for at in places.chain(paddings) {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(Call::decode(&bad), None, "byte {at}");
            }
        }
        for at in [output_at, proof_at] {
            for byte in 0..32 {
                let mut huge = good.clone();
                huge[at + byte] = 0xff;
                assert_eq!(Call::decode(&huge), None, "length at {at}, byte {byte}");
            }
        }
    }
}
