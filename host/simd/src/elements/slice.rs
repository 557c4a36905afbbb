//! Slices of the element types, and what kernels ask of a type.

/// Elements to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice<'a> {
    /// Unsigned bytes.
    U8(&'a [u8]),
    /// Signed bytes.
    I8(&'a [i8]),
    /// 16 bits.
    I16(&'a [i16]),
    /// 32 bits.
    I32(&'a [i32]),
}

/// Elements to write.
#[derive(Debug, PartialEq, Eq)]
pub enum SliceMut<'a> {
    /// Unsigned bytes.
    U8(&'a mut [u8]),
    /// Signed bytes.
    I8(&'a mut [i8]),
    /// 16 bits.
    I16(&'a mut [i16]),
    /// 32 bits.
    I32(&'a mut [i32]),
}

/// An operand of a pointwise function: one for each element, or the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand<'a> {
    /// One for each element of the result.
    Each(Slice<'a>),
    /// The same for all.
    One(i32),
}

/// Runs an expression with the slice inside a [`Slice`] or a [`SliceMut`], whichever its type.
macro_rules! typed {
    ($kind:ident, $slice:expr, $inside:ident => $body:expr) => {
        match $slice {
            $crate::elements::slice::$kind::U8($inside) => $body,
            $crate::elements::slice::$kind::I8($inside) => $body,
            $crate::elements::slice::$kind::I16($inside) => $body,
            $crate::elements::slice::$kind::I32($inside) => $body,
        }
    };
}
pub(super) use typed;

/// Runs an expression with the slices inside a [`Slice`] and a [`SliceMut`] of one type.
///
/// # Panics
/// If the types differ.
macro_rules! same_type {
    ($x:expr, $y:expr, ($a:ident, $b:ident) => $body:expr) => {
        match ($x, $y) {
            ($crate::elements::slice::Slice::U8($a), $crate::elements::slice::SliceMut::U8($b)) => $body,
            ($crate::elements::slice::Slice::I8($a), $crate::elements::slice::SliceMut::I8($b)) => $body,
            ($crate::elements::slice::Slice::I16($a), $crate::elements::slice::SliceMut::I16($b)) => $body,
            ($crate::elements::slice::Slice::I32($a), $crate::elements::slice::SliceMut::I32($b)) => $body,
            _ => panic!("elements and results are of different types"),
        }
    };
}
pub(super) use same_type;

impl Slice<'_> {
    /// How many elements.
    pub fn len(&self) -> usize {
        typed!(Slice, self, x => x.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SliceMut<'_> {
    /// How many elements.
    pub fn len(&self) -> usize {
        typed!(SliceMut, self, y => y.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Operand<'_> {
    /// Asserts that it has an element for each of `n`.
    pub(super) fn assert_len(&self, n: usize) {
        if let Self::Each(slice) = self {
            assert_eq!(slice.len(), n, "operand and result have different lengths");
        }
    }
}

macro_rules! conversions {
    ($($type:ty, $variant:ident;)*) => { $(
        impl<'a> From<&'a [$type]> for Slice<'a> {
            fn from(x: &'a [$type]) -> Self {
                Self::$variant(x)
            }
        }

        impl<'a> From<&'a mut [$type]> for SliceMut<'a> {
            fn from(y: &'a mut [$type]) -> Self {
                Self::$variant(y)
            }
        }
    )* };
}
conversions! { u8, U8; i8, I8; i16, I16; i32, I32; }

/// The element types.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "for the vectors of x86-64")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    U8,
    I8,
    I16,
    I32,
}

/// An element type. Elements are integers without padding: any bytes are one.
pub(super) trait Element: Copy + Ord + Default + 'static {
    /// Which.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the vectors of x86-64")
    )]
    const TYPE: Type;
    /// The least element.
    const MIN: Self;

    /// The same number in 32 bits.
    fn wide(self) -> i32;

    /// The nearest element to a number.
    fn saturate(v: i64) -> Self;

    /// The nearest element to a number of 32 bits.
    fn saturate_i32(v: i32) -> Self;

    /// The element with the low bits of a number.
    fn truncate(v: i32) -> Self;
}

macro_rules! elements {
    ($($type:ty, $variant:ident;)*) => { $(
        impl Element for $type {
            const TYPE: Type = Type::$variant;
            const MIN: Self = Self::MIN;

            #[inline(always)]
            fn wide(self) -> i32 {
                i32::from(self)
            }

            #[inline(always)]
            fn saturate(v: i64) -> Self {
                v.min(i64::from(Self::MAX)).max(i64::from(Self::MIN)) as Self
            }

            #[inline(always)]
            fn saturate_i32(v: i32) -> Self {
                v.min(i32::from(Self::MAX)).max(i32::from(Self::MIN)) as Self
            }

            #[inline(always)]
            fn truncate(v: i32) -> Self {
                v as Self
            }
        }
    )* };
}
elements! { u8, U8; i8, I8; i16, I16; i32, I32; }
