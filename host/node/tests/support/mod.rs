//! A node with a few blocks: accounts with ether, a contract that computes, stores, logs and reverts.

use alloy_primitives::{Address, Bytes, U256};
use metisvm_executor::{BlockEngine, Threads};
use metisvm_node::accounts::{DevAccounts, TEST_MNEMONIC};
use metisvm_node::admission::Rules;
use metisvm_node::chain::{Chain, History};
use metisvm_node::disk;
use metisvm_node::genesis::{DevGenesis, InferenceCode};
use metisvm_node::keys::Keys;
use metisvm_node::models::NoModels;
use metisvm_node::world::World;
use metisvm_node::{Node, Parts, Settings};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::{Arc, LazyLock};

/// Of the contract at [`CONTRACT`]: it adds 1 to slot 0, logs, and without call data returns; one byte of call data
/// makes it revert, more make it loop until the gas is gone.
const CODE: &[u8] = &[
    0x60, 0x01, 0x5f, 0x54, 0x01, 0x5f, 0x55, // slot 0 += 1
    0x60, 0x07, 0x5f, 0x5f, 0xa1, // LOG1 with topic 7
    0x36, 0x60, 0x13, 0x57, // call data: to 0x13
    0x5f, 0x5f, 0xf3, // return nothing
    0x5b, 0x60, 0x01, 0x36, 0x11, 0x60, 0x20, 0x57, // more than a byte: to 0x20
    0x5f, 0x5f, 0xfd, 0x00, 0x00, // revert
    0x5b, 0x60, 0x20, 0x56, // a loop
];

/// Where the contract is.
pub(crate) const CONTRACT: Address = Address::repeat_byte(0xc0);

static THREADS: LazyLock<Threads> = LazyLock::new(|| Threads::new(2).unwrap());

/// A node as `metisvm node` makes one, in memory and without models.
pub(crate) fn node() -> Arc<Node> {
    let spec = Arc::new(ChainSpec::metis_dev());
    let accounts = DevAccounts::derive(TEST_MNEMONIC, 3).unwrap();
    let genesis = DevGenesis {
        accounts: &accounts.addresses(),
        balance: U256::from(10).pow(U256::from(22)),
        models: &[],
        keys: &[],
        code: &InferenceCode::default(),
        timestamp: 1_800_000_000,
        gas_limit: 60_000_000,
    };
    let mut state = genesis.state(&spec);
    state.insert_account(CONTRACT, U256::ZERO, 1, Bytes::from_static(CODE), []);
    let header = genesis.header(&spec, metisvm_state::state_root(&state));
    let first = disk::first_block(header);
    let world = World::of(&state).unwrap().with_hash(first.number(), first.hash);
    let keys = Arc::new(Keys::default());
    let factory = MetisEvmFactory::new(spec.clone(), None).with_proofs(Some(keys.clone()));
    let node = Node::new(Parts {
        factory: factory.permitting_senders_with_code(),
        engine: BlockEngine::new(THREADS.clone()),
        chain: Chain::begin(History::default(), first, world),
        accounts,
        models: Arc::new(NoModels),
        client_version: "metisvm/test".to_owned(),
        keys,
        settings: Settings {
            beneficiary: Address::ZERO,
            gas_limit: 60_000_000,
            next_base_fee: None,
            next_prevrandao: None,
        },
        automine: true,
        rules: Rules::of(&spec),
        validating: true,
        disk: None,
    });
    node.mine(3, None).unwrap();
    Arc::new(node)
}
