//! A card whose server is not there when a process begins: it joins when the server has come.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm::args::{Backend, Card, Engine};
use metisvm::composition::{self, Composition};
use metisvm::engine::DispatcherEngine;
use metisvm_executor::{BlockEngine, BlockFile, Threads, run_block_file};
use metisvm_model::Bundle;
use metisvm_workload::{DigitModels, small_block};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::metisvm;
use tempfile::tempdir;

/// How long a search may pause, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

struct Sim(Child);

impl Sim {
    fn start(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    fn with(folder: &Path, more: &[&str]) -> Self {
        let mut command = metisvm(folder);
        command
            .args(["sim", "--socket", "late", "--json"])
            .args(more)
            .stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn execute(file: &BlockFile, composed: &Composition) {
    let engine = Arc::new(DispatcherEngine::new(composed.dispatcher.clone()));
    let blocks = BlockEngine::new(Threads::new(2).unwrap());
    let report = run_block_file(file, Some(engine), &blocks).unwrap();
    assert!(report.matches_header(), "{:?}", report.mismatches);
}

/// Jobs of the card that came late, if it has.
fn late_jobs(composed: &Composition) -> Option<u64> {
    let cards = composed.cards_since(&composition::Mark::default());
    let late = cards.iter().find(|card| card.title.contains("late"));
    let late = late.expect("it is told of in any case");
    let is_there = late.state != "probing" || !late.health.contains("does not open");
    is_there.then_some(late.jobs)
}

#[test]
fn a_card_that_is_absent_at_the_start_is_brought_in_when_its_server_starts() {
    let models = DigitModels::import().unwrap();
    let bundles = [&models.mlp.bundle, &models.cnn.bundle].map(|bytes| Bundle::decode(bytes).unwrap());
    let blocks = [3, 4, 5].map(|digits| small_block(&models, digits).unwrap().built.file);
    // Alone, and beside a card that is there.
    for beside in [&[][..], &[Card::Functional(None)]] {
        let folder = tempdir().unwrap();
        let mut engine = Engine::of(vec![Backend::Fpga]);
        engine.card = beside.to_vec();
        engine.card.push(Card::VfioUser(folder.path().join("late")));
        let composed = composition::compose_for_long(&engine, &bundles);
        assert!(
            composed
                .problems
                .iter()
                .any(|problem| problem.contains("it is looked for")),
            "{:?}",
            composed.problems
        );
        execute(&blocks[0], &composed);
        assert_eq!(late_jobs(&composed), None);

        let sim = Sim::start(folder.path());
        let start = Instant::now();
        while late_jobs(&composed).is_none() {
            assert!(start.elapsed() < PATIENCE, "it was not found");
            thread::sleep(Duration::from_millis(10));
        }
        let before = composed.mark();
        execute(&blocks[1], &composed);
        let jobs = composed.cards_since(&before).last().unwrap().jobs;
        assert!(jobs > 0 || !beside.is_empty(), "it was given nothing");
        assert_eq!(composed.counters_since(&before).fallbacks, 0);

        // It is a card as any other: lost with its server, and no result with it.
        drop(sim);
        execute(&blocks[2], &composed);
    }
}

#[test]
fn why_a_card_that_came_does_not_open_is_told_once() {
    let folder = tempdir().unwrap();
    let mut engine = Engine::of(vec![Backend::Fpga]);
    engine.card = vec![Card::VfioUser(folder.path().join("late"))];
    let composed = composition::compose_for_long(&engine, &[]);
    // Its server comes, and its first self-test is wrong.
    let _sim = Sim::with(folder.path(), &["--fault", "flip-bit@0"]);
    let start = Instant::now();
    while late_jobs(&composed).is_none() {
        assert!(start.elapsed() < PATIENCE, "it was not found");
        thread::sleep(Duration::from_millis(10));
    }
    let errors = composed.take_card_errors();
    let told = |words: &str| errors.iter().filter(|error| error.contains(words)).count();
    assert_eq!(
        told("it does not open: the self-test's output is wrong"),
        1,
        "{errors:?}"
    );
    // That there was no server was said before.
    assert_eq!(told("is metisvm sim running"), 0, "{errors:?}");
}

#[test]
fn a_card_that_is_not_there_is_no_sound_one_in_the_report() {
    let folder = tempdir().unwrap();
    let card = |arguments: &[&str]| {
        let output = metisvm(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&object["fallbacks"], &object["card_jobs"]),
            (&json!(0), &json!(0))
        );
        let said = object["card_health"].as_str().unwrap().to_owned();
        assert!(said.contains("does not open"), "{said}");
        let cards = object["cards"].as_array().unwrap();
        assert_eq!(cards.len(), 1, "{object}");
        cards[0].clone()
    };
    let run = ["run", "--json", "--backend", "fpga", "--card"];
    let behind_a_socket = card(&[&run[..], &["vfio-user:late"]].concat());
    let in_a_slot = card(&[&run[..], &["vfio:ffff:ff:1f.7"]].concat());
    for (card, state) in [(behind_a_socket, "probing"), (in_a_slot, "failed")] {
        assert_eq!(
            (&card["state"], &card["jobs"]),
            (&json!(state), &json!(0)),
            "{card}"
        );
        assert!(!card["last_fault"].as_str().unwrap().is_empty(), "{card}");
    }
}

#[test]
fn a_search_ends_with_the_process_that_wants_the_card() {
    let folder = tempdir().unwrap();
    let mut engine = Engine::of(vec![Backend::Fpga]);
    engine.card = vec![Card::VfioUser(folder.path().join("late"))];
    let composed = composition::compose_for_long(&engine, &[]);
    drop(composed);
    // Nobody takes the card away from the next user.
    let _sim = Sim::start(folder.path());
    let start = Instant::now();
    loop {
        let composed = composition::compose(&engine, &[]);
        if composed.problems.is_empty() {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{:?}", composed.problems);
        thread::sleep(Duration::from_millis(10));
    }
}
