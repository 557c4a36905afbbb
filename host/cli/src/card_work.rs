//! What a card counted of its own work, and what that says of its array.

use metisvm_driver::card_counters::{BUS, CardCounters, ENGINE};
use metisvm_firmware::Capabilities;
use metisvm_firmware::registers::{counter, features};
use serde_json::{Value, json};

/// The work of a card with a tensor engine and with counters.
#[derive(Debug, Clone, Copy)]
pub struct CardWork {
    /// What its counters grew by.
    pub counters: CardCounters,
    /// Multiply-accumulates of the models that it ran, by the host's count.
    pub macs: u64,
    /// Products that its array makes in a cycle.
    products: u64,
}

impl CardWork {
    /// `None` without an engine, whose counters would all be 0.
    pub fn new(counters: CardCounters, macs: u64, card: &Capabilities) -> Option<Self> {
        let shape = card.geometry;
        let sides = [shape.tile_rows, shape.tile_cols, shape.tile_depth];
        let has_engine = card.features & features::TENSOR != 0;
        has_engine.then(|| Self {
            counters,
            macs,
            products: sides.into_iter().map(u64::from).product(),
        })
    }

    /// Cycles in which the card was busy.
    pub fn cycles(&self) -> u64 {
        self.counters.get(counter::BUSY)
    }

    /// Products of the models over those that the array could have made in these cycles; 0 where there were none.
    pub fn utilisation(&self) -> f64 {
        let could = self.cycles().saturating_mul(self.products).max(1);
        self.macs as f64 / could as f64
    }

    /// The counters with what they count, for people: cycles of parts that work or wait.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let named = ENGINE.iter().chain(&BUS);
        named.map(|name| (name.text, self.counters.get(name.index)))
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let mut object = json!({
            "cycles": self.cycles(),
            "macs": self.macs,
            "products_a_step": self.products,
            "utilisation": self.utilisation(),
        });
        for name in ENGINE.iter().chain(&BUS) {
            object[name.key] = json!(self.counters.get(name.index));
        }
        object
    }
}
