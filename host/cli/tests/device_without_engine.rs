//! `metisvm device` and a card that answers, and has no engine: nothing that it does is wrong, as it does nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_firmware::registers::features;
use metisvm_sim::vfio_user::{Options, Server};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use support::doctor::{findings, says};
use support::{objects, run, stderr};
use tempfile::tempdir;

const SERVED: &str = "vfio-user:card";

/// A card behind a socket whose FEATURES are these, until the stream is dropped.
fn serve(folder: &Path, features: u64) -> UnixStream {
    let mut options = SimOptions::default();
    let mut claimed = options.capabilities;
    claimed.features = features;
    options.claimed = Some(claimed);
    let card = Box::new(FunctionalCard::new(options));
    let mut server = Server::bind(&folder.join("card"), card, Options::default()).unwrap();
    let (ours, its) = UnixStream::pair().unwrap();
    thread::spawn(move || server.run(its.as_fd()));
    ours
}

#[test]
fn a_card_without_an_engine_does_not_pass_for_a_sound_one() {
    // What does not work without an engine is none.
    for features in [0, features::COUNTERS | features::STORE_ACCUMULATORS, 1 << 40] {
        let folder = tempdir().unwrap();
        let _server = serve(folder.path(), features);
        let said = format!("FEATURES reads {features:#x}");
        let device = |command: &str| {
            let output = run(folder.path(), &["device", command, SERVED, "--json"]);
            assert_eq!(output.status.code(), Some(1), "{command}: {}", stderr(&output));
            objects(&output)
        };
        let checks = device("validate");
        assert_eq!(
            (&checks[0]["check"], &checks[0]["result"]),
            (&"handshake".into(), &"failed".into())
        );
        assert!(
            checks[0]["detail"].as_str().unwrap().contains(&said),
            "{}",
            checks[0]
        );
        let last = checks.last().unwrap();
        assert_eq!(
            (&last["failed"], &last["sound"]),
            (&1.into(), &false.into()),
            "{checks:?}"
        );
        let examined = &device("examine")[0]["problems"];
        assert!(examined[0].as_str().unwrap().contains(&said), "{examined}");
        let reset = &device("reset")[0];
        assert_eq!(reset["works"], false, "{reset}");
        let (all, last) = findings(&run(folder.path(), &["device", "doctor", SERVED, "--json"]));
        says(&all[1], "card", "blocks", &[&said, "no work"]);
        assert_eq!(last["usable"], false);
    }
}

#[test]
fn a_card_with_one_engine_is_sound() {
    for features in [features::TENSOR, features::KECCAK] {
        let folder = tempdir().unwrap();
        let _server = serve(folder.path(), features);
        for command in ["validate", "examine", "reset", "doctor"] {
            let output = run(folder.path(), &["device", command, SERVED]);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{command}: {}{}",
                support::stdout(&output),
                stderr(&output)
            );
        }
    }
}
