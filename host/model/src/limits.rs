//! Bounds that every graph and bundle keeps. They are part of the semantics: a graph outside of them
//! is refused everywhere, by the importer and by the loader alike.

/// Dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Elements of one tensor.
pub const MAX_ELEMENTS: u64 = 1 << 26;
/// Elements of the tensors that live at once: inputs, and every result from its node to its last reader in
/// canonical order, outputs to the end. It bounds the memory of a run, 512 MiB for the reference kernels;
/// constants are bounded by the bundle's size.
pub const MAX_LIVE_ELEMENTS: u64 = 1 << 27;
/// Elements of all tensors that one execution computes, together. It bounds what a trace keeps, and how long
/// a run goes on that no gas bounds, an importer's or a tool's: reference kernels make some 10^8 elements a
/// second, so that this many take minutes and not days. On a chain, gas runs out long before.
pub const MAX_COMPUTED_ELEMENTS: u64 = 1 << 33;
/// Elements of constants that the nodes of one graph read, counted once for each reading node. It
/// bounds what the overflow proof of a hostile graph can cost.
pub const MAX_CONSTANT_ELEMENTS_READ: u64 = 1 << 28;
/// Bytes of all inputs of a graph, and of all its outputs.
pub const MAX_PORT_BYTES: u64 = 1 << 24;
/// Bytes of one bundle.
pub const MAX_BUNDLE_BYTES: usize = 1 << 30;
/// Nodes of a graph.
pub const MAX_NODES: usize = 1 << 16;
/// Inputs, or outputs, of a graph.
pub const MAX_PORTS: usize = 64;
/// Constants of a graph.
pub const MAX_CONSTANTS: usize = 1 << 18;
/// Metadata entries of a bundle.
pub const MAX_METADATA: usize = 256;
/// Bytes of a name, a metadata key or a metadata value.
pub const MAX_STRING_BYTES: usize = 1024;
/// Kernel size, stride, dilation and padding of a window, each.
pub const MAX_WINDOW: u32 = 1024;
/// The least multiplier of a requantisation; the greatest is `i16::MAX`.
pub const MIN_MULTIPLIER: i64 = 1;
/// The least shift of a requantisation: with 0 there is nothing to round.
pub const MIN_SHIFT: i64 = 1;
/// The greatest shift of a requantisation. `|acc * multiplier| < 2^46`, so that 47 already gives zero
/// for every accumulator and a larger shift would say nothing new.
pub const MAX_SHIFT: i64 = 47;
/// Entries of a look-up table: one for each byte.
pub const TABLE_ENTRIES: u64 = 256;
/// Nodes of an interpolation: one for each high byte of 16 bits, and one behind the last.
pub const INTERPOLATION_NODES: u64 = 257;
/// What magnitudes of 64-bit products and sums stay below. The half that a rounding adds is at most 2^61, so
/// that 64 bits hold the sum of both.
pub const WIDE_BOUND: i64 = 1 << 62;
/// The greatest shift of a 64-bit number: it leaves −1, 0 or 1 of every number below 2^62.
pub const MAX_WIDE_SHIFT: u8 = 62;
/// Operands of one Concat. A longer one is a Concat of several.
pub const MAX_CONCAT: usize = 64;
