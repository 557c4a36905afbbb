//! What has no reader goes: what passes left behind, and tensors whose shapes alone were of interest.

use crate::typed::Typed;

pub(crate) fn drop(mut typed: Typed) -> Typed {
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
