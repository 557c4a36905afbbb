//! The addresses of a random block: few, so that transactions meet each other at them.

use super::{
    assembler::assemble,
    chain::{Chain, DEPOSIT_CONTRACT, Fork},
    plan::keyed_accounts,
    program::{Program, Statement, Value},
};
use crate::rng::Rng;
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::BEACON_ROOTS_ADDRESS,
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
    eip8282::{BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_EXIT_CONTRACT_ADDRESS},
};
use alloy_primitives::{Address, B256, U256, keccak256};
use metisvm_workload::{INFERENCE, REGISTRY};
use revm::bytecode::opcode as op;

/// How many contracts there are before the block.
pub(crate) const CONTRACTS: usize = 12;

/// The call data word that makes a created contract destroy itself.
pub(crate) const DESTROY: u64 = 2;

/// Where everything is.
#[derive(Debug, Clone)]
pub struct World {
    /// The chain of the block.
    pub chain: Chain,
    /// The accounts with a key, then some without.
    pub people: Vec<Address>,
    /// The contracts of the genesis.
    pub contracts: Vec<Address>,
    /// Accounts that do not exist before the block.
    pub fresh: Vec<Address>,
    /// Addresses at which transactions and contracts of this block create contracts.
    pub created: Vec<Address>,
    /// Who gets the fees.
    pub beneficiary: Address,
    /// Precompiles and contracts of the protocol.
    pub special: Vec<Address>,
    /// Init codes that several transactions use with the same salt.
    pub shared_inits: Vec<Program>,
}

/// An address of this kind and number.
pub(super) fn numbered(kind: u8, number: usize) -> Address {
    let mut address = Address::repeat_byte(kind);
    address[19] = number as u8;
    address
}

impl World {
    /// The addresses of a chain.
    pub fn new(chain: Chain, rng: &mut Rng) -> Self {
        let keyed = keyed_accounts().iter().map(|account| account.address());
        let people: Vec<_> = keyed.chain((0..6).map(|number| numbered(0xe0, number))).collect();
        let contracts: Vec<_> = (0..CONTRACTS).map(|number| numbered(0xc0, number)).collect();
        let fresh: Vec<_> = (0..5).map(|number| numbered(0xf0, number)).collect();
        let mut special: Vec<_> = (1..=9).map(Address::with_last_byte).collect();
        special.push(Address::with_last_byte(0x0b));
        special.push(DEPOSIT_CONTRACT);
        if chain.fork >= Fork::Cancun {
            special.push(BEACON_ROOTS_ADDRESS);
        }
        if chain.fork >= Fork::Prague {
            special.extend([
                HISTORY_STORAGE_ADDRESS,
                WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
                CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            ]);
        }
        if chain.fork >= Fork::Amsterdam {
            special.extend([BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_EXIT_CONTRACT_ADDRESS]);
        }
        if chain.inference {
            special.extend([INFERENCE, REGISTRY]);
        }
        let beneficiary = match rng.below(20) {
            0..9 => Address::repeat_byte(0xcb),
            9..14 => rng.pick(&people),
            14..18 => rng.pick(&contracts),
            18 => rng.pick(&fresh),
            _ => rng.pick(&special),
        };
        let mut world = Self {
            chain,
            people,
            contracts,
            fresh,
            created: Vec::new(),
            beneficiary,
            special,
            shared_inits: shared_inits(),
        };
        world.created = world.creations();
        world
    }

    fn creations(&self) -> Vec<Address> {
        let mut created = Vec::new();
        for person in &self.people[..4] {
            created.extend((0..2).map(|nonce| person.create(nonce)));
        }
        for contract in &self.contracts[..6] {
            created.extend((1..3).map(|nonce| contract.create(nonce)));
            for init in &self.shared_inits {
                let hash = keccak256(assemble(init));
                created.extend((0..2).map(|salt| contract.create2(B256::with_last_byte(salt), hash)));
            }
        }
        created
    }

    /// Anyone at all.
    pub fn anyone(&self, rng: &mut Rng) -> Address {
        match rng.below(20) {
            0..6 => rng.pick(&self.contracts),
            6..11 => rng.pick(&self.people),
            11..13 => rng.pick(&self.fresh),
            13..16 => rng.pick(&self.created),
            16..18 => self.beneficiary,
            _ => rng.pick(&self.special),
        }
    }

    /// Something that is likely to have code when it is called.
    pub fn callee(&self, rng: &mut Rng) -> Address {
        match rng.below(10) {
            0..7 => rng.pick(&self.contracts),
            7 | 8 => rng.pick(&self.created),
            _ => self.anyone(rng),
        }
    }

    /// Someone who may be able to pay.
    pub fn sender(&self, rng: &mut Rng) -> Address {
        match rng.below(30) {
            0 => rng.pick(&self.fresh),
            // Where it is someone with a key of another kind of account, it is dropped or a fault.
            1 => self.beneficiary,
            _ => rng.pick(&self.people),
        }
    }
}

/// Init codes whose CREATE2 address many share: a counter that can be destroyed, one that is there only
/// for the rest of its transaction, and one whose code depends on the state while it is created.
fn shared_inits() -> Vec<Program> {
    let count = |slot: u64| {
        let slot = Value::number(slot);
        let next = Value::Op(
            op::ADD,
            vec![Value::Op(op::SLOAD, vec![slot.clone()]), Value::number(1)],
        );
        Statement::Op(op::SSTORE, vec![slot, next])
    };
    let selector = Value::Op(op::CALLDATALOAD, vec![Value::number(0)]);
    let destroy = Statement::If(
        Value::Op(op::EQ, vec![selector, Value::number(DESTROY)]),
        vec![Statement::Op(op::SELFDESTRUCT, vec![Value::read(op::CALLER)])],
    );
    let runtime = vec![destroy, count(0)];
    let balance_of_creator = Value::Op(op::BALANCE, vec![Value::read(op::CALLER)]);
    vec![
        vec![count(1), Statement::Deploy(runtime.clone())],
        vec![
            count(2),
            Statement::Op(op::SELFDESTRUCT, vec![Value::read(op::CALLER)]),
        ],
        vec![
            count(3),
            Statement::If(
                Value::Op(op::MOD, vec![balance_of_creator, Value::number(2)]),
                vec![Statement::Deploy(runtime)],
            ),
            Statement::Return(Value::Constant(U256::ZERO)),
        ],
    ]
}
