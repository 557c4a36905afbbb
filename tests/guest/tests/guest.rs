//! The driver in a guest, over the kernel's VFIO: QEMU shows the simulated card as a PCIe device behind an emulated
//! IOMMU, and Debian's kernel gives it to the driver. Every block has the roots of the run in this process.
//!
//! One machine for all tests, one test at a time; `tests/guest/fetch` brings what it is made of, so the tests are ignored
//! unless they are asked for:
//!
//! ```sh
//! tests/guest/fetch && cargo test -p metisvm-guest --test guest -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod machine;

use machine::{CARD, DOOMED, EDU, Machine, PATIENCE, PROGRAM, SERVED};
use metisvm_sim::{Fault, Trigger};
use serde_json::Value;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The bundled block, all of its inferences on a card.
const BLOCK: [&str; 5] = ["run", "--json", "--backend", "fpga", "--card"];
/// Runs of a card after which a block is in the middle: it has some hundred.
const MIDDLE: u64 = 10;
/// How long a server stalls.
const STALL: Duration = Duration::from_millis(1500);

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn block(place: &str) -> Vec<String> {
    BLOCK
        .map(str::to_owned)
        .into_iter()
        .chain([format!("vfio:{place}")])
        .collect()
}

/// What the block comes to with the card in this process.
fn in_process() -> &'static Value {
    static RESULT: OnceLock<Value> = OnceLock::new();
    RESULT.get_or_init(|| {
        let output = Command::new(PROGRAM)
            .args(BLOCK)
            .arg("functional")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let result = object(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(
            (&result["card_faults"], &result["fallbacks"]),
            (&0.into(), &0.into())
        );
        result
    })
}

fn has_the_same_roots(result: &Value) {
    for key in ["state_root", "receipts_root", "gas_used"] {
        assert!(!in_process()[key].is_null());
        assert_eq!(result[key], in_process()[key], "{key}: {result}");
    }
    assert_eq!(result["matches_header"], true);
}

fn start_block(machine: &mut Machine, place: &str) -> machine::Running {
    let arguments = block(place);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    machine.start_run(&arguments)
}

/// Starts a block on the card of this process, and waits until the card has done a part of it.
fn middle_of_a_block(machine: &mut Machine) -> machine::Running {
    let before = machine.faults.runs();
    let running = start_block(machine, CARD);
    let start = Instant::now();
    while machine.faults.runs() < before + MIDDLE {
        assert!(start.elapsed() < PATIENCE, "the block does not get on");
        thread::sleep(Duration::from_millis(2));
    }
    running
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_is_refused_with_what_to_do_until_it_is_bound() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    machine.run(&["device", "unbind", CARD]).well();
    for (place, said) in [
        (
            CARD,
            &["0000:01:00.0", "driven by nothing", "metisvm device bind"][..],
        ),
        ("0000:00:02.0", &["driven by pcieport"][..]),
        ("0000:77:00.0", &["no such PCI function", "lspci -D"][..]),
    ] {
        let refused = machine.run(&["jobs", place]);
        assert_ne!(refused.code, Some(0), "{refused:?}");
        for said in said {
            assert!(refused.stderr.contains(said), "{said}: {refused:?}");
        }
    }
    // A block without a card is done by the backends that are left, and says why.
    let result = start_block(&mut machine, CARD).end();
    let result = object(&result.well());
    has_the_same_roots(&result);
    let errors = result["device_errors"].to_string();
    assert!(errors.contains("driven by nothing"), "{result}");
    machine.bind(CARD);
    let said = machine.run(&["jobs", CARD]).well();
    // A bound function of another kind is no card.
    machine.bind(EDU);
    let refused = machine.run(&["jobs", EDU]);
    assert!(refused.stderr.contains("is not of class 120000"), "{refused:?}");
    println!("{said}");
}

/// The objects that `metisvm device` writes.
fn device(machine: &mut Machine, arguments: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["device"]
        .iter()
        .chain(arguments)
        .copied()
        .chain(["--json"])
        .collect();
    machine.run(&arguments).well().lines().map(object).collect()
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_is_listed_examined_validated_and_reset_as_operators_do() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    let slot = format!("vfio:{CARD}");
    let listed = device(&mut machine, &["list"]);
    let card = listed.iter().find(|card| card["card"] == CARD).unwrap();
    assert_eq!(
        (&card["driver"], &card["usable"], &card["kind"]),
        (&"vfio-pci".into(), &true.into(), &"simulated".into()),
        "{card}"
    );
    let examined = &device(&mut machine, &["examine", &slot])[0];
    assert_eq!(
        (&examined["abi"], &examined["status"]),
        (&"2.0".into(), &"ready".into()),
        "{examined}"
    );
    assert_eq!(
        examined["function"]["iommu_group"], card["iommu_group"],
        "{examined}"
    );
    let start = Instant::now();
    let checks = device(&mut machine, &["validate", &slot, "--memory", "2"]);
    let (last, checks) = checks.split_last().unwrap();
    assert_eq!(
        (&last["failed"], &last["skipped"]),
        (&0.into(), &0.into()),
        "{checks:#?}"
    );
    for check in checks.iter().filter(|check| {
        check["detail"]
            .as_str()
            .is_some_and(|said| said.contains("/s") || said.contains("p50"))
    }) {
        println!("{check}");
    }
    println!("validated in {:?}", start.elapsed());
    let reset = &device(&mut machine, &["reset", &slot])[0];
    assert_eq!(
        (
            &reset["register_reset"],
            &reset["function_reset"],
            &reset["works"]
        ),
        (&"done".into(), &"done".into(), &true.into()),
        "{reset}"
    );
    let findings = device(&mut machine, &["doctor", &slot]);
    assert_eq!(findings.last().unwrap()["usable"], true, "{findings:#?}");
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_that_computes_wrong_is_found_by_its_validation() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    // After the self-test and what reads memory back.
    machine.faults.arm(Trigger::Run(4), Fault::WrongOutput(0));
    let ended = machine.run(&[
        "device",
        "validate",
        &format!("vfio:{CARD}"),
        "--memory",
        "2",
        "--json",
    ]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let checks: Vec<Value> = ended.stdout.lines().map(object).collect();
    assert_eq!(checks.last().unwrap()["failed"], 1, "{checks:#?}");
    machine.run(&["jobs", CARD]).well();
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_is_not_taken_away_from_a_block_that_uses_it() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    let running = middle_of_a_block(&mut machine);
    let refused = machine.run(&["device", "unbind", CARD]);
    let result = object(&running.end().well());
    has_the_same_roots(&result);
    assert_eq!(result["fallbacks"], 0, "{result}");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("a process uses its group"), "{refused:?}");
    machine.run(&["device", "unbind", CARD]).well();
    machine.bind(CARD);
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn jobs_of_every_kind_are_answered_rightly() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    println!("{}", machine.run(&["jobs", CARD]).well());
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_block_with_inferences_has_the_roots_of_the_run_in_process() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    let start = Instant::now();
    let result = object(&start_block(&mut machine, CARD).end().well());
    has_the_same_roots(&result);
    for key in ["fallbacks", "card_faults", "card_resets"] {
        assert_eq!(result[key], 0, "{key}: {result}");
    }
    assert_ne!(result["card_jobs"], 0, "{result}");
    assert_eq!(result["card"], format!("card at {CARD}"));
    println!("the block took {:?}", start.elapsed());
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_device_of_which_neither_end_is_ours_does_dma_and_interrupts() {
    let mut machine = Machine::get();
    machine.bind(EDU);
    println!("{}", machine.run(&["edu", EDU]).well());
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_function_level_reset_resets_the_card() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    machine.run(&["reset", CARD]).well();
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn dma_to_memory_that_was_unmapped_does_not_arrive() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    machine.run(&["unmapped", CARD]).well();
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn registers_that_are_switched_off_read_all_ones() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    let said = machine.run(&["switched-off", CARD]).well();
    assert!(said.contains("does not decode memory"), "{said}");
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_that_hangs_is_noticed_and_mended() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    // The self-test is a RUN as well.
    machine.faults.arm(Trigger::Run(1), Fault::Hang);
    println!("{}", machine.run(&["hang", CARD]).well());
    machine.run(&["jobs", CARD]).well();
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_card_that_hangs_in_a_block_changes_nothing_but_time() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    machine.faults.arm(Trigger::Run(3), Fault::Hang);
    let result = object(&start_block(&mut machine, CARD).end().well());
    has_the_same_roots(&result);
    assert_ne!(result["card_faults"], 0, "{result}");
    machine.run(&["jobs", CARD]).well();
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_link_that_goes_down_in_a_block_changes_nothing_but_time() {
    let mut machine = Machine::get();
    machine.bind(DOOMED);
    machine.doomed.arm(Trigger::Run(3), Fault::Dead);
    let result = object(&start_block(&mut machine, DOOMED).end().well());
    has_the_same_roots(&result);
    assert_ne!(result["card_faults"], 0, "{result}");
    assert_ne!(result["card_health"], "healthy", "{result}");
    // A link that stays down: nobody waits for it.
    let start = Instant::now();
    let refused = machine.run(&["jobs", DOOMED]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_server_that_stalls_in_a_block_changes_nothing_but_time() {
    let mut machine = Machine::get();
    machine.bind(SERVED);
    // While it stalls, an access to a register holds the guest.
    let running = start_block(&mut machine, SERVED);
    machine.server.wait_for_more(MIDDLE, PATIENCE);
    machine.server.signal("-STOP");
    thread::sleep(STALL);
    machine.server.signal("-CONT");
    has_the_same_roots(&object(&running.end().well()));
}

/// In some runs QEMU 11.1 ends with a failed assertion of its own (`error_setv`) when a server is gone, and all later
/// tests with it: `tests/run` leaves this one to the slow lane.
#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_server_that_is_killed_in_a_block_changes_nothing_but_time() {
    let mut machine = Machine::get();
    machine.bind(SERVED);
    let running = start_block(&mut machine, SERVED);
    machine.server.wait_for_more(MIDDLE, PATIENCE);
    machine.server.signal("-KILL");
    // The kernel takes a minute to give up a card that is gone, and the process ends after it; the block does not wait.
    let start = Instant::now();
    let result = object(&running.line());
    has_the_same_roots(&result);
    assert_ne!(result["card_faults"], 0, "{result}");
    assert_ne!(result["card_health"], "healthy", "{result}");
    println!("the block was done {:?} after the kill", start.elapsed());
}

#[test]
#[ignore = "needs what tests/guest/fetch brings"]
fn a_removal_in_a_block_waits_for_it_and_changes_nothing() {
    let mut machine = Machine::get();
    machine.bind(CARD);
    let running = middle_of_a_block(&mut machine);
    let removal = machine.start_run(&["remove", CARD]);
    let result = object(&running.end().well());
    has_the_same_roots(&result);
    assert_eq!(result["fallbacks"], 0, "{result}");
    removal.end().well();
    assert_ne!(machine.run(&["is-there", CARD]).code, Some(0));
    let refused = machine.run(&["jobs", CARD]);
    assert!(refused.stderr.contains("no such PCI function"), "{refused:?}");
    machine.run(&["rescan", CARD]).well();
    machine.bind(CARD);
    machine.run(&["jobs", CARD]).well();
}
