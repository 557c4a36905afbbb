//! What a profile counts is what was executed, to the last gas, and the same every time.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{TxEnvelope, TxLegacy};
use alloy_primitives::{Address, Bytes, TxKind, U256, address, hex};
use metisvm_executor::{
    BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, Threads, TransactionStatus,
    profile::{Code, CodeUse, NativeProfiler, Profile, Profiler},
    run_block_file,
};
use metisvm_state::MemoryState;
use metisvm_vm::MetisEvmFactory;
use std::collections::BTreeMap;
use support::block::{CHAIN_ID, GWEI, build_with, built, engine, genesis, sign, template};

const LOOP: Address = Address::repeat_byte(0xb0);
const CALLER: Address = Address::repeat_byte(0xa0);
const INVALID: Address = Address::repeat_byte(0xe0);
const HASHES: Address = Address::repeat_byte(0xd0);
const GAS_LIMIT: u64 = 100_000;
/// The first block of London, from which on refunds are a fifth at most (EIP-3529).
const LONDON: u64 = 12_965_000;

fn threads() -> Threads {
    Threads::new(1).unwrap()
}

fn profiled(profiler: &mut Profiler, file: &BlockFile) {
    let block = profiler
        .add(file, |spec| MetisEvmFactory::new(spec, engine()), &threads())
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(block.mismatches, []);
    assert_eq!((block.number, block.hash), (file.block.header.number, file.hash));
}

fn profile(file: &BlockFile) -> Profile {
    let mut profiler = Profiler::new(1);
    profiled(&mut profiler, file);
    profiler.finish()
}

/// Contracts of a few instructions each.
fn contracts() -> MemoryState {
    let mut state = genesis();
    let mut insert = |address, code: Vec<u8>| {
        state.insert_account(address, U256::ZERO, 1, code.into(), []);
    };
    // PUSH1 3 JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH1 2 JUMPI STOP: three times around.
    insert(LOOP, hex!("60035b600190038060025700").to_vec());
    // Stores a selector, calls the loop with it twice, and ends without STOP.
    // PUSH4 selector PUSH0 MSTORE
    let mut caller = hex!("63112233445f52").to_vec();
    for _ in 0..2 {
        // PUSH0 PUSH0 PUSH1 4 PUSH1 28 PUSH0 PUSH20 address GAS CALL
        caller.extend(hex!("5f5f6004601c5f73"));
        caller.extend(LOOP);
        caller.extend(hex!("5af1"));
    }
    insert(CALLER, caller);
    // PUSH0 INVALID
    insert(INVALID, hex!("5ffe").to_vec());
    // PUSH0 PUSH0 PUSH0 PUSH0 PUSH1 2 GAS STATICCALL STOP: SHA-256 of nothing.
    insert(HASHES, hex!("5f5f5f5f60025afa00").to_vec());
    state
}

fn call(nonce: u64, to: TxKind, input: &[u8]) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: GAS_LIMIT,
        to,
        value: U256::ZERO,
        input: Bytes::copy_from_slice(input),
    };
    sign(1, tx)
}

fn block_of(transactions: Vec<TxEnvelope>) -> BlockFile {
    let engine = BlockEngine::new(threads());
    let built = build_with(&engine, contracts(), template(), transactions).unwrap();
    assert_eq!(built.skipped, []);
    built.file
}

fn opcodes(profile: &Profile) -> BTreeMap<String, (u64, u64)> {
    let opcodes = profile.opcodes.iter();
    opcodes
        .map(|used| (Profile::opcode_name(used.opcode), (used.count, used.gas)))
        .collect()
}

fn of_address(profile: &Profile, address: Address) -> CodeUse {
    let mut found = profile.codes.iter().filter(|used| used.address == address);
    let used = *found.next().unwrap();
    assert!(found.next().is_none());
    used
}

/// The sums that hold in every profile of forks before Amsterdam.
fn check_sums(profile: &Profile) {
    let gas = &profile.gas;
    let parts = gas.instructions + gas.precompiles + gas.halts + u64::try_from(gas.ends).unwrap();
    assert_eq!(gas.frames, parts);
    assert_eq!(gas.intrinsic + gas.frames + gas.raised, gas.used + gas.refunded);
    let nodes = profile.calls.nodes();
    assert_eq!(gas.frames, nodes.iter().map(|node| node.gas).sum::<u64>());
    assert_eq!(gas.frames, profile.codes.iter().map(|used| used.gas).sum::<u64>());
    assert_eq!(
        gas.instructions,
        profile.opcodes.iter().map(|used| used.gas).sum::<u64>()
    );
    let instructions = profile.instructions();
    assert_eq!(
        instructions,
        profile.opcodes.iter().map(|used| used.count).sum::<u64>()
    );
    assert_eq!(
        instructions,
        nodes.iter().map(|node| node.instructions).sum::<u64>()
    );
    let frames: u64 = nodes.iter().map(|node| node.frames).sum();
    assert_eq!(profile.frames(), frames + profile.calls.folded_frames());
    // The first instruction of a frame has none before it. Frames that failed before their first one have no pair either.
    let pairs: u64 = profile.pairs.iter().map(|pair| pair.count).sum();
    let first = instructions - pairs;
    assert!(
        first <= profile.frames() && (first > 0) == (instructions > 0),
        "{first}"
    );
}

/// All figures of a profile that are to be exact.
fn exact(profile: &Profile) -> String {
    let without_time = |used: &CodeUse| CodeUse {
        time: Default::default(),
        ..*used
    };
    let codes: Vec<_> = profile.codes.iter().map(without_time).collect();
    let paths: Vec<_> = profile
        .calls
        .nodes()
        .iter()
        .map(|node| (node.parent, node.call, node.frames, node.instructions, node.gas))
        .collect();
    format!(
        "{} {:?} {:?} {:?} {:?} {codes:?} {paths:?}",
        profile.blocks, profile.gas, profile.transactions, profile.opcodes, profile.pairs
    )
}

#[test]
fn opcodes_are_counted_as_by_hand() {
    let profile = profile(&block_of(vec![call(0, TxKind::Call(LOOP), b"")]));
    let expected = [
        ("PUSH1", 7, 21),
        ("JUMPDEST", 3, 3),
        ("SWAP1", 3, 9),
        ("SUB", 3, 9),
        ("DUP1", 3, 9),
        ("JUMPI", 3, 30),
        ("STOP", 1, 0),
    ];
    let expected = expected.map(|(name, count, gas)| (name.to_owned(), (count, gas)));
    assert_eq!(opcodes(&profile), BTreeMap::from(expected));
    let pairs = profile.pairs.iter().map(|pair| {
        let names = [pair.first, pair.second].map(Profile::opcode_name);
        (names.join(" "), pair.count)
    });
    let expected = [
        ("PUSH1 JUMPDEST", 1),
        ("JUMPDEST PUSH1", 3),
        ("PUSH1 SWAP1", 3),
        ("SWAP1 SUB", 3),
        ("SUB DUP1", 3),
        ("DUP1 PUSH1", 3),
        ("PUSH1 JUMPI", 3),
        ("JUMPI JUMPDEST", 2),
        ("JUMPI STOP", 1),
    ];
    let expected = expected.map(|(names, count)| (names.to_owned(), count));
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), BTreeMap::from(expected));
    let used = of_address(&profile, LOOP);
    assert_eq!((used.frames, used.instructions, used.gas), (1, 23, 81));
    assert_eq!(used.bytes, Some(12));
    assert!(used.time.as_nanos() > 0);
    let [transaction] = profile.transactions[..] else {
        panic!("one transaction")
    };
    assert_eq!((transaction.intrinsic, transaction.frames), (21_000, 81));
    check_sums(&profile);
}

#[test]
fn gas_and_paths_of_calls_are_told_apart() {
    let profile = profile(&block_of(vec![
        call(0, TxKind::Call(CALLER), b""),
        call(1, TxKind::Call(LOOP), b"\x11\x22\x33\x44\x55"),
        call(2, TxKind::Call(HASHES), b"\x01"),
    ]));
    // PUSH4, PUSH0 and MSTORE with a word of memory are 3 + 2 + 6. Each call has three PUSH0 (6), two PUSH1 (6), PUSH20
    // (3) and GAS (2); CALL is 2,600 for a cold account and then 100 for a warm one. The end of the code is a STOP.
    let caller = of_address(&profile, CALLER);
    assert_eq!((caller.frames, caller.instructions), (1, 3 + 2 * 8 + 1));
    assert_eq!(caller.gas, 11 + 2 * (6 + 6 + 3 + 2) + 2_600 + 100);
    let called = of_address(&profile, LOOP);
    assert_eq!((called.frames, called.gas), (3, 3 * 81));
    assert_eq!(opcodes(&profile)["CALL"], (2, 2_700));
    let paths: Vec<_> = profile
        .calls
        .nodes()
        .iter()
        .enumerate()
        .map(|(place, node)| {
            let path = profile.calls.path(place);
            let steps: Vec<_> = path.iter().map(|call| (call.address, call.selector)).collect();
            (steps, node.frames)
        })
        .collect();
    let selector = Some([0x11, 0x22, 0x33, 0x44]);
    let sha256 = address!("0000000000000000000000000000000000000002");
    assert_eq!(
        paths,
        [
            (vec![(CALLER, None)], 1),
            (vec![(CALLER, None), (LOOP, selector)], 2),
            (vec![(LOOP, selector)], 1),
            (vec![(HASHES, None)], 1),
            (vec![(HASHES, None), (sha256, None)], 1),
        ]
    );
    // 60 for SHA-256 of nothing; an address below 0x0a is warm.
    let precompile = of_address(&profile, sha256);
    assert_eq!(precompile.code, Code::Precompile(sha256));
    assert_eq!((precompile.gas, profile.gas.precompiles), (60, 60));
    assert_eq!(profile.precompile_name(&sha256), Some("sha256"));
    check_sums(&profile);
}

#[test]
fn gas_of_halts_and_of_code_deposits_is_no_instructions() {
    let profile = profile(&block_of(vec![
        call(0, TxKind::Call(INVALID), b""),
        // Deploys one byte of code: 200 gas.
        call(1, TxKind::Create, &hex!("60015ff3")),
        call(2, TxKind::Call(support::block::account(2)), b""),
    ]));
    assert_eq!(profile.gas.halts, GAS_LIMIT - 21_000 - 2);
    assert_eq!(opcodes(&profile)["INVALID"], (1, 0));
    assert_eq!(profile.gas.ends, 200);
    let created = profile.codes.iter().find(|used| used.code == Code::Create);
    // PUSH1, PUSH0, RETURN with a word of memory.
    assert_eq!(created.unwrap().gas, 3 + 2 + 3 + 200);
    let empty = profile.codes.iter().find(|used| used.code == Code::Empty);
    assert_eq!((empty.unwrap().frames, empty.unwrap().gas), (1, 0));
    check_sums(&profile);
}

#[test]
fn every_kind_of_transaction_adds_up() {
    let built = built();
    let profile = profile(&built.file);
    check_sums(&profile);
    let inference = profile.precompile_name(&support::block::PRECOMPILE);
    assert_eq!(inference, Some("inference"));
    for (gas, outcome) in profile.transactions.iter().zip(&built.outcome.transactions) {
        assert!(gas.intrinsic >= 21_000, "{outcome:?}");
    }
}

#[test]
fn mainnet_blocks_use_the_gas_of_their_frames_and_what_is_stated_beside_it() {
    let Some(folder) = support::data_for("profiles of mainnet blocks", "mainnet-blocks") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".json.gz"))
        .collect();
    files.sort();
    assert!(files.len() >= 25, "only {} blocks", files.len());
    let blocks = BlockEngine::new(threads());
    let (mut refunds, mut halts, mut gas_used) = (0, 0, 0);
    let mut all = Profiler::new(1);
    for path in &files {
        let file = BlockFile::read(path, DEFAULT_FILE_LIMIT).unwrap();
        let mut one = Profiler::new(1);
        profiled(&mut one, &file);
        let profile = one.finish();
        check_sums(&profile);
        // The refund rule, applied here to what was counted, gives what each transaction really used.
        let outcome = run_block_file(&file, None, &blocks).unwrap().outcome;
        let quotient = if file.block.header.number < LONDON { 2 } else { 5 };
        assert_eq!(profile.transactions.len(), outcome.transactions.len());
        for (index, (gas, outcome)) in profile.transactions.iter().zip(&outcome.transactions).enumerate() {
            let paid = gas.intrinsic + gas.frames;
            let refund = gas.refund.min(paid / quotient);
            assert_eq!(paid - refund, outcome.gas_used, "{} {index}", path.display());
            refunds += u64::from(refund > 0);
            halts += u64::from(matches!(outcome.status, TransactionStatus::Halt { .. }));
        }
        assert_eq!(profile.gas.used, file.block.header.gas_used);
        assert_eq!(profile.gas.raised, 0, "no block is of Prague");
        gas_used += profile.gas.used;
        profiled(&mut all, &file);
    }
    assert!(refunds > 100 && halts > 10, "{refunds} refunds, {halts} halts");
    let all = all.finish();
    check_sums(&all);
    assert_eq!((all.blocks, all.gas.used), (files.len() as u64, gas_used));
}

#[test]
fn counting_twice_gives_the_same() {
    let file = built().file;
    assert_eq!(exact(&profile(&file)), exact(&profile(&file)));
    let Some(path) = support::data_for("a profile twice", "mainnet-blocks/17666333.json.gz") else {
        return;
    };
    let file = BlockFile::read(path, DEFAULT_FILE_LIMIT).unwrap();
    let first = exact(&profile(&file));
    assert_eq!(first, exact(&profile(&file)));
    // The number of timed passes is in no count.
    let mut profiler = Profiler::new(3);
    profiled(&mut profiler, &file);
    assert_eq!(first, exact(&profiler.finish()));
}

#[test]
fn too_many_paths_lose_no_gas() {
    let file = block_of(vec![
        call(0, TxKind::Call(CALLER), b""),
        call(1, TxKind::Call(LOOP), b""),
        call(2, TxKind::Call(HASHES), b""),
    ]);
    let mut few = Profiler::new(1).with_most_paths(1);
    profiled(&mut few, &file);
    let few = few.finish();
    check_sums(&few);
    let nodes = few.calls.nodes();
    // The caller with the loop in it, and all the rest.
    let calls = nodes
        .iter()
        .map(|node| (node.call.code == Code::Other, node.frames));
    assert_eq!(calls.collect::<Vec<_>>(), [(false, 1), (true, 0)]);
    assert_eq!(few.calls.folded_frames(), 5);
    let all = profile(&file);
    assert_eq!(
        of_address(&few, LOOP).gas,
        of_address(&all, LOOP).gas,
        "contracts are exact"
    );
}

#[test]
fn block_that_cannot_be_executed_leaves_no_trace() {
    let good = block_of(vec![call(0, TxKind::Call(LOOP), b"")]);
    let mut profiler = Profiler::new(1);
    profiled(&mut profiler, &good);
    // Without its engine, an inference stops the block in its middle.
    let error = profiler.add(&built().file, |spec| MetisEvmFactory::new(spec, None), &threads());
    assert!(error.unwrap_err().to_string().contains("no inference engine"));
    let after = profiler.finish();
    assert_eq!(exact_counts(&after), exact_counts(&profile(&good)));
}

/// What was counted, without paths that no frame took.
fn exact_counts(profile: &Profile) -> String {
    let codes: Vec<_> = profile.codes.iter().map(|used| (used.code, used.gas)).collect();
    format!(
        "{} {:?} {:?} {codes:?}",
        profile.blocks, profile.gas, profile.opcodes
    )
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn hottest_contracts_are_compiled_and_timed_both_ways() {
    let file = block_of(vec![
        call(0, TxKind::Call(CALLER), b""),
        call(1, TxKind::Call(LOOP), b""),
    ]);
    let mut profiler = Profiler::new(2);
    profiled(&mut profiler, &file);
    let mut native = NativeProfiler::new(&mut profiler, 1).unwrap();
    let factory = |spec| MetisEvmFactory::new(spec, engine());
    native.add(&file, factory, &threads()).unwrap();
    let report = native.finish();
    let [gain] = report.contracts[..] else {
        panic!("{report:?}")
    };
    assert_eq!(gain.contract.address, CALLER, "it used more gas than the loop");
    assert!(gain.interpreted.as_nanos() > 0 && gain.native.as_nanos() > 0);
    assert!(gain.interpreted < report.interpreted_blocks && gain.native < report.native_blocks);
    // Timing again adds nothing to what was counted.
    assert_eq!(exact(&profiler.finish()), exact(&profile(&file)));
}
