//! `metisvm sim` ends when it is told to, whoever keeps it waiting.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_vfio_user::{Client, Settings};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::metisvm;
use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A server that complains to this.
fn serve(folder: &Path, complaints: UnixStream) -> Child {
    let mut child = metisvm(folder)
        .args(["sim", "--socket", "card"])
        .stdout(Stdio::piped())
        .stderr(OwnedFd::from(complaints))
        .spawn()
        .unwrap();
    let mut line = String::new();
    let said = BufReader::new(child.stdout.take().unwrap()).read_line(&mut line);
    assert!(said.unwrap() > 0);
    child
}

fn end(mut server: Child) {
    let id = server.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status();
    assert!(kill.unwrap().success());
    let start = Instant::now();
    loop {
        if let Some(status) = server.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        if start.elapsed() > PATIENCE {
            server.kill().unwrap();
            server.wait().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A client that is refused so often.
fn complained_of(folder: &Path, times: u32) {
    let settings = Settings {
        timeout: PATIENCE,
        ..Settings::default()
    };
    let mut client = Client::connect(&folder.join("card"), &settings).unwrap();
    for _ in 0..times {
        assert!(client.region_info(99).is_err());
    }
    // It is still served.
    client.device_info().unwrap();
}

#[test]
fn complaints_that_nobody_reads_keep_neither_clients_nor_the_end_waiting() {
    let folder = tempdir().unwrap();
    let (_reader, mut complaints) = UnixStream::pair().unwrap();
    complaints.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = complaints.write(&[b'.'; 1000]) {
            break error.kind();
        }
    };
    assert_eq!(full, ErrorKind::WouldBlock);
    complaints.set_nonblocking(false).unwrap();
    let server = serve(folder.path(), complaints);
    for _ in 0..3 {
        complained_of(folder.path(), 30);
    }
    end(server);
}

#[test]
fn a_flood_of_complaints_is_cut_and_said_to_be() {
    let folder = tempdir().unwrap();
    let (mut reader, complaints) = UnixStream::pair().unwrap();
    let server = serve(folder.path(), complaints);
    let reading = thread::spawn(move || {
        let mut told = String::new();
        reader.read_to_string(&mut told).map(|_| told)
    });
    for _ in 0..20 {
        complained_of(folder.path(), 30);
    }
    end(server);
    let told = reading.join().unwrap().unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!((100..200).contains(&lines.len()), "{} lines", lines.len());
    assert!(
        told.contains("client 1: further errors of it are not told"),
        "{told}"
    );
    assert!(
        lines.last().unwrap().contains("more lines are left out"),
        "{told}"
    );
}
