//! The command line of `metisvm device`.

use super::Card;
use crate::error::CliError;
use clap::{Args as ClapArgs, Subcommand};
use metisvm_driver::vfio::{Bdf, Kernel};
use std::fs;
use std::path::{Path, PathBuf};

/// Cards of this machine.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// List the cards on the machine's PCI bus: who drives them, and whether this user can use them
    List(List),
    /// Say what a card says of itself; none of its registers is written
    Examine(OneCard),
    /// Test a card: memory, Keccak, every instruction of its tensor engine, models, DMA and latency
    Validate(Validate),
    /// Reset a card, by its registers and as a PCI function, and see that it works again
    Reset(OneCard),
    /// Give cards to VFIO, so that a process can use them (as root)
    Bind(Bind),
    /// Take cards away from VFIO again (as root)
    Unbind(Unbind),
    /// Say what of this machine's set-up is in the way of using cards, and which commands mend it
    Doctor(Doctor),
}

/// Where the kernel's file systems are.
#[derive(Debug, ClapArgs)]
pub struct Roots {
    /// Look at sys, dev and proc below this folder, as of another machine that was copied there
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

impl Roots {
    /// The folder that they are below.
    pub fn folder(&self) -> &Path {
        self.root.as_deref().unwrap_or(Path::new("/"))
    }

    /// The kernel's file systems.
    ///
    /// # Errors
    /// There are none: a machine whose files are not there has not no cards, it was not looked at.
    pub fn kernel(&self) -> Result<Kernel, CliError> {
        let (root, sys) = (self.folder(), self.folder().join("sys"));
        for (folder, missing) in [
            (
                root,
                "give the folder that sys, dev and proc of a machine were copied to",
            ),
            (
                &sys,
                "sys, dev and proc of a machine have to be in the folder of --root",
            ),
        ] {
            let problem = match fs::metadata(folder) {
                Ok(about) if about.is_dir() => continue,
                Ok(_) => "it is no folder".to_owned(),
                Err(error) => error.to_string(),
            };
            return Err(CliError::file(folder, format!("{problem}; {missing}")));
        }
        Ok(Kernel::at(&sys, &root.join("dev")))
    }
}

impl Device {
    /// Its name on the command line.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Examine(_) => "examine",
            Self::Validate(_) => "validate",
            Self::Reset(_) => "reset",
            Self::Bind(_) => "bind",
            Self::Unbind(_) => "unbind",
            Self::Doctor(_) => "doctor",
        }
    }

    /// What does not make sense of the options together.
    pub(super) fn problem(&self) -> Option<String> {
        let Self::Doctor(doctor) = self else { return None };
        let is_elsewhere = !matches!(doctor.card, None | Some(Card::Vfio(_)));
        (is_elsewhere && doctor.roots.root.is_some()).then(|| {
            "--root is for cards in slots: the way to another card is looked at on this machine".to_owned()
        })
    }
}

/// List cards.
#[derive(Debug, ClapArgs)]
pub struct List {
    /// Where the kernel's file systems are.
    #[command(flatten)]
    pub roots: Roots,
    /// One JSON object a card instead of a table
    #[arg(long)]
    pub json: bool,
}

/// One card.
#[derive(Debug, ClapArgs)]
pub struct OneCard {
    /// The card: vfio:BDF in a slot, vfio-user:SOCKET behind a socket, functional or rtl in this process, or one of a
    /// board as functional:BOARD
    #[arg(value_name = "CARD")]
    pub card: Card,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Test a card.
#[derive(Debug, ClapArgs)]
pub struct Validate {
    /// The card: vfio:BDF in a slot, vfio-user:SOCKET behind a socket, functional or rtl in this process, or one of a
    /// board as functional:BOARD
    #[arg(value_name = "CARD")]
    pub card: Card,
    /// How much of the card's memory is tested, from its beginning, MiB; all for the whole of it [default: 64; for a card
    /// of simulated gates, as much as takes no long time]
    #[arg(long, value_name = "MIB|all", value_parser = memory)]
    pub memory: Option<u64>,
    /// One JSON object a check instead of a table, and one for all
    #[arg(long)]
    pub json: bool,
}

/// Give cards to VFIO.
#[derive(Debug, ClapArgs)]
pub struct Bind {
    /// Where the card is, as lspci -D names it; several are bound one after the other
    #[arg(value_name = "BDF", required = true, value_parser = place)]
    pub cards: Vec<Bdf>,
    /// Take it away from another driver that has it
    #[arg(long)]
    pub force: bool,
    /// Where the kernel's file systems are.
    #[command(flatten)]
    pub roots: Roots,
    /// One JSON object a card instead of a line
    #[arg(long)]
    pub json: bool,
}

/// Take cards away from VFIO.
#[derive(Debug, ClapArgs)]
pub struct Unbind {
    /// Where the card is, as lspci -D names it; several are unbound one after the other
    #[arg(value_name = "BDF", required = true, value_parser = place)]
    pub cards: Vec<Bdf>,
    /// Where the kernel's file systems are.
    #[command(flatten)]
    pub roots: Roots,
    /// One JSON object a card instead of a line
    #[arg(long)]
    pub json: bool,
}

/// Look at the machine's set-up.
#[derive(Debug, ClapArgs)]
pub struct Doctor {
    /// The card to use: with vfio:BDF this one alone is looked at, with vfio-user:SOCKET the way to its server, with
    /// rtl what a card in RTL is built with [default: every card on the bus]
    #[arg(value_name = "CARD")]
    pub card: Option<Card>,
    /// Where the kernel's file systems are.
    #[command(flatten)]
    pub roots: Roots,
    /// One JSON object a finding instead of a list, and one for all
    #[arg(long)]
    pub json: bool,
}

/// A place, by itself or as `--card` has it.
fn place(text: &str) -> Result<Bdf, String> {
    text.strip_prefix("vfio:").unwrap_or(text).parse()
}

/// Bytes of memory.
fn memory(text: &str) -> Result<u64, String> {
    if text == "all" {
        return Ok(u64::MAX);
    }
    match text.parse::<u64>() {
        Ok(mib @ 1..=0x1000_0000) => Ok(mib << 20),
        _ => Err("it is a number of MiB from 1 on, or all".to_owned()),
    }
}
