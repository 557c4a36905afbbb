//! The link to one card that is looked at, and not put to work: what of it is the transport's own.

use crate::args::Card;
use crate::cards::{self, Use};
use metisvm_driver::{Identity, Transport, TransportError, Vfio, VfioUser};

/// A link, by what it goes through.
pub enum CardLink {
    /// The kernel's VFIO.
    Slot(Vfio),
    /// A socket.
    Socket(VfioUser),
    /// To a card in this process; whether it is simulated gate by gate.
    Here(Box<dyn Transport>, bool),
}

impl CardLink {
    /// Opens the link to a card.
    ///
    /// # Errors
    /// What is in the way, and what to do about it.
    pub fn open(card: &Card) -> Result<Self, String> {
        match card {
            Card::Vfio(bdf) => Vfio::open(*bdf)
                .map(Self::Slot)
                .map_err(|error| error.to_string()),
            Card::VfioUser(socket) => cards::connect(socket).map(Self::Socket),
            Card::Functional(_) | Card::Rtl(_) => {
                let opened = cards::open(card, Use::Inference, None, false)?;
                Ok(Self::Here(opened.link, opened.slow))
            }
        }
    }

    /// The registers behind it.
    pub fn registers(&self) -> &dyn Transport {
        match self {
            Self::Slot(link) => link,
            Self::Socket(link) => link,
            Self::Here(link, _) => &**link,
        }
    }

    /// What the card shows of itself as a PCI function, if it is one.
    pub const fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Slot(link) => Some(link.identity()),
            Self::Socket(link) => Some(link.identity()),
            Self::Here(..) => None,
        }
    }

    /// Whether the card is simulated gate by gate, and needs time.
    pub fn is_slow(&self) -> bool {
        match self {
            Self::Here(_, slow) => *slow,
            _ => self.identity().is_some_and(Identity::is_rtl),
        }
    }

    /// Resets the card as a PCI function; `None` where it is none.
    pub fn reset_function(&self) -> Option<Result<(), TransportError>> {
        match self {
            Self::Slot(link) => Some(link.reset_function()),
            Self::Socket(link) => Some(link.reset_function(false)),
            Self::Here(..) => None,
        }
    }

    /// The link by itself, for a device.
    pub fn into_transport(self) -> Box<dyn Transport> {
        match self {
            Self::Slot(link) => Box::new(link),
            Self::Socket(link) => Box::new(link),
            Self::Here(link, _) => link,
        }
    }
}
