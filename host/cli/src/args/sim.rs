//! `metisvm sim`: a card for another process.

use super::Card;
use crate::fault::Injection;
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Serve a simulated card.
#[derive(Debug, ClapArgs)]
pub struct Sim {
    /// The socket to make, for this user alone. That of a server which is gone is replaced
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// The card: in software, or in RTL, built by Verilator on first use from the Verilog of a board (if none is named,
    /// sim-tensor)
    #[arg(long, value_name = "functional[:BOARD]|rtl[:BOARD]", default_value = "functional", value_parser = simulated)]
    pub card: Card,
    /// Let the card do something wrong, once, at a job, counted from the start of this command (a client's handshake is
    /// three jobs, and 0 the first); repeat for several. A kind that does not exist is answered with the list of all
    #[arg(long, value_name = "KIND[@JOB]")]
    pub fault: Vec<Injection>,
    /// Let the faults come again, one of them every so many seconds, in turns
    #[arg(long, value_name = "SECONDS", requires = "fault", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub fault_every: Option<u64>,
    /// Most memory that a client may let the card reach, MiB
    #[arg(long, value_name = "MIB", default_value_t = 65_536, value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    pub dma_limit: u64,
    /// One JSON object when it is ready, instead of a line
    #[arg(long)]
    pub json: bool,
}

/// A card that this process can have.
fn simulated(text: &str) -> Result<Card, String> {
    match text.parse() {
        Ok(Card::Vfio(_) | Card::VfioUser(_)) | Err(_) if text.starts_with("vfio") => Err(
            "it is functional[:BOARD] or rtl[:BOARD]: a card that is served already, or in a slot, is used with --card"
                .to_owned(),
        ),
        parsed => parsed,
    }
}
