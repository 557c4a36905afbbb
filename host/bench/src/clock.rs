//! The clock that a board has or will have.

use metisvm_boards::{Board, routed_khz};
use std::fmt;

/// A clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Its frequency.
    pub khz: u32,
    /// It was reached by place and route; else it is planned.
    pub is_routed: bool,
}

impl Clock {
    /// The clock of a board; `None` if there is no such board.
    pub fn of_board(name: &str) -> Option<Self> {
        let board = Board::named(name)?;
        let routed = routed_khz(name);
        Some(Self {
            khz: routed.unwrap_or(board.capabilities.clock_khz),
            is_routed: routed.is_some(),
        })
    }

    /// What so many cycles take, in seconds.
    pub fn seconds(self, cycles: u64) -> f64 {
        cycles as f64 / (f64::from(self.khz) * 1e3)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_routed { "routed" } else { "planned" };
        write!(f, "{} MHz ({how})", f64::from(self.khz) / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routed_clock_goes_before_a_planned_one_and_says_so() {
        let routed = Clock::of_board("ecp5-85f").map(|clock| (clock.is_routed, clock.to_string()));
        assert!(
            routed
                .as_ref()
                .is_some_and(|(is, text)| *is && text.ends_with(" MHz (routed)")),
            "{routed:?}"
        );
        let planned = Clock::of_board("sim").map(|clock| clock.to_string());
        assert_eq!(planned.as_deref(), Some("150 MHz (planned)"));
        assert_eq!(Clock::of_board("none"), None);
        let clock = Clock {
            khz: 100_000,
            is_routed: true,
        };
        assert_eq!(clock.seconds(50_000_000), 0.5);
    }
}
