//! What a card's tensor engine is made of, as far as the time that instructions take depends on it.

use metisvm_boards::Board;
use metisvm_firmware::{Capabilities, Geometry};
use std::sync::OnceLock;

/// Requantise units of a card that no board's file describes: as many as a row of a tile has columns, up to these.
const UNITS_ELSEWHERE: u64 = 8;

/// A tensor engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Tiles and scratchpads.
    pub geometry: Geometry,
    /// Rows of VECTOR's requantisations are worked on by so many units, a column each; at least 1.
    pub requantise_units: u64,
}

impl Engine {
    /// The engine of a card. Its registers do not say how many requantise units there are: its board's file does, if
    /// there is a board whose registers say the same.
    pub fn of(card: &Capabilities) -> Self {
        let units = boards()
            .iter()
            .find(|(known, _)| known == card)
            .map(|(_, units)| *units);
        Self {
            requantise_units: units.unwrap_or_else(|| UNITS_ELSEWHERE.min(card.geometry.tile_cols.into())),
            geometry: card.geometry,
        }
    }
}

/// What the registers of the boards with an engine say, and their requantise units.
fn boards() -> &'static [(Capabilities, u64)] {
    static BOARDS: OnceLock<Vec<(Capabilities, u64)>> = OnceLock::new();
    BOARDS.get_or_init(|| {
        metisvm_boards::names()
            .filter_map(Board::named)
            .filter_map(|board| Some((board.capabilities, board.tensor?.requantise_units as u64)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_s_own_units_are_those_of_its_file() {
        let board = |name: &str| Board::named(name).unwrap().capabilities;
        assert_eq!(Engine::of(&board("ecp5-85f-tensor")).requantise_units, 2);
        assert_eq!(Engine::of(&board("ecp5-85f-combined")).requantise_units, 2);
        assert_eq!(Engine::of(&board("sim-tensor-8")).requantise_units, 8);
        assert_eq!(Engine::of(&board("sim-tensor")).requantise_units, 1);
        let mut unknown = board("sim-tensor");
        unknown.work_budget -= 1;
        assert_eq!(Engine::of(&unknown).requantise_units, 4);
    }
}
