//! A program on its way through the pipeline: read from card memory, checked, and begun in the order of its tokens.
//!
//! * [`runner`]: all of it, between a job that runs items and the three modules.
//! * [`header`]: the program's header. [`fetch`]: the one port to memory. [`stream`]: one stream's words.
//! * [`slot`]: one stream's next instruction. [`decode`]: whether it is one. [`apart`]: whether a STORE's elements are.
//! * [`tokens`]: the four links, and which module may begin.

pub mod apart;
pub mod decode;
pub mod fetch;
pub mod header;
pub mod runner;
pub mod slot;
pub mod stream;
pub mod tokens;
