//! `metisvm sim`: a simulated card for another process, until a signal ends it.

use crate::args::{Card, Sim as Args};
use crate::cards::{self, Use};
use crate::error::CliError;
use crate::output;
use metisvm_firmware::pci::{SUBSYSTEM_FUNCTIONAL, SUBSYSTEM_RTL};
use metisvm_sim::vfio_user::{Limits, Options, Server};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    // Before the socket is there: whoever sees it may end us.
    let stop = signals().map_err(CliError::Signals)?;
    let (card, _) = cards::simulated(Some(&args.card), Use::Inference, None).map_err(CliError::Card)?;
    let options = Options {
        limits: Limits {
            bytes: args.dma_limit << 20,
            ..Limits::default()
        },
        subsystem: match args.card {
            Card::Rtl(_) => SUBSYSTEM_RTL,
            _ => SUBSYSTEM_FUNCTIONAL,
        },
        log: Arc::new(output::complain),
        ..Options::default()
    };
    let mut server = Server::bind(&args.socket, card, options)?;
    let title = cards::title(Some(&args.card));
    if args.json {
        output::json(&json!({ "socket": args.socket.to_string_lossy(), "card": title }))?;
    } else {
        output::line(&format!("serving a {title} at {}", args.socket.display()))?;
    }
    server.run(stop.as_fd())?;
    Ok(true)
}

/// What can be read from once somebody wants an end.
fn signals() -> io::Result<UnixStream> {
    let (stop, signalled) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM] {
        pipe::register(signal, signalled.try_clone()?)?;
    }
    Ok(stop)
}
