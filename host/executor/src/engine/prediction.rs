//! Which slots a call is going to touch, and what it makes of their values, foretold before it runs.
//!
//! A [`Predictor`] is shown [traces](Trace) of executed calls and learns, per [`Kind`] of call (code hash and
//! selector), a *template*: the slots as expressions over the sender, the arguments and what slots before them
//! hold, such as `keccak256(argument 0 . 2)` for the balance of a token's receiver. For a call that has not run
//! yet it gives a [`Footprint`]. That is a hint: it changes how fast a block is executed, never what comes out.
//!
//! How expressions are found is version-space learning (T. Mitchell, *Generalization as Search*, 1982): of the
//! first trace every expression that gives the word is kept, and each further trace throws out those that do
//! not give its word. Slots of mappings and dynamic arrays are where Solidity's storage layout puts them.
//! `docs/prediction.md` tells the whole.

mod atom;
mod effect;
mod guard;
mod predictor;
mod space;
mod step;
mod template;
mod trace;

#[cfg(test)]
mod tests;

use alloy_primitives::{Address, B256, U256, keccak256};

pub(crate) use predictor::Predictor;
pub(crate) use trace::{Access, Hashed, MAX_HASHES, Trace};

/// A transaction's call, as far as prediction looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Who signed the transaction.
    pub(crate) sender: Address,
    /// The account that is called.
    pub(crate) to: Address,
    /// Ether that comes with it, in wei.
    pub(crate) value: U256,
    /// The call data, selector included.
    pub(crate) input: &'a [u8],
}

/// Calls that are foretold alike: the same function of the same code, at whatever address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// The hash of the called account's code.
    pub(crate) code_hash: B256,
    /// The first four bytes of the call data; zeros where there are fewer.
    pub(crate) selector: [u8; 4],
}

impl Kind {
    /// The kind of a call of an account with this code.
    pub(crate) fn of(code_hash: B256, input: &[u8]) -> Self {
        Self {
            code_hash,
            selector: selector(input),
        }
    }
}

/// The selector of call data. Data too short for one counts as if filled with zeros: the contract's fallback
/// decides.
pub(crate) fn selector(input: &[u8]) -> [u8; 4] {
    let mut selector = [0; 4];
    for (byte, given) in selector.iter_mut().zip(input) {
        *byte = *given;
    }
    selector
}

/// What a predictor asks while it foretells.
pub(crate) trait Outlook {
    /// The value that the call is going to find in a slot; `None` where nobody knows yet.
    fn value(&mut self, address: Address, slot: U256) -> Option<U256>;

    /// Keccak-256 of 32 or 64 bytes. Worth remembering: the same mapping entries come up again and again.
    fn keccak256(&mut self, input: &[u8]) -> B256 {
        keccak256(input)
    }
}

impl<F: FnMut(Address, U256) -> Option<U256>> Outlook for F {
    fn value(&mut self, address: Address, slot: U256) -> Option<U256> {
        self(address, slot)
    }
}

/// The slots that a call is expected to touch. Kept from call to call for its memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Footprint {
    /// Each slot once, in the order in which they were first seen to be touched.
    pub(crate) slots: Vec<Forecast>,
    /// What the steps of the template are expected to read.
    values: Vec<Option<U256>>,
    /// Which step each of the slots comes from.
    steps: Vec<(usize, usize)>,
}

impl Footprint {
    /// What is expected of a slot, if anything.
    pub(crate) fn get(&self, address: Address, slot: U256) -> Option<&Forecast> {
        self.slots.get(self.position(address, slot)?)
    }

    fn position(&self, address: Address, slot: U256) -> Option<usize> {
        let same = |forecast: &Forecast| forecast.slot == slot && forecast.address == address;
        self.slots.iter().position(same)
    }
}

/// One slot that a call is expected to touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// Whose storage.
    pub(crate) address: Address,
    /// Which slot of it.
    pub(crate) slot: U256,
    /// It is going to be written, not just read.
    pub(crate) writes: bool,
    /// What becomes of its value.
    pub(crate) change: Change,
}

/// What becomes of a slot's value between the start and the end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is the same at the end: only read, or written back.
    None,
    /// It is written, and nobody can say what.
    Unknown,
    /// So much is added, modulo 2^256; taking is adding the negative. Such changes commute.
    Add(U256),
    /// It becomes this, whatever it was.
    Set(U256),
}

impl Change {
    /// The value at the end, from that at the start.
    pub(crate) fn apply(self, before: U256) -> Option<U256> {
        match self {
            Self::None => Some(before),
            Self::Unknown => None,
            Self::Add(difference) => Some(before.wrapping_add(difference)),
            Self::Set(value) => Some(value),
        }
    }

    /// Both, where two expectations turn out to be about the same slot (a transfer to oneself). Without knowing
    /// which comes first, only what commutes can be told.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, change) | (change, Self::None) => change,
            (Self::Add(one), Self::Add(two)) => match one.wrapping_add(two) {
                U256::ZERO => Self::None,
                sum => Self::Add(sum),
            },
            (one, two) if one == two => one,
            _ => Self::Unknown,
        }
    }
}
