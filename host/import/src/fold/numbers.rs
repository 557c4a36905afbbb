//! Elements of a constant as numbers to compute with.

use crate::constant::{Constant, Data};
use crate::error::Problem;

/// Real or whole numbers.
pub(super) enum Numbers {
    Reals(Vec<f32>),
    Whole(Vec<i64>),
}

impl Numbers {
    pub(super) fn of(c: &Constant) -> Self {
        if c.is_float() {
            Self::Reals(c.reals())
        } else {
            Self::Whole((0..c.len()).map(|i| c.data.int(i)).collect())
        }
    }
}

/// A constant of whole numbers, of the type that `like` has.
pub(super) fn whole(name: &str, dims: Vec<u32>, like: &Constant, ints: &[i64]) -> Result<Constant, Problem> {
    let data = like.data.like(ints).ok_or_else(|| {
        Problem::Unsupported(format!(
            "a result does not fit {}; fold it when exporting",
            like.data.name()
        ))
    })?;
    Constant::new(name, dims, data)
}

pub(super) fn reals(name: &str, dims: Vec<u32>, data: Vec<f32>) -> Result<Constant, Problem> {
    Constant::new(name, dims, Data::F32(data))
}

/// Operands are of one kind.
pub(super) fn mixed(a: &Constant, b: &Constant) -> Problem {
    Problem::UnsupportedType {
        actual: format!("{} and {}", a.type_name(), b.type_name()),
        expected: "both operands must be of one type",
    }
}
