use super::{Script, id};
use crate::{
    Category, ClassifierCaller, Digit, DigitClassifier, Network,
    order::{Lane, single},
    request::Request,
};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;

/// What `classify` needs beside the inference: its call, the slot of the class, the event.
pub(super) const CLASSIFY_GAS: u64 = 45_000;

impl Script<'_> {
    /// One digit a transaction.
    pub(crate) fn classifications(&mut self, network: Network, count: usize) -> Vec<Lane> {
        let classify = |_| {
            let digit = self.digit();
            let from = self.anyone();
            single(self.classify(network, from, digit))
        };
        (0..count).map(classify).collect()
    }

    pub(crate) fn classify(&self, network: Network, from: usize, digit: Digit) -> Request {
        let model = self.models.of(network);
        let input = classify_call(network, &digit);
        let gas = self.inference_gas(model) + CLASSIFY_GAS;
        let to = self.classifier(network);
        Request::call(Category::Classification, from, to, input, gas)
            .access_list(self.registered(network))
            .classifies([self.classified(network, digit)])
    }

    /// Several digits in one transaction.
    pub(crate) fn classify_many(&mut self, network: Network, count: usize) -> Lane {
        let from = self.anyone();
        let digits: Vec<Digit> = (0..count).map(|_| self.digit()).collect();
        let images = digits.iter().map(|digit| network.input(digit)).collect();
        let classified: Vec<_> = digits
            .iter()
            .map(|digit| self.classified(network, *digit))
            .collect();
        single(self.many(network, from, &digits, images).classifies(classified))
    }

    /// The last image lacks a byte: the transaction reverts, and with it the inferences before.
    pub(crate) fn classify_many_with_a_bad_one(&mut self, network: Network) -> Lane {
        use alloy_sol_types::SolError;
        let from = self.anyone();
        let digits = [self.digit(), self.digit(), self.digit()];
        let mut images = digits.map(|digit| network.input(&digit));
        images[2] = images[2].slice(1..);
        let request = self.many(network, from, &digits, images.into());
        single(
            request
                .reverts(metisvm_vm::IInference::WrongInputLength::SELECTOR)
                .inferences(2),
        )
    }

    pub(super) fn many(
        &self,
        network: Network,
        from: usize,
        digits: &[Digit],
        images: Vec<Bytes>,
    ) -> Request {
        let call = ClassifierCaller::classifyManyCall {
            ids: digits.iter().map(id).collect(),
            images,
        };
        let gas = digits.len() as u64 * (self.inference_gas(self.models.of(network)) + CLASSIFY_GAS) + 20_000;
        let to = self.caller(network);
        let category = Category::NestedClassification;
        Request::call(category, from, to, call.abi_encode(), gas)
    }
}

pub(super) fn classify_call(network: Network, digit: &Digit) -> Vec<u8> {
    DigitClassifier::classifyCall {
        id: id(digit),
        image: network.input(digit),
    }
    .abi_encode()
}
