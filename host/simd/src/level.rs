//! The levels: sets of instructions that kernels are written for.

use std::fmt;
use std::str::FromStr;

/// A set of instructions that this processor has. There is no other way to one than
/// [`Level::available`], so whoever holds a level may run its kernels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(Kind);

/// What kernels match on, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Plain Rust, on every processor: the scalar twin of all others.
    Portable,
    /// AVX2, with BMI2 and what else x86-64-v3 has.
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
    Avx512,
    /// That, with VNNI, VBMI and IFMA, as every server processor since Ice Lake and Zen 4 has them.
    Avx512Vnni,
    /// That, with Intel's Advanced Matrix Extensions for bytes, since Sapphire Rapids: products have tiles, all
    /// else is as with VNNI.
    Amx,
}

impl Kind {
    /// All, slowest first.
    pub const ALL: [Self; 5] = [
        Self::Portable,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Vnni,
        Self::Amx,
    ];

    /// The name that options and reports have.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Amx => "amx",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_here(self) -> bool {
        macro_rules! has {
            ($($feature:tt)*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
        }
        match self {
            Self::Portable => true,
            Self::Avx2 => has!("avx2" "bmi1" "bmi2" "fma" "lzcnt" "movbe" "popcnt"),
            Self::Avx512 => {
                Self::Avx2.is_here() && has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl")
            }
            Self::Avx512Vnni => Self::Avx512.is_here() && has!("avx512vnni" "avx512vbmi" "avx512ifma"),
            Self::Amx => Self::Avx512Vnni.is_here() && crate::amx::is_here(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_here(self) -> bool {
        self == Self::Portable
    }
}

impl Level {
    /// The level that is on every processor.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The levels that this processor has, fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Kind::ALL
            .into_iter()
            .rev()
            .filter(|kind| kind.is_here())
            .map(Self)
    }

    /// The fastest level of this processor.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::PORTABLE)
    }

    /// A level, if this processor has it.
    pub fn of(kind: Kind) -> Option<Self> {
        kind.is_here().then_some(Self(kind))
    }

    /// What it is, for kernels to match on.
    pub const fn kind(self) -> Kind {
        self.0
    }

    /// The name that options and reports have.
    pub const fn name(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a name is not a level of this processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchLevel(String);

impl fmt::Display for NoSuchLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here: Vec<&str> = Level::available().map(Level::name).collect();
        let here = here.join(", ");
        match Kind::ALL.iter().any(|kind| kind.name() == self.0) {
            true => write!(
                f,
                "this processor has not the instructions of {}; it has {here}",
                self.0
            ),
            false => write!(f, "{:?} is not a level; this processor has {here}", self.0),
        }
    }
}

impl std::error::Error for NoSuchLevel {}

impl FromStr for Level {
    type Err = NoSuchLevel;

    fn from_str(name: &str) -> Result<Self, NoSuchLevel> {
        let found = Self::available().find(|level| level.name() == name);
        found.ok_or_else(|| NoSuchLevel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_what_the_slower_ones_have() {
        let available: Vec<Kind> = Level::available().map(Level::kind).collect();
        assert!(available.is_sorted_by(|a, b| a > b));
        assert_eq!(available.last(), Some(&Kind::Portable));
        for level in Level::available() {
            assert_eq!(level.name().parse(), Ok(level));
        }
    }

    #[test]
    fn a_name_that_is_no_level_says_which_there_are() {
        let error = "sse9".parse::<Level>().unwrap_err().to_string();
        assert!(
            error.contains("not a level") && error.contains("portable"),
            "{error}"
        );
    }
}
