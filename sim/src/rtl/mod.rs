//! The card in RTL: the Verilog that `hdl` emits, built by Verilator, behind the traits of any card.
//!
//! Nothing here is compiled from Verilog when this crate is: the first use of a board builds a library into a
//! cache. docs/hdl.md says how.
//!
//! * [`library`]: from Verilog to a library in the cache. `ffi`: the library's functions.
//! * [`card`]: the card that they make. [`boards`]: the Verilog of the boards that are known.
//! * [`memory`]: how card memory beyond AXI pins behaves.

pub mod boards;
pub mod card;
mod ffi;
pub mod library;
pub mod memory;

pub use boards::Source;
pub use card::{Meter, RtlCard, RtlError, RtlOptions};
pub use ffi::{Counts, MemoryCounts};
pub use library::{BuildError, Library};
pub use memory::{ErrorResponse, MemoryErrors, MemoryOptions};
