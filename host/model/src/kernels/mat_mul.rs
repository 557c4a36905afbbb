//! Matrix product of an 8-bit or a 16-bit tensor with an 8-bit one into 32-bit accumulators.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// `y[b, m, n] = bias[n] + Σ_k (x[b, m, k] − x_zero) · (w[(b,) k, n] − w_zero[n])`.
///
/// Operands as [`crate::Op::MatMul`] and [`crate::Op::WideMatMul`] list them.
pub fn mat_mul(operands: &[&Tensor]) -> Vec<i32> {
    let (x, w, x_zero, w_zero) = (operands[0], operands[1], operands[2].data()[0], operands[3]);
    let rank = x.shape().rank();
    let (m, k) = (x.shape().dim(rank - 2), x.shape().dim(rank - 1));
    let n = w.shape().dim(w.shape().rank() - 1);
    let batches = x.data().len() / (m * k);
    let w_step = if w.shape().rank() == 2 { 0 } else { k * n };

    let start: Vec<i32> = match operands.get(4) {
        Some(bias) => bias.data().to_vec(),
        None => alloc::vec![0; n],
    };
    let zeros: Vec<i32> = (0..n).map(|column| w_zero.channel(column)).collect();
    let mut y = Vec::with_capacity(batches * m * n);
    for batch in 0..batches {
        let weights = &w.data()[batch * w_step..][..k * n];
        for row in 0..m {
            let mut acc = start.clone();
            let x_row = &x.data()[(batch * m + row) * k..][..k];
            for (&value, w_row) in x_row.iter().zip(weights.chunks_exact(n)) {
                let value = value - x_zero;
                for ((acc, &weight), &zero) in acc.iter_mut().zip(w_row).zip(&zeros) {
                    *acc += value * (weight - zero);
                }
            }
            y.extend(acc);
        }
    }
    y
}
