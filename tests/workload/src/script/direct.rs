use super::{Script, infer};
use crate::{
    Category, INFERENCE, Network,
    order::{Lane, single},
    request::Request,
};
use alloy_primitives::U256;
use alloy_sol_types::{SolCall, SolError};
use metisvm_vm::IInference;

/// For the answers of the precompile that charge no work.
const REFUSAL_GAS: u64 = 10_000;

impl Script<'_> {
    /// The precompile as the receiver of a transaction: an inference with the exact gas, and each error.
    pub(crate) fn direct(&mut self, network: Network) -> Vec<Lane> {
        let digit = self.digit();
        let model = self.models.of(network);
        let gas = self.inference_gas(model);
        let good = infer(model, &digit);
        let unknown = !model.id;
        let infer = IInference::inferCall {
            modelId: unknown,
            input: network.input(&digit),
        };
        let mut short = good.clone();
        short.truncate(good.len() - 32);
        let mut request = |input, gas| {
            let from = self.anyone();
            Request::call(Category::Direct, from, INFERENCE, input, gas)
        };
        [
            request(good.clone(), gas).inferences(1),
            request(good, REFUSAL_GAS)
                .value(U256::from(1))
                .reverts(IInference::ValueNotAccepted {}.abi_encode()),
            request(infer.abi_encode(), REFUSAL_GAS)
                .reverts(IInference::UnknownModel { modelId: unknown }.abi_encode()),
            request(short, REFUSAL_GAS).reverts(IInference::MalformedCall {}.abi_encode()),
            request(Vec::new(), REFUSAL_GAS).reverts(IInference::MalformedCall {}.abi_encode()),
        ]
        .map(single)
        .into()
    }
}
