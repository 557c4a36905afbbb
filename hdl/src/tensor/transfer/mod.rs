//! Load and store: between card memory and the scratchpads.
//!
//! * [`load`], [`store`]: the modules. [`checks`], with [`product`], [`shape`]: what is looked at before the first access.
//! * [`gather`], [`scatter`]: element by element, along [`walker`] and [`cursor`].
//! * [`bursts`], [`chunks`], [`tile_words`]: whole tiles. [`deposit`]: what goes into the scratchpads.

pub mod bursts;
pub mod checks;
pub mod chunks;
pub mod cursor;
pub mod deposit;
pub mod gather;
pub mod load;
pub mod product;
pub mod scatter;
pub mod shape;
pub mod store;
pub mod tile_words;
pub mod walker;
