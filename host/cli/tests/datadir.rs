//! Chains that are kept on disk between invocations of the binary.

#![allow(
    clippy::unwrap_used,
    reason = "in the helpers, too, a panic is how a test fails"
)]

mod support;

use alloy_consensus::Header;
use metisvm_executor::{BlockEngine, BlockFile, Threads};
use metisvm_state::store::{Depth, Head, RedbStore, Store, StoreOptions};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::{metisvm, objects, repository, run, stderr};
use tempfile::{TempDir, tempdir};

/// A folder with the files of a chain in it: the first with the state before it, the others without.
struct Files {
    folder: TempDir,
    blocks: Vec<BlockFile>,
}

fn without_state(block: &BlockFile) -> Value {
    let mut json: Value = serde_json::from_str(&block.to_json()).unwrap();
    let file = json.as_object_mut().unwrap();
    for key in ["preState", "preStateComplete", "blockHashes"] {
        file.remove(key);
    }
    json
}

impl Files {
    fn new(kind: WorkloadKind, transactions: usize, blocks: usize, seed: u64) -> Self {
        let engine = BlockEngine::new(Threads::new(1).unwrap());
        let scenario = Scenario::generate(kind, transactions, blocks, seed).unwrap();
        let blocks: Vec<BlockFile> = scenario.files(&engine).map(|file| file.unwrap()).collect();
        let folder = tempdir().unwrap();
        for (index, block) in blocks.iter().enumerate() {
            let json = match index {
                0 => block.to_json(),
                _ => without_state(block).to_string(),
            };
            std::fs::write(folder.path().join(name(index)), json).unwrap();
        }
        Self { folder, blocks }
    }

    fn votes() -> Self {
        Self::new(WorkloadKind::DaoVoting, 40, 3, 7)
    }

    fn run(&self, arguments: &[&str], blocks: impl IntoIterator<Item = usize>) -> Output {
        self.command(arguments, blocks)
            .output()
            .expect("the binary starts")
    }

    fn command(&self, arguments: &[&str], blocks: impl IntoIterator<Item = usize>) -> Command {
        let names: Vec<String> = blocks.into_iter().map(name).collect();
        let mut all = vec!["run", "--json", "--datadir", "chain"];
        all.extend(arguments);
        all.extend(names.iter().map(String::as_str));
        let mut command = metisvm(self.folder.path());
        command.args(all);
        command
    }

    fn datadir(&self) -> PathBuf {
        self.folder.path().join("chain")
    }

    fn head(&self) -> Option<Head> {
        open(&self.datadir()).head().unwrap()
    }

    /// The chain ends with this block, and everything in the store fits together.
    fn check_head(&self, block: usize) {
        let store = open(&self.datadir());
        let head = store.head().unwrap().unwrap();
        let header = &self.blocks[block].block.header;
        assert_eq!(head.hash, self.blocks[block].hash);
        assert_eq!((head.number, head.state_root), (header.number, header.state_root));
        store.verify(Depth::StateRoot).unwrap();
    }
}

fn name(block: usize) -> String {
    format!("{block:03}.json")
}

fn open(datadir: &Path) -> RedbStore {
    RedbStore::open(datadir.join("chain.redb"), StoreOptions::default()).unwrap()
}

/// One object for each block, all of them executed, right and written.
fn check_committed(output: &Output, blocks: &[BlockFile]) -> Vec<Value> {
    assert!(output.status.success(), "{}", stderr(output));
    let objects = objects(output);
    assert_eq!(objects.len(), blocks.len());
    for (object, block) in objects.iter().zip(blocks) {
        assert_eq!(object["block_hash"], block.hash.to_string());
        assert_eq!(object["state_root"], block.block.header.state_root.to_string());
        for key in ["matches_header", "committed"] {
            assert_eq!(object[key], true, "{key} in {object}");
        }
        assert!(object["commit_ms"].as_f64().unwrap() > 0.0);
        assert!(object["prefetch_hits"].is_u64(), "{object}");
    }
    objects
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", stderr(output));
    let last = objects(output).pop().unwrap();
    last["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{last}"))
        .to_owned()
}

#[test]
fn a_chain_of_three_blocks_in_two_invocations_is_the_same_chain() {
    let files = Files::new(WorkloadKind::MixedDefi, 60, 3, 7);
    check_committed(&files.run(&["--threads", "1"], [0]), &files.blocks[..1]);
    files.check_head(0);
    let objects = check_committed(&files.run(&["--threads", "2"], [1, 2]), &files.blocks[1..]);
    files.check_head(2);
    for object in &objects {
        let (hits, misses) = (&object["cache_hits"], &object["cache_misses"]);
        assert!(
            hits.as_u64().unwrap() > 0 && misses.as_u64().unwrap() > 0,
            "{object}"
        );
    }
}

#[test]
fn blocks_with_inferences_go_on_from_the_chain_too() {
    let files = Files::new(WorkloadKind::InferenceHeavy, 30, 2, 3);
    check_committed(&files.run(&["--backend", "fpga"], [0, 1]), &files.blocks);
    files.check_head(1);
}

#[test]
fn the_bundled_block_begins_a_chain_and_is_not_taken_twice() {
    let folder = tempdir().unwrap();
    let bundled = repository("host/cli/bundled/block.json.gz");
    let bundled = bundled.to_str().unwrap();
    let output = run(folder.path(), &["run", "--json", "--datadir", "a/b", bundled]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(objects(&output)[0]["committed"], true);
    let golden = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let head = open(&folder.path().join("a/b")).head().unwrap().unwrap();
    assert_eq!(golden["state_root"], head.state_root.to_string());
    let again = run(folder.path(), &["run", "--datadir", "a/b", bundled]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("it is that block; leave it out"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn a_chain_is_looked_at_verified_and_unwound_without_a_block() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0, 1, 2]), &files.blocks);
    let chain = |arguments: &[&str]| run(files.folder.path(), arguments);

    let info = objects(&chain(&["chain", "info", "--datadir", "chain", "--json"])).remove(0);
    assert_eq!(info["head_hash"], files.blocks[2].hash.to_string());
    assert_eq!(
        info["state_root"],
        files.blocks[2].block.header.state_root.to_string()
    );
    assert_eq!(info["first_block_hash"], files.blocks[0].hash.to_string());
    assert_eq!(info["unwindable_blocks"], 2);
    assert!(info["store_bytes"].as_u64().unwrap() > 1_000);
    assert_eq!(info["chain_spec"]["chainId"], 5_068_365);

    let sound = chain(&["chain", "verify", "--datadir", "chain", "--json"]);
    assert!(sound.status.success(), "{}", stderr(&sound));
    assert_eq!(objects(&sound)[0]["sound"], true);

    let unwound = chain(&["chain", "unwind", "1", "--datadir", "chain", "--json"]);
    assert_eq!(
        objects(&unwound)[0]["head_hash"],
        files.blocks[1].hash.to_string()
    );
    files.check_head(1);
    let too_far = chain(&["chain", "unwind", "2", "--datadir", "chain"]);
    assert_eq!(too_far.status.code(), Some(1));
    assert!(
        stderr(&too_far).contains("only the last one can"),
        "{}",
        stderr(&too_far)
    );
}

#[test]
fn looking_for_a_chain_that_is_not_there_creates_nothing() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for datadir in ["nowhere", "empty"] {
        for command in [&["info"][..], &["verify"], &["unwind", "1"]] {
            let arguments: Vec<&str> = ["chain"]
                .iter()
                .chain(command)
                .chain(&["--datadir", datadir])
                .copied()
                .collect();
            let output = run(folder.path(), &arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(
                stderr(&output).contains("there is no chain in it"),
                "{}",
                stderr(&output)
            );
        }
    }
    assert!(!folder.path().join("nowhere").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
}

/// Changes one account of a chain as only damage could: its row, and not the trie.
fn damage(datadir: &Path, address: alloy_primitives::Address) {
    use redb::ReadableTable;
    let db = redb::Database::open(datadir.join("chain.redb")).unwrap();
    let accounts: redb::TableDefinition<'_, &[u8; 20], &[u8; 72]> = redb::TableDefinition::new("accounts");
    let transaction = db.begin_write().unwrap();
    {
        let mut table = transaction.open_table(accounts).unwrap();
        let mut row = *table
            .get(&address.0.0)
            .unwrap()
            .unwrap()
            .value()
            .first_chunk::<72>()
            .unwrap();
        for byte in &mut row[..40] {
            *byte ^= 1;
        }
        table.insert(&address.0.0, &row).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn damage_of_the_store_is_not_taken_for_a_fault_of_the_block() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    damage(&files.datadir(), files.blocks[1].claimed_senders[0]);
    let refused = error_of(&files.run(&[], [1]));
    assert!(refused.contains("the store is damaged"), "{refused}");
    assert!(!refused.contains("nonce"), "{refused}");
    let verify = run(
        files.folder.path(),
        &["chain", "verify", "--datadir", "chain", "--json"],
    );
    assert_eq!(verify.status.code(), Some(1));
    let verdict = &objects(&verify)[0];
    assert_eq!(verdict["sound"], false);
    assert!(
        verdict["error"].as_str().unwrap().contains("state root"),
        "{verdict}"
    );
}

#[test]
fn a_block_of_a_chain_with_another_first_block_is_called_that() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let other = Files::new(WorkloadKind::DaoVoting, 40, 2, 8);
    for block in [0, 1] {
        let path = other.folder.path().join(name(block));
        let path = path.to_str().unwrap();
        let output = run(
            files.folder.path(),
            &["run", "--json", "--datadir", "chain", path],
        );
        let error = error_of(&output);
        assert!(error.contains("of another chain"), "{error}");
    }
}

#[test]
fn blocks_taken_back_and_executed_again_come_to_the_same_roots() {
    let files = Files::votes();
    check_committed(&files.run(&[], 0..3), &files.blocks);
    let output = files.run(&["--unwind", "2"], []);
    assert!(output.status.success(), "{}", stderr(&output));
    let object = &objects(&output)[0];
    assert_eq!((&object["unwound"], &object["head"]), (&2.into(), &1.into()));
    files.check_head(0);
    check_committed(&files.run(&[], 1..3), &files.blocks[1..]);
    files.check_head(2);
    // Taking back and going on in one invocation.
    let output = files.run(&["--unwind", "1"], [2]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(objects(&output)[1]["committed"], true);
    files.check_head(2);
}

#[test]
fn more_blocks_than_there_are_cannot_be_taken_back() {
    let files = Files::votes();
    let nothing = files.run(&["--unwind", "1"], []);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        stderr(&nothing).contains("there is no chain in it"),
        "{}",
        stderr(&nothing)
    );
    check_committed(&files.run(&[], 0..2), &files.blocks[..2]);
    let output = files.run(&["--unwind", "2"], []);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("2 blocks cannot be taken back, only the last one can"),
        "{}",
        stderr(&output)
    );
    files.check_head(1);
}

#[test]
fn a_block_that_does_not_follow_is_refused_and_says_what_to_do() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    assert!(error_of(&files.run(&[], [2])).contains("give block 2 before it"));
    assert!(error_of(&files.run(&[], [0])).contains("it is that block; leave it out"));
    // The second block of another chain.
    let other = Files::new(WorkloadKind::DaoVoting, 40, 2, 8);
    let branch = files.folder.path().join(name(7));
    std::fs::write(branch, other.blocks[1].to_json()).unwrap();
    let error = error_of(&files.run(&[], [7]));
    for part in [
        "chain: block 2",
        "of another chain",
        "begin the other one in another folder",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    check_committed(&files.run(&[], 1..3), &files.blocks[1..]);
    assert!(error_of(&files.run(&[], [1])).contains("take the last 2 blocks back with --unwind 2"));
    // The first block stays, so nobody is told to take it back.
    let other = Files::new(WorkloadKind::DaoVoting, 40, 1, 8);
    let first = files.folder.path().join(name(8));
    std::fs::write(first, other.blocks[0].to_json()).unwrap();
    let error = error_of(&files.run(&[], [8]));
    assert!(
        error.contains("of another chain") && !error.contains("--unwind"),
        "{error}"
    );
    files.check_head(2);
}

#[test]
fn a_block_that_is_not_what_its_header_says_is_not_written_and_those_after_it_do_not_follow() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let mut wrong = files.blocks[1].clone();
    wrong.block.header.state_root = files.blocks[0].block.header.state_root;
    wrong.hash = wrong.block.header.hash_slow();
    std::fs::write(
        files.folder.path().join(name(7)),
        without_state(&wrong).to_string(),
    )
    .unwrap();
    let output = files.run(&[], [7, 2]);
    assert_eq!(output.status.code(), Some(1));
    let objects = objects(&output);
    assert_eq!(objects[0]["committed"], false);
    assert_eq!(objects[0]["mismatches"][0]["field"], "stateRoot");
    assert!(objects[1]["error"].as_str().unwrap().contains("does not follow"));
    files.check_head(0);
    check_committed(&files.run(&[], 1..3), &files.blocks[1..]);
}

#[test]
fn a_chain_begins_with_a_whole_state_only() {
    let files = Files::votes();
    assert!(error_of(&files.run(&[], [1])).contains("preStateComplete"));
    // What the block reads is in there, but nobody says that it is all.
    let mut witness = files.blocks[0].clone();
    witness.pre_state_complete = false;
    std::fs::write(files.folder.path().join(name(7)), witness.to_json()).unwrap();
    assert!(error_of(&files.run(&[], [7])).contains("preStateComplete"));
    // A state that claims to be the whole, and has an account too many.
    let mut json: Value = serde_json::from_str(&files.blocks[0].to_json()).unwrap();
    json["preState"]["0x00000000000000000000000000000000000000ee"] = serde_json::json!({"balance": "0x1"});
    std::fs::write(files.folder.path().join(name(8)), json.to_string()).unwrap();
    let output = files.run(&[], [8]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!files.datadir().exists(), "nothing was written");
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
}

#[test]
fn without_a_chain_a_block_needs_the_state_before_it() {
    let files = Files::votes();
    let output = run(files.folder.path(), &["run", "--json", &name(1)]);
    let error = error_of(&output);
    assert!(error.contains("the key \"preState\" is missing"), "{error}");
}

#[test]
fn a_chain_keeps_its_rules() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let mut json = without_state(&files.blocks[1]);
    json["chainSpec"] = "mainnet".into();
    std::fs::write(files.folder.path().join(name(7)), json.to_string()).unwrap();
    assert!(error_of(&files.run(&[], [7])).contains("a chain keeps its rules"));
    // A file that names none follows the chain's.
    json.as_object_mut().unwrap().remove("chainSpec");
    std::fs::write(files.folder.path().join(name(7)), json.to_string()).unwrap();
    check_committed(&files.run(&[], [7]), &files.blocks[1..2]);
    std::fs::remove_file(files.datadir().join("chain-spec.json")).unwrap();
    let output = files.run(&[], [2]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the chain has no rules"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_datadir_that_is_in_use_or_is_no_folder_is_named() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let store = open(&files.datadir());
    let output = files.run(&[], [1]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("open in another process"),
        "{}",
        stderr(&output)
    );
    drop(store);
    let file = name(0);
    let output = run(files.folder.path(), &["run", "--datadir", &file, &file]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("{file}: is not a folder");
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn a_block_whose_header_breaks_a_rule_towards_its_parent_is_refused_with_the_right_value() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let parent = &files.blocks[0].block.header;
    type Change = fn(&mut Header);
    let changes: [(Change, &str); 5] = [
        (|header| header.timestamp -= 12, "block.timestamp: is "),
        (
            |header| header.gas_limit += header.gas_limit / 1024 + 1,
            "block.gasLimit: is ",
        ),
        (
            |header| header.base_fee_per_gas = header.base_fee_per_gas.map(|fee| fee + 1),
            "block.baseFeePerGas: is ",
        ),
        (
            |header| header.excess_blob_gas = Some(131_072),
            "block.excessBlobGas: is 131072",
        ),
        (
            |header| header.extra_data = vec![0; 33].into(),
            "block.extraData: has more than 32 bytes",
        ),
    ];
    for (change, start) in changes {
        let mut wrong = files.blocks[1].clone();
        change(&mut wrong.block.header);
        wrong.hash = wrong.block.header.hash_slow();
        let text = without_state(&wrong).to_string();
        std::fs::write(files.folder.path().join(name(7)), text).unwrap();
        let error = error_of(&files.run(&[], [7]));
        assert!(error.contains(start), "expected {start:?}, got {error:?}");
        if start.ends_with(' ') {
            let after = format!("; after block {} it must be ", parent.number);
            assert!(error.contains(&after), "{error}");
        }
        files.check_head(0);
    }
    check_committed(&files.run(&[], 1..3), &files.blocks[1..]);
}

#[test]
fn nothing_is_taken_back_for_a_block_that_could_not_follow() {
    let files = Files::votes();
    check_committed(&files.run(&[], 0..3), &files.blocks);
    std::fs::write(files.folder.path().join(name(7)), "{}").unwrap();
    let mut wrong = files.blocks[2].clone();
    wrong.block.header.timestamp = files.blocks[1].block.header.timestamp;
    wrong.hash = wrong.block.header.hash_slow();
    std::fs::write(
        files.folder.path().join(name(8)),
        without_state(&wrong).to_string(),
    )
    .unwrap();
    for (back, file, says) in [
        ("1", 7, "block"),
        ("1", 8, "block.timestamp"),
        ("1", 9, "No such file"),
        ("2", 2, "give block 2 before it"),
        ("1", 1, "it is that block; leave it out"),
        ("1", 0, "cannot be taken back that far"),
        ("3", 0, "only the last 2 can"),
    ] {
        let error = error_of(&files.run(&["--unwind", back], [file]));
        assert!(error.contains(says), "{says} in {error}");
        assert!(error.ends_with("no block was taken back"), "{error}");
        files.check_head(2);
    }
    let output = files.run(&["--unwind", "2"], 1..3);
    assert!(output.status.success(), "{}", stderr(&output));
    files.check_head(2);
}

#[test]
fn a_chain_does_not_go_on_under_rules_that_were_changed_on_disk() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let path = files.datadir().join("chain-spec.json");
    let kept = std::fs::read_to_string(&path).unwrap();
    let mut spec: Value = serde_json::from_str(&kept).unwrap();
    spec["forks"]["osakaTime"] = 4_000_000_000_u64.into();
    std::fs::write(&path, spec.to_string()).unwrap();
    let output = files.run(&[], [1]);
    assert_eq!(output.status.code(), Some(1));
    for part in [
        "chain-spec.json: says something else",
        "chain.redb does not go on",
    ] {
        assert!(stderr(&output).contains(part), "{part} in {}", stderr(&output));
    }
    files.check_head(0);
    // Other white space is the same rules.
    std::fs::write(&path, kept.replace(['\n', ' '], "")).unwrap();
    check_committed(&files.run(&[], [1]), &files.blocks[1..2]);
}

#[test]
fn the_first_block_cannot_be_taken_back_and_the_error_says_so() {
    let files = Files::votes();
    check_committed(&files.run(&[], [0]), &files.blocks[..1]);
    let output = files.run(&["--unwind", "1"], []);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("1 block cannot be taken back: the chain has only its first block"),
        "{}",
        stderr(&output)
    );
    files.check_head(0);
}

#[test]
fn a_first_block_that_is_refused_leaves_no_folder_behind() {
    let files = Files::votes();
    error_of(&files.run(&[], [1]));
    let mut wrong = files.blocks[0].clone();
    wrong.block.header.gas_used += 1;
    wrong.hash = wrong.block.header.hash_slow();
    std::fs::write(files.folder.path().join(name(7)), wrong.to_json()).unwrap();
    let output = files.run(&[], [7]);
    assert_eq!(objects(&output)[0]["committed"], false);
    assert!(!files.datadir().exists());
}

/// SIGKILL at whatever it is doing: between blocks, within a commit, within a sync.
#[test]
fn a_killed_process_leaves_the_last_committed_block_and_the_next_goes_on() {
    const BLOCKS: usize = 40;
    let files = Files::new(WorkloadKind::Erc20Independent, 8, BLOCKS, 5);
    let mut next = 0;
    for said_before_the_kill in [1, 4, 9] {
        let names: Vec<String> = (next..BLOCKS).map(name).collect();
        let mut child = metisvm(files.folder.path())
            .args(["run", "--json", "--datadir", "chain"])
            .args(names)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let committed = said.take(said_before_the_kill).map(|line| line.unwrap()).last();
        child.kill().unwrap();
        child.wait().unwrap();
        // A block that it has said to be written is there; one more may be.
        let last: Value = serde_json::from_str(&committed.unwrap()).unwrap();
        let last = last["block"].as_u64().unwrap();
        let head = files.head().unwrap();
        assert!(
            head.number >= last,
            "block {last} was said to be written, the head is {}",
            head.number
        );
        next = usize::try_from(head.number).unwrap();
        assert!(next < BLOCKS, "the kill came too late to say anything");
        files.check_head(next - 1);
    }
    check_committed(&files.run(&[], next..BLOCKS), &files.blocks[next..]);
    files.check_head(BLOCKS - 1);
}

#[test]
fn trie_that_a_card_hashes_is_the_same_and_the_report_says_what_was_hashed_where() {
    hashed_by("card:8");
}

#[test]
fn trie_that_an_opencl_device_hashes_is_the_same() {
    if let Err(why) = metisvm_accel::opencl::find(&Default::default()) {
        println!("left out: a trie hashed on OpenCL ({why})");
        return;
    }
    hashed_by("opencl:8");
}

/// The card in RTL hashes the tries of blocks of 1,000 transactions; every batch is its own, whatever its size.
#[test]
fn trie_that_a_card_in_rtl_hashes_is_the_same() {
    if let Err(why) = metisvm_sim::rtl::library::verilator() {
        println!("left out: a trie hashed on the card in RTL ({why})");
        return;
    }
    let files = Files::new(WorkloadKind::DaoVoting, 1000, 2, 7);
    let mut command = files.command(&["--keccak", "card:1", "--card", "rtl"], 0..2);
    let output = command
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    for object in objects(&output) {
        let count = |key: &str| object[key].as_u64().unwrap();
        assert_eq!(object["committed"], true);
        let (card, processor) = (count("keccak_card_messages"), count("keccak_cpu_messages"));
        assert!(card > 1000 && processor * 99 <= card, "{object}");
        assert_eq!(count("keccak_failures"), 0, "{object}");
        assert_eq!(count("roots_recomputed"), 0, "{object}");
        assert_eq!(object["keccak_card"], "healthy, from 1 messages on");
        // The card's own counter says the same.
        assert_eq!(count("keccak_card_digests"), card, "{object}");
        // A permutation is a cycle of some core at least.
        assert!(count("keccak_card_busy_cycles") > card, "{object}");
    }
    files.check_head(1);
}

#[test]
fn trie_is_the_processors_where_the_card_does_not_open() {
    let files = Files::votes();
    let output = files
        .command(&["--keccak", "card:1", "--card", "rtl"], 0..2)
        .env("METISVM_VERILATOR", "/there/is/none")
        .env("XDG_CACHE_HOME", files.folder.path().join("empty"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let blocks = objects(&output);
    for object in &blocks {
        assert_eq!(object["keccak_card_messages"], 0);
        assert!(object["keccak_cpu_messages"].as_u64().unwrap() > 100, "{object}");
        assert!(
            object["keccak_card"].as_str().unwrap().contains("/there/is/none"),
            "{object}"
        );
    }
    // What is wrong is told once, and stays to be seen.
    let told = |object: &Value| object["keccak_errors"].as_array().unwrap().len();
    assert_eq!(blocks.iter().map(told).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn waveforms_that_cannot_be_written_keep_the_block_from_being_committed() {
    let files = Files::votes();
    let folder = files.folder.path().to_str().unwrap();
    for (trace, why) in [
        ("/there/is/none.fst", "--trace cannot write there"),
        (folder, "it is not a regular file"),
    ] {
        let output = files.run(&["--keccak", "card:1", "--card", "rtl", "--trace", trace], 0..1);
        assert!(!output.status.success());
        let said = stderr(&output);
        assert!(said.contains(trace) && said.contains(why), "{said}");
        assert_eq!(output.stdout, b"");
    }
}

/// Two blocks whose trie is hashed by a device, from 8 messages on, and a third by the processor.
fn hashed_by(device: &str) {
    let files = Files::votes();
    let output = files.run(&["--keccak", device], 0..2);
    assert!(output.status.success(), "{}", stderr(&output));
    for object in objects(&output) {
        assert_eq!(
            (&object["matches_header"], &object["committed"]),
            (&true.into(), &true.into())
        );
        assert_eq!(object["keccak"], device);
        // The levels of the root have fewer nodes than that, and keys and leaves have more.
        for key in [
            "keccak_card_jobs",
            "keccak_card_messages",
            "keccak_cpu_batches",
            "keccak_cpu_messages",
        ] {
            assert!(object[key].as_u64().unwrap() > 0, "{key}: {object}");
        }
        assert_eq!(
            (&object["keccak_failures"], &object["roots_recomputed"]),
            (&0.into(), &0.into())
        );
        assert_eq!(object["keccak_card"], "healthy, from 8 messages on");
    }
    files.check_head(1);
    // By the processor, which is the default and has nothing to report, the chain goes on from there.
    let output = files.run(&[], 2..3);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(objects(&output)[0].get("keccak").is_none());
    files.check_head(2);
}

#[test]
fn whichever_is_quicker_hashes_and_a_wrong_header_is_refused_in_the_same_words() {
    let files = Files::votes();
    assert!(files.run(&["--keccak", "auto"], 0..1).status.success());
    files.check_head(0);
    let mut wrong: Value = serde_json::from_str(&without_state(&files.blocks[1]).to_string()).unwrap();
    let mut header = files.blocks[1].block.header.clone();
    header.state_root.0[5] ^= 1;
    wrong["block"]["stateRoot"] = header.state_root.to_string().into();
    wrong["block"]["hash"] = header.hash_slow().to_string().into();
    std::fs::write(files.folder.path().join(name(1)), wrong.to_string()).unwrap();
    let refused: Vec<Value> = ["cpu", "card:1"]
        .map(|keccak| {
            let output = files.run(&["--keccak", keccak], 1..2);
            assert_eq!(output.status.code(), Some(1));
            objects(&output).remove(0)
        })
        .into();
    assert_eq!(refused[0]["mismatches"], refused[1]["mismatches"]);
    assert_eq!(refused[0]["mismatches"].as_array().unwrap().len(), 1);
    assert_eq!(refused[1]["committed"], false);
    // The card was right, so it stays.
    assert_eq!(refused[1]["roots_recomputed"], 1);
    assert_eq!(refused[1]["keccak_card"], "healthy, from 1 messages on");
    files.check_head(0);
}
