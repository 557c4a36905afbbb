//! Which card.

use metisvm_accel::fpga::MOST_CARDS;
use metisvm_driver::vfio::Bdf;
use std::path::{Path, PathBuf};
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
        let place = card.place();
        if earlier.contains(&place) {
            return Some(match card {
                Card::VfioUser(socket) => format!(
                    "--card names vfio-user:{} twice; a card behind a socket has one user",
                    socket.display()
                ),
                Card::Vfio(bdf) => format!("--card names vfio:{bdf} twice; a card in a slot has one user"),
                Card::Functional(_) | Card::Rtl(_) => continue,
            });
        }
        earlier.push(place);
    }
    None
}

impl Card {
    /// The same card for each way to write the path of its socket, also while there is no socket yet.
    fn place(&self) -> Self {
        let Self::VfioUser(socket) = self else {
            return self.clone();
        };
        let in_folder = || {
            let folder = socket.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(folder.join(socket.file_name()?))
        };
        let whole = socket.canonicalize().ok().or_else(in_folder);
        Self::VfioUser(whole.unwrap_or_else(|| socket.clone()))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_named_once_however_its_path_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("a")).unwrap();
        std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
        let names = |first: &str, second: &str| {
            let card = |name: &str| Card::VfioUser(folder.path().join(name));
            problem(&[card(first), card(second)])
        };
        // One that is there, and one that is not yet.
        for (first, second) in [("a", "./a"), ("a", "link"), ("b", "../b")] {
            let second = match second.strip_prefix("../") {
                Some(name) => format!("../{}/{name}", folder.path().file_name().unwrap().display()),
                None => second.to_owned(),
            };
            assert!(
                names(first, &second).is_some_and(|said| said.contains("twice")),
                "{second}"
            );
        }
        assert_eq!(names("a", "b"), None);
        assert_eq!(problem(&[Card::Functional(None), Card::Functional(None)]), None);
    }
}
