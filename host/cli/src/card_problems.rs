//! What is wrong with a card by its registers alone.

use metisvm_driver::Glance;
use metisvm_firmware::Capabilities;
use metisvm_firmware::registers::features;

/// Everything that is wrong, for people; empty where nothing is.
pub fn of(glance: &Glance) -> Vec<String> {
    let mut problems = glance.problems();
    // All of the registers of one that is absurd are in doubt, and that was said.
    if glance.absurd().is_none() {
        problems.extend(without_engine(&glance.capabilities));
    }
    problems
}

/// Said of a card that can do no work. It answers and moves bytes, so nothing else shows it: what a card has no engine
/// for is not asked of it.
pub fn without_engine(card: &Capabilities) -> Option<String> {
    let has_one = card.features & (features::TENSOR | features::KECCAK) != 0;
    (!has_one).then(|| {
        format!(
            "FEATURES reads {:#x}: it has neither the tensor engine nor the Keccak engine, so it can do no work; the \
             bitstream may not be the one that was meant",
            card.features
        )
    })
}
