//! The sources themselves as something to test: which modules depend on which, and where unsafe code is.
//!
//! Files are taken apart by Rust's own lexer (`proc-macro2`), so comments and strings are no code.

mod graph;
mod modules;
mod paths;
mod tree;
mod unsafe_code;

pub use graph::{Circle, Graph, Use};
pub use modules::{Sources, module_graph};
pub use tree::{packages, root, rust_files};
pub use unsafe_code::{Finding, Row, UnsafeCode, judge, table, unsafe_code};
