use super::{
    draft::Draft,
    people::keyless,
    story::{Desk, Story},
    world::whole,
};
use alloy_primitives::U256;

/// Everybody sends ether once a block. Of the receivers half exist and only ever receive, half are new
/// accounts; none is met twice in a block.
pub(crate) fn raw_transfers(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let savings: Vec<_> = (0..people.len()).map(|at| keyless("savings", at)).collect();
    desk.world.fund(savings.iter().step_by(2).copied());
    let blocks = desk.one_draft_a_sender(|rng, block, sender| {
        let to = if sender % 2 == 0 {
            savings[sender]
        } else {
            keyless("newcomer", block * people.len() + sender)
        };
        let value = whole(1) / U256::from(1 + rng.below(1_000));
        Draft::pay(sender, to, value)
    });
    (desk, Story { people, blocks })
}
