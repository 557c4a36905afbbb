//! Rules of validity outside of the EVM (docs/conformance.md, "Rules of validity"): a block that breaks one is
//! refused by every way that executes blocks, in the same words, and is never built.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, SignableTransaction, TxEip4844, TxEip4844Variant,
    TxEip4844WithSidecar, TxEnvelope, TxLegacy,
    proofs::{calculate_ommers_root, calculate_transaction_root},
};
use alloy_eips::{eip4844::BlobTransactionSidecar, eip7594::BlobTransactionSidecarVariant};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use metisvm_executor::{
    BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, EngineOptions, Error, Threads, build_block, execute_block,
    recover_senders, run_block_file,
    validity::{Ancestor, check_block, check_follows, check_header, check_ommers},
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, ForkSchedule, MetisEvmFactory};
use std::sync::Arc;
use support::block::{CHAIN_ID, GWEI, account, build_with, genesis, sign, template};

/// The most bytes of a block in RLP from Osaka on (EIP-7934).
const MAX_RLP_BLOCK_SIZE: usize = 8_388_608;

/// The sequential mode, and speculation even in blocks that are too small for it to pay.
fn engines() -> [BlockEngine; 3] {
    [1, 2, 8].map(|count| {
        let options = EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        };
        BlockEngine::with_options(Threads::new(count).unwrap(), options)
    })
}

/// Executes a file in every way; all of them say the same, and that is the answer.
fn verdict(file: &BlockFile) -> Result<(), String> {
    let spec = Arc::new(file.chain_spec.clone().unwrap());
    let threads = Threads::new(1).unwrap();
    let transactions = file.block.body.transactions.clone();
    let senders = recover_senders(&spec, file.block.header.number, transactions, &threads).unwrap();
    let input = metisvm_executor::BlockInput {
        header: &file.block.header,
        transactions: &senders,
        withdrawals: file.block.body.withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let factory = MetisEvmFactory::new(spec, None);
    let mut state = file.pre_state.clone();
    let sequential = execute_block(&factory, input, &mut state);
    let sequential = sequential.map(|_| ()).map_err(|error| error.to_string());
    for engine in engines() {
        let ours = run_block_file(file, None, &engine);
        let ours = ours
            .map(|report| assert_eq!(report.mismatches, []))
            .map_err(|error| error.to_string());
        assert_eq!(ours, sequential, "on {} threads", engine.threads().count());
    }
    sequential
}

#[test]
fn predeploys_without_code_and_deposit_events_of_another_layout_make_a_block_invalid() {
    let Some(folder) = support::data_for("invalid blocks", "invalid-blocks") else {
        return;
    };
    for (name, expected) in [
        ("deposit-layout-canonical-valid", Ok(())),
        (
            "deposit-layout-32-bytes-appended",
            Err(["608 bytes instead of 576", "EIP-6110"]),
        ),
        (
            "deposit-layout-length-word-47",
            Err(["47 bytes instead of 48", "EIP-6110"]),
        ),
        (
            "deposit-layout-two-heads-one-tail",
            Err(["begins at", "EIP-6110"]),
        ),
        (
            "withdrawal-predeploy-without-code-prague",
            Err(["withdrawal requests", "EIP-7002"]),
        ),
        (
            "consolidation-predeploy-without-code-osaka",
            Err(["consolidation requests", "EIP-7251"]),
        ),
    ] {
        let file = BlockFile::read(folder.join(format!("{name}.json")), DEFAULT_FILE_LIMIT).unwrap();
        match (verdict(&file), expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(parts)) => {
                for part in parts {
                    assert!(error.contains(part), "{name}: {error}");
                }
            }
            (verdict, _) => panic!("{name}: {verdict:?}"),
        }
    }
}

/// A transaction with so many bytes of zeros.
fn long(nonce: u64, bytes: usize) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 16_700_000,
        to: TxKind::Call(account(2)),
        value: U256::from(1),
        input: vec![0; bytes].into(),
    };
    sign(1, tx)
}

fn wide() -> Header {
    Header {
        gas_limit: 200_000_000,
        ..template()
    }
}

fn prague() -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    spec.forks.osaka_time = None;
    spec
}

/// Five long transactions and a last one with so many bytes of zeros.
fn six(last: usize) -> Vec<TxEnvelope> {
    let mut transactions: Vec<_> = (0..5).map(|nonce| long(nonce, 1_600_000)).collect();
    transactions.push(long(5, last));
    transactions
}

/// A block of Prague, where there is no limit, as a file that says Osaka.
fn of_osaka(last: usize) -> BlockFile {
    let factory = MetisEvmFactory::new(Arc::new(prague()), None);
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let none = alloy_eips::eip4895::Withdrawals::default();
    let built = build_block(&factory, genesis(), wide(), six(last), none, &engine).unwrap();
    assert_eq!(built.skipped, [], "on Prague there is no limit");
    let mut file = built.file;
    assert_eq!(verdict(&file), Ok(()), "nor for the one who validates");
    assert!(check_block(&prague(), &file.block).is_ok());
    file.chain_spec = Some(ChainSpec::metis_dev());
    file
}

fn bytes(file: &BlockFile) -> usize {
    alloy_rlp::encode(&file.block).len()
}

#[test]
fn a_block_longer_than_8_mib_is_refused_from_osaka_on() {
    let spec = ChainSpec::metis_dev();
    let most = 300_000 + MAX_RLP_BLOCK_SIZE - bytes(&of_osaka(300_000));
    let longest = of_osaka(most);
    assert_eq!(bytes(&longest), MAX_RLP_BLOCK_SIZE);
    assert_eq!(verdict(&longest), Ok(()));
    assert!(check_block(&spec, &longest.block).is_ok());

    let too_long = of_osaka(most + 1);
    let error = verdict(&too_long).unwrap_err();
    assert_eq!(
        error,
        "block: has 8388609 bytes in RLP; from Osaka on it may have 8388608 at most (EIP-7934)"
    );
    let error_by_itself = check_block(&spec, &too_long.block).unwrap_err();
    assert_eq!(error_by_itself.to_string(), error);
}

#[test]
fn a_block_that_is_built_stays_within_8_mib_and_goes_on_with_what_fits() {
    for engine in engines() {
        let mut transactions: Vec<_> = (0..6).map(|nonce| long(nonce, 1_600_000)).collect();
        // After five long ones there is room for a short one, by another sender.
        transactions.push(support::block::legacy(2, 0, account(3), 1));
        let built = build_with(&engine, genesis(), wide(), transactions).unwrap();
        let skipped: Vec<usize> = built.skipped.iter().map(|skipped| skipped.index).collect();
        assert_eq!(skipped, [5]);
        let problem = &built.skipped[0].problem;
        assert!(problem.contains("may have 8388608 (EIP-7934)"), "{problem}");
        assert_eq!(built.file.block.body.transactions.len(), 6);
        assert_eq!(verdict(&built.file), Ok(()));
    }
}

#[test]
fn the_longest_block_that_is_built_is_valid() {
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let build = |last| build_with(&engine, genesis(), wide(), six(last)).unwrap();
    // In the header the blob gas could take three bytes more than the zero that it is.
    let reserved = 3;
    let most = 300_000 + MAX_RLP_BLOCK_SIZE - reserved - bytes(&build(300_000).file);
    let built = build(most);
    assert_eq!(built.skipped, []);
    assert_eq!(bytes(&built.file), MAX_RLP_BLOCK_SIZE - reserved);
    assert_eq!(verdict(&built.file), Ok(()));
    let built = build(most + 1);
    assert_eq!(built.skipped.len(), 1);
    assert!(built.skipped[0].problem.contains("would have 8388609 bytes"));
}

#[test]
fn a_block_whose_transaction_carries_its_blobs_is_refused() {
    let sidecar = BlobTransactionSidecarVariant::Eip4844(BlobTransactionSidecar::default());
    let tx = TxEip4844WithSidecar {
        tx: TxEip4844::default(),
        sidecar,
    };
    let signed = TxEip4844Variant::from(tx).into_signed(Signature::test_signature());
    let block = Block {
        header: template_of(&ChainSpec::metis_dev()),
        body: BlockBody {
            transactions: vec![signed.into()],
            ommers: Vec::new(),
            withdrawals: Some(Default::default()),
        },
    };
    let error = check_block(&ChainSpec::metis_dev(), &block)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("block.transactions[0]") && error.contains("EIP-4844"),
        "{error}"
    );
}

/// A header of metis-dev with the fields of its fork.
fn template_of(_: &ChainSpec) -> Header {
    Header {
        withdrawals_root: Some(alloy_consensus::constants::EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(B256::ZERO),
        ..template()
    }
}

#[test]
fn a_header_names_the_body_of_its_block() {
    let spec = ChainSpec::metis_dev();
    let built = support::block::built().file.block;
    assert!(check_block(&spec, &built).is_ok());
    type Change = fn(&mut Block<TxEnvelope>);
    let changes: [(Change, &str); 5] = [
        (
            |block| block.header.transactions_root = B256::ZERO,
            "block.transactionsRoot: is 0x0000",
        ),
        (
            |block| block.header.withdrawals_root = Some(B256::ZERO),
            "block.withdrawalsRoot: is 0x0000",
        ),
        (
            |block| block.body.withdrawals = None,
            "block.withdrawals: are missing",
        ),
        (
            |block| block.body.transactions.truncate(1),
            "block.transactionsRoot: is",
        ),
        (
            |block| block.body.ommers = vec![Header::default()],
            "block.sha3Uncles: is",
        ),
    ];
    for (change, expected) in changes {
        let mut block = built.clone();
        change(&mut block);
        let error = check_block(&spec, &block).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn each_field_of_a_header_starts_with_its_fork() {
    let spec = |fork: usize| {
        let mut spec = ChainSpec::metis_dev();
        let forks = &mut spec.forks;
        let starts = [
            &mut forks.london_block,
            &mut forks.shanghai_time,
            &mut forks.cancun_time,
            &mut forks.prague_time,
        ];
        starts.into_iter().skip(fork).for_each(|start| *start = None);
        spec
    };
    type Change = fn(&mut Header);
    let fields: [(usize, &str, Change); 6] = [
        (0, "baseFeePerGas", |header| header.base_fee_per_gas = None),
        (1, "withdrawalsRoot", |header| header.withdrawals_root = None),
        (2, "blobGasUsed", |header| header.blob_gas_used = None),
        (2, "excessBlobGas", |header| header.excess_blob_gas = None),
        (2, "parentBeaconBlockRoot", |header| {
            header.parent_beacon_block_root = None;
        }),
        (3, "requestsHash", |header| header.requests_hash = None),
    ];
    let header = template_of(&spec(4));
    for (fork, field, remove) in fields {
        // Of the fields of this fork and later ones, the header has this one alone.
        let mut early = header.clone();
        let others = fields
            .iter()
            .filter(|(other, name, _)| *other >= fork && *name != field);
        others.for_each(|(_, _, remove)| remove(&mut early));
        let error = check_header(&spec(fork), &early).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("block.{field}: is there, but ")),
            "{error}"
        );

        let mut late = header.clone();
        remove(&mut late);
        let error = check_header(&spec(4), &late).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("block.{field}: is missing, but ")),
            "{error}"
        );
    }
    assert!(check_header(&spec(4), &header).is_ok());
}

#[test]
fn the_fields_of_a_header_stay_within_their_bounds() {
    let spec = ChainSpec::metis_dev();
    type Change = fn(&mut Header);
    let changes: [(Change, &str); 6] = [
        (
            |header| header.gas_used = header.gas_limit + 1,
            "block.gasUsed: is 30000001, which exceeds the block's gas limit 30000000",
        ),
        (
            |header| header.gas_limit = 1 << 63,
            "block.gasLimit: is 9223372036854775808, which exceeds 2^63 - 1 (EIP-1985)",
        ),
        (
            |header| header.extra_data = vec![0; 33].into(),
            "block.extraData: has more than 32 bytes: 33 (Yellow Paper, section 4.3)",
        ),
        (
            |header| header.nonce = alloy_primitives::B64::with_last_byte(1),
            "block.nonce: is 0x0000000000000001; it must be zero after Paris (EIP-3675)",
        ),
        (
            |header| header.difficulty = U256::from(5),
            "block.difficulty: is 5; it must be zero after Paris (EIP-3675)",
        ),
        (
            |header| header.ommers_hash = B256::ZERO,
            "block.sha3Uncles: is 0x0000000000000000000000000000000000000000000000000000000000000000; there are \
             no ommers after Paris",
        ),
    ];
    for (change, start) in changes {
        let mut header = template_of(&spec);
        change(&mut header);
        let error = check_header(&spec, &header).unwrap_err().to_string();
        assert!(error.starts_with(start), "{error}");
    }
}

/// Frontier and nothing after it, but for what is set.
fn old(forks: ForkSchedule) -> ChainSpec {
    ChainSpec {
        name: "old".into(),
        forks,
        blob_schedule: Vec::new(),
        inference: None,
        ..ChainSpec::metis_dev()
    }
}

#[test]
fn the_first_ten_blocks_of_the_dao_fork_say_so() {
    let spec = old(ForkSchedule {
        homestead_block: Some(0),
        dao_fork_block: Some(5),
        ..ForkSchedule::default()
    });
    let header = |number, extra_data: &'static [u8]| Header {
        number,
        extra_data: Bytes::from_static(extra_data),
        gas_limit: 5_000,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        ..Header::default()
    };
    let ok = |number, extra_data| check_header(&spec, &header(number, extra_data)).is_ok();
    assert!(ok(4, b"") && ok(15, b""));
    for number in [5, 14] {
        assert!(
            ok(number, b"dao-hard-fork") && !ok(number, b"") && !ok(number, b"dao-hard-forK"),
            "{number}"
        );
    }
}

/// A chain of headers on Frontier, each 20 seconds after the one before, and what each has as ommers.
struct OldChain {
    spec: ChainSpec,
    blocks: Vec<Block<TxEnvelope>>,
}

impl OldChain {
    fn new(length: u64) -> Self {
        let mut chain = Self {
            spec: old(ForkSchedule::default()),
            blocks: vec![block(Header {
                gas_limit: 1_000_000,
                difficulty: U256::from(10_000_000),
                ..Header::default()
            })],
        };
        for _ in 0..length {
            let parent = &chain.blocks.last().unwrap().header;
            let next = child(parent, 20, b"");
            chain.blocks.push(block(next));
        }
        chain
    }

    fn check(&self, block: &Block<TxEnvelope>) -> Result<(), String> {
        let find = |hash: B256| {
            let found = self
                .blocks
                .iter()
                .find(|block| block.header.hash_slow() == hash)?;
            Some(Ancestor {
                header: found.header.clone(),
                ommers: found.body.ommers.clone(),
            })
        };
        check_ommers(&self.spec, block, &find).map_err(|error| error.to_string())
    }

    /// The block after the last one, with these ommers.
    fn with(&self, ommers: Vec<Header>) -> Block<TxEnvelope> {
        let mut next = block(child(&self.blocks.last().unwrap().header, 20, b""));
        next.header.ommers_hash = calculate_ommers_root(&ommers);
        next.body.ommers = ommers;
        next
    }

    /// An ommer of this height.
    fn ommer(&self, number: usize, name: &'static [u8]) -> Header {
        child(&self.blocks[number - 1].header, 30, name)
    }
}

fn block(header: Header) -> Block<TxEnvelope> {
    Block {
        header: Header {
            transactions_root: calculate_transaction_root::<TxEnvelope>(&[]),
            ..header
        },
        body: BlockBody::default(),
    }
}

fn child(parent: &Header, seconds: u64, extra_data: &'static [u8]) -> Header {
    Header {
        number: parent.number + 1,
        parent_hash: parent.hash_slow(),
        timestamp: parent.timestamp + seconds,
        gas_limit: parent.gas_limit,
        // Thirteen seconds and more take a 2,048th away on Frontier.
        difficulty: parent.difficulty - parent.difficulty / U256::from(2_048),
        extra_data: Bytes::from_static(extra_data),
        transactions_root: calculate_transaction_root::<TxEnvelope>(&[]),
        ..Header::default()
    }
}

#[test]
fn difficulty_follows_from_the_parent() {
    let chain = OldChain::new(1);
    let parent = &chain.blocks[1].header;
    let mut next = child(parent, 20, b"");
    assert!(check_follows(&chain.spec, &next, parent).is_ok());
    next.difficulty += U256::from(1);
    let error = check_follows(&chain.spec, &next, parent).unwrap_err().to_string();
    assert!(error.starts_with("block.difficulty: is "), "{error}");
}

#[test]
fn ommers_are_valid_children_of_the_last_ancestors_named_once() {
    let chain = OldChain::new(10);
    // The block is of height 11; ommers may be of height 5 to 10.
    for number in 5..=10 {
        assert_eq!(
            chain.check(&chain.with(vec![chain.ommer(number, b"a")])),
            Ok(()),
            "{number}"
        );
    }
    let two = vec![chain.ommer(10, b"a"), chain.ommer(9, b"a")];
    assert_eq!(chain.check(&chain.with(two)), Ok(()));

    let mut late = chain.ommer(10, b"a");
    late.timestamp = 1;
    let mut easy = chain.ommer(10, b"a");
    easy.difficulty -= U256::from(1);
    let foreign = Header {
        parent_hash: B256::repeat_byte(9),
        ..chain.ommer(10, b"a")
    };
    let cases = [
        (vec![chain.ommer(4, b"a")], "of height 4"),
        (vec![child(&chain.blocks[10].header, 30, b"a")], "of height 11"),
        (vec![chain.blocks[10].header.clone()], "is an ancestor"),
        (
            vec![chain.ommer(10, b"a"), chain.ommer(10, b"a")],
            "a second time",
        ),
        (
            vec![
                chain.ommer(10, b"a"),
                chain.ommer(10, b"b"),
                chain.ommer(10, b"c"),
            ],
            "at most 2",
        ),
        (vec![foreign], "none of the ancestors"),
        (vec![late], "block.timestamp"),
        (vec![easy], "block.difficulty"),
    ];
    for (ommers, expected) in cases {
        let error = chain.check(&chain.with(ommers)).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn an_ommer_of_an_ancestor_is_not_named_again() {
    let mut chain = OldChain::new(8);
    let ommer = chain.ommer(8, b"a");
    let ninth = chain.with(vec![ommer.clone()]);
    assert_eq!(chain.check(&ninth), Ok(()));
    chain.blocks.push(ninth);
    let error = chain.check(&chain.with(vec![ommer])).unwrap_err();
    assert!(error.contains("a second time"), "{error}");
}

#[test]
fn no_signature_names_a_chain_before_spurious_dragon_and_none_has_a_high_s_from_homestead_on() {
    let spec = old(ForkSchedule {
        homestead_block: Some(10),
        tangerine_whistle_block: Some(20),
        spurious_dragon_block: Some(30),
        ..ForkSchedule::default()
    });
    let threads = Threads::new(1).unwrap();
    let recover = |number, transaction: &TxEnvelope| {
        let recovered = recover_senders(&spec, number, vec![transaction.clone()], &threads);
        recovered
            .map(|all| all[0].signer())
            .map_err(|error| error.to_string())
    };
    let bound = support::block::legacy(1, 0, Address::ZERO, 1);
    assert_eq!(recover(30, &bound), Ok(account(1)));
    let error = recover(29, &bound).unwrap_err();
    assert!(
        error.starts_with("block.transactions[0]: ") && error.contains("EIP-155"),
        "{error}"
    );

    let free = TxLegacy {
        chain_id: None,
        ..TxLegacy::default()
    };
    let TxEnvelope::Legacy(signed) = sign(1, free) else {
        panic!("a legacy transaction")
    };
    let (tx, signature, _) = signed.into_parts();
    // The other solution of the same curve equation: n - s, with the parity turned.
    let order = U256::from_str_radix(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        16,
    );
    let high = Signature::new(signature.r(), order.unwrap() - signature.s(), !signature.v());
    let high: TxEnvelope = tx.into_signed(high).into();
    assert_eq!(recover(9, &high), Ok(account(1)));
    let error = recover(10, &high).unwrap_err();
    assert!(error.contains("EIP-2"), "{error}");
}

#[test]
fn an_empty_state_has_no_predeploys_and_so_no_block_of_prague() {
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let error = build_with(&engine, MemoryState::default(), template(), Vec::new()).unwrap_err();
    assert!(
        matches!(&error, Error::Block(problem) if problem.contains("EIP-7002")),
        "{error}"
    );
}
