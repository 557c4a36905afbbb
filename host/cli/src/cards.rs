//! Cards from arguments: simulated in this process, served by another, or in a slot.

use crate::args::{Card, Engine};
use crate::{output, user_cache};
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_boards::Board;
use metisvm_driver::vfio_user::Settings;
use metisvm_driver::{Device, InProcess, Options, Transport, Vfio, VfioUser};
use metisvm_firmware::port::CardModel;
use metisvm_sim::rtl::{Meter, boards};
use metisvm_sim::{FaultPlan, FaultyCard, FunctionalCard, RtlCard, RtlOptions, SimOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a job may take in RTL, at a million cycles a second or less.
pub const RTL_TIMEOUT: Duration = Duration::from_secs(120);

/// What people are told of the card behind a backend.
pub fn title(card: &Card) -> String {
    match card {
        Card::Rtl(board) => format!("card in RTL, {}", in_rtl(*board, Use::Inference)),
        Card::Vfio(bdf) => format!("card at {bdf}"),
        Card::VfioUser(socket) => format!("card at {}", socket.display()),
        Card::Functional(Some(board)) => format!("functional card, {board}"),
        Card::Functional(None) => "functional card".to_owned(),
    }
}

/// A card that nobody has used yet.
pub struct Opened {
    /// The link to it.
    pub link: Box<dyn Transport>,
    /// It is simulated gate by gate, and needs time.
    pub slow: bool,
    /// What it does wrong; empty where nothing was asked for.
    pub faults: FaultPlan,
    /// What a card in RTL counts.
    pub meter: Option<Meter>,
}

/// What a card is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Inferences, and whatever else it can do.
    Inference,
    /// The state trie alone. Waveforms are those of this card.
    Hashing,
}

/// The board of a card in RTL.
pub fn in_rtl(named: Option<&'static str>, purpose: Use) -> &'static str {
    named.unwrap_or(match purpose {
        Use::Inference => metisvm_boards::INFERENCE,
        Use::Hashing => metisvm_boards::DEFAULT,
    })
}

/// The card that is named. `trace` is where waveforms of one in RTL go. A card that nothing is to go wrong with is not
/// wrapped.
///
/// # Errors
/// Why there is none: a missing tool, for one.
pub fn open(card: &Card, purpose: Use, trace: Option<PathBuf>, faulty: bool) -> Result<Opened, String> {
    let (link, slow): (Box<dyn Transport>, _) = match card {
        Card::VfioUser(socket) => {
            let link = connect(socket)?;
            let slow = link.identity().is_rtl();
            (Box::new(link), slow)
        }
        Card::Vfio(bdf) => {
            let link = Vfio::open_and_tell(*bdf, tell).map_err(|error| error.to_string())?;
            let slow = link.identity().is_rtl();
            (Box::new(link), slow)
        }
        Card::Functional(_) | Card::Rtl(_) => return in_this_process(card, purpose, trace, faulty),
    };
    Ok(Opened {
        link,
        slow,
        faults: FaultPlan::default(),
        meter: None,
    })
}

/// How the driver is to use a card.
pub fn options(engine: &Engine) -> Options {
    Options {
        dma_bytes: engine.dma_memory.map_or(u64::MAX, |mib| mib << 20),
        ..Options::default()
    }
}

/// Tells the operator what makes a card slow.
fn tell(words: &str) {
    output::complain(&format!("note: {words}"));
}

pub(crate) fn connect(socket: &Path) -> Result<VfioUser, String> {
    VfioUser::connect(socket, &Settings::default()).map_err(|error| error.to_string())
}

/// A card that is open, as a backend. One that this process does not simulate is opened again when its link is lost.
pub fn backend(card: &Card, device: Device, options: Options, trust: fpga::Options) -> FpgaBackend {
    match card {
        Card::VfioUser(socket) => {
            let socket = socket.clone();
            let open = move || {
                let link = Box::new(connect(&socket)?);
                Device::open(link, options).map_err(|error| error.to_string())
            };
            FpgaBackend::reopening(device, trust, Box::new(open))
        }
        Card::Vfio(bdf) => {
            let bdf = *bdf;
            let open = move || {
                let link = Vfio::open_and_tell(bdf, tell).map_err(|error| error.to_string())?;
                Device::open(Box::new(link), options).map_err(|error| error.to_string())
            };
            FpgaBackend::reopening_broken(device, trust, Box::new(open))
        }
        Card::Functional(_) | Card::Rtl(_) => FpgaBackend::new(device, trust),
    }
}

fn in_this_process(
    card: &Card,
    purpose: Use,
    trace: Option<PathBuf>,
    faulty: bool,
) -> Result<Opened, String> {
    let (card, meter) = simulated(card, purpose, trace)?;
    let (card, faults): (Box<dyn CardModel>, _) = if faulty {
        let card = FaultyCard::new(card);
        let faults = card.faults();
        (Box::new(card), faults)
    } else {
        (card, FaultPlan::default())
    };
    let link = InProcess::start(card).map_err(|error| error.to_string())?;
    Ok(Opened {
        link: Box::new(link),
        slow: meter.is_some(),
        faults,
        meter,
    })
}

/// A card of this process, and of one in RTL what it counts.
///
/// # Errors
/// Why there is none.
pub fn simulated(
    card: &Card,
    purpose: Use,
    trace: Option<PathBuf>,
) -> Result<(Box<dyn CardModel>, Option<Meter>), String> {
    match card {
        Card::Rtl(board) => {
            let board = in_rtl(*board, purpose);
            let source = boards::named(board).ok_or_else(|| format!("there is no board {board}"))?;
            let options = RtlOptions {
                trace,
                ..RtlOptions::default()
            };
            let card =
                RtlCard::new(&source, &options, &cache()?, &tell).map_err(|error| error.to_string())?;
            let meter = card.meter();
            Ok((Box::new(card), Some(meter)))
        }
        Card::Functional(Some(name)) => {
            let board = Board::named(name).ok_or_else(|| format!("there is no board {name}"))?;
            Ok((Box::new(FunctionalCard::new(SimOptions::of_board(&board))), None))
        }
        Card::Vfio(_) | Card::VfioUser(_) => Err("it is not simulated in this process".to_owned()),
        Card::Functional(None) => Ok((Box::new(FunctionalCard::new(SimOptions::default())), None)),
    }
}

/// Where libraries are kept. A folder that all users share is none: they are loaded into this process.
fn cache() -> Result<PathBuf, String> {
    user_cache::folder().ok_or_else(|| {
        "the card's library is kept in the user's cache folder, and there is none: set XDG_CACHE_HOME or HOME"
            .to_owned()
    })
}
