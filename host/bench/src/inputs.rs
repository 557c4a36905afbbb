//! Inputs that nobody chose: any bytes are within the types of a graph's inputs, and so within what the graph
//! is proven for.

use bytes::Bytes;
use metisvm_model::Graph;

/// Bytes that look random and are the same in every run.
pub(crate) fn bytes(seed: u64, count: usize) -> Vec<u8> {
    // Steele, Lea, Flood: SplitMix.
    let mut state = seed;
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut all: Vec<u8> = (0..count.div_ceil(8))
        .flat_map(|_| word().to_le_bytes())
        .collect();
    all.truncate(count);
    all
}

/// An item for a graph.
pub(crate) fn item(graph: &Graph, seed: u64) -> Bytes {
    bytes(seed, graph.input_bytes()).into()
}
