//! `kill -9` at random points.

use super::chain::{Block, FIRST, Model, Rng};
use alloy_primitives::B256;
use metisvm_state::store::{Depth, RedbStore, Store, StoreOptions};
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const SEED: u64 = 77;
/// Tells the child which store is its own.
const PLACE: &str = "METISVM_STORE_CHILD";
/// Every so many blocks the child unwinds [`BACK`] of them, once a life.
const TURN: u64 = 16;
const BACK: u64 = 3;

fn options() -> StoreOptions {
    StoreOptions {
        undo_blocks: 5,
        cache_bytes: 1 << 20,
        ..StoreOptions::default()
    }
}

/// What the parent starts and kills: commits and unwinds until it dies, and says after each what the
/// head is. Alone it does nothing.
#[test]
#[ignore = "the test below runs it as the process that it kills"]
fn child() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    // The test harness has begun a line of its own.
    let say = |number: u64| println!("\nhead {number}.");
    let store = RedbStore::open(&place, options()).unwrap();
    let mut head = store.head().unwrap();
    let mut unwound = false;
    loop {
        let done = match head {
            None => store.genesis(&Block::make(SEED, FIRST, B256::ZERO).as_commit(), &[]),
            Some(head) if head.number % TURN == 0 && !unwound && store.undo_depth().unwrap() >= BACK => {
                unwound = true;
                store.unwind(BACK)
            }
            Some(head) => store.commit(&Block::make(SEED, head.number + 1, head.hash).as_commit()),
        };
        head = Some(done.unwrap());
        say(head.unwrap().number);
    }
}

fn start(place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::child",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn number_in(line: &str) -> Option<u64> {
    // A line that the kill cut off has no full stop.
    line.strip_prefix("head ")?.strip_suffix('.')?.parse().ok()
}

/// How long a child takes on this machine from its start to its first block.
fn time_to_first_block(place: &Path) -> Duration {
    let begin = Instant::now();
    let mut child = start(place);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| number_in(&line.unwrap()).is_some()));
    let time = begin.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    time
}

/// Lets the child live for a while. Returns the last head that it said is on disk.
fn live_and_die(place: &Path, life: Duration) -> Option<u64> {
    let mut child = start(place);
    std::thread::sleep(life);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let (mut said, mut complained) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complained)
        .unwrap();
    assert!(
        status.code().is_none(),
        "the child ended by itself: {said}{complained}"
    );
    said.lines().filter_map(number_in).next_back()
}

/// `METISVM_KILLS` is how often, 40 by default.
#[test]
fn killed_at_any_moment_the_store_holds_the_last_committed_block_whole() {
    let kills = std::env::var("METISVM_KILLS").map_or(40, |kills| kills.parse::<u64>().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new(SEED);
    let mut rng = Rng(kills);
    let (mut empty, mut heads, mut unsaid) = (0, 0, 0);
    let mut place = folder.path().join("first");
    let longest = time_to_first_block(&place) * 2 + Duration::from_millis(40);
    for kill in 0..kills {
        if kill % 8 == 0 {
            // A fresh one, so that creation and genesis are hit, too.
            place = folder.path().join(format!("store-{kill}"));
        }
        let before = place
            .exists()
            .then(|| RedbStore::open(&place, options()).unwrap().head().unwrap())
            .flatten()
            .map(|head| head.number);
        let acknowledged = live_and_die(
            &place,
            Duration::from_micros(rng.below(longest.as_micros() as u64)),
        )
        .or(before);
        let store = RedbStore::open(&place, options()).unwrap();
        let Some(head) = store.verify(Depth::Everything).unwrap() else {
            assert_eq!(acknowledged, None, "kill {kill}: acknowledged blocks are gone");
            empty += 1;
            continue;
        };
        let possible = acknowledged.map_or(vec![FIRST], |last| {
            vec![last, last + 1, last.saturating_sub(BACK)]
        });
        assert!(
            possible.contains(&head.number),
            "kill {kill}: {head:?}, acknowledged {acknowledged:?}"
        );
        let fingerprint = store.snapshot().unwrap().fingerprint().unwrap();
        assert_eq!(
            fingerprint,
            model.fingerprint_at(head.number),
            "kill {kill}: {head:?}"
        );
        if kill % 8 == 7 {
            // Row by row, now and then: it replays the chain.
            model.replayed_to(head.number).assert_same(&store);
        }
        heads += 1;
        unsaid += u64::from(acknowledged != Some(head.number));
    }
    println!(
        "{kills} kills: {empty} stores were still empty, {unsaid} had a block that was not yet acknowledged"
    );
    assert!(
        heads > kills / 3,
        "{empty} of {kills} stores were still empty: the lives are too short"
    );
}
