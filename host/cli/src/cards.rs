//! Simulated cards from arguments.

use crate::args::{Card, Engine};
use crate::{output, user_cache};
use metisvm_boards::Board;
use metisvm_firmware::port::CardModel;
use metisvm_sim::rtl::{Meter, boards};
use metisvm_sim::{FaultPlan, FaultyCard, FunctionalCard, RtlCard, RtlOptions, SimOptions};
use std::path::PathBuf;
use std::time::Duration;

/// How long a job may take in RTL, at a million cycles a second or less.
pub const RTL_TIMEOUT: Duration = Duration::from_secs(120);

/// What people are told of the card behind a backend.
pub fn title(card: Option<Card>) -> String {
    match card {
        Some(Card::Rtl(board)) => format!("card in RTL, {board}"),
        Some(Card::Functional(Some(board))) => format!("functional card, {board}"),
        Some(Card::Functional(None)) | None => "functional card".to_owned(),
    }
}

/// A card that nobody has used yet.
pub struct Opened {
    /// The card.
    pub card: Box<dyn CardModel>,
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

/// The card that the arguments name.
///
/// # Errors
/// Why there is none: a missing tool, for one.
pub fn open(engine: &Engine, purpose: Use) -> Result<Opened, String> {
    match engine.card.unwrap_or(Card::Functional(None)) {
        Card::Functional(board) => {
            let options = match board {
                Some(name) => {
                    let board = Board::named(name).ok_or_else(|| format!("there is no board {name}"))?;
                    SimOptions::of_board(&board)
                }
                None => SimOptions::default(),
            };
            Ok(wrapped(FunctionalCard::new(options), engine, purpose, None))
        }
        Card::Rtl(board) => {
            let source = boards::named(board).ok_or_else(|| format!("there is no board {board}"))?;
            let trace = match purpose {
                Use::Hashing => engine.trace.clone(),
                Use::Inference => None,
            };
            let options = RtlOptions {
                trace,
                ..RtlOptions::default()
            };
            let tell = |text: &str| output::complain(&format!("note: {text}"));
            let card =
                RtlCard::new(&source, &options, &cache()?, &tell).map_err(|error| error.to_string())?;
            let meter = card.meter();
            Ok(wrapped(card, engine, purpose, Some(meter)))
        }
    }
}

/// Faults are those of the card that infers. A card that nothing is to go wrong with is not wrapped.
fn wrapped<C: CardModel + 'static>(card: C, engine: &Engine, purpose: Use, meter: Option<Meter>) -> Opened {
    if engine.fault.is_empty() || purpose == Use::Hashing {
        return Opened {
            card: Box::new(card),
            faults: FaultPlan::default(),
            meter,
        };
    }
    let card = FaultyCard::new(card);
    Opened {
        faults: card.faults(),
        card: Box::new(card),
        meter,
    }
}

/// Where libraries are kept. A folder that all users share is none: they are loaded into this process.
fn cache() -> Result<PathBuf, String> {
    user_cache::folder().ok_or_else(|| {
        "the card's library is kept in the user's cache folder, and there is none: set XDG_CACHE_HOME or HOME"
            .to_owned()
    })
}
