//! `metisvm device doctor`, of cards behind sockets and in this process.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use support::doctor::{findings, only, says};
use support::machine::Machine;
use support::run;
use support::sim::Sim;
use tempfile::tempdir;

#[test]
fn the_way_to_a_socket_is_looked_at() {
    let folder = tempdir().unwrap();
    let doctor = |socket: &str| {
        run(
            folder.path(),
            &["device", "doctor", &format!("vfio-user:{socket}"), "--json"],
        )
    };
    let none = only(&doctor("none"));
    says(
        &none,
        "socket",
        "blocks",
        &["no server runs", "metisvm sim --socket none"],
    );
    assert_eq!(none["card"], "none");
    fs::write(folder.path().join("file"), "").unwrap();
    says(&only(&doctor("file")), "socket", "blocks", &["no socket"]);
    drop(UnixListener::bind(folder.path().join("gone")).unwrap());
    says(
        &only(&doctor("gone")),
        "socket",
        "blocks",
        &["its server is gone", "metisvm sim"],
    );
    // Nobody takes those that wait, and there is no room for more.
    let busy = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&busy, &SocketAddrUnix::new(folder.path().join("busy")).unwrap()).unwrap();
    listen(&busy, 0).unwrap();
    let _waits = UnixStream::connect(folder.path().join("busy")).unwrap();
    says(
        &only(&doctor("busy")),
        "socket",
        "warning",
        &["others wait already"],
    );
    let sim = Sim::start(folder.path(), &[]);
    let (all, _) = findings(&doctor("card"));
    says(&all[0], "socket", "ok", &["answers"]);
    // Whoever looked was no client that did something wrong, and others are served after it.
    assert!(
        run(folder.path(), &["device", "examine", "vfio-user:card"])
            .status
            .success()
    );
    assert_eq!(sim.end("-TERM"), (Some(0), String::new()));
}

#[test]
fn a_socket_of_another_user_is_said_to_be_one() {
    let machine = Machine::new();
    let path = machine.path("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let card = format!("vfio-user:{}", path.display());
    let finding = only(&machine.as_nobody(&["doctor", &card, "--json"]));
    says(
        &finding,
        "socket",
        "blocks",
        &["may not connect", "mode 400", "chgrp metisvm"],
    );
}

#[test]
fn cards_of_this_process_need_little() {
    let folder = tempdir().unwrap();
    let (all, _) = findings(&run(folder.path(), &["device", "doctor", "functional", "--json"]));
    says(&all[0], "card", "ok", &["needs nothing"]);
    // A home that cannot be written, and no tools on the path.
    let output = support::metisvm(folder.path())
        .args(["device", "doctor", "rtl", "--json"])
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let (all, _) = findings(&output);
    says(
        &all[0],
        "tools",
        "blocks",
        &["verilator, make, g++", "sudo apt-get install verilator make g++"],
    );
}
