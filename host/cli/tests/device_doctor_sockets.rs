//! `metisvm device doctor`, of cards behind sockets and in this process.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_vfio_user::{Client, Settings};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
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
    let sim = Sim::start(folder.path(), &[]);
    let (all, _) = findings(&doctor("card"));
    says(&all[0], "socket", "ok", &["speaks vfio-user"]);
    says(&all[1], "card", "ok", &["ABI 2.0"]);
    assert!(all.iter().all(|finding| finding["card"] == "card"), "{all:?}");
    // Whoever looked was no client that did something wrong, and others are served after it.
    assert!(
        run(folder.path(), &["device", "examine", "vfio-user:card"])
            .status
            .success()
    );
    assert_eq!(sim.end("-TERM"), (Some(0), String::new()));
}

/// What is wrong with the socket of that name.
fn diagnosis(folder: &Path, socket: &str) -> Value {
    let start = Instant::now();
    let card = format!("vfio-user:{socket}");
    let finding = only(&run(folder, &["device", "doctor", &card, "--json"]));
    assert!(start.elapsed() < Duration::from_secs(5), "{finding}");
    finding
}

#[test]
fn a_server_that_serves_another_client_is_said_to_be_busy_or_to_hang() {
    let folder = tempdir().unwrap();
    let sim = Sim::start(folder.path(), &[]);
    let client = Client::connect(&folder.path().join("card"), &Settings::default()).unwrap();
    // From here nobody can tell, and either way it is of no use now.
    says(
        &diagnosis(folder.path(), "card"),
        "socket",
        "blocks",
        &["busy, or hangs", "has one now", "whose client is gone"],
    );
    drop(client);
    // Whoever has it is let be, and it is free again.
    let (all, _) = findings(&run(
        folder.path(),
        &["device", "doctor", "vfio-user:card", "--json"],
    ));
    says(&all[0], "socket", "ok", &["answers"]);
    assert_eq!(sim.end("-TERM").0, Some(0));
}

#[test]
fn a_server_that_takes_no_client_is_said_to_hang_and_not_to_be_busy() {
    let folder = tempdir().unwrap();
    let _hangs = UnixListener::bind(folder.path().join("hangs")).unwrap();
    says(
        &diagnosis(folder.path(), "hangs"),
        "socket",
        "blocks",
        &["hangs", "has none"],
    );
    // The same with no room for one more.
    let full = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&full, &SocketAddrUnix::new(folder.path().join("full")).unwrap()).unwrap();
    listen(&full, 0).unwrap();
    let _waits = UnixStream::connect(folder.path().join("full")).unwrap();
    says(
        &diagnosis(folder.path(), "full"),
        "socket",
        "blocks",
        &["hangs", "has none"],
    );
}

/// A server of one client, that does this with it, and then waits for it to go.
fn serve(path: &Path, act: impl FnOnce(&mut UnixStream) + Send + 'static) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        act(&mut client);
        let _ = client.read_to_end(&mut Vec::new());
        // A connection whose end has gone is still one that was accepted.
        thread::sleep(Duration::from_secs(5));
    });
}

#[test]
fn a_server_that_takes_a_client_and_says_nothing_is_said_to_be_mute() {
    let folder = tempdir().unwrap();
    serve(&folder.path().join("mute"), |_| {});
    says(
        &diagnosis(folder.path(), "mute"),
        "socket",
        "blocks",
        &["is mute", "end it"],
    );
    serve(&folder.path().join("slow"), |client| {
        client.write_all(&[1]).unwrap()
    });
    says(
        &diagnosis(folder.path(), "slow"),
        "socket",
        "blocks",
        &["is mute"],
    );
}

#[test]
fn a_server_of_something_else_is_said_to_be_one() {
    let folder = tempdir().unwrap();
    serve(&folder.path().join("web"), |client| {
        client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    serve(&folder.path().join("shy"), |client| {
        client.shutdown(std::net::Shutdown::Both).unwrap();
    });
    for (socket, said) in [("web", "bytes long"), ("shy", "hangs up")] {
        let finding = diagnosis(folder.path(), socket);
        says(
            &finding,
            "socket",
            "blocks",
            &["no vfio-user server", said, "fuser"],
        );
    }
    // Datagrams are no stream.
    let _datagrams = UnixDatagram::bind(folder.path().join("datagrams")).unwrap();
    says(
        &diagnosis(folder.path(), "datagrams"),
        "socket",
        "blocks",
        &["no vfio-user server", "another type"],
    );
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
