//! A card that misbehaves, in any way and at any point of a block, does not change the block.
//!
//! Each test executes one block with a card that does one thing wrong at one job, and compares the
//! roots with those of the header, which the reference kernels made. Every job of the block is hit once.

use metisvm::engine::DispatcherEngine;
use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_accel::{Backend, Counters, Dispatcher, dispatcher};
use metisvm_driver::DeviceError;
use metisvm_executor::{BlockEngine, Threads, run_block_file};
use metisvm_firmware::registers::ABI_VERSION_VALUE;
use metisvm_firmware::{Geometry, Status};
use metisvm_model::Bundle;
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, SimOptions, Trigger};
use metisvm_tests::cards;
use metisvm_workload::{DigitModels, Workload, small_block};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Inferences of the block; each is a job of its own, as no two are alike.
const INFERENCES: usize = 6;
/// Loads that precede them: program and data of two models.
const LOADS: u64 = 4;
/// How long the driver waits in these tests: what a sound card needs on a busy machine, many times over.
const TIMEOUT: Duration = Duration::from_millis(200);
/// Past that, but within the test.
const LATE: Duration = Duration::from_millis(500);
/// On a machine that stalls, a sound card may run into the time-out before its fault comes, or a late
/// answer be there when the driver wakes up. Roots must hold each time; that the fault was noticed may
/// take another try.
const TRIES: usize = 6;

fn workload() -> &'static (Workload, DigitModels) {
    static ONCE: OnceLock<(Workload, DigitModels)> = OnceLock::new();
    ONCE.get_or_init(|| {
        let models = DigitModels::import().expect("the digit models import");
        (
            small_block(&models, INFERENCES).expect("the block builds"),
            models,
        )
    })
}

fn driver_options() -> metisvm_driver::Options {
    metisvm_driver::Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Default::default()
    }
}

/// For tests that need no time-out: a sound card is then never mistaken for a faulty one.
fn patient() -> metisvm_driver::Options {
    metisvm_driver::Options::default()
}

fn bundles(models: &DigitModels) -> Vec<Bundle> {
    let decode = |bytes: &[u8]| Bundle::decode(bytes).expect("what was encoded decodes");
    vec![decode(&models.mlp.bundle), decode(&models.cnn.bundle)]
}

/// What came of a block on a card.
struct Ran {
    counters: Counters,
    errors: Vec<String>,
    /// Another job came after the one at fault.
    followed: bool,
}

/// Executes the block on that card and checks every root.
fn execute(backend: FpgaBackend, what: &str) -> Ran {
    let (workload, models) = workload();
    // Without a memo every inference reaches the card; tests of the memo are the dispatcher's own.
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(vec![Arc::new(backend) as Arc<dyn Backend>], options);
    for bundle in bundles(models) {
        dispatcher.add(bundle);
    }
    let engine = Arc::new(DispatcherEngine::new(Arc::new(dispatcher)));
    let blocks = BlockEngine::new(Threads::new(1).expect("this thread"));
    let report = run_block_file(&workload.built.file, Some(engine.clone()), &blocks);
    let report = report.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(report.matches_header(), "{what}: {:?}", report.mismatches);
    assert!(report.state_root.is_some(), "the block's state is complete");
    Ran {
        counters: engine.dispatcher().counters(),
        errors: engine.dispatcher().take_errors(),
        followed: false,
    }
}

fn card() -> (FaultyCard<FunctionalCard>, FaultPlan) {
    let card = FaultyCard::new(FunctionalCard::new(SimOptions::new(Geometry::MEDIUM)));
    let plan = card.faults();
    (card, plan)
}

/// With the checker, and without it: the driver must notice by itself what is for it to notice.
fn modes() -> [Options; 2] {
    [true, false].map(|checked| Options {
        checked,
        ..Options::default()
    })
}

/// Executes the block once for every job, with `fault` at that job. `check` says what should have been
/// noticed and was not.
fn at_every_job(fault: Fault, options: Options, check: impl Fn(&Ran) -> Result<(), &'static str>) {
    for job in 0..INFERENCES as u64 + LOADS {
        let what = format!("{fault:?} at job {job}, checked: {}", options.checked);
        let attempt = || {
            let (card, plan) = card();
            let device = cards::open(card, driver_options()).map_err(|_| "the card did not open")?;
            let backend = FpgaBackend::new(device, options);
            plan.arm(Trigger::Job(job), fault);
            let last = plan.jobs() + job;
            let mut ran = execute(backend, &what);
            ran.followed = plan.jobs() > last + 1;
            if plan.fired() != 1 {
                return Err("the fault did not happen");
            }
            check(&ran)
        };
        let mut outcome = attempt();
        for _ in 1..TRIES {
            outcome = outcome.or_else(|_| attempt());
        }
        assert_eq!(outcome, Ok(()), "{what}");
    }
}

/// As [`at_every_job`], for a fault that the driver must notice in either mode.
fn is_noticed_at_every_job(fault: Fault) {
    for options in modes() {
        at_every_job(fault, options, was_noticed);
    }
}

/// The fault was seen, and the reference did the work.
fn was_noticed(ran: &Ran) -> Result<(), &'static str> {
    if ran.counters.fallbacks == 0 {
        return Err("nothing fell back");
    }
    if ran.counters.devices.faults == 0 {
        return Err("the driver noticed nothing");
    }
    if ran.errors.is_empty() {
        Err("nobody was told")
    } else {
        Ok(())
    }
}

#[test]
fn a_sound_card_does_all_the_work() {
    let (card, plan) = card();
    let device = cards::open(card, patient()).expect("a sound card opens");
    let before = plan.runs();
    let ran = execute(FpgaBackend::new(device, Options::default()), "sound");
    assert_eq!(ran.counters.fallbacks, 0);
    assert_eq!(ran.counters.requests, INFERENCES as u64);
    assert_eq!(plan.runs() - before, INFERENCES as u64);
}

#[test]
fn card_that_stops_answering_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::Silent);
    is_noticed_at_every_job(Fault::Hang);
}

#[test]
fn card_that_never_answers_again_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::HangForGood);
}

#[test]
fn card_that_reads_all_ones_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::Dead);
}

#[test]
fn card_that_answers_late_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::Late(LATE));
}

#[test]
fn card_that_answers_late_after_its_reset_does_not_change_the_block() {
    // At once, it may find the old ring still mapped; later, it comes into the midst of other work.
    for delay in [0, 200, 2000] {
        is_noticed_at_every_job(Fault::LateAcrossReset(Duration::from_micros(delay)));
    }
}

#[test]
fn card_that_answers_twice_does_not_change_the_block() {
    for options in modes() {
        // The second answer to the last job may come when nobody looks any more.
        let check = |ran: &Ran| if ran.followed { was_noticed(ran) } else { Ok(()) };
        at_every_job(Fault::Twice, options, check);
    }
}

#[test]
fn card_that_answers_with_a_wrong_sequence_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::WrongSequence);
}

#[test]
fn card_that_answers_with_a_wrong_status_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::WrongStatus);
}

#[test]
fn card_that_refuses_what_is_right_does_not_change_the_block() {
    for status in [
        Status::UnknownHandle,
        Status::InvalidOperand,
        Status::DmaFault,
        Status::Internal,
    ] {
        is_noticed_at_every_job(Fault::WrongKnownStatus(status));
    }
    // That a program is too much work, a card may say.
    for options in modes() {
        let refusal = Fault::WrongKnownStatus(Status::BudgetExceeded);
        at_every_job(refusal, options, |_| Ok(()));
    }
}

#[test]
fn card_that_claims_a_head_beyond_the_tail_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::HeadBeyondTail);
}

#[test]
fn card_that_answers_with_a_wrong_boot_nonce_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::WrongNonce);
}

#[test]
fn card_that_rewrites_results_after_completing_does_not_change_the_block() {
    // So soon that it may come before the driver's copy, or into another job's output: then it is a
    // wrong result like any other, and the checker's to notice.
    for delay in [0, 50, 1000] {
        let fault = Fault::RewriteAfterCompletion(Duration::from_micros(delay));
        at_every_job(fault, Options::default(), |_| Ok(()));
    }
}

#[test]
fn card_that_rewrites_memory_that_no_job_uses_is_not_even_noticed() {
    let delay = Duration::from_millis(50);
    let (_, models) = workload();
    for options in modes() {
        let (card, plan) = card();
        let device = cards::open(card, patient()).expect("the card is sound so far");
        let backend = Arc::new(FpgaBackend::new(device, options));
        let without_memo = dispatcher::Options {
            memo_bytes: 0,
            ..Default::default()
        };
        let dispatcher = Dispatcher::new(vec![backend as Arc<dyn Backend>], without_memo);
        for bundle in bundles(models) {
            let input = vec![1; bundle.graph.input_bytes()];
            let id = dispatcher.add(bundle);
            let expected = dispatcher.infer(id, &input).expect("a sound card answers");
            plan.arm(Trigger::Run(0), Fault::RewriteAfterCompletion(delay));
            let output = dispatcher.infer(id, &input).expect("the card answers");
            std::thread::sleep(delay * 2);
            assert_eq!(output, expected, "what was copied is the host's own");
            assert_eq!(dispatcher.infer(id, &input).expect("the card answers"), expected);
        }
        assert_eq!(plan.fired(), 2);
        assert_eq!(dispatcher.counters().fallbacks, 0);
        assert_eq!(dispatcher.counters().devices.faults, 0);
        assert_eq!(dispatcher.take_errors(), Vec::<String>::new());
    }
}

/// Executes the block with one bit of the output wrong, at every inference and at each of those bits.
fn is_a_wrong_result_at_every_inference(fault: fn(u64) -> Fault, bits: &[u64]) {
    for inference in 0..INFERENCES as u64 {
        for &bit in bits {
            let (card, plan) = card();
            let device = cards::open(card, patient()).expect("the card is sound so far");
            let backend = FpgaBackend::new(device, Options::default());
            plan.arm(Trigger::Run(inference), fault(bit));
            let what = format!("{:?} at inference {inference}", fault(bit));
            let ran = execute(backend, &what);
            assert_eq!(plan.fired(), 1, "{what}: the fault did not happen");
            assert_eq!(was_noticed(&ran), Ok(()), "{what}");
            // What is lost on the way does not have the checksum of what the card wrote.
            let noticed_by = match fault(bit) {
                Fault::CorruptedDma(_) | Fault::LostOutput => "CRC-32",
                _ => "wrong result",
            };
            assert!(ran.errors[0].contains(noticed_by), "{what}: {:?}", ran.errors);
        }
    }
}

#[test]
fn card_that_computes_a_wrong_bit_does_not_change_the_block_in_checked_mode() {
    // Bits of outputs, and of accumulators far behind them.
    let bits = [0, 7, 31, 32, 100, 777, 1279, 20_000, 65_535];
    is_a_wrong_result_at_every_inference(Fault::WrongOutput, &bits);
}

#[test]
fn output_that_is_corrupted_on_its_way_does_not_change_the_block_in_checked_mode() {
    is_a_wrong_result_at_every_inference(Fault::CorruptedDma, &[5, 20_001]);
}

#[test]
fn output_that_never_arrives_does_not_change_the_block_in_checked_mode() {
    // What lies in the buffer is the output of another job.
    is_a_wrong_result_at_every_inference(|_| Fault::LostOutput, &[0]);
}

#[test]
fn card_that_reads_garbage_for_an_entry_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::GarbageEntry);
}

#[test]
fn card_that_reads_garbage_for_its_input_does_not_change_the_block_in_checked_mode() {
    // Programs and weights are inputs too: of the loads that precede the inferences.
    at_every_job(Fault::GarbageInput, Options::default(), was_noticed);
}

#[test]
fn answer_whose_words_arrive_in_the_wrong_order_does_not_change_the_block() {
    is_noticed_at_every_job(Fault::SwappedWords(LATE));
}

#[test]
fn link_that_retrains_does_not_change_the_block() {
    // Long enough for the driver to look, and to find a card that reads all ones.
    is_noticed_at_every_job(Fault::LinkRetrain(Duration::from_millis(60)));
}

#[test]
fn interrupts_that_are_lost_or_do_not_end_and_registers_that_stall_cost_time_and_nothing_else() {
    let cost_nothing = |ran: &Ran| {
        if ran.counters.fallbacks > 0 {
            return Err("something fell back");
        }
        if ran.counters.devices.faults > 0 || !ran.errors.is_empty() {
            return Err("the driver took the card out of service");
        }
        Ok(())
    };
    for options in modes() {
        at_every_job(Fault::LostInterrupt, options, cost_nothing);
        at_every_job(Fault::InterruptStorm(TIMEOUT), options, cost_nothing);
        at_every_job(Fault::StalledRegisters(TIMEOUT / 10), options, cost_nothing);
    }
}

#[test]
fn reset_that_takes_long_or_changes_the_card_does_not_change_the_block() {
    // A reset that is soon enough for the driver, one that is too late for it, and one after which it must not
    // go on.
    for at_reset in [
        Fault::SlowReset(TIMEOUT / 4),
        Fault::SlowReset(TIMEOUT * 2),
        Fault::ChangeCapabilities,
    ] {
        let (card, plan) = card();
        let device = cards::open(card, driver_options()).expect("the card is sound so far");
        let backend = FpgaBackend::new(device, Options::default());
        plan.arm(Trigger::Job(0), at_reset);
        plan.arm(Trigger::Job(1), Fault::WrongSequence);
        let ran = execute(backend, &format!("{at_reset:?}"));
        assert_eq!(plan.fired(), 2);
        assert_eq!(was_noticed(&ran), Ok(()));
    }
}

#[test]
fn a_faulty_card_comes_back_after_its_reset() {
    let (card, plan) = card();
    let device = cards::open(card, patient()).expect("the card is sound so far");
    let backend = Arc::new(FpgaBackend::new(device, Options::default()));
    let (_, models) = workload();
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(vec![backend.clone() as Arc<dyn Backend>], options);
    let bundle = bundles(models).remove(0);
    let input = vec![1; bundle.graph.input_bytes()];
    let id = dispatcher.add(bundle);
    plan.arm(Trigger::Run(0), Fault::WrongSequence);
    let expected = dispatcher.infer(id, &input).expect("the reference answers");
    assert_eq!(dispatcher.counters().fallbacks, 1);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !backend.healthy() {
        assert!(std::time::Instant::now() < deadline, "the card did not come back");
        std::thread::sleep(Duration::from_millis(1));
    }
    let runs = plan.runs();
    assert_eq!(dispatcher.infer(id, &input).expect("the card answers"), expected);
    assert_eq!(
        plan.runs(),
        runs + 1,
        "the weights were loaded again and the card did the work"
    );
    assert_eq!(dispatcher.counters().fallbacks, 1);
}

#[test]
fn a_card_that_fails_again_and_again_stays_out_of_service() {
    let (card, plan) = card();
    let device = cards::open(card, patient()).expect("the card is sound so far");
    let backend = Arc::new(FpgaBackend::new(
        device,
        Options {
            max_resets: 1,
            ..Options::default()
        },
    ));
    let (_, models) = workload();
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(vec![backend.clone() as Arc<dyn Backend>], options);
    let bundle = bundles(models).remove(0);
    let input = vec![1; bundle.graph.input_bytes()];
    let id = dispatcher.add(bundle);
    for _ in 0..2 {
        plan.arm(Trigger::Run(0), Fault::WrongStatus);
        dispatcher.infer(id, &input).expect("the reference answers");
        std::thread::sleep(Duration::from_millis(100));
        backend.healthy();
        std::thread::sleep(Duration::from_millis(100));
    }
    let runs = plan.runs();
    for _ in 0..5 {
        dispatcher.infer(id, &input).expect("the reference answers");
    }
    assert!(!backend.healthy());
    assert_eq!(plan.runs(), runs, "a card out of service is left alone");
}

#[test]
fn cards_with_absurd_capabilities_are_refused_at_the_handshake() {
    let sound = SimOptions::new(Geometry::MEDIUM).capabilities;
    let with = |change: fn(&mut metisvm_firmware::Capabilities)| {
        let mut claimed = sound;
        change(&mut claimed);
        claimed
    };
    let absurd = [
        with(|c| c.geometry.tile_rows = 0),
        with(|c| c.geometry.tile_cols = u16::MAX),
        with(|c| c.geometry.a_tiles = u32::MAX),
        with(|c| c.geometry.acc_tiles = 0),
        with(|c| c.geometry.param_entries = 0),
        with(|c| c.card_memory_bytes = u64::MAX),
        with(|c| c.card_memory_bytes = 0),
        with(|c| c.max_queue_entries = 3),
        with(|c| c.max_queue_entries = 1 << 31),
        with(|c| c.max_queues = 0),
        with(|c| c.max_batch = 0),
        with(|c| c.max_program_instructions = u32::MAX),
    ];
    for claimed in absurd {
        let options = SimOptions {
            claimed: Some(claimed),
            ..SimOptions::new(Geometry::MEDIUM)
        };
        let opened = cards::open(FunctionalCard::new(options), patient());
        assert!(
            matches!(opened, Err(DeviceError::Capability(_))),
            "{claimed:?}: {opened:?}"
        );
    }
    for options in [
        SimOptions {
            magic: 0,
            ..SimOptions::new(Geometry::MEDIUM)
        },
        SimOptions {
            magic: u32::MAX,
            ..SimOptions::new(Geometry::MEDIUM)
        },
        SimOptions {
            abi_version: ABI_VERSION_VALUE + (1 << 16),
            ..SimOptions::new(Geometry::MEDIUM)
        },
    ] {
        assert!(cards::open(FunctionalCard::new(options), patient()).is_err());
    }
}

#[test]
fn a_card_that_claims_more_than_it_has_does_not_change_the_block() {
    // Believable, but false: programs compiled for it fail on the card, and the reference does the work.
    let mut claimed = SimOptions::new(Geometry::SMALL).capabilities;
    claimed.geometry.a_tiles *= 4;
    claimed.geometry.b_tiles *= 4;
    claimed.geometry.acc_tiles *= 4;
    claimed.geometry.tile_rows *= 2;
    let options = SimOptions {
        claimed: Some(claimed),
        ..SimOptions::new(Geometry::SMALL)
    };
    // Its self-test would already tell; here it is trusted until the work itself fails.
    let driver = metisvm_driver::Options {
        self_test: false,
        ..patient()
    };
    let device = cards::open(FunctionalCard::new(options), driver).expect("the claim is believable");
    let ran = execute(FpgaBackend::new(device, Options::default()), "false capabilities");
    assert_eq!(was_noticed(&ran), Ok(()));
}

#[test]
#[ignore = "a measurement: cargo test -p metisvm-tests --test faults -- --ignored --nocapture"]
fn what_a_wrapped_card_without_a_fault_costs_a_block() {
    let functional = || FunctionalCard::new(SimOptions::new(Geometry::MEDIUM));
    let time = |device: Result<metisvm_driver::Device, DeviceError>| {
        let backend = FpgaBackend::new(device.expect("a sound card opens"), Options::default());
        let start = std::time::Instant::now();
        let ran = execute(backend, "a sound card");
        assert_eq!(ran.counters.fallbacks, 0);
        start.elapsed()
    };
    // In turns, and the best of each: what else the machine does hits both.
    let (mut plain, mut wrapped) = (Duration::MAX, Duration::MAX);
    for _ in 0..40 {
        plain = plain.min(time(cards::open(functional(), patient())));
        wrapped = wrapped.min(time(cards::open(FaultyCard::new(functional()), patient())));
    }
    println!("block of {INFERENCES} inferences: plain {plain:?}, wrapped {wrapped:?}");
}
