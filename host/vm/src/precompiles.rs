//! The precompiles of a block: Ethereum's, and ours where the chain spec has it active.
//!
//! This implements revm's `PrecompileProvider` itself instead of adding to alloy-evm's
//! `PrecompilesMap`, because the map tells a precompile the call's value but not whether it was
//! transferred (CALL, CALLCODE) or only apparent (DELEGATECALL), and rule 2 depends on that. It also
//! leaves Ethereum's table static, so a chain without our extensions pays nothing.

use crate::{GasSchedule, InferenceEngine, InferenceExtension, InferencePrecompile};
use alloy_primitives::{Address, map::AddressSet};
use revm::{
    context_interface::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// The precompiles of one block.
#[derive(Debug, Clone)]
pub struct MetisPrecompiles {
    ethereum: EthPrecompiles,
    inference: Option<Inference>,
}

#[derive(Debug, Clone)]
struct Inference {
    address: Address,
    registry: Address,
    precompile: InferencePrecompile,
    /// Ethereum's precompiles, the address and the registry.
    warm: AddressSet,
}

impl MetisPrecompiles {
    /// Ethereum's precompiles of a fork alone.
    pub fn ethereum(fork: SpecId) -> Self {
        Self {
            ethereum: EthPrecompiles::new(fork),
            inference: None,
        }
    }

    /// Adds the inference precompile, charging by this schedule. Its address and the registry's are warm from the start of every
    /// transaction: the precompile's as every precompile's (EIP-2929), the registry's because a call
    /// must not leave the account warm as a side effect that nobody paid for.
    pub fn with_inference(
        mut self,
        extension: &InferenceExtension,
        schedule: GasSchedule,
        engine: Option<Arc<dyn InferenceEngine>>,
    ) -> Self {
        self.inference = Some(Inference {
            address: extension.precompile,
            registry: extension.registry,
            precompile: InferencePrecompile::new(extension, schedule, engine),
            warm: AddressSet::default(),
        });
        self.collect_warm();
        self
    }

    fn collect_warm(&mut self) {
        if let Some(inference) = &mut self.inference {
            inference.warm = self.ethereum.warm_addresses().clone();
            inference.warm.extend([inference.address, inference.registry]);
        }
    }
}

impl<CTX: ContextTr> PrecompileProvider<CTX> for MetisPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: <CTX::Cfg as Cfg>::Spec) -> bool {
        let changed = <EthPrecompiles as PrecompileProvider<CTX>>::set_spec(&mut self.ethereum, spec);
        if changed {
            self.collect_warm();
        }
        changed
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if let Some(inference) = &self.inference
            && inputs.bytecode_address == inference.address
        {
            // A copy, because the input may lie in the memory that the context owns.
            let call_data = inputs.input.bytes(context);
            let transferred = inputs.transfer_value().unwrap_or_default();
            let output = inference
                .precompile
                .run(
                    context,
                    &call_data,
                    inputs.gas_limit,
                    inputs.reservoir,
                    transferred,
                )
                .map_err(|fault| fault.to_string())?;
            return Ok(Some(precompile_output_to_interpreter_result(
                output,
                inputs.gas_limit,
            )));
        }
        self.ethereum.run(context, inputs)
    }

    fn warm_addresses(&self) -> &AddressSet {
        match &self.inference {
            Some(inference) => &inference.warm,
            None => self.ethereum.warm_addresses(),
        }
    }

    fn contains(&self, address: &Address) -> bool {
        self.ethereum.contains(address)
            || self
                .inference
                .as_ref()
                .is_some_and(|inference| inference.address == *address)
    }
}
