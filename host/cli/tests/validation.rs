//! The self-test of a card on cards whose registers say more than there is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm::validation::{Target, Verdict, validate};
use metisvm_driver::{Device, InProcess, Options};
use metisvm_firmware::{Capabilities, Geometry};
use metisvm_sim::{Fault, FaultyCard, FunctionalCard, SimOptions, Trigger};
use std::convert::Infallible;

/// The checks that a card fails, with what is said, which has half or less of what its registers say.
fn failed(claim: impl Fn(&mut Capabilities)) -> Vec<(&'static str, String)> {
    let mut options = SimOptions::new(Geometry::SMALL);
    options.capabilities.card_memory_bytes = 1 << 20;
    let mut claimed = options.capabilities;
    claim(&mut claimed);
    options.claimed = Some(claimed);
    let link = InProcess::start(Box::new(FunctionalCard::new(options))).unwrap();
    let device = Device::open(Box::new(link), Options::default()).unwrap();
    let mut failed = Vec::new();
    let told = validate(&Target::new(device, false, 4 << 20), |report| {
        if let Verdict::Failed(what) = report.verdict {
            failed.push((report.key, what));
        }
        Ok::<_, Infallible>(())
    });
    let Ok(()) = told;
    failed
}

fn keys(failed: &[(&'static str, String)]) -> Vec<&'static str> {
    failed.iter().map(|(key, _)| *key).collect()
}

#[test]
fn a_card_that_has_less_than_its_registers_say_is_found() {
    assert_eq!(failed(|_| {}), []);
    // Memory that is not there cannot be written.
    let memory = failed(|card| card.card_memory_bytes = 2 << 20);
    assert_eq!(keys(&memory)[0], "memory", "{memory:?}");
    assert!(memory[0].1.contains("the job failed"), "{memory:?}");
    // The last table and the last record are looked at, and one record a column.
    let tables = failed(|card| card.geometry.table_count = 4);
    assert!(
        keys(&tables).contains(&"load") && keys(&tables).contains(&"vector_table"),
        "{tables:?}"
    );
    let records = failed(|card| card.geometry.param_entries = 128);
    assert!(keys(&records).contains(&"load_tiles"), "{records:?}");
    // Tiles of another shape hold something else.
    let shape = failed(|card| card.geometry.acc_tiles = 128);
    assert!(keys(&shape).contains(&"memory"), "{shape:?}");
}

/// A card that does this wrong, or nothing: how many programs it had run when each check was over, and the checks that
/// it failed.
fn validated(fault: Option<(u64, Fault)>) -> (Vec<(&'static str, u64)>, Vec<&'static str>) {
    let card = FaultyCard::new(Box::new(FunctionalCard::new(SimOptions::new(Geometry::SMALL))));
    let plan = card.faults();
    if let Some((run, fault)) = fault {
        plan.arm(Trigger::Run(run), fault);
    }
    let link = InProcess::start(Box::new(card)).unwrap();
    let device = Device::open(Box::new(link), Options::default()).unwrap();
    let (mut runs, mut failed) = (Vec::new(), Vec::new());
    let told = validate(&Target::new(device, false, 1 << 20), |report| {
        runs.push((report.key, plan.runs()));
        if let Verdict::Failed(_) = report.verdict {
            failed.push(report.key);
        }
        Ok::<_, Infallible>(())
    });
    let Ok(()) = told;
    (runs, failed)
}

#[test]
fn a_fault_in_the_models_is_not_one_of_the_checks_after_it() {
    let (runs, failed) = validated(None);
    assert!(failed.is_empty(), "{failed:?}");
    let at = runs.iter().position(|(check, _)| *check == "models").unwrap();
    // Somebody who brings the card back meanwhile is not always at it during the next check.
    for run in (runs[at - 1].1..runs[at].1).cycle().take(8) {
        let (_, failed) = validated(Some((run, Fault::LostOutput)));
        assert_eq!(failed, ["models"], "run {run}");
    }
}
