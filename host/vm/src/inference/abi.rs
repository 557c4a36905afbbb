//! The call format: the Solidity ABI, of which only the canonical encoding is taken.

use crate::call::{padded, small, word};
use alloy_primitives::B256;
use alloy_sol_types::{SolCall, sol};
use metisvm_model::generation::Request;

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
        error NotGenerative(bytes32 modelId);
        error EmptyRequest();
        error TooManyTokens(uint256 tokens, uint256 context);
        error UnknownToken(uint256 token, uint256 vocabulary);
        error TemperatureTooHigh(uint256 temperature);

        function infer(bytes32 modelId, bytes calldata input) external view returns (bytes memory output);
        function modelInfo(bytes32 modelId)
            external view returns (uint256 inputBytes, uint256 outputBytes, uint256 gas);
        function generate(
            bytes32 modelId, uint32[] calldata tokens, uint32 count, uint32 temperature, uint32 topK, bytes32 seed
        ) external view returns (uint32[] memory generated);
        function generatorInfo(bytes32 modelId)
            external view
            returns (uint32 context, uint32 chunk, uint32 vocabulary, uint256 prefillGas, uint256 decodeGas);
    }
}

/// Where the tokens of `generate` begin: after a word for each of its arguments.
const TOKENS_OFFSET: usize = 6 * 32;

/// A decoded call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call<'a> {
    Infer { model: B256, input: &'a [u8] },
    ModelInfo { model: B256 },
    Generate { model: B256, request: Request },
    GeneratorInfo { model: B256 },
}

impl<'a> Call<'a> {
    /// Decodes the canonical encoding and nothing else. alloy's decoder follows any offset, so that one
    /// call would have many encodings; here there is one, and `None` for the others. The functions of
    /// generation are none where the chain does not have it yet.
    pub(super) fn decode(call_data: &'a [u8], generates: bool) -> Option<Self> {
        let (selector, arguments) = call_data.split_first_chunk::<4>()?;
        match *selector {
            IInference::generateCall::SELECTOR if generates => {
                let (model, request) = request(arguments)?;
                Some(Self::Generate { model, request })
            }
            IInference::generatorInfoCall::SELECTOR if generates => {
                let model = B256::try_from(arguments).ok()?;
                Some(Self::GeneratorInfo { model })
            }
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
            Self::Infer { model, .. }
            | Self::ModelInfo { model }
            | Self::Generate { model, .. }
            | Self::GeneratorInfo { model } => *model,
        }
    }
}

/// The arguments of `generate`, in their canonical encoding.
fn request(arguments: &[u8]) -> Option<(B256, Request)> {
    let (model, rest) = word(arguments)?;
    let (offset, rest) = word(rest)?;
    let (count, rest) = number(rest)?;
    let (temperature, rest) = number(rest)?;
    let (top_k, rest) = number(rest)?;
    let (seed, rest) = word(rest)?;
    let (length, rest) = word(rest)?;
    let (words, []) = rest.as_chunks::<32>() else {
        return None;
    };
    if small(offset)? != TOKENS_OFFSET || small(length)? != words.len() {
        return None;
    }
    let tokens = words.iter().map(|word| Some(number(word)?.0));
    let request = Request {
        tokens: tokens.collect::<Option<_>>()?,
        count,
        temperature,
        top_k,
        seed: *seed,
    };
    Some((B256::from(*model), request))
}

/// A word that is a uint32, and what comes after.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = word(bytes)?;
    Some((u32::try_from(small(word)?).ok()?, rest))
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

    fn decoded(call_data: &[u8]) -> Option<Call<'_>> {
        let call = Call::decode(call_data, true);
        let before = Call::decode(call_data, false);
        let is_new = matches!(call, Some(Call::Generate { .. } | Call::GeneratorInfo { .. }));
        assert_eq!(before, call.clone().filter(|_| !is_new));
        call
    }

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
                decoded(&call_data),
                Some(Call::Infer {
                    model: MODEL,
                    input: &input
                })
            );
            assert_eq!(infer_call_data_bytes(length as u64), call_data.len() as u64);
        }
        let info = IInference::modelInfoCall { modelId: MODEL }.abi_encode();
        assert_eq!(decoded(&info), Some(Call::ModelInfo { model: MODEL }));
    }

    #[test]
    fn any_change_of_shape_is_malformed() {
        let good = infer(&[1, 2, 3]);
        for cut in 0..good.len() {
            assert_eq!(decoded(&good[..cut]), None, "cut at {cut}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert_eq!(decoded(&longer), None);
        longer.extend([0; 31]);
        assert_eq!(decoded(&longer), None, "a whole word too much");
        // Every bit of the selector, the offset and the padding counts. A changed length either
        // disagrees with what follows or uncovers padding that is not zero.
        for at in (0..4).chain(36..68).chain(103..132) {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(decoded(&bad), None, "byte {at}");
            }
        }
        let mut shorter = good.clone();
        shorter[99] = 2;
        assert_eq!(decoded(&shorter), None, "the third byte became padding");
        for at in 68..92 {
            let mut huge = good.clone();
            huge[at] = 0xff;
            assert_eq!(decoded(&huge), None, "a length beyond memory");
        }
        let mut most = good;
        most[92..100].fill(0xff);
        assert_eq!(decoded(&most), None, "rounding this length up overflows");
    }

    #[test]
    fn trailing_bytes_of_model_info_are_malformed() {
        let mut info = IInference::modelInfoCall { modelId: MODEL }.abi_encode();
        info.push(0);
        assert_eq!(decoded(&info), None);
    }

    fn generate(tokens: &[u32]) -> Vec<u8> {
        IInference::generateCall {
            modelId: MODEL,
            tokens: tokens.to_vec(),
            count: 5,
            temperature: 6,
            topK: 7,
            seed: B256::repeat_byte(8),
        }
        .abi_encode()
    }

    #[test]
    fn requests_that_solidity_encodes_are_decoded() {
        for tokens in [&[][..], &[0], &[1, u32::MAX, 3]] {
            let request = Request {
                tokens: tokens.to_vec(),
                count: 5,
                temperature: 6,
                top_k: 7,
                seed: [8; 32],
            };
            let model = MODEL;
            assert_eq!(
                decoded(&generate(tokens)),
                Some(Call::Generate { model, request })
            );
        }
        let mut info = IInference::generatorInfoCall { modelId: MODEL }.abi_encode();
        assert_eq!(decoded(&info), Some(Call::GeneratorInfo { model: MODEL }));
        info.push(0);
        assert_eq!(decoded(&info), None);
    }

    #[test]
    fn any_other_encoding_of_a_request_is_malformed() {
        let good = generate(&[1, 2]);
        for cut in 0..good.len() {
            assert_eq!(decoded(&good[..cut]), None, "cut at {cut}");
        }
        for more in [1, 31, 32] {
            let longer = [&good[..], &vec![0; more]].concat();
            assert_eq!(decoded(&longer), None, "{more} bytes too much");
        }
        // Every bit of the selector, of the offset and of the length counts, and none above a uint32 may be set.
        let head = |argument: usize| 4 + 32 * argument;
        let high = |word: usize| head(word)..head(word) + 28;
        let whole = |word: usize| head(word)..head(word + 1);
        let bad_bytes = (0..4)
            .chain(whole(1))
            .chain(high(2))
            .chain(high(3))
            .chain(high(4))
            .chain(whole(6))
            .chain(high(7))
            .chain(high(8));
        for at in bad_bytes {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(decoded(&bad), None, "byte {at}");
            }
        }
    }
}
