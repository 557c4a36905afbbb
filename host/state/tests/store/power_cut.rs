//! Torn and lost writes, and writes that return errors, under the store.

use super::{
    chain::{FIRST, Model, Rng},
    disk::{Disk, Fault},
};
use alloy_primitives::B256;
use metisvm_state::store::{Depth, RedbStore, Store, StoreError, StoreOptions};
use std::io::ErrorKind;

/// Commits and unwinds, as they would be acknowledged to a caller.
#[derive(Clone, Copy)]
enum Step {
    Commit,
    Unwind(u64),
}

const STEPS: [Step; 12] = [
    Step::Commit,
    Step::Commit,
    Step::Commit,
    Step::Commit,
    Step::Unwind(2),
    Step::Commit,
    Step::Commit,
    Step::Unwind(1),
    Step::Commit,
    Step::Commit,
    Step::Commit,
    Step::Commit,
];

fn options(quick_repair: bool) -> StoreOptions {
    StoreOptions {
        // So small that pages leave the cache in the middle of a block.
        cache_bytes: 64 << 10,
        undo_blocks: 3,
        quick_repair,
        ..StoreOptions::default()
    }
}

/// An empty store on a disk.
fn empty(quick_repair: bool) -> Disk {
    let disk = Disk::default();
    drop(RedbStore::on_backend(disk.clone(), options(quick_repair)).unwrap());
    disk.reopened()
}

/// Head numbers: the last one that was acknowledged, and the one that was on its way when the disk
/// failed. `None` is the empty store.
#[derive(Debug)]
struct Stopped {
    acknowledged: Option<u64>,
    on_its_way: Option<u64>,
    error: Option<StoreError>,
}

/// Genesis and all steps, or as many as the disk does.
fn work(disk: &Disk, quick_repair: bool, model: &Model) -> Stopped {
    let mut stopped = Stopped {
        acknowledged: None,
        on_its_way: None,
        error: None,
    };
    let store = match RedbStore::on_backend(disk.clone(), options(quick_repair)) {
        Ok(store) => store,
        Err(error) => {
            stopped.error = Some(error);
            return stopped;
        }
    };
    let mut head = FIRST;
    let step = |stopped: &mut Stopped, to: u64, done: Result<_, StoreError>| {
        match done {
            Ok(_) => stopped.acknowledged = Some(to),
            Err(error) => stopped.error = Some(error),
        }
        stopped.on_its_way = Some(to);
        stopped.error.is_none()
    };
    let done = store.genesis(&model.block(FIRST).as_commit(), &[]);
    if !step(&mut stopped, FIRST, done) {
        return stopped;
    }
    for next in STEPS {
        let (to, done) = match next {
            Step::Commit => (head + 1, store.commit(&model.block(head + 1).as_commit())),
            Step::Unwind(blocks) => (head - blocks, store.unwind(blocks)),
        };
        if !step(&mut stopped, to, done) {
            return stopped;
        }
        head = to;
    }
    stopped
}

/// The fingerprints by head number.
fn expected(model: &mut Model, head: Option<u64>) -> Option<B256> {
    head.map(|number| model.fingerprint_at(number))
}

/// Opens the store and holds it to what was acknowledged. `Err` says what is wrong.
fn whole(disk: &Disk, quick_repair: bool, stopped: &Stopped, model: &mut Model) -> Result<(), String> {
    let say = |error: StoreError| error.to_string();
    let store = RedbStore::on_backend(disk.clone(), options(quick_repair)).map_err(say)?;
    let head = store.verify(Depth::Everything).map_err(say)?;
    let found = match head {
        Some(_) => Some(
            store
                .snapshot()
                .and_then(|snapshot| snapshot.fingerprint())
                .map_err(say)?,
        ),
        None => None,
    };
    let acknowledged = expected(model, stopped.acknowledged);
    let on_its_way = expected(model, stopped.on_its_way);
    if found != acknowledged && found != on_its_way {
        return Err(format!("{head:?} is neither of {stopped:?}"));
    }
    // And it goes on.
    match head {
        Some(head) => store.commit(&model.block(head.number + 1).as_commit()),
        None => store.genesis(&model.block(FIRST).as_commit(), &[]),
    }
    .map(|_| ())
    .map_err(say)
}

fn assert_whole(disk: &Disk, quick_repair: bool, stopped: &Stopped, model: &mut Model, case: &str) {
    if let Err(problem) = whole(disk, quick_repair, stopped, model) {
        panic!("{case}: {problem}");
    }
}

fn long_model(seed: u64) -> Model {
    let mut model = Model::new(seed);
    model.fingerprint_at(FIRST + STEPS.len() as u64);
    model
}

/// How many operations the whole work takes.
fn operations(quick_repair: bool, model: &Model) -> usize {
    let disk = empty(quick_repair);
    let done = work(&disk, quick_repair, model);
    assert!(done.error.is_none(), "{done:?}");
    disk.operations()
}

/// `METISVM_POWER_CUTS` is how many ways the unsynced writes are lost at each of them, 1 by default.
#[test]
fn power_cut_at_every_write_and_sync_leaves_the_last_committed_block_whole() {
    let ways = std::env::var("METISVM_POWER_CUTS").map_or(1, |ways| ways.parse::<u64>().unwrap());
    let mut rng = Rng(0x00c0_ffee);
    let mut model = long_model(1);
    for quick_repair in [true, false] {
        for at in 0..operations(quick_repair, &model) {
            let disk = empty(quick_repair);
            disk.set_fault(at, Fault::PowerCut, 0);
            let stopped = work(&disk, quick_repair, &model);
            assert!(stopped.error.is_some() || stopped.acknowledged.is_some());
            for _ in 0..ways {
                let random = rng.next();
                let case = format!("power cut at operation {at}, {random:#x}, quick repair {quick_repair}");
                let restarted = disk.restarted(random);
                // The power may go again while the store is opened.
                let again = rng.below(12) as usize;
                restarted.set_fault(again, Fault::PowerCut, 0);
                drop(RedbStore::on_backend(restarted.clone(), options(quick_repair)));
                let restarted = restarted.restarted(rng.next());
                assert_whole(&restarted, quick_repair, &stopped, &mut model, &case);
            }
        }
    }
}

#[test]
fn disk_that_lies_about_syncs_is_noticed_by_this_suite() {
    let mut rng = Rng(0x11e5);
    let mut model = long_model(5);
    let (mut noticed, mut cuts) = (0, 0);
    for at in (0..operations(true, &model)).step_by(7) {
        let disk = empty(true);
        disk.lie();
        disk.set_fault(at, Fault::PowerCut, 0);
        let stopped = work(&disk, true, &model);
        noticed += usize::from(whole(&disk.restarted(rng.next()), true, &stopped, &mut model).is_err());
        cuts += 1;
    }
    assert!(noticed * 2 > cuts, "{noticed} of {cuts}");
}

#[test]
fn failing_write_or_sync_is_an_error_and_leaves_the_last_committed_block_whole() {
    let mut rng = Rng(0x0bad_d15c);
    let mut model = long_model(2);
    let mut full = 0;
    for (quick_repair, fault) in [
        (true, Fault::From(ErrorKind::StorageFull)),
        (false, Fault::Once(ErrorKind::Other)),
    ] {
        for at in 0..operations(quick_repair, &model) {
            let disk = empty(quick_repair);
            disk.set_fault(at, fault, rng.next());
            let stopped = work(&disk, quick_repair, &model);
            full += usize::from(matches!(stopped.error, Some(StoreError::Full)));
            let case = format!("{fault:?} at operation {at}, quick repair {quick_repair}");
            assert_whole(&disk.reopened(), quick_repair, &stopped, &mut model, &case);
            let case = format!("{case}, then a power cut");
            assert_whole(
                &disk.restarted(rng.next()),
                quick_repair,
                &stopped,
                &mut model,
                &case,
            );
        }
    }
    assert!(full > 50, "a full disk was named as such {full} times");
}

#[test]
fn nothing_more_is_committed_after_a_commit_failed() {
    let model = long_model(3);
    let run = |fault: Option<usize>| {
        let disk = empty(true);
        let store = RedbStore::on_backend(disk.clone(), StoreOptions::default()).unwrap();
        store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
        let before = disk.operations();
        if let Some(after) = fault {
            disk.set_fault(before + after, Fault::Once(ErrorKind::StorageFull), 1);
        }
        let done = store.commit(&model.block(FIRST + 1).as_commit());
        (store, done, disk.operations() - before)
    };
    let (_, _, operations) = run(None);
    for after in 0..operations {
        let (store, failed, _) = run(Some(after));
        assert!(
            matches!(failed, Err(StoreError::Full)),
            "operation {after}: {failed:?}"
        );
        for _ in 0..2 {
            let again = store.commit(&model.block(FIRST + 1).as_commit());
            assert!(
                matches!(again, Err(StoreError::Failed)),
                "operation {after}: {again:?}"
            );
        }
    }
}

#[test]
fn flipped_bits_are_found_when_pages_are_checked_and_never_a_panic() {
    let mut rng = Rng(0xb17);
    let mut model = long_model(4);
    let disk = empty(true);
    let done = work(&disk, true, &model);
    let disk = disk.reopened();
    let expected = expected(&mut model, done.acknowledged);
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..300 {
        let damaged = disk.reopened();
        let bit = rng.below(damaged.bytes() as u64 * 8) as usize;
        damaged.flip_bit(bit);
        let checked = StoreOptions {
            check_on_open: true,
            ..options(true)
        };
        match RedbStore::on_backend(damaged.reopened(), checked) {
            Ok(store) => {
                harmless += 1;
                store.verify(Depth::Everything).unwrap();
                assert_eq!(
                    Some(store.snapshot().unwrap().fingerprint().unwrap()),
                    expected,
                    "bit {bit}"
                );
            }
            Err(_) => found += 1,
        }
        // Unchecked, the damage may be believed, but it stops nothing.
        if let Ok(store) = RedbStore::on_backend(damaged, options(true)) {
            let _ = store.verify(Depth::Everything);
            let _ = store.commit(&model.block(done.acknowledged.unwrap() + 1).as_commit());
        }
    }
    assert!(found > 10 && harmless > 10, "{found} found, {harmless} harmless");
}
