//! The precompile: what its functions have in common, and those that run a graph once.

use super::abi::{Call, IInference, infer_call_data_bytes};
use super::generate::{self, generative};
use crate::call::{COLD_SLOAD_GAS, Meter, Stop, read_registry, revert};
use crate::{GasSchedule, InferenceEngine, InferenceExtension, ModelFacts, NodeFault};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use core::fmt;
use revm::{context_interface::ContextTr, precompile::PrecompileOutput};
use std::sync::Arc;

/// The slot of the registry that says whether a model is registered: entry `model` of a Solidity
/// mapping at slot 0. Any value but zero says yes.
pub fn registry_slot(model: B256) -> U256 {
    let mut preimage = [0u8; 64];
    preimage[..32].copy_from_slice(model.as_slice());
    U256::from_be_bytes(keccak256(preimage).0)
}

/// The precompile of one chain spec, with the engine that answers it. Nothing is cached here: a result
/// out of a cache would still have to charge gas and warm the registry slot. The engine has a memo.
#[derive(Clone)]
pub struct InferencePrecompile {
    registry: Address,
    schedule: GasSchedule,
    engine: Option<Arc<dyn InferenceEngine>>,
    /// Whether the chain has generation.
    generates: bool,
}

impl fmt::Debug for InferencePrecompile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InferencePrecompile")
            .field("registry", &self.registry)
            .field("engine", &self.engine.is_some())
            .finish_non_exhaustive()
    }
}

impl InferencePrecompile {
    /// The precompile as the chain spec describes it, with the prices of the block. Without an engine, a
    /// call of a registered model is a [`NodeFault`].
    pub fn new(
        extension: &InferenceExtension,
        schedule: GasSchedule,
        engine: Option<Arc<dyn InferenceEngine>>,
    ) -> Self {
        Self {
            registry: extension.registry,
            schedule,
            engine,
            generates: false,
        }
    }

    /// The same where the chain has generation, or has it not yet.
    #[must_use]
    pub const fn generating(mut self, generates: bool) -> Self {
        self.generates = generates;
        self
    }

    /// Runs one call. `transferred` is the value that CALL or CALLCODE moved; the apparent value of
    /// DELEGATECALL is not in it. `reservoir` is passed through (EIP-8037).
    ///
    /// An error ends the execution of the block on this node.
    pub fn run(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        gas_limit: u64,
        reservoir: u64,
        transferred: U256,
    ) -> Result<PrecompileOutput, NodeFault> {
        let mut gas = Meter::new(gas_limit);
        let came = self.call(context, call_data, transferred, &mut gas);
        gas.end(came, reservoir)
    }

    fn call(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        transferred: U256,
        gas: &mut Meter,
    ) -> Result<Bytes, Stop> {
        // 1
        gas.charge(self.schedule.call_data_gas(call_data.len() as u64))?;
        // 2
        if !transferred.is_zero() {
            return Err(revert(IInference::ValueNotAccepted {}));
        }
        // 3
        let call =
            Call::decode(call_data, self.generates).ok_or_else(|| revert(IInference::MalformedCall {}))?;
        let model = call.model();
        // 4
        if read_registry(context, self.registry, registry_slot(model), gas)?.is_zero() {
            return Err(revert(IInference::UnknownModel { modelId: model }));
        }
        // 5
        let (engine, facts) = self.look_up(model)?;
        // 6
        let operators = match (&call, &facts.generation) {
            (Call::Generate { .. } | Call::GeneratorInfo { .. }, Some(generation)) => generation.operators,
            _ => facts.operators,
        };
        if let Some(operator) = self.schedule.first_unpriced(&operators) {
            return Err(revert(IInference::UnsupportedModel {
                modelId: model,
                operator: U256::from(operator.0),
            }));
        }
        match call {
            Call::Infer { input, .. } => self.infer(engine, model, &facts, input, gas),
            Call::ModelInfo { .. } => Ok(self.model_info(&facts)),
            Call::Generate { request, .. } => {
                let generation = generative(model, &facts)?;
                generate::generate(&self.schedule, engine, model, generation, &request, gas)
            }
            Call::GeneratorInfo { .. } => Ok(generate::info(&self.schedule, generative(model, &facts)?)),
        }
    }

    fn look_up(&self, model: B256) -> Result<(&dyn InferenceEngine, ModelFacts), Stop> {
        let engine = self
            .engine
            .as_deref()
            .ok_or(Stop::Fault(NodeFault::NoEngine { model }))?;
        let facts = engine
            .model(model)
            .ok_or(Stop::Fault(NodeFault::BundleMissing { model }))?;
        Ok((engine, facts))
    }

    fn infer(
        &self,
        engine: &dyn InferenceEngine,
        model: B256,
        facts: &ModelFacts,
        input: &[u8],
        gas: &mut Meter,
    ) -> Result<Bytes, Stop> {
        // 7
        if input.len() as u64 != facts.input_bytes {
            return Err(revert(IInference::WrongInputLength {
                expected: U256::from(facts.input_bytes),
                actual: U256::from(input.len()),
            }));
        }
        // 8
        gas.charge(self.schedule.inference_gas(&facts.work, facts.output_bytes))?;
        // 9
        let output = engine
            .infer(model, input)
            .map_err(|error| Stop::Fault(NodeFault::Engine { model, error }))?;
        if output.len() as u64 != facts.output_bytes {
            let (expected, actual) = (facts.output_bytes, output.len());
            return Err(Stop::Fault(NodeFault::OutputLength {
                model,
                expected,
                actual,
            }));
        }
        Ok(IInference::inferCall::abi_encode_returns(&output).into())
    }

    /// Its gas is what a call of `infer` needs at most, with the registry's slot still cold: a caller that
    /// passes on so much cannot starve the call.
    fn model_info(&self, facts: &ModelFacts) -> Bytes {
        let call_data = self
            .schedule
            .call_data_gas(infer_call_data_bytes(facts.input_bytes));
        let work = self.schedule.inference_gas(&facts.work, facts.output_bytes);
        let gas = call_data.saturating_add(COLD_SLOAD_GAS).saturating_add(work);
        IInference::modelInfoCall::abi_encode_returns(&IInference::modelInfoReturn {
            inputBytes: U256::from(facts.input_bytes),
            outputBytes: U256::from(facts.output_bytes),
            gas: U256::from(gas),
        })
        .into()
    }
}
