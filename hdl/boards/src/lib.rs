//! The boards that a card is built for. One file a board (`hdl/boards/NAME.toml`) says what its Verilog, its
//! capability registers and its simulations are made of.

mod board;
mod file;
mod routed;

pub use board::{Board, Multipliers, Tensor};
use file::BoardFile;
use metisvm_firmware::registers::features;
pub use routed::routed_khz;
use std::fmt;

/// Widths that the streams of a card can have, bits.
pub const STREAM_BITS: [usize; 3] = [64, 128, 256];
/// Most Keccak cores of a card: a core's number has four bits.
pub const MAX_CORES: usize = 16;
/// Rounds of a permutation of Keccak; a core executes a divisor of them in a cycle.
pub const ROUNDS: usize = 24;
/// The shortest time-out of a read: a reset grants each of 64 tags a 128th of it.
const MIN_TIMEOUT_CYCLES: u32 = 1280;
/// The longest, in ms: a reset waits for one and a half of it at worst, and the ABI grants it 100 ms.
const MAX_TIMEOUT_MS: u32 = 60;

/// The board that is meant where none is named: made for simulation.
pub const DEFAULT: &str = "sim";
/// The board that is meant where none is named and models are to run: the same with a tensor engine, at a third of its
/// speed in simulation.
pub const INFERENCE: &str = "sim-tensor";

/// The files, by the names of their boards.
const FILES: [(&str, &str); 9] = [
    (DEFAULT, include_str!("../sim.toml")),
    (INFERENCE, include_str!("../sim-tensor.toml")),
    ("sim-tensor-8", include_str!("../sim-tensor-8.toml")),
    ("ecp5-85f", include_str!("../ecp5-85f.toml")),
    ("ecp5-85f-tensor", include_str!("../ecp5-85f-tensor.toml")),
    ("ecp5-85f-combined", include_str!("../ecp5-85f-combined.toml")),
    ("artix7-100t", include_str!("../artix7-100t.toml")),
    ("ultrascale-plus", include_str!("../ultrascale-plus.toml")),
    (
        "ultrascale-plus-tensor",
        include_str!("../ultrascale-plus-tensor.toml"),
    ),
];

/// What is wrong with a board's file.
#[derive(Debug)]
pub struct BoardError {
    /// The board.
    pub name: String,
    /// The complaint: what, where, what is allowed.
    pub complaint: String,
}

impl fmt::Display for BoardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "board {}: {}", self.name, self.complaint.trim_end())
    }
}

impl std::error::Error for BoardError {}

impl Board {
    /// Reads a board's file.
    ///
    /// # Errors
    /// TOML that is none, an unknown or missing key, or a number outside its range.
    pub fn parse(name: &'static str, text: &str) -> Result<Self, BoardError> {
        let complain = |complaint: String| BoardError {
            name: name.to_owned(),
            complaint,
        };
        let file: BoardFile = toml::from_str(text).map_err(|error| complain(error.to_string()))?;
        let board = file.board(name);
        if !STREAM_BITS.contains(&board.stream_bits) {
            return Err(complain(format!(
                "dma.stream_bits is {}, not one of {STREAM_BITS:?}",
                board.stream_bits
            )));
        }
        if ![32, 64].contains(&board.tags) {
            return Err(complain(format!("dma.tags is {}, not 32 or 64", board.tags)));
        }
        let has_keccak = board.capabilities.features & features::KECCAK != 0;
        if has_keccak && !(1..=MAX_CORES).contains(&board.cores) {
            return Err(complain(format!(
                "keccak.cores is {}, not 1 to {MAX_CORES}",
                board.cores
            )));
        }
        if board.rounds_per_cycle == 0 || !ROUNDS.is_multiple_of(board.rounds_per_cycle) {
            return Err(complain(format!(
                "keccak.rounds_per_cycle is {}, not a divisor of {ROUNDS}",
                board.rounds_per_cycle
            )));
        }
        if board.read_timeout_cycles < MIN_TIMEOUT_CYCLES {
            return Err(complain(format!(
                "dma.read_timeout_cycles is {}, less than {MIN_TIMEOUT_CYCLES}",
                board.read_timeout_cycles
            )));
        }
        board.check_tensor().map_err(complain)?;
        board
            .capabilities
            .validate()
            .map_err(|error| complain(error.to_string()))?;
        let clock_khz = board.capabilities.clock_khz;
        let most = clock_khz.saturating_mul(MAX_TIMEOUT_MS);
        if board.read_timeout_cycles > most {
            return Err(complain(format!(
                "dma.read_timeout_cycles is {}, more than the {most} of {MAX_TIMEOUT_MS} ms at {clock_khz} kHz",
                board.read_timeout_cycles
            )));
        }
        Ok(board)
    }

    /// Sides of tiles and scratchpads of an engine in hardware are powers of two: addresses are put together from
    /// their bits.
    fn check_tensor(&self) -> Result<(), String> {
        let Some(tensor) = &self.tensor else {
            return Ok(());
        };
        let shape = &self.capabilities.geometry;
        let sizes = [
            ("rows", u64::from(shape.tile_rows)),
            ("cols", u64::from(shape.tile_cols)),
            ("depth", u64::from(shape.tile_depth)),
            ("a_tiles", u64::from(shape.a_tiles)),
            ("b_tiles", u64::from(shape.b_tiles)),
            ("acc_tiles", u64::from(shape.acc_tiles)),
            ("params", u64::from(shape.param_entries)),
            ("tables", u64::from(shape.table_count)),
            ("requantise_units", tensor.requantise_units as u64),
        ];
        if let Some((key, size)) = sizes.iter().find(|(_, size)| !size.is_power_of_two()) {
            return Err(format!("tensor.{key} is {size}, not a power of two"));
        }
        if tensor.requantise_units > usize::from(shape.tile_cols) {
            return Err(format!(
                "tensor.requantise_units is {}, more than tensor.cols",
                tensor.requantise_units
            ));
        }
        Ok(())
    }

    /// The board of a name, if there is one.
    ///
    /// # Panics
    /// Never: the files of all boards are read by a test.
    #[allow(
        clippy::expect_used,
        reason = "the files are a part of the program, and tested"
    )]
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = FILES.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(name, text).expect("the file of a known board is sound"))
    }
}

/// The names of the boards.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_board_is_sound() {
        assert!(names().all(|name| Board::named(name).is_some()));
    }

    #[test]
    fn bad_files_are_refused_with_the_key_and_what_is_allowed() {
        let sound = FILES[1].1;
        let refused = |from: &str, to: &str| {
            let text = sound.replacen(from, to, 1);
            assert_ne!(text, sound, "{from} is not in the file");
            Board::parse("bad", &text).unwrap_err().to_string()
        };
        assert!(refused("stream_bits = 64", "stream_bits = 96").contains("dma.stream_bits is 96"));
        assert!(refused("tags = 32", "tags = 33").contains("dma.tags is 33"));
        assert!(refused("cores = 1", "cores = 17").contains("keccak.cores is 17, not 1 to 16"));
        assert!(refused("rounds_per_cycle = 1", "rounds_per_cycle = 5").contains("a divisor of 24"));
        assert!(refused("read_timeout_cycles = 20_000", "read_timeout_cycles = 10").contains("less than"));
        assert!(refused("read_timeout_cycles = 20_000", "read_timeout_cycles = 9_000_001").contains("60 ms"));
        assert!(refused("handles = 64", "handles = 65").contains("MAX_HANDLES"));
        assert!(refused("handles = 64", "handels = 64").contains("handels"));
        assert!(refused("[dma]", "[dma").contains("TOML"));
        assert!(refused("a_tiles = ", "a_tiles = 3").contains("tensor.a_tiles is 3"));
        assert!(refused("requantise_units = 1", "requantise_units = 8").contains("more than tensor.cols"));
        assert!(refused("multipliers = \"lut\"", "multipliers = \"none\"").contains("multipliers"));
    }
}
