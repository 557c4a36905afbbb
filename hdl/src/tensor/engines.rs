//! The engines that there are: const parameters are literals, so each geometry is a line.

use metisvm_firmware::Geometry;

/// Sides of the tiles, and the logarithms of the scratchpads' sizes: tiles of A, B and ACC, records, tables. What is
/// not a power of two is rounded up: memories have 2^n places.
pub type Key = ([u16; 3], [u32; 5]);

/// The engine that a geometry needs.
pub fn key(geometry: &Geometry) -> Key {
    let bits = |count: u32| count.next_power_of_two().trailing_zeros();
    (
        [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth],
        [
            bits(geometry.a_tiles),
            bits(geometry.b_tiles),
            bits(geometry.acc_tiles),
            bits(geometry.param_entries),
            bits(geometry.table_count),
        ],
    )
}

/// `with_engine!(&geometry, apply)` is `Some(apply!(R, C, D, …))` with an engine's parameters, `None` if no engine has
/// that geometry. `with_engine!(&geometry, apply, tokens)` puts tokens before them: `apply!(tokens, R, C, D, …)`.
#[macro_export]
macro_rules! with_engine {
    ($geometry:expr, $apply:ident $(, $more:tt)*) => {
        match $crate::tensor::engines::key($geometry) {
            // The parameters are those of `Engine`: R C D LA LB AW W TA TB T S F P VW VP TP TT.
            ([4, 4, 4], [6, 6, 6, 6, 1]) => {
                Some($apply!($($more,)* 4, 4, 4, 16, 16, 36, 20, 6, 6, 8, 2, 4, 5, 128, 256, 6, 9))
            }
            ([4, 4, 4], [10, 10, 8, 9, 3]) => {
                Some($apply!($($more,)* 4, 4, 4, 16, 16, 36, 20, 10, 10, 10, 2, 4, 5, 128, 256, 9, 11))
            }
            ([8, 8, 4], [11, 11, 8, 9, 3]) => {
                Some($apply!($($more,)* 8, 8, 4, 32, 32, 36, 20, 11, 11, 11, 3, 5, 6, 256, 512, 9, 11))
            }
            ([16, 16, 16], [12, 12, 10, 12, 4]) => Some($apply!(
                $($more,)* 16, 16, 16, 256, 256, 144, 22, 12, 12, 14, 4, 6, 7, 512, 1024, 12, 12
            )),
            _ => None,
        }
    };
}
