//! Cards from arguments: simulated in this process, served by another, or in a slot.

use crate::args::{Card, Engine};
use crate::{output, user_cache};
use metisvm_boards::Board;
use metisvm_driver::vfio_user::Settings;
use metisvm_driver::{InProcess, Transport, Vfio, VfioUser};
use metisvm_firmware::port::CardModel;
use metisvm_sim::rtl::{Meter, boards};
use metisvm_sim::{FaultPlan, FaultyCard, FunctionalCard, RtlCard, RtlOptions, SimOptions};
use std::path::PathBuf;
use std::time::Duration;

/// How long a job may take in RTL, at a million cycles a second or less.
pub const RTL_TIMEOUT: Duration = Duration::from_secs(120);

/// What people are told of the card behind a backend.
pub fn title(card: Option<&Card>) -> String {
    match card {
        Some(Card::Rtl(board)) => format!("card in RTL, {}", in_rtl(*board, Use::Inference)),
        Some(Card::Vfio(bdf)) => format!("card at {bdf}"),
        Some(Card::VfioUser(socket)) => format!("card at {}", socket.display()),
        Some(Card::Functional(Some(board))) => format!("functional card, {board}"),
        Some(Card::Functional(None)) | None => "functional card".to_owned(),
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

/// The card that the arguments name.
///
/// # Errors
/// Why there is none: a missing tool, for one.
pub fn open(engine: &Engine, purpose: Use) -> Result<Opened, String> {
    let (link, slow): (Box<dyn Transport>, _) = match &engine.card {
        Some(Card::VfioUser(socket)) => {
            let link = VfioUser::connect(socket, &Settings::default()).map_err(|error| error.to_string())?;
            let slow = link.identity().is_rtl();
            (Box::new(link), slow)
        }
        Some(Card::Vfio(bdf)) => {
            let link = Vfio::open(*bdf).map_err(|error| error.to_string())?;
            let slow = link.identity().is_rtl();
            (Box::new(link), slow)
        }
        _ => return in_this_process(engine, purpose),
    };
    Ok(Opened {
        link,
        slow,
        faults: FaultPlan::default(),
        meter: None,
    })
}

fn in_this_process(engine: &Engine, purpose: Use) -> Result<Opened, String> {
    let trace = match purpose {
        Use::Hashing => engine.trace.clone(),
        Use::Inference => None,
    };
    let (card, meter) = simulated(engine.card.as_ref(), purpose, trace)?;
    // Faults are those of the card that infers. A card that nothing is to go wrong with is not wrapped.
    let (card, faults): (Box<dyn CardModel>, _) = if engine.fault.is_empty() || purpose == Use::Hashing {
        (card, FaultPlan::default())
    } else {
        let card = FaultyCard::new(card);
        let faults = card.faults();
        (Box::new(card), faults)
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
    card: Option<&Card>,
    purpose: Use,
    trace: Option<PathBuf>,
) -> Result<(Box<dyn CardModel>, Option<Meter>), String> {
    match card {
        Some(Card::Rtl(board)) => {
            let board = in_rtl(*board, purpose);
            let source = boards::named(board).ok_or_else(|| format!("there is no board {board}"))?;
            let options = RtlOptions {
                trace,
                ..RtlOptions::default()
            };
            let tell = |text: &str| output::complain(&format!("note: {text}"));
            let card =
                RtlCard::new(&source, &options, &cache()?, &tell).map_err(|error| error.to_string())?;
            let meter = card.meter();
            Ok((Box::new(card), Some(meter)))
        }
        Some(Card::Functional(Some(name))) => {
            let board = Board::named(name).ok_or_else(|| format!("there is no board {name}"))?;
            Ok((Box::new(FunctionalCard::new(SimOptions::of_board(&board))), None))
        }
        Some(Card::Vfio(_) | Card::VfioUser(_)) => Err("it is not simulated in this process".to_owned()),
        Some(Card::Functional(None)) | None => {
            Ok((Box::new(FunctionalCard::new(SimOptions::default())), None))
        }
    }
}

/// Where libraries are kept. A folder that all users share is none: they are loaded into this process.
fn cache() -> Result<PathBuf, String> {
    user_cache::folder().ok_or_else(|| {
        "the card's library is kept in the user's cache folder, and there is none: set XDG_CACHE_HOME or HOME"
            .to_owned()
    })
}
