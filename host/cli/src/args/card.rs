//! Which card.

use metisvm_accel::fpga::MOST_CARDS;
use metisvm_driver::vfio::Bdf;
use std::path::PathBuf;
use std::str::FromStr;

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Card {
    /// The card in software, in this process: it follows the device ABI, at no particular speed. Of a board, it has
    /// what that board's card has.
    Functional(Option<&'static str>),
    /// The card in RTL, of a board; where none is named, of the one for simulation that does what it is for.
    Rtl(Option<&'static str>),
    /// The card in a slot, through the kernel's VFIO.
    Vfio(Bdf),
    /// The card that another process serves at a socket.
    VfioUser(PathBuf),
}

impl FromStr for Card {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "functional" => Ok(Self::Functional(None)),
            None if text == "rtl" => Ok(Self::Rtl(None)),
            Some(("functional", name)) => board(name).map(Some).map(Self::Functional),
            Some(("rtl", name)) => board(name).map(Some).map(Self::Rtl),
            Some(("vfio", bdf)) => bdf.parse().map(Self::Vfio),
            Some(("vfio-user", socket)) if !socket.is_empty() => Ok(Self::VfioUser(socket.into())),
            _ => Err("it is functional[:BOARD], rtl[:BOARD], vfio:BDF or vfio-user:SOCKET".to_owned()),
        }
    }
}

/// Why a list of cards cannot be used.
pub(super) fn problem(cards: &[Card]) -> Option<String> {
    if cards.len() > MOST_CARDS {
        return Some(format!(
            "--card names {} cards; {MOST_CARDS} are the most",
            cards.len()
        ));
    }
    let mut earlier = Vec::new();
    for card in cards.iter().filter(|card| card.has_one_user()) {
        if earlier.contains(&card) {
            return Some(match card {
                Card::VfioUser(socket) => format!(
                    "--card names vfio-user:{} twice; a card behind a socket has one user",
                    socket.display()
                ),
                Card::Vfio(bdf) => format!("--card names vfio:{bdf} twice; a card in a slot has one user"),
                Card::Functional(_) | Card::Rtl(_) => continue,
            });
        }
        earlier.push(card);
    }
    None
}

impl Card {
    /// Whether this process has it to itself, instead of a simulated one for each use.
    pub const fn has_one_user(&self) -> bool {
        matches!(self, Self::Vfio(_) | Self::VfioUser(_))
    }
}

/// The name of a board that is known.
fn board(name: &str) -> Result<&'static str, String> {
    metisvm_boards::names()
        .find(|known| *known == name)
        .ok_or_else(|| {
            let names: Vec<&str> = metisvm_boards::names().collect();
            format!("there is no board {name:?}; there are {}", names.join(", "))
        })
}
