//! What passes left without a reader goes.

use crate::typed::Typed;

pub(super) fn drop(mut typed: Typed) -> Typed {
    let mut read = vec![false; typed.values.len()];
    for (_, value) in &typed.outputs {
        read[*value] = true;
    }
    for node in typed.nodes.iter().rev() {
        if read[node.output] {
            node.values().for_each(|v| read[v] = true);
        }
    }
    typed.nodes.retain(|node| read[node.output]);
    typed
}
