use crate::{
    Category, Classified, End, Expected, Recorded,
    gas::{self, access_list_gas},
};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, Bytes, TxKind, U256};

/// A transaction that is not yet in its place: who sends it and what is expected of it, but without the
/// nonce and the type.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The number of the sender.
    pub(crate) from: usize,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas_limit: u64,
    /// For the case that it gets the type that has one.
    pub(crate) access_list: AccessList,
    pub(crate) expected: Expected,
}

impl Request {
    /// A call that succeeds within `execution` gas beside the intrinsic cost.
    pub(crate) fn call(category: Category, from: usize, to: Address, input: Vec<u8>, execution: u64) -> Self {
        Self {
            from,
            to: TxKind::Call(to),
            value: U256::ZERO,
            gas_limit: gas::limit(&input, false, execution),
            input: input.into(),
            access_list: AccessList::default(),
            expected: Expected {
                category,
                end: End::Success,
                classified: Vec::new(),
                recorded: None,
                inferences: 0,
            },
        }
    }

    /// A deployment.
    pub(crate) fn create(from: usize, code: Bytes) -> Self {
        let mut request = Self::call(Category::Deployment, from, Address::ZERO, Vec::new(), 0);
        request.to = TxKind::Create;
        request.gas_limit = gas::limit(&code, true, gas::deposit(&code));
        request.input = code;
        request
    }

    pub(crate) fn value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }

    pub(crate) fn access_list(mut self, list: AccessList) -> Self {
        self.gas_limit += access_list_gas(&list);
        self.access_list = list;
        self
    }

    pub(crate) fn reverts(mut self, data: impl Into<Bytes>) -> Self {
        self.expected.end = End::Revert(data.into());
        self
    }

    pub(crate) fn runs_out_of_gas(mut self) -> Self {
        self.expected.end = End::OutOfGas;
        self
    }

    pub(crate) fn classifies(mut self, classified: impl IntoIterator<Item = Classified>) -> Self {
        self.expected.classified = classified.into_iter().collect();
        self.expected.inferences = self.expected.classified.len() as u64;
        self
    }

    pub(crate) fn records(mut self, recorded: Recorded) -> Self {
        self.expected.recorded = Some(recorded);
        self
    }

    pub(crate) fn inferences(mut self, inferences: u64) -> Self {
        self.expected.inferences = inferences;
        self
    }
}
