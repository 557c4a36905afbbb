//! From a seed to a plan: chain, state before the block, header, withdrawals, ommers, transactions, and now
//! and then a fault among them.

use super::{
    busy,
    chain::{Chain, DEPOSIT_CONTRACT, Fork},
    contracts::{Contracts, deposit_contract},
    faults::Fault,
    full,
    models::models,
    plan::{AccountPlan, Code, Plan},
    transactions::Transactions,
    world::World,
};
use crate::rng::Rng;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip4895::Withdrawal,
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
    eip8282::{
        BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_DEPOSIT_CONTRACT_CODE, BUILDER_EXIT_CONTRACT_ADDRESS,
        BUILDER_EXIT_CONTRACT_CODE,
    },
};
use alloy_evm::eth::dao_fork::DAO_HARDFORK_ACCOUNTS;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use metisvm_vm::registry_slot;
use metisvm_workload::{INFERENCE, REGISTRY};
use revm::context::Block;
use std::collections::BTreeMap;

/// One case in so many has a fault.
const FAULTY: u64 = 6;
/// One case in so many is a busy block.
const BUSY: u64 = 10;
/// One case in so many has accounts that are full.
const FULL: u64 = 12;

impl Plan {
    /// The plan of a seed.
    pub fn generate(seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        let chain = chain(rng);
        let world = World::new(chain, rng);
        let mut header = header(&world, rng);
        let busy = rng.one_in(BUSY);
        if busy {
            header.gas_limit = busy::GAS_LIMIT;
        }
        let mut plan = Self {
            seed,
            chain,
            accounts: accounts(
                &world,
                u128::from(header.base_fee_per_gas.unwrap_or_default()),
                rng,
            ),
            block_hashes: (0..header.number)
                .map(|number| (number, keccak256(number.to_be_bytes())))
                .collect(),
            ommers: ommers(&world, &header, rng),
            withdrawals: withdrawals(&world, rng),
            transactions: Vec::new(),
            header,
        };
        if busy {
            busy::fund_crowd(&mut plan.accounts);
        }
        let full = if rng.one_in(FULL) {
            full::fill(&world, &mut plan.accounts, rng)
        } else {
            Vec::new()
        };
        let count = match rng.below(40) {
            _ if busy => 150 + rng.below(100),
            0..3 => 1 + rng.below(3),
            _ => 1 + rng.below(60),
        };
        let blob_fee = plan.chain.spec().evm_env(&plan.header).block_env.blob_gasprice();
        let mut transactions = Transactions {
            world: &world,
            base_fee: plan.header.base_fee_per_gas.unwrap_or_default().into(),
            blob_fee: blob_fee.unwrap_or_default(),
            rng,
        };
        plan.transactions = if busy {
            transactions.busy(count as usize)
        } else {
            transactions.several(count as usize)
        };
        if !full.is_empty() {
            transactions.meet(&full, &mut plan.transactions);
        }
        if transactions.rng.one_in(FAULTY) {
            let faults = Fault::ALL.map(|(fault, _)| fault);
            let possible: Vec<_> = faults
                .into_iter()
                .filter(|fault| fault.exists_on(chain.fork))
                .collect();
            // Of two the first one counts, whichever an engine meets first.
            for _ in 0..1 + transactions.rng.below(4) / 3 {
                let fault = transactions.rng.pick(&possible);
                let faulty = fault.make(&mut transactions, &mut plan);
                let at = transactions.rng.index(plan.transactions.len() + 1);
                plan.transactions.insert(at, faulty);
            }
        }
        plan
    }
}

/// Two of three blocks are on one of the five newest forks.
fn chain(rng: &mut Rng) -> Chain {
    let fork = if rng.one_in(3) {
        rng.pick(&Fork::ALL)
    } else {
        Fork::ALL[Fork::ALL.len() - 1 - rng.index(5)]
    };
    Chain {
        fork,
        inference: fork >= Fork::Berlin && rng.one_in(3),
        dao_fork: (fork == Fork::Homestead && rng.one_in(3)).then_some(HEIGHT),
    }
}

/// The usual height: every ancestor's hash can be asked for.
const HEIGHT: u64 = 9;

fn header(world: &World, rng: &mut Rng) -> Header {
    let fork = world.chain.fork;
    let gas_limit = if rng.one_in(6) {
        600_000 + rng.below(3_000_000)
    } else {
        30_000_000
    };
    Header {
        parent_hash: keccak256((HEIGHT - 1).to_be_bytes()),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: world.beneficiary,
        number: HEIGHT,
        timestamp: 1_000 + rng.below(1_000),
        gas_limit,
        difficulty: U256::from(if fork < Fork::Paris { 131_072 } else { 0 }),
        mix_hash: B256::repeat_byte(rng.below(256) as u8),
        base_fee_per_gas: (fork >= Fork::London).then(|| rng.pick(&[0, 7, 1_000, 1_000_000_000])),
        withdrawals_root: (fork >= Fork::Shanghai).then_some(B256::ZERO),
        blob_gas_used: (fork >= Fork::Cancun).then_some(0),
        excess_blob_gas: (fork >= Fork::Cancun).then(|| rng.pick(&[0, 10_000_000])),
        parent_beacon_block_root: (fork >= Fork::Cancun).then(|| B256::repeat_byte(0xb0)),
        requests_hash: (fork >= Fork::Prague).then_some(B256::ZERO),
        slot_number: (fork >= Fork::Amsterdam).then_some(1_234),
        ..Header::default()
    }
}

fn accounts(world: &World, base_fee: u128, rng: &mut Rng) -> BTreeMap<Address, AccountPlan> {
    let fork = world.chain.fork;
    let mut accounts = BTreeMap::new();
    let plain = |balance: U256| AccountPlan {
        balance,
        nonce: 0,
        code: Code::NOTHING,
        storage: BTreeMap::new(),
    };
    let rich = U256::from(10).pow(U256::from(20));
    // What a few cheap transactions cost, so that it matters who paid whom before.
    let poor = |rng: &mut Rng| {
        let price = base_fee + u128::from(rng.below(1_000));
        U256::from(21_000 + rng.below(900_000)) * U256::from(price) + U256::from(rng.below(100))
    };
    for (index, person) in world.people.iter().enumerate() {
        let mut account = plain(match rng.below(8) {
            _ if index == 0 => rich,
            0 | 1 => poor(rng),
            2 if fork < Fork::SpuriousDragon || rng.one_in(8) => U256::ZERO,
            3 if rng.one_in(2) => continue,
            _ => rich,
        });
        if rng.one_in(4) && (index == 0 || !account.balance.is_zero()) {
            account.nonce = rng.below(3);
        }
        if index > 0 && fork >= Fork::Prague && rng.one_in(12) {
            let delegate = world.anyone(rng);
            account.code = Code::Bytes([&[0xef, 0x01, 0x00], delegate.as_slice()].concat().into());
            account.nonce += 1;
        }
        accounts.insert(*person, account);
    }
    for (index, address) in world.contracts.iter().enumerate() {
        let program = Contracts { world, rng }.contract(index);
        let slots = rng.below(4);
        let storage = (0..slots)
            .map(|slot| (U256::from(slot), slot_value(world, rng)))
            .collect();
        accounts.insert(
            *address,
            AccountPlan {
                balance: U256::from(rng.below(3) * rng.below(1_000_000)),
                nonce: 1,
                code: Code::Program(program),
                storage,
            },
        );
    }
    // What a contract will be created at may have ether; or code or slots, which are a collision (EIP-684,
    // EIP-7610). With slots and nothing else it is there until it is touched (EIP-161).
    let slots_without_code = rng.one_in(2);
    for (index, address) in world.created.iter().enumerate() {
        let mut account = plain(U256::from(1));
        match rng.below(15) {
            0 if slots_without_code => {
                account.balance = U256::from(index % 3);
                account.storage = (0..3)
                    .map(|slot| (U256::from(slot), U256::from(slot + 5)))
                    .collect();
            }
            1 => account.code = Code::Program(Contracts { world, rng }.program(1, 0)),
            // The addresses of transactions come first; of those there are few.
            2..5 if index < 8 => account.code = Code::Program(Contracts { world, rng }.program(1, 0)),
            2 | 3 => {}
            _ => continue,
        }
        accounts.insert(*address, account);
    }
    if rng.one_in(2) {
        accounts
            .entry(world.beneficiary)
            .or_insert_with(|| plain(U256::from(1)));
    }
    if world.chain.dao_fork.is_some() {
        for address in &DAO_HARDFORK_ACCOUNTS[..3] {
            accounts.insert(*address, plain(U256::from(1_000)));
        }
    }
    protocol(world, &mut accounts);
    accounts
}

/// A small number, or an address that a contract may call.
fn slot_value(world: &World, rng: &mut Rng) -> U256 {
    if rng.one_in(3) {
        world.anyone(rng).into_word().into()
    } else {
        U256::from(1 + rng.below(4))
    }
}

/// The contracts that the protocol calls or listens to.
fn protocol(world: &World, accounts: &mut BTreeMap<Address, AccountPlan>) {
    let fork = world.chain.fork;
    let mut contract = |address: Address, code: Code, storage: BTreeMap<U256, U256>| {
        let account = AccountPlan {
            balance: U256::ZERO,
            nonce: 1,
            code,
            storage,
        };
        accounts.insert(address, account);
    };
    contract(
        DEPOSIT_CONTRACT,
        Code::Program(deposit_contract()),
        BTreeMap::new(),
    );
    if fork >= Fork::Cancun {
        contract(
            BEACON_ROOTS_ADDRESS,
            Code::Bytes(BEACON_ROOTS_CODE.clone()),
            BTreeMap::new(),
        );
    }
    if fork >= Fork::Prague {
        for (address, code) in [
            (HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
            (
                WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
                &WITHDRAWAL_REQUEST_PREDEPLOY_CODE,
            ),
            (
                CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
                &CONSOLIDATION_REQUEST_PREDEPLOY_CODE,
            ),
        ] {
            contract(address, Code::Bytes(code.clone()), BTreeMap::new());
        }
    }
    if fork >= Fork::Amsterdam {
        for (address, code) in [
            (BUILDER_DEPOSIT_CONTRACT_ADDRESS, &BUILDER_DEPOSIT_CONTRACT_CODE),
            (BUILDER_EXIT_CONTRACT_ADDRESS, &BUILDER_EXIT_CONTRACT_CODE),
        ] {
            contract(address, Code::Bytes(code.clone()), BTreeMap::new());
        }
    }
    if world.chain.inference {
        let models = models();
        let registered = [models.mlp.id, models.cnn.id].map(|id| (registry_slot(id), U256::from(1)));
        contract(REGISTRY, Code::NOTHING, BTreeMap::from(registered));
        // Reverts, as the stub of a real genesis does.
        let stub = Bytes::from_static(&[0x60, 0x00, 0x60, 0x00, 0xfd]);
        contract(INFERENCE, Code::Bytes(stub), BTreeMap::new());
    }
}

fn ommers(world: &World, header: &Header, rng: &mut Rng) -> Vec<Header> {
    if world.chain.fork >= Fork::Paris {
        return Vec::new();
    }
    let count = rng.below(3);
    let ommer = |_| Header {
        beneficiary: world.anyone(rng),
        number: header.number - 1 - rng.below(6),
        ..Header::default()
    };
    (0..count).map(ommer).collect()
}

fn withdrawals(world: &World, rng: &mut Rng) -> Vec<Withdrawal> {
    if world.chain.fork < Fork::Shanghai {
        return Vec::new();
    }
    let count = rng.below(5);
    let withdrawal = |index| Withdrawal {
        index,
        validator_index: rng.below(100),
        address: world.anyone(rng),
        amount: rng.below(4) * rng.below(1_000_000),
    };
    (0..count).map(withdrawal).collect()
}
