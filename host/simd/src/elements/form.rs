//! The forms that parameters of requantisation are put into, and the one rounding.

/// Zero points up to this magnitude, those of 8 and 16 bits among them, are added before the shift.
pub(super) const SMALL_ZERO: u32 = 1 << 15;

/// How to compute a requantisation of elements of 32 bits or fewer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// `zero + ((x · multiplier + half) >> shift)` in 32 bits, for elements of at most 16: the product has 30
    /// bits and a sign.
    Short {
        /// At most 32767.
        multiplier: i32,
        /// `2^(shift − 1)`.
        half: i32,
        /// 1 to 30.
        shift: u32,
        /// Of a magnitude of at most 2^15.
        zero: i32,
    },
    /// `((x · multiplier + bias) >> 32) >> shift`, where the first shift leaves 32 bits: the upper half of
    /// a product. The multiplier is moved left so that the shift reaches 32, and the bias has the zero
    /// point: the sum stays below 2^63, its upper half is the result before what is left to shift.
    High {
        /// Below 2^31.
        multiplier: i32,
        /// What makes the shift round, plus the zero point, moved left.
        bias: i64,
        /// 0 to 15: what a shift has beyond 32.
        shift: u32,
    },
    /// As it is defined.
    Whole {
        /// At most 32767.
        multiplier: i32,
        /// 1 to 47.
        shift: u32,
        /// Any.
        zero: i32,
    },
}

impl Form {
    /// The form for parameters and elements of so many bits, sign included (an unsigned byte has 9).
    pub(super) fn of(multiplier: i32, shift: u32, zero: i32, bits: u32) -> Self {
        let small = zero.unsigned_abs() <= SMALL_ZERO;
        match shift {
            // The product is less than half a unit.
            31.. if small && bits <= 16 => Self::Short {
                multiplier: 0,
                half: 0,
                shift: 1,
                zero,
            },
            _ if small && bits <= 16 => Self::Short {
                multiplier,
                half: 1 << (shift - 1),
                shift,
                zero,
            },
            16..=32 if small => Self::High {
                multiplier: multiplier << (32 - shift),
                bias: (1 << 31) + (i64::from(zero) << 32),
                shift: 0,
            },
            33.. if small => Self::High {
                multiplier,
                bias: (1 << (shift - 1)) + (i64::from(zero) << shift),
                shift: shift - 32,
            },
            _ => Self::Whole {
                multiplier,
                shift,
                zero,
            },
        }
    }
}

/// What is added before a shift, so that it rounds.
pub(super) fn half(shift: u32) -> i64 {
    match shift {
        0 => 0,
        _ => 1 << (shift - 1),
    }
}
