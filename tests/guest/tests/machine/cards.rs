//! The cards of the guest, each behind a socket of its own.

use super::tied::Tied;
use metisvm_sim::vfio_user::{Options, Server};
use metisvm_sim::{FaultPlan, FaultyCard, FunctionalCard, SimOptions};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Serves a card from a thread of this process, and gives what may go wrong with it.
pub(crate) fn in_this_process(socket: &Path) -> FaultPlan {
    let card = FaultyCard::new(FunctionalCard::new(SimOptions::default()));
    let faults = card.faults();
    let mut server = Server::bind(socket, Box::new(card), Options::default()).unwrap();
    thread::spawn(move || {
        // Nobody writes to it: the server goes with the process.
        let (_open, stop) = UnixStream::pair().unwrap();
        server.run(stop.as_fd()).unwrap();
    });
    faults
}

/// Serves one from a process that can be stopped and killed, and says how many runs there were so far.
pub(crate) fn in_a_process(program: &Path, socket: &Path) -> Tied {
    let socket_text = socket.to_string_lossy();
    let server = Tied::start(program, &["serve", &socket_text], socket).unwrap();
    let start = Instant::now();
    while !socket.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{}",
            server.complaints()
        );
        thread::sleep(Duration::from_millis(20));
    }
    server
}
