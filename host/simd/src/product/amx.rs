//! Products of tiles: up to 32 rows by 32 columns of sums in tile registers.
#![allow(unsafe_code)]
// Tile registers are named in assembly alone. The functions here look at every slice before the instructions do.
#![cfg_attr(not(target_arch = "x86_64"), allow(unused, reason = "nothing else has tiles"))]

use super::scratch::ROW_WORDS;
#[cfg(target_arch = "x86_64")]
use std::arch::asm;

/// Rows of two tiles under each other.
pub(super) const ROWS: usize = 32;

/// Words of a row that a tile takes: steps of a sum that are one instruction.
pub(super) const DEPTH: usize = 16;

/// Lanes of a row of a tile.
const LANES: usize = 16;

/// The tile registers of this thread, configured for some rows; given back when this is dropped, so that the system has
/// nothing to save.
pub(super) struct Tiles {
    rows: usize,
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// A proof that this processor has tiles: only `super::instructions` makes one, of a level that has them.
#[derive(Clone, Copy)]
pub(super) struct HasTiles(());

impl HasTiles {
    /// # Safety
    /// The processor has AMX with products of bytes, and the process has the system's leave to use it.
    pub(super) const unsafe fn new() -> Self {
        Self(())
    }
}

/// The vectors of a product: see [`Tiles::multiply`].
pub(super) struct Vectors<'a> {
    /// Words.
    pub(super) memory: &'a [u8],
    /// From the words of a step to those of the next, in bytes.
    pub(super) stride: usize,
    /// Where the words of each [`DEPTH`] steps begin, in words.
    pub(super) places: &'a [u32],
    /// Whether there are two vectors of 16 lanes, or one.
    pub(super) two: bool,
}

/// Everything that the instructions need, as they read it.
#[repr(C)]
struct Arguments {
    start: [*const i32; 2],
    start_stride: usize,
    rows: [*const u32; 2],
    row_stride: usize,
    vectors: *const u8,
    vector_stride: usize,
    places: *const u32,
    count: usize,
    sums: [*mut i32; 2],
    sums_stride: usize,
}

#[cfg(target_arch = "x86_64")]
macro_rules! product {
    ($arguments:expr, $multiply:literal, rows $second_row:tt, columns $second_column:tt, both $both:tt) => {
        asm!(
            "mov {x}, [{p}]",
            "mov {s}, [{p} + 16]",
            "tileloadd tmm0, [{x} + {s}*1]",
            product!(@$second_column "tileloadd tmm1, [{x} + {s}*1 + 64]"),
            product!(@$second_row "mov {x}, [{p} + 8]"),
            product!(@$second_row "tileloadd tmm2, [{x} + {s}*1]"),
            product!(@$both "tileloadd tmm3, [{x} + {s}*1 + 64]"),
            "mov {a}, [{p} + 24]",
            "mov {b}, [{p} + 32]",
            "mov {s}, [{p} + 40]",
            "mov {v}, [{p} + 48]",
            "mov {t}, [{p} + 56]",
            "mov {o}, [{p} + 64]",
            "mov {n}, [{p} + 72]",
            "2:",
            "mov {x:e}, dword ptr [{o}]",
            "lea {x}, [{v} + {x}*4]",
            "tileloadd tmm6, [{x} + {t}*1]",
            "tileloadd tmm4, [{a} + {s}*1]",
            concat!($multiply, " tmm0, tmm4, tmm6"),
            product!(@$second_column "tileloadd tmm7, [{x} + {t}*1 + 64]"),
            product!(@$second_column concat!($multiply, " tmm1, tmm4, tmm7")),
            product!(@$second_row "tileloadd tmm5, [{b} + {s}*1]"),
            product!(@$second_row concat!($multiply, " tmm2, tmm5, tmm6")),
            product!(@$both concat!($multiply, " tmm3, tmm5, tmm7")),
            "add {a}, 64",
            "add {b}, 64",
            "add {o}, 4",
            "dec {n}",
            "jnz 2b",
            "mov {x}, [{p} + 80]",
            "mov {s}, [{p} + 96]",
            "tilestored [{x} + {s}*1], tmm0",
            product!(@$second_column "tilestored [{x} + {s}*1 + 64], tmm1"),
            product!(@$second_row "mov {x}, [{p} + 88]"),
            product!(@$second_row "tilestored [{x} + {s}*1], tmm2"),
            product!(@$both "tilestored [{x} + {s}*1 + 64], tmm3"),
            p = in(reg) $arguments,
            x = out(reg) _,
            s = out(reg) _,
            a = out(reg) _,
            b = out(reg) _,
            v = out(reg) _,
            t = out(reg) _,
            o = out(reg) _,
            n = out(reg) _,
            out("tmm0") _,
            out("tmm1") _,
            out("tmm2") _,
            out("tmm3") _,
            out("tmm4") _,
            out("tmm5") _,
            out("tmm6") _,
            out("tmm7") _,
            options(nostack)
        )
    };
    (@yes $line:expr) => { $line };
    (@no $line:expr) => { "" };
}

impl Tiles {
    /// Configures tiles for `rows` rows, 1 to [`ROWS`], and words `depth` at a time, 1 to [`DEPTH`].
    pub(super) fn new(_: HasTiles, rows: usize, depth: usize) -> Self {
        assert!((1..=ROWS).contains(&rows) && (1..=DEPTH).contains(&depth));
        let (first, second) = (rows.min(LANES), rows.saturating_sub(LANES));
        let mut configuration = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [0; 16],
            rows: [0; 16],
        };
        // Sums, rows and vectors; those of rows that there are none of stay as they are, empty.
        let tiles = [first, first, second, second, first, second, depth, depth];
        for (tile, rows) in tiles.into_iter().enumerate().filter(|(_, rows)| *rows > 0) {
            configuration.rows[tile] = rows as u8;
            configuration.row_bytes[tile] = if tile == 4 || tile == 5 {
                4 * depth as u16
            } else {
                64
            };
        }
        // SAFETY: the processor has tiles, and the configuration is one that it takes.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack, readonly));
        }
        Self { rows }
    }

    /// Adds the products of rows of unsigned bytes with vectors of signed ones to numbers for each column, if there are
    /// any, or else to what the sums are; the rows of `sums` lie `stride` apart.
    pub(super) fn multiply(
        &self,
        start: Option<&[i32]>,
        rows: &[[u32; ROW_WORDS]],
        vectors: &Vectors<'_>,
        sums: &mut [i32],
        stride: usize,
    ) {
        let Vectors { memory, places, .. } = *vectors;
        let width = if vectors.two { 2 * LANES } else { LANES };
        let reach = (self.rows - 1) * stride + width;
        assert!(sums.len() >= reach && start.is_none_or(|numbers| numbers.len() >= width));
        let first_sums = sums.as_mut_ptr();
        // All rows begin with the same numbers, or each with its own.
        let (first_start, start_stride) = match start {
            Some(numbers) => (numbers.as_ptr(), 0),
            None => (first_sums.cast_const(), stride),
        };
        assert!(rows.len() == self.rows && places.len() * DEPTH <= ROW_WORDS && !places.is_empty());
        for &place in places {
            assert!(memory.len() >= place as usize * 4 + (DEPTH - 1) * vectors.stride + width * 4);
        }
        let second = self.rows.min(LANES);
        let arguments = Arguments {
            start: [first_start, first_start.wrapping_add(second * start_stride)],
            start_stride: start_stride * 4,
            rows: [rows.as_ptr().cast(), rows.as_ptr().wrapping_add(second).cast()],
            row_stride: ROW_WORDS * 4,
            vectors: memory.as_ptr(),
            vector_stride: vectors.stride,
            places: places.as_ptr(),
            count: places.len(),
            sums: [first_sums, first_sums.wrapping_add(second * stride)],
            sums_stride: stride * 4,
        };
        let arguments = &raw const arguments;
        // SAFETY: tiles are configured for `self.rows` rows. What is read of the start and the rows, and what is
        // written of the sums, lies in the slices, as do the vectors of each place: all four are checked above.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            match (self.rows > LANES, vectors.two) {
                (true, true) => product!(arguments, "tdpbusd", rows yes, columns yes, both yes),
                (true, false) => product!(arguments, "tdpbusd", rows yes, columns no, both no),
                (false, true) => product!(arguments, "tdpbusd", rows no, columns yes, both no),
                (false, false) => product!(arguments, "tdpbusd", rows no, columns no, both no),
            }
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: that there are tiles configured proves that the processor has the instruction.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!("tilerelease", options(nostack, nomem));
        }
    }
}
