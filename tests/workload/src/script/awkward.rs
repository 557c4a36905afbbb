//! Inference in frames that revert, through other kinds of calls, and called wrongly.

use super::{Script, classify::CLASSIFY_GAS, id, infer};
use crate::{
    Category, ClassifierCaller, Digit, Network, Recorded,
    order::{Lane, single},
    request::Request,
};
use alloy_primitives::U256;
use alloy_sol_types::{SolCall, SolError};
use metisvm_vm::IInference;

/// What the caller's contract needs beside the classifier: the record and its event.
const RECORD_GAS: u64 = 50_000;

/// How many ways of calling wrongly the contract knows.
const MALFORMATIONS: u8 = 14;

/// What a recorded call came back with.
pub(super) enum Answer {
    /// An output of either model, as the precompile encodes it.
    Output,
    /// A class.
    Class,
    /// An error, with its data.
    Error(Vec<u8>),
    /// Nothing: out of gas.
    Nothing,
}

impl Script<'_> {
    /// A call of the caller's contract that records an answer.
    pub(super) fn recorded(
        &mut self,
        category: Category,
        network: Network,
        digit: &Digit,
        input: Vec<u8>,
        answer: Answer,
    ) -> Request {
        let (success, selector, returned_bytes) = match answer {
            Answer::Output => (true, [0; 4], 96),
            Answer::Class => (true, [0; 4], 32),
            Answer::Error(data) => (false, [data[0], data[1], data[2], data[3]], data.len() as u64),
            Answer::Nothing => (false, [0; 4], 0),
        };
        let from = self.anyone();
        let to = self.caller(network);
        let gas = self.inference_gas(self.models.of(network)) + CLASSIFY_GAS + RECORD_GAS;
        Request::call(category, from, to, input, gas).records(Recorded {
            caller: to,
            id: id(digit),
            success,
            selector,
            returned_bytes,
        })
    }

    /// The transaction reverts after a successful inference.
    pub(crate) fn then_revert(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let class = self.models.of(network).classify(&digit);
        let reason = ClassifierCaller::RevertedOnPurpose {
            id: id(&digit),
            class,
        };
        let call = ClassifierCaller::classifyThenRevertCall {
            id: id(&digit),
            image: network.input(&digit),
        };
        let from = self.anyone();
        let gas = self.inference_gas(self.models.of(network)) + 2 * CLASSIFY_GAS;
        let to = self.caller(network);
        let request = Request::call(Category::Reverted, from, to, call.abi_encode(), gas);
        single(request.reverts(reason.abi_encode()).inferences(1))
    }

    /// An inner frame reverts after a successful inference; then the digit is classified after all, from
    /// the memo if there is one.
    pub(crate) fn rolled_back(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let class = self.models.of(network).classify(&digit);
        let reason = ClassifierCaller::RevertedOnPurpose {
            id: id(&digit),
            class,
        };
        let call = ClassifierCaller::classifyRolledBackCall {
            id: id(&digit),
            image: network.input(&digit),
        };
        let answer = Answer::Error(reason.abi_encode());
        let request = self.recorded(Category::Reverted, network, &digit, call.abi_encode(), answer);
        let from = self.anyone();
        vec![
            vec![request.inferences(1)],
            vec![self.classify(network, from, digit)],
        ]
    }

    /// Nothing to catch.
    pub(crate) fn caught_success(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let call = ClassifierCaller::classifyCaughtCall {
            id: id(&digit),
            image: network.input(&digit),
        };
        let request = self.recorded(
            Category::Caught,
            network,
            &digit,
            call.abi_encode(),
            Answer::Class,
        );
        single(request.classifies([self.classified(network, digit)]))
    }

    /// The image lacks a byte.
    pub(crate) fn caught_failure(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let call = ClassifierCaller::classifyCaughtCall {
            id: id(&digit),
            image: network.input(&digit).slice(1..),
        };
        let answer = Answer::Error(wrong_length(63));
        single(self.recorded(Category::Caught, network, &digit, call.abi_encode(), answer))
    }

    /// By CALL with so much value.
    pub(crate) fn with_value(&mut self, network: Network, value: u64) -> Lane {
        let digit = self.digit();
        let call = ClassifierCaller::inferWithValueCall {
            id: id(&digit),
            image: network.input(&digit),
        };
        let refused = value != 0;
        let answer = if refused {
            Answer::Error(IInference::ValueNotAccepted {}.abi_encode())
        } else {
            Answer::Output
        };
        let request = self.recorded(Category::OtherCall, network, &digit, call.abi_encode(), answer);
        let request = request.value(U256::from(value));
        single(request.inferences(u64::from(!refused)))
    }

    /// By DELEGATECALL.
    pub(crate) fn delegated(&mut self, network: Network) -> Lane {
        let digit = self.digit();
        let call = ClassifierCaller::classifyDelegatedCall {
            id: id(&digit),
            image: network.input(&digit),
        };
        let request = self.recorded(
            Category::OtherCall,
            network,
            &digit,
            call.abi_encode(),
            Answer::Output,
        );
        single(request.inferences(1))
    }

    /// By call data that comes from outside: one inference, one question about the model.
    pub(crate) fn raw(&mut self, network: Network) -> Vec<Lane> {
        let model = self.models.of(network);
        let (first, second) = (self.digit(), self.digit());
        let info = IInference::modelInfoCall { modelId: model.id };
        [(first, infer(model, &first), 1), (second, info.abi_encode(), 0)]
            .map(|(digit, data, inferences)| {
                let call = ClassifierCaller::inferRawCall {
                    id: id(&digit),
                    data: data.into(),
                };
                let request = self.recorded(
                    Category::OtherCall,
                    network,
                    &digit,
                    call.abi_encode(),
                    Answer::Output,
                );
                single(request.inferences(inferences))
            })
            .into()
    }

    /// Every wrong way there is.
    pub(crate) fn malformed(&mut self, network: Network) -> Vec<Lane> {
        let malformed = |kind| {
            let digit = self.digit();
            let call = ClassifierCaller::classifyMalformedCall {
                id: id(&digit),
                image: network.input(&digit),
                kind,
            };
            let error = match kind {
                0 => wrong_length(63),
                1 => wrong_length(65),
                2 => wrong_length(0),
                3 => {
                    let unknown = !self.models.of(network).id;
                    IInference::UnknownModel { modelId: unknown }.abi_encode()
                }
                _ => IInference::MalformedCall {}.abi_encode(),
            };
            let answer = Answer::Error(error);
            single(self.recorded(Category::Malformed, network, &digit, call.abi_encode(), answer))
        };
        (0..MALFORMATIONS).map(malformed).collect()
    }
}

fn wrong_length(actual: usize) -> Vec<u8> {
    let (expected, actual) = (U256::from(64), U256::from(actual));
    IInference::WrongInputLength { expected, actual }.abi_encode()
}
