//! The one function of the precompile.

use super::{
    NodeFault,
    abi::{Call, IInference, infer_call_data_bytes},
};
use crate::{GasSchedule, InferenceEngine, InferenceExtension, ModelFacts};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolError};
use core::fmt;
use revm::{
    context_interface::{ContextTr, JournalTr, journaled_state::JournalLoadError},
    precompile::{PrecompileHalt, PrecompileOutput},
};
use std::sync::Arc;

/// Reading a slot that the transaction touches for the first time (EIP-2929).
const COLD_SLOAD_GAS: u64 = 2_100;
/// Reading a slot that was touched before.
const WARM_SLOAD_GAS: u64 = 100;

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
        }
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
        let mut gas = Meter {
            limit: gas_limit,
            spent: 0,
        };
        match self.call(context, call_data, transferred, &mut gas) {
            Ok(output) => Ok(PrecompileOutput::new(gas.spent, output, reservoir)),
            Err(Stop::Revert(data)) => Ok(PrecompileOutput::revert(gas.spent, data, reservoir)),
            Err(Stop::OutOfGas) => Ok(PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir)),
            Err(Stop::Fault(fault)) => Err(fault),
        }
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
        let call = Call::decode(call_data).ok_or_else(|| revert(IInference::MalformedCall {}))?;
        let model = call.model();
        // 4
        if self.read_registry(context, model, gas)?.is_zero() {
            return Err(revert(IInference::UnknownModel { modelId: model }));
        }
        // 5
        let (engine, facts) = self.look_up(model)?;
        // 6
        if let Some(operator) = self.schedule.first_unpriced(&facts.operators) {
            return Err(revert(IInference::UnsupportedModel {
                modelId: model,
                operator: U256::from(operator.0),
            }));
        }
        match call {
            Call::Infer { input, .. } => self.infer(engine, model, &facts, input, gas),
            Call::ModelInfo { .. } => Ok(self.model_info(&facts)),
        }
    }

    /// SLOAD, in price and in effect, of the registry's entry.
    fn read_registry(
        &self,
        context: &mut impl ContextTr,
        model: B256,
        gas: &mut Meter,
    ) -> Result<U256, Stop> {
        let slot = registry_slot(model);
        let journal = context.journal_mut();
        // The journal reads slots of loaded accounts only. The registry is a warm address, so loading it
        // has no effect that a contract could measure.
        if let Err(error) = journal.load_account(self.registry) {
            return Err(Stop::Fault(NodeFault::State(error.to_string())));
        }
        // As the opcode does: a cold slot that cannot be paid for is not read at all.
        let cannot_pay_cold = gas.left() < COLD_SLOAD_GAS;
        match journal.sload_skip_cold_load(self.registry, slot, cannot_pay_cold) {
            Ok(loaded) => {
                gas.charge(if loaded.is_cold {
                    COLD_SLOAD_GAS
                } else {
                    WARM_SLOAD_GAS
                })?;
                Ok(loaded.data)
            }
            Err(JournalLoadError::ColdLoadSkipped) => Err(Stop::OutOfGas),
            Err(JournalLoadError::DBError(error)) => Err(Stop::Fault(NodeFault::State(error.to_string()))),
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

/// How a call ends without an answer.
enum Stop {
    OutOfGas,
    Revert(Bytes),
    Fault(NodeFault),
}

fn revert(error: impl SolError) -> Stop {
    Stop::Revert(error.abi_encode().into())
}

/// Gas given and gas spent; never more spent than given.
struct Meter {
    limit: u64,
    spent: u64,
}

impl Meter {
    const fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent)
    }

    fn charge(&mut self, amount: u64) -> Result<(), Stop> {
        if amount > self.left() {
            return Err(Stop::OutOfGas);
        }
        self.spent = self.spent.saturating_add(amount);
        Ok(())
    }
}
