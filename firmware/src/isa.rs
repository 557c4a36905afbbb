//! The tensor instruction set: what a program says, apart from its bits ([`crate::encoding`]).
//!
//! The shape follows VTA: a *load*, a *compute* and a *store* module, each with an in-order stream of
//! instructions of its own, that run at once and are ordered only by dependency tokens between
//! neighbours (load ↔ compute ↔ store). Scratchpads:
//!
//! | scratchpad | unit | lane |
//! |---|---|---|
//! | A, activations | tiles of R×D | 9-bit signed |
//! | B, weights | tiles of D×C | 9-bit signed |
//! | ACC | tiles of R×C | i32 |
//! | PARAM | requantisation records | multiplier, shift, zero |
//! | TABLE | tables of 256 | i32 |
//!
//! A lane of A or B is an 8-bit value less its 8-bit zero point, so 9 bits hold it.
//!
//! Tiles form a virtual matrix: with `base` and `pitch`, lane (row, column) lies in tile `base +
//! (row / tile height)·pitch + column / tile width`, at (row mod height, column mod width).

/// One of the three modules that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Module {
    /// LOAD, LOAD_TILES and FILL.
    Load,
    /// GEMM and VECTOR.
    Compute,
    /// STORE and STORE_TILES.
    Store,
}

impl Module {
    /// All modules, in the order of their streams.
    pub const ALL: [Self; 3] = [Self::Load, Self::Compute, Self::Store];
}

/// Tokens that an instruction takes before it begins and gives when it is done.
///
/// `prev` is the neighbour towards load, `next` the one towards store: load has no `prev`, store no
/// `next`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dependencies {
    /// Wait for a token of the previous module.
    pub pop_prev: bool,
    /// Wait for a token of the next module.
    pub pop_next: bool,
    /// Give a token to the previous module.
    pub push_prev: bool,
    /// Give a token to the next module.
    pub push_next: bool,
}

/// A scratchpad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// Activations.
    A,
    /// Weights.
    B,
    /// Accumulators.
    Acc,
    /// Requantisation records.
    Param,
    /// Tables.
    Table,
}

/// A range of memory that a program may address, by offset from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// The job's resident data; read only.
    Resident,
    /// The item's input; read only.
    Input,
    /// The item's output; write only.
    Output,
    /// Scratch in card memory, kept from item to item of one job.
    Workspace,
    /// The job's state handle: memory that stays from one job to the next.
    State,
}

impl Space {
    /// All spaces, in the order of their bits.
    pub const ALL: [Self; 5] = [
        Self::Resident,
        Self::Input,
        Self::Output,
        Self::Workspace,
        Self::State,
    ];

    /// Whether a program may load from it.
    pub const fn is_readable(self) -> bool {
        !matches!(self, Self::Output)
    }

    /// Whether a program may store to it.
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::Output | Self::Workspace | Self::State)
    }
}

/// Type of an element in memory, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
}

impl Dtype {
    /// All types, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::U8, Self::I8, Self::I16, Self::I32];

    /// Reads the type's bits, as submissions carry them.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 4 {
            Some(Self::ALL[bits as usize])
        } else {
            None
        }
    }

    /// Size of an element, bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }

    /// Smallest and largest value.
    pub const fn range(self) -> (i32, i32) {
        match self {
            Self::U8 => (0, 255),
            Self::I8 => (-128, 127),
            Self::I16 => (-32768, 32767),
            Self::I32 => (i32::MIN, i32::MAX),
        }
    }
}

/// A rectangle of lanes in a virtual matrix of tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lanes {
    /// Tile at the matrix's origin.
    pub base: u16,
    /// Tiles from one row of tiles to the next.
    pub pitch: u16,
    /// First row, lanes.
    pub row: u16,
    /// First column, lanes.
    pub col: u16,
    /// Height, lanes, at least 1.
    pub rows: u16,
    /// Width, lanes, at least 1.
    pub cols: u16,
}

/// How elements of a rectangle lie in memory: element (r, c) at `offset + r·row_stride +
/// c·col_stride`. A stride of 0 repeats; strides may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Walk {
    /// The space that is addressed.
    pub space: Space,
    /// Offset of element (0, 0), bytes, below 2^48.
    pub offset: u64,
    /// Bytes from a row to the next.
    pub row_stride: i32,
    /// Bytes from a column to the next.
    pub col_stride: i32,
    /// Type of the elements.
    pub dtype: Dtype,
}

/// LOAD: gather a rectangle of memory into A, B or ACC, or the entries of a table.
///
/// * A, B: `dtype` is U8 or I8; a lane becomes the value less `zero_point`, its low 9 bits
///   sign-extended.
/// * ACC: any type, extended to i32.
/// * TABLE: any type, into table `to.base`; `to.cols` is 256, `to.rows` 1, and the other fields of `to`
///   and `from.row_stride` are 0. For tables that do not lie where a burst can begin.
///
/// An i16 operand goes into A as its two bytes, one after the other: each is a gather of its own with
/// twice the stride, the low byte as U8, the high one as I8. See [`Gemm::shift`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Load {
    /// The scratchpad.
    pub buffer: Buffer,
    /// Where to.
    pub to: Lanes,
    /// Where from; not OUTPUT.
    pub from: Walk,
    /// Subtracted from each value, −256 to 255; 0 but for A and B.
    pub zero_point: i16,
}

/// How whole tiles lie in memory: tile (r, c) at `offset + r·row_stride + c·tile bytes`, its lanes row
/// by row, padded to a multiple of [`TILE_ALIGN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Burst {
    /// The space that is addressed.
    pub space: Space,
    /// Offset of tile (0, 0), bytes, a multiple of [`TILE_ALIGN`] below 2^48.
    pub offset: u64,
    /// Bytes from a row of tiles to the next, a multiple of [`TILE_ALIGN`].
    pub row_stride: u32,
    /// Type of the elements.
    pub dtype: Dtype,
}

/// Alignment of tiles in memory, bytes: a word of the memory bus.
pub const TILE_ALIGN: u64 = 8;

/// LOAD_TILES: copy whole tiles from memory, where they lie one after the other.
///
/// * A, B, ACC: as [`Load`] does with each element.
/// * PARAM: a tile is one record of [`crate::check::RECORD_BYTES`]; `dtype` is U8.
/// * TABLE: a tile is one table, 256 elements of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoadTiles {
    /// The scratchpad.
    pub buffer: Buffer,
    /// First tile, record or table.
    pub base: u16,
    /// Tiles from one row of tiles to the next.
    pub pitch: u16,
    /// Rows of tiles, at least 1.
    pub rows: u16,
    /// Columns of tiles, at least 1.
    pub cols: u16,
    /// Where from; not OUTPUT.
    pub from: Burst,
    /// Subtracted from each value, −256 to 255; 0 but for A and B.
    pub zero_point: i16,
}

/// FILL: set all lanes of consecutive tiles of A, B or ACC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fill {
    /// A, B or ACC.
    pub buffer: Buffer,
    /// First tile.
    pub base: u16,
    /// Tiles, at least 1.
    pub tiles: u16,
    /// The lanes' value; −256 to 255 for A and B.
    pub value: i32,
}

/// GEMM: for each m < `m_tiles` and n < `n_tiles`, tile ACC\[`acc` + m·`acc_pitch` + n\] becomes
/// (or, with `accumulate`, grows by) Σ over k < `k_tiles` of A\[`a` + m·`a_pitch` + k·`a_step`\] ×
/// B\[`b` + k·`b_pitch` + n·`b_step`\], wrapping at 32 bits.
///
/// With `a_step` and `b_step` 1 the three are virtual matrices as LOAD writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gemm {
    /// Keep what the accumulators hold.
    pub accumulate: bool,
    /// Shift what they hold left by 8 bits first; only with `accumulate`. A product with an i16
    /// operand is the product with its high bytes, then, shifted, that with its low ones.
    pub shift: bool,
    /// Rows of accumulator tiles, at least 1.
    pub m_tiles: u16,
    /// Columns of accumulator tiles, at least 1.
    pub n_tiles: u16,
    /// Tiles summed over, at least 1.
    pub k_tiles: u16,
    /// First accumulator tile.
    pub acc: u16,
    /// Accumulator tiles from m to m + 1.
    pub acc_pitch: u16,
    /// First activation tile.
    pub a: u16,
    /// Activation tiles from m to m + 1.
    pub a_pitch: u16,
    /// Activation tiles from k to k + 1.
    pub a_step: u16,
    /// First weight tile.
    pub b: u16,
    /// Weight tiles from k to k + 1.
    pub b_pitch: u16,
    /// Weight tiles from n to n + 1.
    pub b_step: u16,
}

/// The requantisation `clamp(zero + ((acc·M + 2^(s−1)) >> s))`, in 64 bits, with an arithmetic
/// shift; the clamp is to the range of `dtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Requantise {
    /// Record of column 0.
    pub param: u16,
    /// All columns use that record; else column c uses record `param` + c.
    pub shared: bool,
    /// Range of the result.
    pub dtype: Dtype,
}

/// What VECTOR does with each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VectorOp {
    /// dst = dst + src, wrapping.
    Add,
    /// dst = max(dst, src).
    Max,
    /// dst = min(dst, src).
    Min,
    /// dst = src + immediate, wrapping.
    AddImmediate(i32),
    /// dst = max(src, immediate).
    MaxImmediate(i32),
    /// dst = min(src, immediate).
    MinImmediate(i32),
    /// dst = requantised src.
    Requantise(Requantise),
    /// dst = entry of the table that the low byte of src selects.
    Table(u16),
    /// dst = a function of src's low 16 bits x, read as i16, from 256 nodes and what each differs from
    /// the next: with u = x + 32768, `nodes[u >> 8] + ((differences[u >> 8]·(u & 255) + 128) >> 8)`,
    /// where of a difference the low 18 bits count, sign-extended; wrapping.
    Interpolate {
        /// Table of the nodes.
        nodes: u16,
        /// Table of the differences.
        differences: u16,
    },
    /// Reduces each row of src over its columns, left to right. Column 0 of dst holds the best
    /// index so far, column 1 the best value. A column wins if its value is greater than the best,
    /// so the lowest index of equals stays. Column c has index `base + c`.
    ArgMax {
        /// Column 0 of src wins in any case: dst holds nothing yet.
        first: bool,
        /// Index of src's column 0.
        base: i32,
    },
}

/// VECTOR: an operation on each lane of rectangles of ACC that begin at their tile's corner.
///
/// dst and src are the same (base and pitch), or do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vector {
    /// The operation.
    pub op: VectorOp,
    /// First tile of the destination.
    pub dst: u16,
    /// Its tiles from one row of tiles to the next.
    pub dst_pitch: u16,
    /// First tile of the source.
    pub src: u16,
    /// Its tiles from one row of tiles to the next; 0 repeats the first row of tiles.
    pub src_pitch: u16,
    /// Height, lanes, at least 1.
    pub rows: u16,
    /// Width, lanes, at least 1; for ARGMAX the source's.
    pub cols: u16,
}

/// STORE: scatter a rectangle of ACC to memory. A narrower type keeps the low bits; I32 stores the
/// raw accumulators. No two elements may meet: one of the two strides reaches over all that the other
/// walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    /// Where from.
    pub from: Lanes,
    /// Where to: OUTPUT, WORKSPACE or STATE.
    pub to: Walk,
}

/// STORE_TILES: copy whole tiles of ACC to memory, one after the other, elements as [`Store`] writes
/// them; the padding of a tile is zero. Rows of tiles do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreTiles {
    /// First tile.
    pub base: u16,
    /// Tiles from one row of tiles to the next.
    pub pitch: u16,
    /// Rows of tiles, at least 1.
    pub rows: u16,
    /// Columns of tiles, at least 1.
    pub cols: u16,
    /// Where to: OUTPUT, WORKSPACE or STATE.
    pub to: Burst,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Nothing but the tokens, in this module.
    Nop(Module),
    /// See [`Load`].
    Load(Load),
    /// See [`LoadTiles`].
    LoadTiles(LoadTiles),
    /// See [`Fill`].
    Fill(Fill),
    /// See [`Gemm`].
    Gemm(Gemm),
    /// See [`Vector`].
    Vector(Vector),
    /// See [`Store`].
    Store(Store),
    /// See [`StoreTiles`].
    StoreTiles(StoreTiles),
}

impl Operation {
    /// The module that runs it.
    pub const fn module(&self) -> Module {
        match self {
            Self::Nop(module) => *module,
            Self::Load(_) | Self::LoadTiles(_) | Self::Fill(_) => Module::Load,
            Self::Gemm(_) | Self::Vector(_) => Module::Compute,
            Self::Store(_) | Self::StoreTiles(_) => Module::Store,
        }
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Its tokens.
    pub dependencies: Dependencies,
    /// What it does.
    pub operation: Operation,
}
