//! A small generator of random numbers (SplitMix64), the same on every machine and in every run.

/// The generator's state.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A value of an inclusive range.
    pub(crate) fn within(&mut self, least: i64, greatest: i64) -> i64 {
        let span = (greatest - least) as u64 + 1;
        least + (self.bits() % span) as i64
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.bits().is_multiple_of(n)
    }

    /// One of several.
    pub(crate) fn choose<T: Copy>(&mut self, values: &[T]) -> T {
        values[(self.bits() % values.len() as u64) as usize]
    }

    /// A number whose magnitude, not only its value, is random.
    pub(crate) fn any_magnitude(&mut self) -> i32 {
        (self.bits() as i32) >> (self.bits() % 32)
    }
}

/// How many instructions a test draws: so many, or what `METISVM_HDL_INSTRUCTIONS` says of every test alike. A test
/// that draws none as a rule is one of the slow lane alone, and builds nothing.
pub(crate) fn instructions(as_a_rule: usize) -> usize {
    std::env::var("METISVM_HDL_INSTRUCTIONS").map_or(as_a_rule, |count| {
        count
            .parse()
            .expect("METISVM_HDL_INSTRUCTIONS is a number of instructions")
    })
}
