//! What two outcomes of one execution differ in.

use crate::machine::Outcome;
use revm::state::{Account, EvmState};
use std::fmt::{Debug, Write};

/// Lines that a description of a difference has at most: state can differ in everything.
const LINES: usize = 24;
/// Characters of one value in a description.
const VALUE: usize = 600;

/// Everything in which `native` is not what the interpreter gave; nothing where they are alike.
pub(crate) fn difference(interpreted: &Outcome, native: &Result<Outcome, String>) -> Option<String> {
    let native = match native {
        Ok(native) => native,
        Err(panic) => return Some(panic.clone()),
    };
    let mut differences = Differences::default();
    if interpreted.steps != native.steps {
        let first = (0..)
            .find(|i| interpreted.steps.get(*i) != native.steps.get(*i))
            .expect("something differs");
        let name = format!("action {first} of the frames");
        differences.of(&name, &interpreted.steps.get(first), &native.steps.get(first));
    }
    differences.of("result", &interpreted.result, &native.result);
    if interpreted.state != native.state {
        differences.of_state(&interpreted.state, &native.state);
    }
    (!differences.0.is_empty()).then(|| differences.0.join("\n"))
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    /// Notes it where two values are not alike.
    fn of<T: PartialEq + Debug>(&mut self, name: &str, interpreted: &T, native: &T) {
        if interpreted != native && self.0.len() < LINES {
            let mut line = String::new();
            let cut = |value: &T| format!("{value:?}").chars().take(VALUE).collect::<String>();
            let _ = write!(
                line,
                "  {name}:\n    interpreter {}\n    native      {}",
                cut(interpreted),
                cut(native)
            );
            self.0.push(line);
        }
    }

    fn of_state(&mut self, interpreted: &EvmState, native: &EvmState) {
        let mut addresses: Vec<_> = interpreted.keys().chain(native.keys()).collect();
        addresses.sort();
        addresses.dedup();
        for address in addresses {
            match (interpreted.get(address), native.get(address)) {
                (Some(one), Some(other)) => self.of_account(&address.to_string(), one, other),
                (one, other) => self.of(&format!("{address} is loaded"), &one.is_some(), &other.is_some()),
            }
        }
    }

    fn of_account(&mut self, name: &str, interpreted: &Account, native: &Account) {
        self.of(&format!("{name} information"), &interpreted.info, &native.info);
        let original = (interpreted.original_info(), native.original_info());
        self.of(&format!("{name} original information"), &original.0, &original.1);
        self.of(&format!("{name} status"), &interpreted.status, &native.status);
        let ids = (&interpreted.transaction_id, &native.transaction_id);
        self.of(&format!("{name} transaction"), ids.0, ids.1);
        let mut slots: Vec<_> = interpreted.storage.keys().chain(native.storage.keys()).collect();
        slots.sort();
        slots.dedup();
        for slot in slots {
            let values = (interpreted.storage.get(slot), native.storage.get(slot));
            self.of(&format!("{name} slot {slot:#x}"), &values.0, &values.1);
        }
    }
}
