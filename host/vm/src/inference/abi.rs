//! The call format: the Solidity ABI, of which only the canonical encoding is taken.

use crate::call::{padded, small, word};
use alloy_primitives::B256;
use alloy_sol_types::{SolCall, sol};

sol! {
    /// What contracts call.
    #[derive(Debug, PartialEq, Eq)]
    #[allow(missing_docs)] // the names below are the documentation; docs/vm.md says what they mean
    interface IInference {
        error UnknownModel(bytes32 modelId);
        error UnsupportedModel(bytes32 modelId, uint256 operator);
        error WrongInputLength(uint256 expected, uint256 actual);
        error MalformedCall();
        error ValueNotAccepted();

        function infer(bytes32 modelId, bytes calldata input) external view returns (bytes memory output);
        function modelInfo(bytes32 modelId)
            external view returns (uint256 inputBytes, uint256 outputBytes, uint256 gas);
    }
}

/// A decoded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call<'a> {
    Infer { model: B256, input: &'a [u8] },
    ModelInfo { model: B256 },
}

impl<'a> Call<'a> {
    /// Decodes the canonical encoding and nothing else. alloy's decoder follows any offset, so that one
    /// call would have many encodings; here there is one, and `None` for the others.
    pub(super) fn decode(call_data: &'a [u8]) -> Option<Self> {
        let (selector, arguments) = call_data.split_first_chunk::<4>()?;
        match *selector {
            IInference::inferCall::SELECTOR => {
                let (model, rest) = word(arguments)?;
                let (offset, tail) = word(rest)?;
                if small(offset)? != 0x40 {
                    return None;
                }
                let (input, rest) = padded(tail)?;
                if !rest.is_empty() {
                    return None;
                }
                Some(Self::Infer {
                    model: B256::from(*model),
                    input,
                })
            }
            IInference::modelInfoCall::SELECTOR => {
                let model = B256::try_from(arguments).ok()?;
                Some(Self::ModelInfo { model })
            }
            _ => None,
        }
    }

    pub(super) const fn model(&self) -> B256 {
        match self {
            Self::Infer { model, .. } | Self::ModelInfo { model } => *model,
        }
    }
}

/// How long the call data of `infer` is for an input of this length: what a caller of `modelInfo` will
/// be charged for.
pub(super) const fn infer_call_data_bytes(input_bytes: u64) -> u64 {
    let padded = match input_bytes.checked_next_multiple_of(32) {
        Some(padded) => padded,
        None => u64::MAX,
    };
    padded.saturating_add(4 + 3 * 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;

    const MODEL: B256 = B256::repeat_byte(0xab);

    fn infer(input: &[u8]) -> Vec<u8> {
        IInference::inferCall {
            modelId: MODEL,
            input: Bytes::copy_from_slice(input),
        }
        .abi_encode()
    }

    #[test]
    fn what_solidity_encodes_is_decoded() {
        for length in [0, 1, 31, 32, 33, 784] {
            let input = vec![7u8; length];
            let call_data = infer(&input);
            assert_eq!(
                Call::decode(&call_data),
                Some(Call::Infer {
                    model: MODEL,
                    input: &input
                })
            );
            assert_eq!(infer_call_data_bytes(length as u64), call_data.len() as u64);
        }
        let info = IInference::modelInfoCall { modelId: MODEL }.abi_encode();
        assert_eq!(Call::decode(&info), Some(Call::ModelInfo { model: MODEL }));
    }

    #[test]
    fn any_change_of_shape_is_malformed() {
        let good = infer(&[1, 2, 3]);
        for cut in 0..good.len() {
            assert_eq!(Call::decode(&good[..cut]), None, "cut at {cut}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert_eq!(Call::decode(&longer), None);
        longer.extend([0; 31]);
        assert_eq!(Call::decode(&longer), None, "a whole word too much");
        // Every bit of the selector, the offset and the padding counts. A changed length either
        // disagrees with what follows or uncovers padding that is not zero.
        for at in (0..4).chain(36..68).chain(103..132) {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(Call::decode(&bad), None, "byte {at}");
            }
        }
        let mut shorter = good.clone();
        shorter[99] = 2;
        assert_eq!(Call::decode(&shorter), None, "the third byte became padding");
        for at in 68..92 {
            let mut huge = good.clone();
            huge[at] = 0xff;
            assert_eq!(Call::decode(&huge), None, "a length beyond memory");
        }
        let mut most = good;
        most[92..100].fill(0xff);
        assert_eq!(Call::decode(&most), None, "rounding this length up overflows");
    }

    #[test]
    fn trailing_bytes_of_model_info_are_malformed() {
        let mut info = IInference::modelInfoCall { modelId: MODEL }.abi_encode();
        info.push(0);
        assert_eq!(Call::decode(&info), None);
    }
}
