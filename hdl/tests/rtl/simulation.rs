//! Runs a block in rust-hdl itself.

use crate::Stream;
use rust_hdl::prelude::{Block, simulate};

/// Updates after which a change must have died out.
const MOST_UPDATES: usize = 64;

/// Feeds a stream to a block, and gives the outputs of every cycle.
pub(crate) fn run<B: Block, const I: usize, const O: usize>(
    mut block: B,
    inputs: &Stream<I>,
    set: impl Fn(&mut B, &[u64; I]),
    clock: impl Fn(&mut B, bool),
    get: impl Fn(&B) -> [u64; O],
) -> Stream<O> {
    block.connect_all();
    inputs
        .iter()
        .map(|values| {
            set(&mut block, values);
            assert!(simulate(&mut block, MOST_UPDATES), "inputs do not settle");
            let outputs = get(&block);
            for level in [true, false] {
                clock(&mut block, level);
                assert!(
                    simulate(&mut block, MOST_UPDATES),
                    "the clock's edge does not settle"
                );
            }
            outputs
        })
        .collect()
}
