//! Any function of one byte, as a table of 256 entries.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// `table[x]`, x read as an unsigned byte: −1 is entry 255.
pub fn table(x: &Tensor, table: &Tensor) -> Vec<i32> {
    x.data()
        .iter()
        .map(|&v| table.data()[usize::from(v as u8)])
        .collect()
}
