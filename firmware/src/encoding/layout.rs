//! Where the bits lie: opcodes, and each field's word, lowest bit and width.
//!
//! This is the table in docs/device.md, row by row.

/// Opcodes, the lowest byte of word 0. Zero is none, so that cleared memory is no program.
pub(super) mod opcode {
    pub(in crate::encoding) const NOP: u64 = 1;
    pub(in crate::encoding) const LOAD: u64 = 2;
    pub(in crate::encoding) const FILL: u64 = 3;
    pub(in crate::encoding) const GEMM: u64 = 4;
    pub(in crate::encoding) const VECTOR: u64 = 5;
    pub(in crate::encoding) const STORE: u64 = 6;
    pub(in crate::encoding) const LOAD_TILES: u64 = 7;
    pub(in crate::encoding) const STORE_TILES: u64 = 8;
}

/// A field's place: word, lowest bit, width.
pub(super) type Place = (usize, u32, u32);

pub(super) const OPCODE: Place = (0, 0, 8);
pub(super) const DEPENDENCIES: Place = (0, 8, 4);
pub(super) const BUFFER: Place = (0, 16, 4);
pub(super) const DTYPE: Place = (0, 20, 4);
pub(super) const SPACE: Place = (0, 24, 4);
pub(super) const ZERO_POINT: Place = (0, 32, 16);
pub(super) const NOP_MODULE: Place = (0, 16, 4);
pub(super) const LANES_BASE: Place = (0, 48, 16);
pub(super) const LANES_PITCH: Place = (1, 0, 16);
pub(super) const LANES_ROW: Place = (1, 16, 16);
pub(super) const LANES_COL: Place = (1, 32, 16);
pub(super) const LANES_ROWS: Place = (1, 48, 16);
pub(super) const LANES_COLS: Place = (2, 0, 16);
pub(super) const WALK_OFFSET: Place = (2, 16, 48);
pub(super) const WALK_ROW_STRIDE: Place = (3, 0, 32);
pub(super) const WALK_COL_STRIDE: Place = (3, 32, 32);
pub(super) const FILL_TILES: Place = (0, 32, 16);
pub(super) const FILL_VALUE: Place = (1, 0, 32);
pub(super) const GEMM_ACCUMULATE: Place = (0, 16, 1);
pub(super) const GEMM_SHIFT: Place = (0, 17, 1);
pub(super) const GEMM_M: Place = (0, 32, 16);
pub(super) const GEMM_N: Place = (0, 48, 16);
pub(super) const GEMM_K: Place = (1, 0, 16);
pub(super) const GEMM_ACC: Place = (1, 16, 16);
pub(super) const GEMM_ACC_PITCH: Place = (1, 32, 16);
pub(super) const GEMM_A: Place = (1, 48, 16);
pub(super) const GEMM_A_PITCH: Place = (2, 0, 16);
pub(super) const GEMM_A_STEP: Place = (2, 16, 16);
pub(super) const GEMM_B: Place = (2, 32, 16);
pub(super) const GEMM_B_PITCH: Place = (2, 48, 16);
pub(super) const GEMM_B_STEP: Place = (3, 0, 16);
pub(super) const VECTOR_OP: Place = (0, 16, 4);
pub(super) const VECTOR_DTYPE: Place = (0, 20, 4);
pub(super) const VECTOR_FLAG: Place = (0, 24, 1);
pub(super) const VECTOR_ROWS: Place = (0, 32, 16);
pub(super) const VECTOR_COLS: Place = (0, 48, 16);
pub(super) const VECTOR_DST: Place = (1, 0, 16);
pub(super) const VECTOR_DST_PITCH: Place = (1, 16, 16);
pub(super) const VECTOR_SRC: Place = (1, 32, 16);
pub(super) const VECTOR_SRC_PITCH: Place = (1, 48, 16);
pub(super) const VECTOR_IMMEDIATE: Place = (2, 0, 32);
pub(super) const VECTOR_INDEX: Place = (2, 32, 16);
pub(super) const VECTOR_SECOND_INDEX: Place = (2, 48, 16);
