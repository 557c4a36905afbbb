use super::Script;
use crate::{Category, order::Lane, order::single, request::Request};
use alloy_primitives::{Address, U256, keccak256};

impl Script<'_> {
    /// Transfers of ether, most between accounts that exist, some to new ones.
    pub(crate) fn ether_transfers(&mut self, count: usize) -> Vec<Lane> {
        let transfer = |at| {
            let from = self.anyone();
            let to = if at % 6 == 5 {
                Address::from_word(keccak256(format!(
                    "metisvm new account {}",
                    self.rng.below(1 << 32)
                )))
            } else {
                let to = self.anyone();
                self.address(to)
            };
            let value = U256::from(1_000_000_000 * (1 + self.rng.below(1_000_000_000)));
            let request = Request::call(Category::EtherTransfer, from, to, Vec::new(), 0);
            single(request.value(value))
        };
        (0..count).map(transfer).collect()
    }
}
