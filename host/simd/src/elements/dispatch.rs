//! The step from a level, known at run time, to code that was compiled for it.
#![allow(
    unsafe_code,
    reason = "calls functions compiled for instructions that a Level proves to be there"
)]

use crate::Level;
#[cfg(target_arch = "x86_64")]
use crate::level::Kind;

/// A computation in plain Rust that is compiled once for each level.
///
/// `run` must be `#[inline(always)]`: it gets a level's instructions by becoming part of a function that has
/// them. VNNI has nothing for plain code, so that its level shares AVX-512's.
pub(super) trait Kernel<A> {
    /// What it returns.
    type Output;

    /// The computation.
    fn run(arguments: A) -> Self::Output;
}

/// Runs a kernel's code for a level.
#[inline]
pub(super) fn at<K: Kernel<A>, A>(level: Level, arguments: A) -> K::Output {
    match level.kind() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a level exists only on processors that have its instructions.
        Kind::Avx2 => unsafe { avx2::<K, A>(arguments) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above; the level of VNNI has those of AVX-512.
        Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx => unsafe { avx512::<K, A>(arguments) },
        _ => K::run(arguments),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt")]
fn avx2<K: Kernel<A>, A>(arguments: A) -> K::Output {
    K::run(arguments)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,movbe,popcnt")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
fn avx512<K: Kernel<A>, A>(arguments: A) -> K::Output {
    K::run(arguments)
}
