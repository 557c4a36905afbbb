//! Simulated cards, opened as the node opens them: over the in-process transport, by the ABI alone.

use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_driver::{Device, DeviceError, InProcess};
use metisvm_firmware::Geometry;
use metisvm_firmware::port::CardModel;
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;

/// Geometries that differ in every way that tiling can depend on: square and not, powers of two and
/// not, roomy and with hardly a tile.
pub const GEOMETRIES: [(&str, Geometry); 8] = [
    ("16x16x16", Geometry::MEDIUM),
    ("4x4x4", Geometry::SMALL),
    (
        "3x5x7",
        Geometry {
            tile_rows: 3,
            tile_cols: 5,
            tile_depth: 7,
            a_tiles: 13,
            b_tiles: 11,
            acc_tiles: 9,
            param_entries: 6,
            table_count: 1,
        },
    ),
    (
        "1x1x1",
        Geometry {
            tile_rows: 1,
            tile_cols: 1,
            tile_depth: 1,
            a_tiles: 16,
            b_tiles: 16,
            acc_tiles: 8,
            param_entries: 2,
            table_count: 1,
        },
    ),
    (
        "8x32x64",
        Geometry {
            tile_rows: 8,
            tile_cols: 32,
            tile_depth: 64,
            a_tiles: 32,
            b_tiles: 16,
            acc_tiles: 12,
            param_entries: 64,
            table_count: 4,
        },
    ),
    // With one tile of accumulators some operators have no place; with two there is one for all but
    // ArgMax in tiles of one column.
    (
        "6x9x14, 1 acc",
        Geometry {
            tile_rows: 6,
            tile_cols: 9,
            tile_depth: 14,
            a_tiles: 2,
            b_tiles: 1,
            acc_tiles: 1,
            param_entries: 1,
            table_count: 1,
        },
    ),
    (
        "24x1x30, 2 acc",
        Geometry {
            tile_rows: 24,
            tile_cols: 1,
            tile_depth: 30,
            a_tiles: 1,
            b_tiles: 3,
            acc_tiles: 2,
            param_entries: 3,
            table_count: 1,
        },
    ),
    (
        "11x6x7, 3 acc",
        Geometry {
            tile_rows: 11,
            tile_cols: 6,
            tile_depth: 7,
            a_tiles: 5,
            b_tiles: 2,
            acc_tiles: 3,
            param_entries: 1,
            table_count: 1,
        },
    ),
];

/// Opens a card in software.
///
/// # Errors
/// What the handshake finds.
pub fn open(card: impl CardModel + 'static, options: metisvm_driver::Options) -> Result<Device, DeviceError> {
    let transport = InProcess::start(Box::new(card))?;
    Device::open(Box::new(transport), options)
}

/// A sound card whose scratchpads hold garbage before every item.
pub fn sound(geometry: Geometry, seed: u64) -> FunctionalCard {
    let options = SimOptions {
        poison: true,
        schedule_seed: seed,
        ..SimOptions::new(geometry)
    };
    FunctionalCard::new(options)
}

/// A backend over a sound card.
pub fn backend(geometry: Geometry, options: Options) -> Arc<FpgaBackend> {
    let device = open(sound(geometry, 1), metisvm_driver::Options::default());
    Arc::new(FpgaBackend::new(device.expect("a sound card opens"), options))
}
