//! A contract's storage for tests: slots that are read and written by hand, and the trace of it.

use super::super::{Access, Call, Change, Footprint, Forecast, Hashed, Kind, Predictor, Trace};
use alloy_primitives::{Address, B256, U256, keccak256};
use std::collections::BTreeMap;

/// The contract that is called.
pub(super) const CONTRACT: Address = Address::repeat_byte(0xc0);

pub(super) const KIND: Kind = Kind {
    code_hash: B256::repeat_byte(0xcc),
    selector: [1, 2, 3, 4],
};

pub(super) fn number(number: u64) -> U256 {
    U256::from(number)
}

pub(super) fn person(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

pub(super) fn word(address: Address) -> U256 {
    address.into_word().into()
}

/// Call data of the test's function.
pub(super) fn input(arguments: &[U256]) -> Vec<u8> {
    let words = arguments.iter().flat_map(|argument| argument.to_be_bytes::<32>());
    KIND.selector.into_iter().chain(words).collect()
}

pub(super) fn call(sender: Address, input: &[u8]) -> Call<'_> {
    Call {
        sender,
        to: CONTRACT,
        value: U256::ZERO,
        input,
    }
}

/// The slot of a mapping's entry.
pub(super) fn mapped(key: U256, slot: U256) -> U256 {
    keccak256([key.to_be_bytes::<32>(), slot.to_be_bytes()].concat()).into()
}

/// The first slot of a dynamic array's elements.
pub(super) fn elements(slot: U256) -> U256 {
    keccak256(slot.to_be_bytes::<32>()).into()
}

/// Everybody's storage, and what the running call does with it.
#[derive(Debug, Default, Clone)]
pub(super) struct World {
    pub(super) storage: BTreeMap<(Address, U256), U256>,
    trace: Trace,
}

impl World {
    pub(super) fn mapped(&mut self, key: U256, slot: U256) -> U256 {
        let input = [key.to_be_bytes::<32>(), slot.to_be_bytes()].concat();
        let hash = keccak256(&input);
        self.trace.hashes.extend(Hashed::new(&input, hash));
        hash.into()
    }

    pub(super) fn elements(&mut self, slot: U256) -> U256 {
        let input = slot.to_be_bytes::<32>();
        let hash = keccak256(input);
        self.trace.hashes.extend(Hashed::new(&input, hash));
        hash.into()
    }

    fn access(&mut self, address: Address, slot: U256) -> &mut Access {
        let accesses = &mut self.trace.accesses;
        let same = |access: &Access| access.address == address && access.slot == slot;
        let at = accesses.iter().position(same).unwrap_or_else(|| {
            let before = self.storage.get(&(address, slot)).copied().unwrap_or_default();
            accesses.push(Access {
                address,
                slot,
                before,
                after: before,
                wrote: false,
            });
            accesses.len() - 1
        });
        &mut accesses[at]
    }

    pub(super) fn read_of(&mut self, address: Address, slot: U256) -> U256 {
        self.access(address, slot).after
    }

    pub(super) fn read(&mut self, slot: U256) -> U256 {
        self.read_of(CONTRACT, slot)
    }

    pub(super) fn write_of(&mut self, address: Address, slot: U256, value: U256) {
        let access = self.access(address, slot);
        (access.after, access.wrote) = (value, true);
    }

    pub(super) fn write(&mut self, slot: U256, value: U256) {
        self.write_of(CONTRACT, slot, value);
    }

    pub(super) fn add(&mut self, slot: U256, amount: U256) {
        let value = self.read(slot).wrapping_add(amount);
        self.write(slot, value);
    }

    pub(super) fn take(&mut self, slot: U256, amount: U256) {
        self.add(slot, amount.wrapping_neg());
    }

    /// Ends the call: what it wrote is there from now on.
    pub(super) fn end(&mut self) -> Trace {
        let trace = core::mem::take(&mut self.trace);
        for access in &trace.accesses {
            self.storage.insert((access.address, access.slot), access.after);
        }
        trace
    }
}

/// A predictor with the world that it looks at.
#[derive(Default)]
pub(super) struct Lab {
    pub(super) world: World,
    pub(super) predictor: Predictor,
}

impl Lab {
    /// Executes a call and learns from it.
    pub(super) fn teach(&mut self, sender: Address, arguments: &[U256], run: impl FnOnce(&mut World)) {
        run(&mut self.world);
        let trace = self.world.end();
        self.predictor
            .learn(&KIND, &call(sender, &input(arguments)), &trace);
    }

    /// What a call is expected to do.
    pub(super) fn foretell(&self, sender: Address, arguments: &[U256]) -> Vec<Forecast> {
        let mut footprint = Footprint::default();
        let mut read = |address: Address, slot: U256| {
            Some(
                self.world
                    .storage
                    .get(&(address, slot))
                    .copied()
                    .unwrap_or_default(),
            )
        };
        let input = input(arguments);
        self.predictor
            .predict(&KIND, &call(sender, &input), &mut read, &mut footprint);
        footprint.slots
    }
}

pub(super) fn reads(slot: U256) -> Forecast {
    Forecast {
        address: CONTRACT,
        slot,
        writes: false,
        change: Change::None,
    }
}

pub(super) fn writes(slot: U256, change: Change) -> Forecast {
    Forecast {
        writes: true,
        change,
        ..reads(slot)
    }
}

pub(super) fn less(amount: u64) -> Change {
    Change::Add(number(amount).wrapping_neg())
}

pub(super) fn more(amount: u64) -> Change {
    Change::Add(number(amount))
}
