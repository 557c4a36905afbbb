//! A narrow bridge between a host and the card: all channels of `metisvm_card` over two links of 32 bits.
//!
//! A link is a stream of words with valid and ready; what it carries are frames, a header and the words that
//! belong to it. The header's bits 0 to 3 are the frame's kind, the other fields are the kind's:
//!
//! | to the card | kind | bits 8–15 | bits 16–31 | words that follow |
//! |---|---|---|---|---|
//! | register write | 1 | byte strobes | address | the value |
//! | register read | 2 | | address | |
//! | read data, a beat | 3 | tag | 1: the tag's last; 2: error | the beat, lowest word first; none with an error |
//! | credit | 4 | read requests | interrupts | |
//! | function-level reset | 5 | | | |
//!
//! | to the host | kind | bits 8–15 | bits 16–31 | words that follow |
//! |---|---|---|---|---|
//! | a write is done | 1 | response | | |
//! | a register's value | 2 | response | | the value |
//! | read request | 3 | tag | bytes | address, low and high |
//! | write | 4 | | bytes | address, low and high; the data |
//! | card memory | 5 | | address, bits 32–47 | address, low; data, low and high |
//! | interrupt | 6 | vector | | |
//! | state | 7 | 1: busy; 2: the reset was begun | | |
//!
//! **Nothing deadlocks, and order is PCI's.** Towards the card every frame is taken at once: one register write
//! and one read are under way at most, and the card has room for data that it asked for. Towards the host,
//! what has no order, read requests and interrupts, waits in FIFOs of four at the host's end, and the card's
//! end sends no more of them than it has credit for; of register answers there is one of each at most. So only
//! a write, or a word for card memory, holds up the link when the host does not take it: what was sent
//! later – its interrupt, a register's value, a read of the same memory – must not overtake it. A host takes
//! writes without waiting for anything else, as on PCI.

#![allow(
    clippy::collapsible_if,
    reason = "a state is one condition and what happens in it another"
)]

pub mod bridged;
pub mod card_end;
pub mod ecp5;

pub mod host_end;
pub mod shifter;
pub mod widths;

/// Bits of a tag at the card's pins.
pub const TAG_BITS: usize = 5;
