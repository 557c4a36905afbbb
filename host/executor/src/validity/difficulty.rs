//! The difficulty of a block before Paris: what follows from its parent (EIP-2, EIP-100), and the difficulty bomb
//! with its delays (EIP-649, EIP-1234, EIP-2384, EIP-3554, EIP-4345, EIP-5133).

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use alloy_primitives::U256;
use metisvm_vm::ChainSpec;

/// The difficulty changes by multiples of this part of the parent's (Yellow Paper, section 4.3.4).
const BOUND_DIVISOR: u64 = 2_048;
/// The least difficulty, before the bomb (Yellow Paper, section 4.3.4).
const MINIMUM: u64 = 131_072;
/// Frontier's aim for the time between two blocks, in seconds.
const FRONTIER_SECONDS: u64 = 13;
/// The most steps by which the difficulty sinks (EIP-2).
const MOST_STEPS_DOWN: u64 = 99;
/// The bomb doubles after so many blocks.
const BOMB_PERIOD: u64 = 100_000;
/// By how many blocks the bomb is late, from which fork on; the latest first.
const BOMB_DELAYS: [(EthereumHardfork, u64); 6] = [
    (EthereumHardfork::GrayGlacier, 11_400_000),
    (EthereumHardfork::ArrowGlacier, 10_700_000),
    (EthereumHardfork::London, 9_700_000),
    (EthereumHardfork::MuirGlacier, 9_000_000),
    (EthereumHardfork::Constantinople, 5_000_000),
    (EthereumHardfork::Byzantium, 3_000_000),
];

/// The difficulty of the block of this height and time after `parent`, before Paris.
pub(super) fn next_difficulty(spec: &ChainSpec, number: u64, timestamp: u64, parent: &Header) -> U256 {
    let seconds = timestamp.saturating_sub(parent.timestamp);
    let step = parent.difficulty / U256::from(BOUND_DIVISOR);
    let (up, down) = if spec.is_byzantium_active_at_block(number) {
        // An ommer of the parent counts for a step (EIP-100).
        let base = if parent.ommers_hash == EMPTY_OMMER_ROOT_HASH {
            1
        } else {
            2
        };
        steps(base, seconds / 9)
    } else if spec.is_homestead_active_at_block(number) {
        steps(1, seconds / 10)
    } else if seconds < FRONTIER_SECONDS {
        (1, 0)
    } else {
        (0, 1)
    };
    let moved = parent
        .difficulty
        .saturating_add(step.saturating_mul(U256::from(up)))
        .saturating_sub(step.saturating_mul(U256::from(down)));
    moved.max(U256::from(MINIMUM)).saturating_add(bomb(spec, number))
}

/// `max(base − late, −99)` as steps up and steps down.
fn steps(base: u64, late: u64) -> (u64, u64) {
    match base.checked_sub(late) {
        Some(up) => (up, 0),
        None => (0, (late - base).min(MOST_STEPS_DOWN)),
    }
}

fn bomb(spec: &ChainSpec, number: u64) -> U256 {
    let active = |fork| spec.ethereum_fork_activation(fork).active_at_block(number);
    let delay = BOMB_DELAYS
        .iter()
        .find(|(fork, _)| active(*fork))
        .map_or(0, |(_, delay)| *delay);
    match (number.saturating_sub(delay) / BOMB_PERIOD).checked_sub(2) {
        // Beyond 256 bits there is no difficulty that a header could have.
        Some(doublings) => U256::from(1)
            .checked_shl(usize::try_from(doublings).unwrap_or(usize::MAX))
            .unwrap_or(U256::MAX),
        None => U256::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;

    fn parent(number: u64, difficulty: u64, timestamp: u64) -> Header {
        Header {
            number,
            difficulty: U256::from(difficulty),
            timestamp,
            ..Header::default()
        }
    }

    fn next(number: u64, parent: &Header, seconds: u64) -> u64 {
        next_difficulty(&ChainSpec::mainnet(), number, parent.timestamp + seconds, parent).to()
    }

    #[test]
    fn frontier_goes_up_below_thirteen_seconds_and_down_from_there_on() {
        let parent = parent(1_000, 2_048_000, 50);
        assert_eq!(next(1_001, &parent, 12), 2_049_000);
        assert_eq!(next(1_001, &parent, 13), 2_047_000);
    }

    #[test]
    fn the_first_block_of_mainnet_has_the_difficulty_that_follows_from_genesis() {
        // Genesis: 17,179,869,184 at time 0; block 1: 17,171,480,576 at 1,438,269,988.
        assert_eq!(
            next(1, &parent(0, 17_179_869_184, 0), 1_438_269_988),
            17_171_480_576
        );
    }

    #[test]
    fn homestead_sinks_by_99_steps_at_most() {
        let parent = parent(1_200_000, 2_048_000_000, 50);
        let bomb = 1 << 10;
        assert_eq!(next(1_200_001, &parent, 9), 2_049_000_000 + bomb);
        assert_eq!(next(1_200_001, &parent, 19), 2_048_000_000 + bomb);
        assert_eq!(
            next(1_200_001, &parent, 100_000),
            2_048_000_000 - 99_000_000 + bomb
        );
    }

    #[test]
    fn an_ommer_of_the_parent_counts_from_byzantium_on() {
        let mut parent = parent(4_400_000, 2_048_000_000, 50);
        let bomb = 1 << 12;
        assert_eq!(next(4_400_001, &parent, 9), 2_048_000_000 + bomb);
        parent.ommers_hash = B256::repeat_byte(1);
        assert_eq!(next(4_400_001, &parent, 9), 2_049_000_000 + bomb);
    }

    #[test]
    fn each_delay_of_the_bomb_starts_with_its_fork() {
        let spec = ChainSpec::mainnet();
        let at = |number| bomb(&spec, number);
        let shifted = |bits: usize| U256::from(1) << bits;
        assert_eq!(at(199_999), U256::ZERO);
        assert_eq!(at(200_000), shifted(0));
        assert_eq!(at(4_369_999), shifted(41));
        assert_eq!(at(4_370_000), shifted(11));
        assert_eq!(at(7_280_000), shifted(20));
        assert_eq!(at(9_199_999), shifted(39));
        assert_eq!(at(9_200_000), U256::from(1) << 0);
        assert_eq!(at(12_965_000), shifted(30));
        assert_eq!(at(13_773_000), shifted(28));
        assert_eq!(at(15_050_000), shifted(34));
    }

    #[test]
    fn no_difficulty_overflows() {
        let parent = Header {
            difficulty: U256::MAX,
            number: u64::MAX - 1,
            ..Header::default()
        };
        let frontier = ChainSpec {
            forks: Default::default(),
            ..ChainSpec::metis_dev()
        };
        assert_eq!(next_difficulty(&frontier, u64::MAX, 1, &parent), U256::MAX);
    }
}
