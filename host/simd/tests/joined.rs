//! Packed matrices in one piece of memory: the same products, at every level, and they can be packed anew.

use metisvm_simd::Level;
use metisvm_simd::product::{Block, Elements, PackedMatrix, Scratch, XKind, Zeros, join, mat_mul};

/// Depths and columns of some 2.6 MB: more than a large page.
const SIZES: [(usize, usize); 5] = [(701, 1103), (1, 1), (333, 2051), (1024, 1024), (3, 77)];
const ROWS: usize = 2;

/// Bytes that look random.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

/// Each matrix by two rows.
fn products(matrices: &[PackedMatrix]) -> Vec<Vec<i32>> {
    let mut scratch = Scratch::default();
    let mut product = |w: &PackedMatrix| {
        let x = bytes(ROWS * w.k());
        let mut all = vec![0; ROWS * w.n()];
        let mut sink = |mut block: Block<'_>| {
            for row in 0..block.rows {
                let first = (block.first_row + row) * w.n() + block.first_column;
                all[first..][..block.columns].copy_from_slice(block.row(row));
            }
        };
        let x = Elements::U8(&x);
        mat_mul(w, x, 7, None, 0..ROWS, 0..w.n(), false, &mut scratch, &mut sink);
        all
    };
    matrices.iter().map(&mut product).collect()
}

#[test]
fn matrices_in_one_piece_of_memory_give_the_same_and_can_be_packed_anew() {
    for level in Level::available() {
        let pack = |&(k, n): &(usize, usize)| {
            let w = bytes(k * n);
            PackedMatrix::new(level, Elements::U8(&w), k, n, Zeros::One(3), XKind::Byte)
        };
        let mut matrices: Vec<PackedMatrix> = SIZES.iter().map(pack).collect();
        let before = products(&matrices);
        join(matrices.iter_mut().collect());
        assert!(products(&matrices) == before, "{level}");
        for (matrix, (k, n)) in matrices.iter_mut().zip(SIZES).skip(2) {
            matrix.repack(Elements::U8(&bytes(k * n)), Zeros::One(3));
        }
        assert!(products(&matrices) == before, "{level}, packed anew");
    }
}
