//! Blocks without a pause, over two cards that have a hundred random faults a minute. `METISVM_SOAK_SECONDS` says how
//! long, `METISVM_SEED` which faults.

use crate::rig::{INFERENCES, LATE, Rig, impatient, wait_until};
use metisvm_accel::Backend;
use metisvm_accel::fpga::{FpgaPool, Options};
use metisvm_firmware::Status;
use metisvm_sim::{Fault, Trigger};
use metisvm_tests::knobs::number;
use metisvm_tests::rng::Rng;
use metisvm_tests::slots::Slot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A hundred a minute.
const PAUSE: Duration = Duration::from_millis(600);
/// What a pool of buffers keeps mapped of what it once needed, at most, and a region besides for each size of job.
const KEPT: u64 = 80 << 20;

const FAULTS: &[Fault] = &[
    Fault::Silent,
    Fault::Late(Duration::from_millis(20)),
    Fault::Late(LATE),
    Fault::Twice,
    Fault::WrongSequence,
    Fault::WrongStatus,
    Fault::WrongKnownStatus(Status::Internal),
    Fault::HeadBeyondTail,
    Fault::WrongNonce,
    Fault::SwappedWords(LATE),
    Fault::LateAcrossReset(Duration::from_millis(1)),
    Fault::SlowReset(Duration::from_millis(50)),
    Fault::RewriteAfterCompletion(Duration::from_micros(50)),
    Fault::WrongOutput(77),
    Fault::CorruptedDma(77),
    Fault::LostOutput,
    Fault::GarbageEntry,
    Fault::GarbageInput,
    Fault::LostInterrupt,
    Fault::InterruptStorm(Duration::from_millis(50)),
    Fault::LinkRetrain(Duration::from_millis(60)),
    Fault::StalledRegisters(Duration::from_millis(50)),
    Fault::UnaskedReset,
    Fault::Hang,
    Fault::HangForGood,
    Fault::Dead,
];

#[test]
fn a_hundred_random_faults_a_minute_over_two_cards_lose_no_job_and_repeat_none() {
    let time = Duration::from_secs(number("METISVM_SOAK_SECONDS", 6));
    let seed = number("METISVM_SEED", 0);
    let slots = [(); 2].map(|()| Slot::new(impatient()));
    // What counts here is that they come back, however often.
    let options = Options {
        max_resets: u32::MAX,
        max_wrong_results: u32::MAX,
        ..Options::default()
    };
    let cards = slots.each_ref().map(|slot| slot.backend(options));
    let named = cards
        .iter()
        .enumerate()
        .map(|(i, card)| (format!("card {i}"), card.clone()));
    let pool = Arc::new(FpgaPool::new(named.collect()));
    let rig = Rig::new(pool.clone());
    for _ in 0..3 {
        rig.block("before");
    }
    let mapped = slots.each_ref().map(Slot::mapped_bytes);
    let over = AtomicBool::new(false);
    let (mut blocks, mut requests, mut fallbacks) = (0_u64, 0, 0);
    let mut armed = 0_u64;
    thread::scope(|scope| {
        let faults = scope.spawn(|| {
            let mut random = Rng::new(seed);
            let mut count = 0_u64;
            while !over.load(Ordering::Relaxed) {
                let slot = &slots[random.below(2) as usize];
                let fault = FAULTS[random.below(FAULTS.len() as u64) as usize];
                slot.arm(Trigger::Job(random.below(4)), fault);
                count += 1;
                thread::sleep(PAUSE);
            }
            count
        });
        let start = Instant::now();
        while start.elapsed() < time {
            let counted = rig.block(&format!("seed {seed}, block {blocks}"));
            blocks += 1;
            requests += counted.requests;
            fallbacks += counted.fallbacks;
        }
        over.store(true, Ordering::Relaxed);
        armed = faults.join().expect("faults are armed");
    });
    // Each inference was asked for once, and its answer is in the root that was checked.
    assert_eq!(requests, blocks * INFERENCES);
    let work = pool.work();
    assert_eq!(
        work.asked,
        work.answered + work.handed_back,
        "every item has one end"
    );
    assert!(work.answered > 0);
    wait_until("both are back", || cards.iter().all(|card| card.healthy()));
    for _ in 0..3 {
        rig.block("after");
    }
    for (slot, before) in slots.iter().zip(mapped) {
        let now = slot.mapped_bytes();
        assert!(now <= before + KEPT, "{now} bytes are mapped, {before} were");
    }
    let fired: u64 = slots.iter().map(Slot::fired).sum();
    let openings: u64 = slots.iter().map(Slot::openings).sum();
    println!(
        "{blocks} blocks, {fired} of {armed} faults happened, {openings} openings, {fallbacks} fall-backs, {work:?}"
    );
    // Those that are armed at a card that is away, or in the last moments, may have no job to happen at.
    assert!(
        fired * 2 >= armed,
        "seed {seed}: {fired} of {armed} faults happened"
    );
    drop((rig, pool, cards));
    wait_until("everything is unmapped", || {
        slots.iter().all(|slot| slot.mapped_bytes() == 0)
    });
}
