//! From a sequence of operations to a program whose modules run at once: the dependency tokens.
//!
//! A compiler writes operations in an order in which one after the other gives the right result. Which of
//! them must really wait for which follows from what they read and write, as in VTA: a read for the last
//! write, a write for the last write and all reads since. Within a module the order is given. Between
//! neighbours a pair becomes a token; between load and store, which have no link, two tokens by way of an
//! instruction of the compute module ([`order`]).
//!
//! All tokens go forward in the order of the compiler, so no circle of waiting modules can come about, but
//! for a link that is full. Whether that blocks a program is looked at when it is ready; then it is built in
//! full order instead.

mod access;
mod link;
mod order;
mod touched;

use crate::fpga::engine::Engine;
use crate::fpga::overlap::order::Order;
use metisvm_firmware::{Geometry, Operation, Program, ProgramBuilder, ProgramError};

/// A program that does what the operations do one after the other.
///
/// # Errors
/// A malformed operation, one that does not fit the geometry, or none at all.
pub(super) fn overlapped(operations: &[Operation], engine: &Engine) -> Result<Program, ProgramError> {
    let mut order = Order::new(*engine);
    for operation in operations {
        order.push(*operation);
    }
    let program = Program::new(order.finish())?;
    program.check_operands(&engine.geometry)?;
    match program.check_tokens() {
        Ok(()) => Ok(program),
        Err(_) => in_full_order(operations, &engine.geometry),
    }
}

/// The same program without any overlap.
///
/// # Errors
/// As [`overlapped`].
fn in_full_order(operations: &[Operation], geometry: &Geometry) -> Result<Program, ProgramError> {
    let mut builder = ProgramBuilder::new(*geometry);
    for operation in operations {
        builder.push(*operation)?;
    }
    builder.finish()
}
