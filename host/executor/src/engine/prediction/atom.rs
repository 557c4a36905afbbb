//! Atoms: words that are known before a call runs, and what expressions are made of.

use super::{Call, trace::Preimage};
use alloy_primitives::{Address, U256};
use std::collections::BTreeMap;

/// So many words of the call data are looked at.
const ARGUMENTS: u8 = 48;
/// Of one word so many atoms are kept that read the call, and so many that read slots.
const MOST_OF_CALL: usize = 8;
const MOST_OF_SLOTS: usize = 12;

/// How wide the lowest field of a packed slot may be, in bits. The widest that gives the word is taken: a field
/// is followed by another.
const FIELDS: [u8; 5] = [128, 112, 96, 64, 32];

/// The step of a template, by its number.
pub(super) type StepId = u8;

/// Where a word comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Sender,
    /// The called account.
    Callee,
    /// The ether that came with the call.
    Value,
    /// A word of the call data behind the selector; zeros where the data has ended.
    Argument(u8),
    /// What a step finds in its slot.
    Read(StepId),
    Constant(U256),
}

/// What of the word is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Whole,
    /// One more: a counter that is counted up before it is used.
    Next,
    /// 160 bits, from this one on: an address that shares its word with something else.
    Address(u8),
    /// So many of the lowest bits: a counter that shares its slot with something else.
    Low(u8),
}

/// A word that is known before a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) origin: Origin,
    pub(super) view: View,
}

/// What a call's steps are known to read, by their number.
pub(super) type Values = [Option<U256>];

/// An executed call as the learner sees it.
pub(super) struct Scene<'a> {
    pub(super) call: Call<'a>,
    /// What the steps read that have been recognised so far.
    pub(super) values: Vec<Option<U256>>,
    /// What was hashed, by the hash.
    pub(super) hashes: BTreeMap<U256, Preimage>,
}

pub(super) fn word(address: Address) -> U256 {
    address.into_word().into()
}

fn argument(call: &Call<'_>, index: u8) -> U256 {
    let start = 4 + 32 * usize::from(index);
    let given = call.input.get(start..).unwrap_or_default();
    let mut bytes = [0; 32];
    for (byte, given) in bytes.iter_mut().zip(given) {
        *byte = *given;
    }
    U256::from_be_bytes(bytes)
}

fn low_160(word: U256) -> U256 {
    word & (U256::MAX >> 96)
}

impl Atom {
    pub(super) const fn constant(value: U256) -> Self {
        Self::whole(Origin::Constant(value))
    }

    pub(super) const fn whole(origin: Origin) -> Self {
        let view = View::Whole;
        Self { origin, view }
    }

    pub(super) const fn is_constant(&self) -> bool {
        matches!(self.origin, Origin::Constant(_))
    }

    /// True for what can only be an address: nobody adds those to anything.
    pub(super) const fn is_address(&self) -> bool {
        matches!(self.origin, Origin::Sender | Origin::Callee) || matches!(self.view, View::Address(_))
    }

    /// The word; `None` where it is one of a slot that is not known.
    pub(super) fn value(&self, call: &Call<'_>, values: &Values) -> Option<U256> {
        let word = match self.origin {
            Origin::Sender => word(call.sender),
            Origin::Callee => word(call.to),
            Origin::Value => call.value,
            Origin::Argument(index) => argument(call, index),
            Origin::Read(step) => values.get(usize::from(step)).copied().flatten()?,
            Origin::Constant(value) => value,
        };
        Some(match self.view {
            View::Whole => word,
            View::Next => word.wrapping_add(U256::ONE),
            View::Low(bits) => word & (U256::MAX >> (256 - usize::from(bits))),
            View::Address(shift) => low_160(word >> usize::from(shift)),
        })
    }

    /// The atom where steps have got new numbers; `None` where its step is gone.
    pub(super) fn renumbered(&self, numbers: &[Option<StepId>]) -> Option<Self> {
        let Origin::Read(step) = self.origin else {
            return Some(*self);
        };
        let step = numbers.get(usize::from(step)).copied().flatten()?;
        Some(Self {
            origin: Origin::Read(step),
            ..*self
        })
    }
}

impl Scene<'_> {
    fn arguments(&self) -> impl Iterator<Item = Origin> {
        let words = self.call.input.len().saturating_sub(4).div_ceil(32);
        let words = u8::try_from(words).unwrap_or(ARGUMENTS).min(ARGUMENTS);
        (0..words).map(Origin::Argument)
    }

    /// The words of slots that are known, the latest first.
    fn reads(&self) -> impl Iterator<Item = Origin> {
        let known = self.values.iter().enumerate().rev();
        known.filter_map(|(step, value)| {
            let step = StepId::try_from(step).ok()?;
            value.is_some().then_some(Origin::Read(step))
        })
    }

    /// Whole words of the call and of slots, for indexes.
    pub(super) fn indexes(&self) -> impl Iterator<Item = (Atom, U256)> {
        let arguments = self.arguments().take(MOST_OF_CALL);
        arguments.chain(self.reads()).filter_map(|origin| {
            let atom = Atom::whole(origin);
            Some((atom, atom.value(&self.call, &self.values)?))
        })
    }

    /// All atoms that give this word, but the constant.
    pub(super) fn atoms(&self, value: U256) -> Vec<Atom> {
        let of_call = [Origin::Sender, Origin::Callee, Origin::Value]
            .into_iter()
            .chain(self.arguments());
        let of_call = of_call.filter_map(|origin| self.view(origin, value));
        let of_slots = self.reads().filter_map(|origin| self.view(origin, value));
        of_call
            .take(MOST_OF_CALL)
            .chain(of_slots.take(MOST_OF_SLOTS))
            .collect()
    }

    /// How this word can be seen in another.
    fn view(&self, origin: Origin, value: U256) -> Option<Atom> {
        let word = Atom::whole(origin).value(&self.call, &self.values)?;
        if word == value {
            return Some(Atom::whole(origin));
        }
        if matches!(origin, Origin::Sender | Origin::Callee) {
            return None;
        }
        // Less than 64 bits are found in many a word by chance.
        let shift = match value.bit_len() {
            64..=160 => (0..=96).step_by(8).find(|shift| low_160(word >> *shift) == value),
            _ => None,
        };
        let of_slot = matches!(origin, Origin::Read(_));
        let low = FIELDS
            .into_iter()
            .find(|bits| word & (U256::MAX >> (256 - usize::from(*bits))) == value);
        let view = match shift.and_then(|shift| u8::try_from(shift).ok()) {
            Some(shift) => View::Address(shift),
            None if of_slot && word.wrapping_add(U256::ONE) == value => View::Next,
            // Nothing and one are found in many a word by chance.
            None if of_slot && value > U256::ONE => View::Low(low?),
            None => return None,
        };
        Some(Atom { origin, view })
    }
}
