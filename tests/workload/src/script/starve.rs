//! Inference with too little gas, and with just enough.

use super::{
    Script,
    awkward::Answer,
    classify::{CLASSIFY_GAS, classify_call},
    id, infer,
};
use crate::{
    Category, ClassifierCaller, INFERENCE, Network, gas,
    order::{Lane, single},
    request::Request,
};
use alloy_sol_types::SolCall;

/// What `classify` needs before it stores the class, or a little more; the slot alone costs twice that.
const BEFORE_THE_STORE: u64 = 9_000;

impl Script<'_> {
    /// The classifier gets what the inference alone costs, or enough.
    pub(crate) fn starved_classifier(&mut self, network: Network, enough: bool) -> Lane {
        let digit = self.digit();
        let inference = self.inference_gas(self.models.of(network));
        let given = if enough {
            inference + CLASSIFY_GAS
        } else {
            inference
        };
        let call = ClassifierCaller::classifyStarvedCall {
            id: id(&digit),
            image: network.input(&digit),
            gasLimit: alloy_primitives::U256::from(given),
        };
        let answer = if enough { Answer::Class } else { Answer::Nothing };
        let request = self.recorded(Category::Starved, network, &digit, call.abi_encode(), answer);
        if enough {
            return single(request.classifies([self.classified(network, digit)]));
        }
        single(request)
    }

    /// The precompile gets exactly what it charges, or so much less.
    pub(crate) fn starved_precompile(&mut self, network: Network, missing: u64) -> Lane {
        let digit = self.digit();
        let given = self.inference_gas(self.models.of(network)) - missing;
        let call = ClassifierCaller::inferStarvedCall {
            id: id(&digit),
            image: network.input(&digit),
            gasLimit: alloy_primitives::U256::from(given),
        };
        let enough = missing == 0;
        let answer = if enough { Answer::Output } else { Answer::Nothing };
        let request = self.recorded(Category::Starved, network, &digit, call.abi_encode(), answer);
        single(request.inferences(u64::from(enough)))
    }

    /// The transaction lacks one gas for the precompile that it calls.
    pub(crate) fn starved_transaction(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let from = self.anyone();
        let model = self.models.of(network);
        let gas = self.inference_gas(model) - 1;
        let request = Request::call(Category::OutOfGas, from, INFERENCE, infer(model, &digit), gas);
        single(request.runs_out_of_gas())
    }

    /// The inference is done and paid for, and then there is no gas to store the class.
    pub(crate) fn starved_after_the_inference(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let from = self.anyone();
        let to = self.classifier(network);
        let gas = self.inference_gas(self.models.of(network)) + BEFORE_THE_STORE;
        let request = Request::call(Category::OutOfGas, from, to, classify_call(network, &digit), gas);
        single(request.runs_out_of_gas().inferences(1))
    }

    /// Gas for two digits of four; a third runs, but its class cannot be stored.
    pub(crate) fn starved_in_the_middle(&mut self, network: Network) -> Lane {
        let from = self.anyone();
        let digits = [self.digit(), self.digit(), self.digit(), self.digit()];
        let images = digits.map(|digit| network.input(&digit)).into();
        let mut request = self.many(network, from, &digits, images);
        let two = gas::limit(
            &request.input,
            false,
            2 * (self.inference_gas(self.models.of(network)) + 40_000),
        );
        request.gas_limit = two;
        request.expected.category = Category::OutOfGas;
        single(request.reverts(Vec::new()).inferences(3))
    }
}
