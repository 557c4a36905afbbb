//! Outside of the guest: a card behind a socket, in a process that can be stopped and killed in the middle of its work.

use metisvm_sim::vfio_user::{Options, Server};
use metisvm_sim::{FaultyCard, FunctionalCard, SimOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often it looks how far the card is.
const LOOK: Duration = Duration::from_millis(2);

/// Serves until it is killed, and says how many runs there were so far, a line for each time that there were more.
pub(crate) fn serve(socket: &str) -> Result<(), String> {
    let card = FaultyCard::new(FunctionalCard::new(SimOptions::default()));
    let counts = card.faults();
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let server = Server::bind(Path::new(socket), Box::new(card), Options::default());
    let mut server = server.map_err(|error| said(&error))?;
    // Nobody writes to it: it ends with the process.
    let (_open, stop) = UnixStream::pair().map_err(|error| said(&error))?;
    thread::spawn(move || server.run(stop.as_fd()));
    let mut before = None;
    loop {
        let runs = counts.runs();
        if before != Some(runs) {
            before = Some(runs);
            writeln!(io::stdout(), "{runs}").map_err(|error| said(&error))?;
        }
        thread::sleep(LOOK);
    }
}
