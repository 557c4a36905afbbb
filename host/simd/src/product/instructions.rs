//! Work on the instructions of a level.
#![allow(unsafe_code)]
// Instructions that a processor may lack cannot be called otherwise. A `Level` proves that it has them, and
// the types of this module, which only `run` makes, hand the proof on.

#[cfg(target_arch = "x86_64")]
use super::amx::HasTiles;
use super::lanes::{Job, Lanes, Portable};
use crate::Level;
#[cfg(target_arch = "x86_64")]
use crate::level::Kind;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Does a job with the instructions of a level.
#[inline]
pub(super) fn run(level: Level, job: impl Job) {
    match level.kind() {
        // SAFETY: the level proves that the processor has these instructions.
        #[cfg(target_arch = "x86_64")]
        Kind::Amx => unsafe { run_amx(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512Vnni => unsafe { run_avx512_vnni(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => unsafe { run_avx512(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => unsafe { run_avx2(job) },
        _ => job.run(Portable),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(
    enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512ifma"
)]
fn run_amx(job: impl Job) {
    job.run(Amx(()));
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(
    enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512ifma"
)]
fn run_avx512_vnni(job: impl Job) {
    job.run(Avx512Vnni(()));
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(
    enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
)]
fn run_avx512(job: impl Job) {
    job.run(Avx512(()));
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt")]
fn run_avx2(job: impl Job) {
    job.run(Avx2(()));
}

/// The instructions of `Kind::Amx`.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Amx(());

/// The instructions of `Kind::Avx512Vnni`.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx512Vnni(());

/// The instructions of `Kind::Avx512`.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx512(());

/// The instructions of `Kind::Avx2`.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2(());

/// Methods that call one intrinsic each.
macro_rules! calls {
    ($($name:ident($($arg:ident),*) = $intrinsic:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($arg: Self::V),*) -> Self::V {
                // SAFETY: whoever has `self` has these instructions.
                unsafe { $intrinsic }
            }
        )*
    };
}

/// Loads and stores of whole vectors.
macro_rules! memory {
    (
        $lanes:literal lanes of $bytes:literal bytes:
        $load:ident, $store:ident, half $half:literal $load_half:ident $bytes_to_words:ident $words_to_lanes:ident,
        quarter $load_quarter:ident $bytes_to_lanes:ident, $and:ident
    ) => {
        const N: usize = $lanes;

        #[inline(always)]
        fn load(self, words: &[u32]) -> Self::V {
            let words: &[u32; $lanes] = words.first_chunk().expect("words of a vector");
            // SAFETY: whoever has `self` has the instruction, which reads the array, aligned or not.
            unsafe { $load(words.as_ptr().cast()) }
        }

        #[inline(always)]
        fn load_bytes(self, bytes: &[u8]) -> Self::V {
            let bytes: &[u8; $bytes] = bytes.first_chunk().expect("bytes of a vector");
            // SAFETY: as above.
            unsafe { $load(bytes.as_ptr().cast()) }
        }

        #[inline(always)]
        fn load_wider(self, bytes: &[u8]) -> Self::V {
            let bytes: &[u8; $half] = bytes.first_chunk().expect("bytes of half a vector");
            // SAFETY: as above.
            unsafe { $bytes_to_words($load_half(bytes.as_ptr().cast())) }
        }

        #[inline(always)]
        fn load_each(self, bytes: &[u8]) -> Self::V {
            let bytes: &[u8; $lanes] = bytes.first_chunk().expect("bytes of a quarter of a vector");
            // SAFETY: as above.
            unsafe { $bytes_to_lanes($load_quarter(bytes.as_ptr().cast())) }
        }

        #[inline(always)]
        fn load_every_second(self, bytes: &[u8]) -> Self::V {
            let bytes: &[u8; $half] = bytes.first_chunk().expect("bytes of half a vector");
            // SAFETY: as above.
            unsafe {
                $and(
                    $words_to_lanes($load_half(bytes.as_ptr().cast())),
                    self.splat(255),
                )
            }
        }

        #[inline(always)]
        fn load_sums(self, sums: &[i32]) -> Self::V {
            let sums: &[i32; $lanes] = sums.first_chunk().expect("numbers of a vector");
            // SAFETY: as above.
            unsafe { $load(sums.as_ptr().cast()) }
        }

        #[inline(always)]
        fn store(self, v: Self::V, sums: &mut [i32]) {
            let sums: &mut [i32; $lanes] = sums.first_chunk_mut().expect("numbers of a vector");
            // SAFETY: whoever has `self` has the instruction, which writes the array, aligned or not.
            unsafe { $store(sums.as_mut_ptr().cast(), v) }
        }

        #[inline(always)]
        fn store_bytes(self, v: Self::V, bytes: &mut [u8]) {
            let bytes: &mut [u8; $bytes] = bytes.first_chunk_mut().expect("bytes of a vector");
            // SAFETY: as above.
            unsafe { $store(bytes.as_mut_ptr().cast(), v) }
        }

        #[inline(always)]
        fn store_words(self, v: Self::V, words: &mut [u32]) {
            let words: &mut [u32; $lanes] = words.first_chunk_mut().expect("words of a vector");
            // SAFETY: as above.
            unsafe { $store(words.as_mut_ptr().cast(), v) }
        }
    };
}

/// `memory` of 512 bits.
macro_rules! memory_512 {
    () => {
        memory!(
            16 lanes of 64 bytes: _mm512_loadu_si512, _mm512_storeu_si512,
            half 32 _mm256_loadu_si256 _mm512_cvtepi8_epi16 _mm512_cvtepu16_epi32,
            quarter _mm_loadu_si128 _mm512_cvtepu8_epi32, _mm512_and_si512
        );

        #[inline(always)]
        fn splat(self, word: u32) -> Self::V {
            // SAFETY: whoever has `self` has the instruction.
            unsafe { _mm512_set1_epi32(word as i32) }
        }

        #[inline(always)]
        fn join_bytes(self, [a, b, c, d]: [Self::V; 4]) -> Self::V {
            // SAFETY: as above.
            unsafe {
                let ab = _mm512_or_si512(a, _mm512_slli_epi32::<8>(b));
                _mm512_or_si512(ab, _mm512_or_si512(_mm512_slli_epi32::<16>(c), _mm512_slli_epi32::<24>(d)))
            }
        }

        calls! {
            zero() = _mm512_setzero_si512();
            add(a, b) = _mm512_add_epi32(a, b);
            sub(a, b) = _mm512_sub_epi32(a, b);
            xor(a, b) = _mm512_xor_si512(a, b);
            join_words(low, high) = _mm512_mask_blend_epi16(0xaaaa_aaaa, low, _mm512_slli_epi32::<16>(high));
        }
    };
}

/// What the levels with VNNI have.
#[cfg(target_arch = "x86_64")]
macro_rules! vnni {
    ($run:ident) => {
        type V = __m512i;
        const ROWS: usize = 12;
        const QUADS: bool = true;

        memory_512!();

        fn call<J: Job>(self, job: J) {
            // Whatever takes no tiles is the same for all levels with VNNI.
            // SAFETY: whoever has `self` has these instructions.
            unsafe {
                if J::TILES {
                    $run(job)
                } else {
                    run_avx512_vnni(job)
                }
            }
        }

        calls! {
            quads(sums, unsigned, signed) = _mm512_dpbusd_epi32(sums, unsigned, signed);
            pairs(sums, a, b) = _mm512_dpwssd_epi32(sums, a, b);
        }
    };
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx512Vnni {
    vnni!(run_avx512_vnni);
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Amx {
    vnni!(run_amx);
    const TILES: bool = true;

    fn tiles(self) -> Option<HasTiles> {
        // SAFETY: whoever has `self` has these instructions.
        Some(unsafe { HasTiles::new() })
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx512 {
    type V = __m512i;
    const ROWS: usize = 12;
    const QUADS: bool = false;

    memory_512!();

    fn call<J: Job>(self, job: J) {
        // SAFETY: whoever has `self` has these instructions.
        unsafe { run_avx512(job) }
    }

    calls! {
        quads(sums, unsigned, signed) = {
            // Bytes at even and at odd places, as words: no sum of two products saturates there.
            let even = _mm512_madd_epi16(
                _mm512_and_si512(unsigned, _mm512_set1_epi16(255)),
                _mm512_srai_epi16::<8>(_mm512_slli_epi16::<8>(signed)),
            );
            let odd = _mm512_madd_epi16(_mm512_srli_epi16::<8>(unsigned), _mm512_srai_epi16::<8>(signed));
            _mm512_add_epi32(sums, _mm512_add_epi32(even, odd))
        };
        pairs(sums, a, b) = _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    type V = __m256i;
    const ROWS: usize = 6;
    const QUADS: bool = false;

    memory!(
        8 lanes of 32 bytes: _mm256_loadu_si256, _mm256_storeu_si256,
        half 16 _mm_loadu_si128 _mm256_cvtepi8_epi16 _mm256_cvtepu16_epi32,
        quarter _mm_loadl_epi64 _mm256_cvtepu8_epi32, _mm256_and_si256
    );

    #[inline(always)]
    fn join_bytes(self, [a, b, c, d]: [Self::V; 4]) -> Self::V {
        // SAFETY: whoever has `self` has the instructions.
        unsafe {
            let ab = _mm256_or_si256(a, _mm256_slli_epi32::<8>(b));
            _mm256_or_si256(
                ab,
                _mm256_or_si256(_mm256_slli_epi32::<16>(c), _mm256_slli_epi32::<24>(d)),
            )
        }
    }

    fn call<J: Job>(self, job: J) {
        // SAFETY: whoever has `self` has these instructions.
        unsafe { run_avx2(job) }
    }

    calls! {
        zero() = _mm256_setzero_si256();
        add(a, b) = _mm256_add_epi32(a, b);
        sub(a, b) = _mm256_sub_epi32(a, b);
        xor(a, b) = _mm256_xor_si256(a, b);
        join_words(low, high) = _mm256_blend_epi16::<0xaa>(low, _mm256_slli_epi32::<16>(high));
        quads(sums, unsigned, signed) = {
            let even = _mm256_madd_epi16(
                _mm256_and_si256(unsigned, _mm256_set1_epi16(255)),
                _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(signed)),
            );
            let odd = _mm256_madd_epi16(_mm256_srli_epi16::<8>(unsigned), _mm256_srai_epi16::<8>(signed));
            _mm256_add_epi32(sums, _mm256_add_epi32(even, odd))
        };
        pairs(sums, a, b) = _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Self::V {
        // SAFETY: whoever has `self` has the instruction.
        unsafe { _mm256_set1_epi32(word as i32) }
    }
}
