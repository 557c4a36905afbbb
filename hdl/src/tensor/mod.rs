//! Tensor arithmetic: the multiply-accumulate array and the way of its sums back to small types; and what moves data
//! between card memory and the scratchpads.

pub mod bursts;
pub mod checks;
pub mod chunks;
pub mod cursor;
pub mod deposit;
pub mod gather;
pub mod gemm;
pub mod load;
pub mod mac;
pub mod product;
pub mod requantise;
pub mod scatter;
pub mod shape;
pub mod store;
pub mod tile;
pub mod tile_words;
pub mod vector;
pub mod walker;
