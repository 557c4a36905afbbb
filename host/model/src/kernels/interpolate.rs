//! Any function of 16 bits, straight between 257 nodes.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// `t[h] + (((t[h+1] − t[h])·l + 128) >> 8)`, where `h` and `l` are the high and the low byte of
/// `x + 32768`. The result lies between its two nodes.
pub fn interpolate(x: &Tensor, table: &Tensor) -> Vec<i32> {
    let t = table.data();
    let value = |&v: &i32| {
        let (h, l) = position(v);
        t[h] + (((t[h + 1] - t[h]) * l + 128) >> 8)
    };
    x.data().iter().map(value).collect()
}

/// The node at or before an element of 16 bits, and how far behind it the element lies, in 256ths.
pub const fn position(x: i32) -> (usize, i32) {
    let u = x + 32768;
    ((u >> 8) as usize, u & 255)
}
