//! The transactions of a random block: transfers of every kind, calls, creations, precompiles, inferences,
//! blobs, authorisations, and small stories of several transactions that need each other.

use super::{
    chain::{CHAIN_ID, DEPOSIT_CONTRACT, Fork},
    contracts::{Contracts, FUNCTIONS, infer},
    plan::{AuthorizationPlan, Code, Envelope, Gas, KEYED_ACCOUNTS, TransactionPlan},
    world::{CONTRACTS, DESTROY, World},
};
use crate::rng::Rng;
use alloy_eips::{
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use metisvm_workload::INFERENCE;

/// The first contracts create others.
const FACTORIES: usize = 2;

/// Call data.
pub(super) fn words(words: &[U256]) -> Bytes {
    words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect()
}

/// The number of the contract that sends all it has to its caller.
const DRAINER: usize = 6;

/// Makes transactions for a world.
#[derive(Debug)]
pub struct Transactions<'a> {
    /// Where everything is.
    pub world: &'a World,
    /// The arbitrariness.
    pub rng: &'a mut Rng,
    /// The base fee of the block.
    pub base_fee: u128,
    /// What a unit of blob gas costs in the block.
    pub blob_fee: u128,
}

impl Transactions<'_> {
    fn fork(&self) -> Fork {
        self.world.chain.fork
    }

    /// About this many transactions, in the order of the block.
    pub fn several(&mut self, count: usize) -> Vec<TransactionPlan> {
        let mut transactions = Vec::with_capacity(count + 2);
        while transactions.len() < count {
            match self.rng.below(60) {
                0 | 1 => self.first_funded(&mut transactions),
                2 if self.fork() >= Fork::Prague => self.drained(&mut transactions),
                3 => self.created_again(&mut transactions),
                _ => transactions.push(self.one()),
            }
        }
        transactions
    }

    /// A sender that has what an earlier transaction gave it.
    fn first_funded(&mut self, transactions: &mut Vec<TransactionPlan>) {
        let fresh = self.rng.pick(&self.world.fresh);
        let mut fund = self.transfer();
        fund.to = Some(fresh);
        let mut spend = self.one();
        spend.sender = fresh;
        fund.value = spend.value + U256::from(21_000 + self.rng.below(400_000)) * U256::from(spend.max_fee);
        transactions.push(fund);
        if self.rng.one_in(2) {
            transactions.push(self.one());
        }
        transactions.push(spend);
    }

    /// A contract that is created, destroyed and created again at the same address, where the fork lets it.
    fn created_again(&mut self, transactions: &mut Vec<TransactionPlan>) {
        let factory = self.world.contracts[self.rng.index(FACTORIES)];
        let salt = self.rng.below(2);
        for function in [0, DESTROY, 0] {
            let mut call = self.call();
            call.to = Some(factory);
            call.input = Code::Bytes(words(&[U256::from(function), U256::from(salt), U256::ZERO]));
            call.gas = Gas::Limit(400_000);
            transactions.push(call);
            if self.rng.one_in(4) {
                transactions.push(self.one());
            }
        }
    }

    /// An account that delegates to a contract which gives everything away, then is called, then has
    /// nothing left to pay with.
    fn drained(&mut self, transactions: &mut Vec<TransactionPlan>) {
        let key = self.rng.index(KEYED_ACCOUNTS);
        let authority = self.world.people[key];
        let mut delegate = self.one();
        delegate.envelope = Envelope::SetCode(vec![AuthorizationPlan {
            key,
            delegate: self.world.contracts[DRAINER],
            nonce_offset: 0,
            chain_id: CHAIN_ID,
            damaged: false,
        }]);
        delegate.to = Some(self.world.anyone(self.rng));
        delegate.input = Code::NOTHING;
        let mut drain = self.call();
        drain.to = Some(authority);
        let mut after = self.transfer();
        after.sender = authority;
        // Now and then it stays although there is nothing to pay it with.
        after.keep_invalid = self.rng.one_in(20);
        transactions.extend([delegate, drain, after]);
    }

    /// One transaction.
    pub fn one(&mut self) -> TransactionPlan {
        match self.rng.below(100) {
            0..26 => self.transfer(),
            26..68 => self.call(),
            68..77 => self.create(),
            77..81 => self.precompile(),
            81..84 if self.world.chain.inference => self.inference(),
            84..86 if self.fork() >= Fork::Prague => self.request(),
            86..93 if self.fork() >= Fork::Prague => self.set_code(),
            93..98 if self.fork() >= Fork::Cancun => self.blob(),
            _ => self.call(),
        }
    }

    /// A transaction without a purpose yet, that pays what the block asks for.
    pub(super) fn plain(&mut self) -> TransactionPlan {
        let fork = self.fork();
        let envelope = match self.rng.below(4) {
            0 => Envelope::Unprotected,
            1 if fork >= Fork::SpuriousDragon => Envelope::Legacy,
            2 if fork >= Fork::Berlin => Envelope::AccessList,
            3 if fork >= Fork::London => Envelope::DynamicFee,
            _ if fork >= Fork::London => Envelope::DynamicFee,
            _ => Envelope::Unprotected,
        };
        let tip = u128::from(self.rng.below(3) * self.rng.below(1_000));
        let access_list = match self.rng.below(3) {
            0 => {
                let keys = (0..self.rng.below(3))
                    .map(|key| B256::from(U256::from(key)))
                    .collect();
                vec![(self.world.anyone(self.rng), keys)]
            }
            _ => Vec::new(),
        };
        let gas = match self.rng.below(12) {
            0 | 1 => Gas::NearNeed(self.rng.within(-3_000, 3_000)),
            2 => Gas::NearNeed(self.rng.within(-40, 5)),
            3 => Gas::Limit(25_000 + self.rng.below(60_000)),
            _ => Gas::Limit(150_000 + self.rng.below(350_000)),
        };
        TransactionPlan {
            sender: self.world.sender(self.rng),
            envelope,
            nonce_offset: 0,
            gas,
            max_fee: self.base_fee + tip + u128::from(self.rng.below(2) * self.rng.below(500)),
            tip,
            to: None,
            value: U256::ZERO,
            input: Code::NOTHING,
            access_list,
            chain_id: CHAIN_ID,
            keep_invalid: false,
        }
    }

    pub(super) fn transfer(&mut self) -> TransactionPlan {
        let mut plan = self.plain();
        let to = match self.rng.below(8) {
            0 => plan.sender,
            1 => self.world.beneficiary,
            2..5 => self.rng.pick(&self.world.people),
            _ => self.world.anyone(self.rng),
        };
        plan.to = Some(to);
        plan.value = self.value();
        if self.rng.one_in(2) {
            plan.gas = Gas::Limit(21_000 + self.rng.below(2) * 40_000);
            plan.access_list.clear();
        }
        plan
    }

    fn value(&mut self) -> U256 {
        match self.rng.below(6) {
            0 | 1 => U256::ZERO,
            2 | 3 => U256::from(self.rng.below(10)),
            4 => U256::from(self.rng.below(1 << 40)),
            _ => U256::from(21_000) * U256::from(self.base_fee + 1) * U256::from(self.rng.below(4)),
        }
    }

    fn call(&mut self) -> TransactionPlan {
        let mut plan = self.plain();
        plan.to = Some(self.world.callee(self.rng));
        plan.input = Code::Bytes(self.call_data());
        if self.rng.one_in(3) {
            plan.value = self.value();
        }
        plan
    }

    fn call_data(&mut self) -> Bytes {
        let mut words = vec![U256::from(self.rng.below(FUNCTIONS))];
        for _ in 0..2 {
            words.push(if self.rng.one_in(2) {
                U256::from(self.rng.below(4))
            } else {
                self.world.anyone(self.rng).into_word().into()
            });
        }
        self::words(&words)
    }

    fn create(&mut self) -> TransactionPlan {
        let mut plan = self.plain();
        let (world, rng) = (self.world, &mut *self.rng);
        plan.input = Code::Program(Contracts { world, rng }.init(2));
        if self.rng.one_in(4) {
            plan.value = self.value();
        }
        plan
    }

    fn precompile(&mut self) -> TransactionPlan {
        let mut plan = self.call();
        plan.to = Some(Address::with_last_byte(1 + self.rng.below(9) as u8));
        plan
    }

    fn inference(&mut self) -> TransactionPlan {
        let mut plan = self.plain();
        plan.to = Some(INFERENCE);
        plan.input = Code::Bytes(infer(self.rng));
        if self.rng.one_in(8) {
            plan.value = self.value();
        }
        plan
    }

    /// A request to the consensus layer (EIP-7002, EIP-7251, EIP-6110).
    fn request(&mut self) -> TransactionPlan {
        let mut plan = self.plain();
        let (to, length) = self.rng.pick(&[
            (WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, 56),
            (CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, 96),
            (DEPOSIT_CONTRACT, 32),
        ]);
        plan.to = Some(to);
        plan.input = Code::Bytes(vec![self.rng.below(256) as u8; length].into());
        plan.value = U256::from(1 + self.rng.below(3));
        plan
    }

    fn set_code(&mut self) -> TransactionPlan {
        let mut plan = self.call();
        let authorizations: Vec<_> = (0..1 + self.rng.below(2)).map(|_| self.authorization()).collect();
        if self.rng.one_in(2) {
            plan.to = Some(self.world.people[authorizations[0].key]);
        }
        plan.envelope = Envelope::SetCode(authorizations);
        plan.gas = Gas::Limit(200_000 + self.rng.below(300_000));
        plan
    }

    fn authorization(&mut self) -> AuthorizationPlan {
        let delegate = match self.rng.below(8) {
            0 => Address::ZERO,
            1 => self.world.anyone(self.rng),
            2 => self.rng.pick(&self.world.people),
            _ => self.world.contracts[self.rng.index(CONTRACTS)],
        };
        let fault = self.rng.below(12);
        AuthorizationPlan {
            key: self.rng.index(KEYED_ACCOUNTS),
            delegate,
            nonce_offset: i64::from(fault == 0),
            chain_id: self.rng.pick(&[0, CHAIN_ID]) + u64::from(fault == 1),
            damaged: fault == 2,
        }
    }

    /// A transaction with blobs.
    pub fn blob(&mut self) -> TransactionPlan {
        let mut plan = self.call();
        let hash = |number| {
            let mut hash = B256::with_last_byte(number as u8);
            hash[0] = 1;
            hash
        };
        let count = 1 + self.rng.below(2);
        plan.envelope = Envelope::Blob((0..count).map(hash).collect(), self.blob_fee * 2);
        plan
    }
}
