use super::Script;
use crate::{
    Category, ModelRegistry, Network, REGISTRY,
    genesis::OWNER,
    order::{Lane, single},
    request::Request,
};
use alloy_sol_types::{SolCall, SolError};
use metisvm_vm::IInference;

const REGISTRY_GAS: u64 = 40_000;

impl Script<'_> {
    /// The owner removes a model and puts it back; a digit between the two finds no model. The three
    /// stay together, because every other inference counts on the model.
    pub(crate) fn removed_and_put_back(&mut self, network: Network) -> Lane {
        let model = self.models.of(network).id;
        let remove = ModelRegistry::unregisterCall { modelId: model }.abi_encode();
        let put_back = ModelRegistry::registerCall { modelId: model }.abi_encode();
        let digit = self.digit();
        let from = self.anyone();
        let mut between = self
            .classify(network, from, digit)
            .classifies([])
            .reverts(IInference::UnknownModel { modelId: model }.abi_encode());
        between.expected.category = Category::Unregistered;
        vec![vec![
            self.change(OWNER, remove),
            between,
            self.change(OWNER, put_back),
        ]]
    }

    /// Changes that the registry refuses.
    pub(crate) fn refused_changes(&mut self) -> Vec<Lane> {
        let model = self.models.mlp.id;
        let stranger = self.anyone();
        let caller = self.address(stranger);
        let remove = ModelRegistry::unregisterCall { modelId: model }.abi_encode();
        let add = ModelRegistry::registerCall { modelId: model }.abi_encode();
        let not_owner = ModelRegistry::NotOwner { caller }.abi_encode();
        let already = ModelRegistry::AlreadyRegistered { modelId: model }.abi_encode();
        vec![
            single(self.change(stranger, remove).reverts(not_owner)),
            single(self.change(OWNER, add).reverts(already)),
        ]
    }

    fn change(&self, from: usize, input: Vec<u8>) -> Request {
        Request::call(Category::Registry, from, REGISTRY, input, REGISTRY_GAS)
    }
}
