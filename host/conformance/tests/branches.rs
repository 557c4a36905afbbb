//! Several branches, ommers, and blocks that must be refused among them: tests made here, for the official ones have
//! a single branch. The blocks are empty; each pays its beneficiary, so that every branch has a state of its own.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, TxEnvelope,
    proofs::calculate_ommers_root,
};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use metisvm_conformance::blocktest::{StoreKind, Suite, TestReport, Verdict};
use metisvm_executor::{BlockEngine, BlockInput, Threads};
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::{ChainSpec, ForkSchedule, MetisEvmFactory};
use serde_json::{Value, json};
use std::sync::Arc;

/// The least difficulty, and what a block adds to it that comes within nine seconds: a part of 2,048.
const DIFFICULTY: u64 = 131_072;
const STEP: u64 = 64;
const SOON: u64 = 5;
const LATER: u64 = 10;

/// A block with the state after it.
#[derive(Clone)]
struct Made {
    block: Block<TxEnvelope>,
    state: MemoryState,
}

impl Made {
    fn hash(&self) -> B256 {
        self.block.header.hash_slow()
    }

    fn rlp(&self) -> String {
        hex::encode_prefixed(alloy_rlp::encode(&self.block))
    }

    /// As a valid block of a test.
    fn valid(&self) -> Value {
        let header = &self.block.header;
        json!({
            "rlp": self.rlp(),
            "blockHeader": { "hash": self.hash(), "stateRoot": header.state_root },
        })
    }

    /// As one that must be refused.
    fn refused(&self, exception: &str) -> Value {
        json!({ "rlp": self.rlp(), "expectException": exception })
    }
}

fn genesis() -> Made {
    let mut state = MemoryState::default();
    let contract = Bytes::from_static(&[0x60, 0, 0x60, 0, 0x55]);
    let slots = [(U256::from(1), U256::from(2))];
    state.insert_account(Address::repeat_byte(0xcc), U256::from(7), 1, contract, slots);
    let header = Header {
        difficulty: U256::from(DIFFICULTY),
        gas_limit: 5_000_000,
        state_root: state_root(&state),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        ..Header::default()
    };
    Made {
        block: Block {
            header,
            body: BlockBody::default(),
        },
        state,
    }
}

fn factory() -> MetisEvmFactory {
    let spec = ChainSpec {
        forks: ForkSchedule {
            homestead_block: Some(0),
            tangerine_whistle_block: Some(0),
            spurious_dragon_block: Some(0),
            byzantium_block: Some(0),
            ..ForkSchedule::default()
        },
        name: "Byzantium".to_owned(),
        chain_id: 1,
        blob_schedule: Vec::new(),
        deposit_contract: None,
        builder_requests: true,
        inference: None,
    };
    MetisEvmFactory::new(Arc::new(spec), None)
}

/// The next block, so many seconds later, of this difficulty, that pays this beneficiary.
fn next(parent: &Made, seconds: u64, difficulty: u64, beneficiary: u8, ommers: Vec<Header>) -> Made {
    let above = &parent.block.header;
    let mut header = Header {
        parent_hash: parent.hash(),
        number: above.number + 1,
        timestamp: above.timestamp + seconds,
        difficulty: U256::from(difficulty),
        gas_limit: above.gas_limit,
        beneficiary: Address::repeat_byte(beneficiary),
        ommers_hash: calculate_ommers_root(&ommers),
        transactions_root: EMPTY_ROOT_HASH,
        ..Header::default()
    };
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let input = BlockInput {
        header: &header,
        transactions: &[],
        withdrawals: None,
        ommers: &ommers,
        access_list: None,
    };
    let executed = engine.execute(&factory(), input, &parent.state).unwrap();
    let mut state = parent.state.clone();
    state.apply(&executed.changes);
    header.receipts_root = executed.outcome.receipts_root();
    header.state_root = state_root(&state);
    let body = BlockBody {
        ommers,
        ..BlockBody::default()
    };
    Made {
        block: Block { header, body },
        state,
    }
}

fn accounts(state: &MemoryState) -> Value {
    let account = |(address, account): (&Address, &metisvm_state::AccountState)| {
        let storage = account.storage.iter();
        let storage: serde_json::Map<String, Value> = storage
            .map(|(slot, value)| (format!("{slot:#x}"), json!(value)))
            .collect();
        let info = &account.info;
        let code = info
            .code
            .as_ref()
            .map(|code| code.original_bytes())
            .unwrap_or_default();
        let value = json!({
            "balance": info.balance, "nonce": format!("{:#x}", info.nonce), "code": code, "storage": storage,
        });
        (address.to_string(), value)
    };
    Value::Object(state.accounts().map(account).collect())
}

fn test(genesis: &Made, blocks: &[Value], head: &Made) -> Value {
    json!({ "the test": {
        "network": "Byzantium",
        "sealEngine": "NoProof",
        "genesisBlockHeader": { "hash": genesis.hash(), "stateRoot": genesis.block.header.state_root },
        "genesisRLP": genesis.rlp(),
        "pre": accounts(&genesis.state),
        "blocks": blocks,
        "lastblockhash": head.hash(),
        "postState": accounts(&head.state),
    }})
}

/// Runs it over each store, on one thread and on two; all give the same.
fn run(test: &Value) -> TestReport {
    let suite = Suite::from_json(test.to_string().as_bytes()).unwrap();
    let mut reports = Vec::new();
    for threads in [1, 2] {
        let engine = BlockEngine::new(Threads::new(threads).unwrap());
        for store in [StoreKind::Memory, StoreKind::Disk] {
            reports.extend(suite.run(&engine, store, None));
        }
    }
    let first = reports.swap_remove(0);
    for other in reports {
        let failed = |report: &TestReport| matches!(report.verdict, Verdict::Failed(_));
        assert_eq!(failed(&first), failed(&other), "{first:?} {other:?}");
        assert_eq!((first.accepted, first.refused), (other.accepted, other.refused));
    }
    first
}

fn assert_passes(test: &Value, accepted: usize, refused: usize) {
    let report = run(test);
    assert_eq!(report.verdict, Verdict::Passed);
    assert_eq!((report.accepted, report.refused), (accepted, refused));
}

fn assert_fails(test: &Value, problem: &str) {
    match run(test).verdict {
        Verdict::Failed(found) => assert!(found.contains(problem), "{found}"),
        other => panic!("{other:?} instead of {problem}"),
    }
}

#[test]
fn the_branch_with_the_greatest_total_difficulty_is_the_head() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let b1 = next(&genesis, SOON, DIFFICULTY + STEP, 0xb1, vec![]);
    assert_passes(&test(&genesis, &[a1.valid(), b1.valid()], &b1), 2, 0);
    assert_passes(&test(&genesis, &[b1.valid(), a1.valid()], &b1), 2, 0);
    // The first branch grows past the other, and the other past it.
    let a2 = next(&a1, LATER, DIFFICULTY, 0xa2, vec![]);
    assert_passes(&test(&genesis, &[a1.valid(), b1.valid(), a2.valid()], &a2), 3, 0);
    let b2 = next(&b1, SOON, DIFFICULTY + 2 * STEP, 0xb2, vec![]);
    let blocks = [a1.valid(), b1.valid(), a2.valid(), b2.valid()];
    assert_passes(&test(&genesis, &blocks, &b2), 4, 0);
    assert_fails(&test(&genesis, &blocks, &a2), "the head is");
}

#[test]
fn of_equal_branches_the_first_stays_the_head() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let b1 = next(&genesis, LATER, DIFFICULTY, 0xb1, vec![]);
    assert_passes(&test(&genesis, &[a1.valid(), b1.valid()], &a1), 2, 0);
    assert_passes(&test(&genesis, &[b1.valid(), a1.valid()], &b1), 2, 0);
}

#[test]
fn a_block_that_breaks_a_rule_ends_its_branch() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let b1 = next(&genesis, SOON, DIFFICULTY + STEP, 0xb1, vec![]);
    let mut wrong = next(&b1, SOON, DIFFICULTY + 2 * STEP, 0xb2, vec![]);
    wrong.block.header.state_root.0[31] ^= 1;
    let on_wrong = next(&wrong, SOON, DIFFICULTY + 3 * STEP, 0xb3, vec![]);
    let a2 = next(&a1, LATER, DIFFICULTY, 0xa2, vec![]);
    let blocks = [
        a1.valid(),
        b1.valid(),
        wrong.refused("BlockException.INVALID_STATE_ROOT"),
        on_wrong.refused("BlockException.UNKNOWN_PARENT"),
        a2.valid(),
    ];
    assert_passes(&test(&genesis, &blocks, &a2), 3, 2);
    // Refused for another reason than the one that is named, and a valid block that should be refused.
    let blocks = [b1.valid(), wrong.refused("BlockException.INVALID_GASLIMIT")];
    assert_fails(
        &test(&genesis, &blocks, &b1),
        "but not for BlockException.INVALID_GASLIMIT",
    );
    let blocks = [b1.refused("BlockException.INVALID_STATE_ROOT")];
    assert_fails(&test(&genesis, &blocks, &genesis), "was taken; has to be refused");
    assert_fails(&test(&genesis, &[wrong.valid()], &wrong), "was refused");
}

#[test]
fn ommers_are_rewarded_and_held_to_the_branch() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let b1 = next(&genesis, LATER, DIFFICULTY, 0xb1, vec![]);
    let ommer = vec![b1.block.header.clone()];
    let a2 = next(&a1, LATER, DIFFICULTY, 0xa2, ommer.clone());
    let reward = |made: &Made, who: u8| {
        made.state
            .account(&Address::repeat_byte(who))
            .map(|account| account.info.balance)
    };
    let ether = U256::from(10).pow(U256::from(18));
    // One block behind: seven eighths of the three ether of Byzantium, and a thirty-second for who names it.
    assert_eq!(reward(&a2, 0xb1), Some(ether * U256::from(21) / U256::from(8)));
    assert_eq!(reward(&a2, 0xa2), Some(ether * U256::from(99) / U256::from(32)));
    assert_passes(&test(&genesis, &[a1.valid(), a2.valid()], &a2), 2, 0);
    // An ommer of the parent counts for the difficulty (EIP-100); it cannot be named again, nor an ancestor.
    let again = next(&a2, LATER, DIFFICULTY + STEP, 0xa3, ommer);
    let ancestor = next(&a2, LATER, DIFFICULTY + STEP, 0xa3, vec![a1.block.header.clone()]);
    let blocks = [
        a1.valid(),
        a2.valid(),
        again.refused("BlockException.UNCLE_IN_CHAIN"),
        ancestor.refused("BlockException.UNCLE_IS_ANCESTOR"),
    ];
    assert_passes(&test(&genesis, &blocks, &a2), 2, 2);
}

#[test]
fn a_single_changed_byte_of_what_has_to_come_out_fails() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let right = test(&genesis, &[a1.valid()], &a1);
    assert_passes(&right, 1, 0);
    let changed = |pointer: &str| {
        let mut wrong = right.clone();
        let value = wrong.pointer_mut(pointer).unwrap();
        let text = value.as_str().unwrap().to_owned();
        let last = if text.ends_with('1') { "2" } else { "1" };
        *value = json!(format!("{}{last}", &text[..text.len() - 1]));
        wrong
    };
    let contract = Address::repeat_byte(0xcc);
    for (pointer, problem) in [
        ("/the test/lastblockhash".to_owned(), "lastblockhash"),
        (format!("/the test/postState/{contract}/balance"), "state"),
        (format!("/the test/postState/{contract}/code"), "state"),
        (format!("/the test/postState/{contract}/storage/0x1"), "state"),
        (format!("/the test/pre/{contract}/balance"), "state root"),
        (
            "/the test/genesisBlockHeader/hash".to_owned(),
            "genesisBlockHeader.hash",
        ),
        ("/the test/genesisBlockHeader/stateRoot".to_owned(), "state root"),
        (
            "/the test/blocks/0/blockHeader/hash".to_owned(),
            "blockHeader.hash",
        ),
    ] {
        assert_fails(&changed(&pointer), problem);
    }
    let mut missing = right.clone();
    missing["the test"]["postState"]
        .as_object_mut()
        .unwrap()
        .remove(&contract.to_string());
    assert_fails(&missing, "state");
}

#[test]
fn a_block_has_one_encoding() {
    let genesis = genesis();
    let a1 = next(&genesis, LATER, DIFFICULTY, 0xa1, vec![]);
    let rlp = hex::decode(a1.rlp()).unwrap();
    let mut behind = rlp.clone();
    behind.push(0);
    // The same block, with the length of its list in three bytes instead of two.
    let mut longer = vec![0xfa, 0];
    longer.extend_from_slice(&rlp[1..]);
    for bytes in [
        behind,
        longer,
        rlp[..rlp.len() - 1].to_vec(),
        vec![0xff; 9],
        vec![],
    ] {
        let block = json!({
            "rlp": hex::encode_prefixed(&bytes), "expectException": "BlockException.RLP_STRUCTURES_ENCODING",
        });
        assert_passes(&test(&genesis, &[block, a1.valid()], &a1), 1, 1);
    }
}
