//! Broadcast subtraction.

use super::broadcast::pointwise;
use crate::tensor::{Tensor, TensorType};
use alloc::vec::Vec;

/// `y = a − b`, broadcast; `ty` is the result's type.
pub fn sub(a: &Tensor, b: &Tensor, ty: &TensorType) -> Vec<i32> {
    pointwise(a, b, ty, |a, b| a - b)
}
