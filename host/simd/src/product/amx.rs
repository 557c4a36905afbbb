//! Products of tiles: up to 32 rows by 32 columns of sums in tile registers.
#![allow(unsafe_code)]
// Tile registers are named in assembly alone. The functions here look at every slice before the instructions
// do.
#![cfg_attr(not(target_arch = "x86_64"), allow(unused, reason = "nothing else has tiles"))]

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
use std::cell::Cell;
use std::marker::PhantomData;

/// Rows of two tiles under each other.
pub(super) const ROWS: usize = 32;

/// Words of a row that a tile takes: steps of a sum that are one instruction.
pub(super) const DEPTH: usize = 16;

/// Lanes of a row of a tile.
pub(super) const LANES: usize = 16;

/// The tile registers of this thread, configured for some rows; given back when this is dropped, so that the
/// system has nothing to save. It stays on its thread, and a thread has one at a time: a second one would
/// configure the registers anew under the first.
pub(super) struct Tiles {
    rows: usize,
    depth: usize,
    own_thread: PhantomData<*const ()>,
}

thread_local! {
    /// Whether this thread has [`Tiles`].
    static CONFIGURED: Cell<bool> = const { Cell::new(false) };
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

/// The rows of a product: of each [`DEPTH`] words in memory, step by step.
pub(super) struct Rows<'a> {
    pub(super) words: &'a [u32],
    /// From a row to the next, in words.
    pub(super) stride: usize,
    /// From one tile to the next, in words.
    pub(super) step: usize,
}

/// The vectors of a product, of bytes or of words.
pub(super) struct Vectors<'a, T> {
    pub(super) memory: &'a [T],
    /// From the words of a step to those of the next, in words.
    pub(super) stride: usize,
    /// Where the words of each tile begin, in words.
    pub(super) places: &'a [u32],
    /// Whether there are two vectors of 16 lanes, or one.
    pub(super) two: bool,
}

/// What sums begin with.
pub(super) enum Start<'a> {
    /// One number for each column.
    Columns(&'a [i32]),
    /// One number for each row, as often as there are columns.
    Rows(&'a [[i32; 2 * LANES]]),
    /// What is there.
    Sums,
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
    row_step: usize,
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
            "mov {n}, [{p} + 80]",
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
            "add {a}, [{p} + 72]",
            "add {b}, [{p} + 72]",
            "add {o}, 4",
            "dec {n}",
            "jnz 2b",
            "mov {x}, [{p} + 88]",
            "mov {s}, [{p} + 104]",
            "tilestored [{x} + {s}*1], tmm0",
            product!(@$second_column "tilestored [{x} + {s}*1 + 64], tmm1"),
            product!(@$second_row "mov {x}, [{p} + 96]"),
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
    ///
    /// # Panics
    /// If this thread has tiles already.
    pub(super) fn new(_: HasTiles, rows: usize, depth: usize) -> Self {
        assert!((1..=ROWS).contains(&rows) && (1..=DEPTH).contains(&depth));
        assert!(!CONFIGURED.replace(true), "this thread has tiles already");
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
        Self {
            rows,
            depth,
            own_thread: PhantomData,
        }
    }

    /// Adds products to the start, to `sums` whose rows lie `stride` apart: of rows of unsigned bytes with
    /// vectors of signed ones, or the other way round if `SIGNED_ROWS`.
    pub(super) fn multiply<T, const SIGNED_ROWS: bool>(
        &self,
        start: Start<'_>,
        rows: &Rows<'_>,
        vectors: &Vectors<'_, T>,
        sums: &mut [i32],
        stride: usize,
    ) {
        let Vectors { memory, places, .. } = *vectors;
        let width = if vectors.two { 2 * LANES } else { LANES };
        assert!(sums.len() >= (self.rows - 1) * stride + width && !places.is_empty());
        let last = (self.rows - 1) * rows.stride + (places.len() - 1) * rows.step;
        assert!(rows.words.len() >= last + DEPTH);
        for &place in places {
            let words = place as usize + (self.depth - 1) * vectors.stride + width;
            assert!(size_of_val(memory) >= 4 * words);
        }
        let first_sums = sums.as_mut_ptr();
        let (first_start, start_stride) = match start {
            Start::Columns(numbers) => (numbers[..width].as_ptr(), 0),
            Start::Rows(numbers) => (numbers[..self.rows].as_ptr().cast(), 2 * LANES),
            Start::Sums => (first_sums.cast_const(), stride),
        };
        let second = self.rows.min(LANES);
        let arguments = Arguments {
            start: [first_start, first_start.wrapping_add(second * start_stride)],
            start_stride: start_stride * 4,
            rows: [
                rows.words.as_ptr(),
                rows.words.as_ptr().wrapping_add(second * rows.stride),
            ],
            row_stride: rows.stride * 4,
            vectors: memory.as_ptr().cast(),
            vector_stride: vectors.stride * 4,
            places: places.as_ptr(),
            row_step: rows.step * 4,
            count: places.len(),
            sums: [first_sums, first_sums.wrapping_add(second * stride)],
            sums_stride: stride * 4,
        };
        let arguments = &raw const arguments;
        let (tall, wide) = (self.rows > LANES, vectors.two);
        // SAFETY: tiles are configured for `self.rows` rows and `self.depth` steps. What is read of the start
        // and the rows, and what is written of the sums, lies in the slices, as do the vectors of each place:
        // all is checked above.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            match (SIGNED_ROWS, tall, wide) {
                (false, true, true) => product!(arguments, "tdpbusd", rows yes, columns yes, both yes),
                (false, true, false) => product!(arguments, "tdpbusd", rows yes, columns no, both no),
                (false, false, true) => product!(arguments, "tdpbusd", rows no, columns yes, both no),
                (false, false, false) => product!(arguments, "tdpbusd", rows no, columns no, both no),
                (true, true, true) => product!(arguments, "tdpbsud", rows yes, columns yes, both yes),
                (true, true, false) => product!(arguments, "tdpbsud", rows yes, columns no, both no),
                (true, false, true) => product!(arguments, "tdpbsud", rows no, columns yes, both no),
                (true, false, false) => product!(arguments, "tdpbsud", rows no, columns no, both no),
            }
        }
    }
}

/// Multiplies tiles of [`ROWS`] rows by two vectors with nothing to wait for, and gives the number of
/// products.
pub(super) fn spin(has: HasTiles, rounds: usize) -> u64 {
    let tiles = Tiles::new(has, ROWS, DEPTH);
    if rounds > 0 {
        // SAFETY: all eight tiles are configured.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!(
                "tilezero tmm4",
                "tilezero tmm5",
                "tilezero tmm6",
                "tilezero tmm7",
                "2:",
                "tdpbusd tmm0, tmm4, tmm6",
                "tdpbusd tmm1, tmm4, tmm7",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "dec {n}",
                "jnz 2b",
                n = inout(reg) rounds => _,
                out("tmm0") _,
                out("tmm1") _,
                out("tmm2") _,
                out("tmm3") _,
                out("tmm4") _,
                out("tmm5") _,
                out("tmm6") _,
                out("tmm7") _,
                options(nostack, nomem)
            );
        }
    }
    (rounds * tiles.rows * 2 * LANES * 4 * DEPTH) as u64
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: that there are tiles configured proves that the processor has the instruction.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!("tilerelease", options(nostack, nomem));
        }
        CONFIGURED.set(false);
    }
}
