//! The functions of generation: what a request must be, what it costs, and what comes of it.

use super::abi::IInference;
use crate::call::{Meter, Stop, revert};
use crate::{GasSchedule, InferenceEngine, ModelFacts, NodeFault};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use metisvm_model::generation::{GenerationFacts, Request, RequestError};

/// What the model generates by, or the revert of one that generates nothing.
pub(super) fn generative(model: B256, facts: &ModelFacts) -> Result<&GenerationFacts, Stop> {
    // G7
    let none = || revert(IInference::NotGenerative { modelId: model });
    facts.generation.as_ref().ok_or_else(none)
}

pub(super) fn generate(
    schedule: &GasSchedule,
    engine: &dyn InferenceEngine,
    model: B256,
    facts: &GenerationFacts,
    request: &Request,
    gas: &mut Meter,
) -> Result<Bytes, Stop> {
    // G8
    request
        .check_against(facts.context, facts.vocabulary)
        .map_err(refusal)?;
    // G9
    let prompt = request.tokens.len() as u64;
    gas.need(schedule.generation_gas(facts, prompt, request.count.into()))?;
    // G10
    let text = engine
        .generate(model, request)
        .map_err(|error| Stop::Fault(NodeFault::Engine { model, error }))?;
    let generated = tokens(&text, request.count, facts.vocabulary)
        .map_err(|problem| Stop::Fault(NodeFault::Text { model, problem }))?;
    gas.charge(schedule.generation_gas(facts, prompt, generated.len() as u64))?;
    Ok(IInference::generateCall::abi_encode_returns(&generated).into())
}

pub(super) fn info(schedule: &GasSchedule, facts: &GenerationFacts) -> Bytes {
    IInference::generatorInfoCall::abi_encode_returns(&IInference::generatorInfoReturn {
        context: facts.context,
        chunk: facts.chunk,
        vocabulary: facts.vocabulary,
        prefillGas: U256::from(schedule.prefill_gas(facts)),
        decodeGas: U256::from(schedule.decode_gas(facts)),
    })
    .into()
}

/// The revert that tells a caller what is wrong with a request.
fn refusal(error: RequestError) -> Stop {
    match error {
        RequestError::Empty => revert(IInference::EmptyRequest {}),
        RequestError::TooLong { tokens, context } => revert(IInference::TooManyTokens {
            tokens: U256::from(tokens),
            context: U256::from(context),
        }),
        RequestError::Token { token, vocabulary } => revert(IInference::UnknownToken {
            token: U256::from(token),
            vocabulary: U256::from(vocabulary),
        }),
        RequestError::Temperature(temperature) => revert(IInference::TemperatureTooHigh {
            temperature: U256::from(temperature),
        }),
    }
}

/// An engine's text, held to what a text of the model can be.
fn tokens(text: &[u8], most: u32, vocabulary: u32) -> Result<Vec<u32>, &'static str> {
    let (words, []) = text.as_chunks::<4>() else {
        return Err("a part of a token");
    };
    if words.is_empty() || words.len() as u64 > u64::from(most) {
        return Err("no token, or more than were asked for");
    }
    let tokens: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    if tokens.iter().any(|token| *token >= vocabulary) {
        return Err("a token that is not of its vocabulary");
    }
    Ok(tokens)
}
