//! The precompiles of a block: Ethereum's, and ours where the chain spec has it active.
//!
//! This implements revm's `PrecompileProvider` itself instead of adding to alloy-evm's
//! `PrecompilesMap`, because the map tells a precompile the call's value but not whether it was
//! transferred (CALL, CALLCODE) or only apparent (DELEGATECALL), and rule 2 depends on that. It also
//! leaves Ethereum's table static, so a chain without our extensions pays nothing.

use crate::{
    GasSchedule, InferenceEngine, InferenceExtension, InferencePrecompile, NodeFault, ProofExtension,
    ProofPrecompile, ProofVerifier,
};
use alloy_primitives::{Address, U256, map::AddressSet};
use revm::{
    context_interface::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    precompile::PrecompileOutput,
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// The precompiles of one block.
#[derive(Debug, Clone)]
pub struct MetisPrecompiles {
    ethereum: EthPrecompiles,
    ours: Vec<Ours>,
    /// Ethereum's precompiles, ours and the registries; where there are none of ours, empty and not used.
    warm: AddressSet,
}

/// A precompile of ours.
#[derive(Debug, Clone)]
struct Ours {
    address: Address,
    registry: Address,
    function: Function,
}

#[derive(Debug, Clone)]
enum Function {
    Inference(InferencePrecompile),
    Proofs(ProofPrecompile),
}

impl Function {
    fn run(
        &self,
        context: &mut impl ContextTr,
        call_data: &[u8],
        gas_limit: u64,
        reservoir: u64,
        transferred: U256,
    ) -> Result<PrecompileOutput, NodeFault> {
        match self {
            Self::Inference(inference) => {
                inference.run(context, call_data, gas_limit, reservoir, transferred)
            }
            Self::Proofs(proofs) => proofs.run(context, call_data, gas_limit, reservoir, transferred),
        }
    }
}

impl MetisPrecompiles {
    /// Ethereum's precompiles of a fork alone.
    pub fn ethereum(fork: SpecId) -> Self {
        Self {
            ethereum: EthPrecompiles::new(fork),
            ours: Vec::new(),
            warm: AddressSet::default(),
        }
    }

    /// Adds the inference precompile, charging by this schedule. Its address and the registry's are warm from the
    /// start of every transaction: the precompile's as every precompile's (EIP-2929), the registry's because a call
    /// must not leave the account warm as a side effect that nobody paid for.
    pub fn with_inference(
        self,
        extension: &InferenceExtension,
        schedule: GasSchedule,
        engine: Option<Arc<dyn InferenceEngine>>,
    ) -> Self {
        let function = Function::Inference(InferencePrecompile::new(extension, schedule, engine));
        self.with(extension.precompile, extension.registry, function)
    }

    /// Adds the precompile that verifies proofs; its address and its registry's are warm likewise.
    pub fn with_proofs(self, extension: &ProofExtension, verifier: Option<Arc<dyn ProofVerifier>>) -> Self {
        let function = Function::Proofs(ProofPrecompile::new(extension, verifier));
        self.with(extension.precompile, extension.registry, function)
    }

    fn with(mut self, address: Address, registry: Address, function: Function) -> Self {
        self.ours.push(Ours {
            address,
            registry,
            function,
        });
        self.collect_warm();
        self
    }

    fn collect_warm(&mut self) {
        if self.ours.is_empty() {
            return;
        }
        self.warm = self.ethereum.warm_addresses().clone();
        let addresses = self.ours.iter().flat_map(|ours| [ours.address, ours.registry]);
        self.warm.extend(addresses);
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
        let ours = self
            .ours
            .iter()
            .find(|ours| inputs.bytecode_address == ours.address);
        let Some(ours) = ours else {
            return self.ethereum.run(context, inputs);
        };
        // A copy, because the input may lie in the memory that the context owns.
        let call_data = inputs.input.bytes(context);
        let transferred = inputs.transfer_value().unwrap_or_default();
        let output = ours
            .function
            .run(
                context,
                &call_data,
                inputs.gas_limit,
                inputs.reservoir,
                transferred,
            )
            .map_err(|fault| fault.to_string())?;
        Ok(Some(precompile_output_to_interpreter_result(
            output,
            inputs.gas_limit,
        )))
    }

    fn warm_addresses(&self) -> &AddressSet {
        if self.ours.is_empty() {
            self.ethereum.warm_addresses()
        } else {
            &self.warm
        }
    }

    fn contains(&self, address: &Address) -> bool {
        self.ethereum.contains(address) || self.ours.iter().any(|ours| ours.address == *address)
    }
}
