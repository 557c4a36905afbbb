//! `metisvm sim` in one process, `--card vfio-user:SOCKET` in another: the blocks come out as in one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};
use support::sim::Sim;
use support::{metisvm, objects, repository, run, stderr};
use tempfile::tempdir;

fn golden() -> Value {
    let text = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

const RUN: [&str; 6] = ["run", "--json", "--backend", "fpga", "--card", "vfio-user:card"];

fn has_the_roots_of_every_backend(object: &Value) {
    let golden = golden();
    for key in ["receipts_root", "state_root", "gas_used"] {
        assert_eq!(object[key], golden[key], "{key}");
    }
    assert_eq!(object["matches_header"], true);
}

#[test]
fn a_block_on_a_card_behind_a_socket_has_the_roots_of_every_backend() {
    let folder = tempdir().unwrap();
    let sim = Sim::start(folder.path(), &[]);
    // Two users, one after the other.
    for _ in 0..2 {
        let output = run(folder.path(), &RUN);
        assert!(output.status.success(), "{}", stderr(&output));
        let object = &objects(&output)[0];
        has_the_roots_of_every_backend(object);
        assert_eq!(
            (&object["fallbacks"], &object["card_faults"]),
            (&0.into(), &0.into())
        );
        assert_eq!(
            (&object["card"], &object["card_health"]),
            (&"card at card".into(), &"healthy".into())
        );
    }
    let second = run(folder.path(), &["sim", "--socket", "card"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("another server serves there"),
        "{}",
        stderr(&second)
    );
    assert_eq!(sim.end("-TERM"), (Some(0), String::new()));
    assert!(!folder.path().join("card").exists(), "the socket is removed");
}

#[test]
fn a_server_killed_in_the_middle_of_a_block_changes_nothing_but_time() {
    let folder = tempdir().unwrap();
    // Without it, and before there ever was one.
    let output = run(folder.path(), &RUN);
    assert!(output.status.success(), "{}", stderr(&output));
    has_the_roots_of_every_backend(&objects(&output)[0]);
    let noticed = (0..60).any(|round| {
        let mut sim = Sim::start(folder.path(), &[]);
        let running = metisvm(folder.path())
            .args(RUN)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(10 + 20 * (round % 30)));
        sim.0.kill().unwrap();
        sim.0.wait().unwrap();
        let start = Instant::now();
        let output = running.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(start.elapsed() < Duration::from_secs(60));
        let object = &objects(&output)[0];
        has_the_roots_of_every_backend(object);
        // The socket of the one that was killed stays, and the next one replaces it.
        assert!(folder.path().join("card").exists());
        object["card_faults"].as_u64().is_some_and(|faults| faults > 0)
    });
    assert!(noticed, "no kill met a block that was under way");
}

#[test]
fn a_block_over_several_cards_is_done_by_all_of_them_and_loses_nothing_with_one() {
    let folder = tempdir().unwrap();
    // The handshake, a model's program and weights, its first inference.
    let first = Sim::start_at(folder.path(), "a", &["--fault", "wrong-status@5"]);
    let second = Sim::start_at(folder.path(), "b", &[]);
    let run_both = || {
        let output = run(
            folder.path(),
            &[
                "run",
                "--json",
                "--backend",
                "fpga",
                "--card",
                "vfio-user:a,functional,vfio-user:b",
                "--fault",
                "wrong-status@5",
            ],
        );
        assert!(output.status.success(), "{}", stderr(&output));
        (objects(&output)[0].clone(), stderr(&output))
    };
    let (object, said) = run_both();
    has_the_roots_of_every_backend(&object);
    // What one card did not do, another one did.
    assert_eq!(object["fallbacks"], 0, "{object}");
    let cards = object["cards"].as_array().unwrap();
    assert_eq!(cards.len(), 3);
    for (index, card) in cards.iter().enumerate() {
        assert!(card["jobs"].as_u64().unwrap() > 0, "card {index}: {card}");
    }
    assert_eq!(object["faults"][0]["fault"], "wrong-status@5", "{object}");
    assert!(cards[0]["faults"].as_u64().unwrap() > 0, "{object}");
    assert!(cards[1]["faults"].as_u64().unwrap() > 0, "{object}");
    assert!(said.contains("the work ran on another card"), "{said}");
    // One that does not open is left out.
    assert_eq!(second.end("-TERM").0, Some(0));
    let (object, said) = run_both();
    has_the_roots_of_every_backend(&object);
    assert!(said.contains("card 2, card at b: it does not open"), "{said}");
    let (_, told) = first.end("-TERM");
    assert!(told.contains("fault wrong-status happened"), "{told}");
}

#[test]
fn faults_of_the_served_card_can_be_rehearsed() {
    for (fault, noticed) in [
        ("flip-bit@1", true),
        ("unasked-reset@8", true),
        ("lost-interrupt@8", false),
    ] {
        let folder = tempdir().unwrap();
        let sim = Sim::start(folder.path(), &["--fault", fault]);
        let output = run(folder.path(), &RUN);
        assert!(output.status.success(), "{}", stderr(&output));
        let object = &objects(&output)[0];
        has_the_roots_of_every_backend(object);
        assert_eq!(object["card_faults"].as_u64().unwrap() > 0, noticed, "{object}");
        let (code, told) = sim.end("-TERM");
        assert_eq!(code, Some(0), "{told}");
        let name = fault.split('@').next().unwrap();
        assert!(told.contains(&format!("fault {name} happened")), "{told}");
    }
    // They come again.
    let folder = tempdir().unwrap();
    let sim = Sim::start(
        folder.path(),
        &[
            "--fault",
            "wrong-status",
            "--fault",
            "twice",
            "--fault-every",
            "1",
        ],
    );
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        let output = run(folder.path(), &RUN);
        assert!(output.status.success(), "{}", stderr(&output));
        has_the_roots_of_every_backend(&objects(&output)[0]);
    }
    let (_, told) = sim.end("-TERM");
    let happened = told.matches("happened").count();
    assert!(happened > 2, "{told}");
}

#[test]
fn sim_says_what_is_wrong_with_its_arguments_and_ends_on_interrupt() {
    let folder = tempdir().unwrap();
    for (arguments, said) in [
        (&["sim"][..], "--socket"),
        (
            &["sim", "--socket", "s", "--card", "vfio-user:t"],
            "served already",
        ),
        (
            &["sim", "--socket", "s", "--card", "rtl:none"],
            "there is no board",
        ),
        (&["sim", "--socket", "s", "--dma-limit", "0"], "dma-limit"),
        (&["sim", "--socket", "s", "--fault", "explode"], "hang-for-good"),
        (&["sim", "--socket", "s", "--fault-every", "1"], "--fault"),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let occupied: PathBuf = folder.path().join("file");
    std::fs::write(&occupied, "x").unwrap();
    let output = run(folder.path(), &["sim", "--socket", "file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no socket"), "{}", stderr(&output));
    let sim = Sim::start(folder.path(), &["--card", "functional:sim-tensor"]);
    assert_eq!(sim.end("-INT"), (Some(0), String::new()));
}
