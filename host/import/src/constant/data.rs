//! The elements of a constant.

/// Elements, in the types that import knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    /// FLOAT16, BFLOAT16 and DOUBLE too.
    F32(Vec<f32>),
    /// UINT32 and UINT64 too.
    I64(Vec<i64>),
    I32(Vec<i32>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    /// INT4 too.
    I8(Vec<i8>),
    /// UINT4 too.
    U8(Vec<u8>),
    Bool(Vec<bool>),
}

/// The same of every type.
macro_rules! each {
    ($data:expr, $v:ident => $result:expr) => {
        match $data {
            Data::F32($v) => Data::F32($result),
            Data::I64($v) => Data::I64($result),
            Data::I32($v) => Data::I32($result),
            Data::I16($v) => Data::I16($result),
            Data::U16($v) => Data::U16($result),
            Data::I8($v) => Data::I8($result),
            Data::U8($v) => Data::U8($result),
            Data::Bool($v) => Data::Bool($result),
        }
    };
}

impl Data {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::F32(_) => "FLOAT",
            Self::I64(_) => "INT64",
            Self::I32(_) => "INT32",
            Self::I16(_) => "INT16",
            Self::U16(_) => "UINT16",
            Self::I8(_) => "INT8",
            Self::U8(_) => "UINT8",
            Self::Bool(_) => "BOOL",
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::Bool(v) => v.len(),
        }
    }

    /// The elements at these positions, in that order.
    pub(crate) fn gather(&self, order: impl Iterator<Item = usize>) -> Self {
        each!(self, v => order.map(|i| v[i]).collect())
    }

    /// Whole numbers as this type has them, if they fit; not for floats.
    pub(crate) fn like(&self, ints: &[i64]) -> Option<Self> {
        fn all<T: TryFrom<i64>>(ints: &[i64]) -> Option<Vec<T>> {
            ints.iter().map(|&v| T::try_from(v).ok()).collect()
        }
        Some(match self {
            Self::F32(_) => return None,
            Self::I64(_) => Self::I64(ints.to_vec()),
            Self::I32(_) => Self::I32(all(ints)?),
            Self::I16(_) => Self::I16(all(ints)?),
            Self::U16(_) => Self::U16(all(ints)?),
            Self::I8(_) => Self::I8(all(ints)?),
            Self::U8(_) => Self::U8(all(ints)?),
            Self::Bool(_) => Self::Bool(ints.iter().map(|&v| v != 0).collect()),
        })
    }

    /// Element `index` as an integer; 0 for a float.
    pub(crate) fn int(&self, index: usize) -> i64 {
        match self {
            Self::F32(_) => 0,
            Self::I64(v) => v[index],
            Self::I32(v) => v[index].into(),
            Self::I16(v) => v[index].into(),
            Self::U16(v) => v[index].into(),
            Self::I8(v) => v[index].into(),
            Self::U8(v) => v[index].into(),
            Self::Bool(v) => v[index].into(),
        }
    }

    /// Rows of `own` elements of this one and of `more` elements of the other in turn, if their types agree.
    pub(crate) fn interleaved(&self, own: usize, other: &Self, more: usize) -> Option<Self> {
        fn rows<T: Copy>(a: &[T], own: usize, b: &[T], more: usize) -> Vec<T> {
            let mut all = Vec::with_capacity(a.len() + b.len());
            let count = a
                .len()
                .checked_div(own)
                .or(b.len().checked_div(more))
                .unwrap_or(0);
            for row in 0..count {
                all.extend(a.iter().skip(row * own).take(own));
                all.extend(b.iter().skip(row * more).take(more));
            }
            all
        }
        Some(match (self, other) {
            (Self::F32(a), Self::F32(b)) => Self::F32(rows(a, own, b, more)),
            (Self::I64(a), Self::I64(b)) => Self::I64(rows(a, own, b, more)),
            (Self::I32(a), Self::I32(b)) => Self::I32(rows(a, own, b, more)),
            (Self::I16(a), Self::I16(b)) => Self::I16(rows(a, own, b, more)),
            (Self::U16(a), Self::U16(b)) => Self::U16(rows(a, own, b, more)),
            (Self::I8(a), Self::I8(b)) => Self::I8(rows(a, own, b, more)),
            (Self::U8(a), Self::U8(b)) => Self::U8(rows(a, own, b, more)),
            (Self::Bool(a), Self::Bool(b)) => Self::Bool(rows(a, own, b, more)),
            _ => return None,
        })
    }
}
