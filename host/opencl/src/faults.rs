//! Faults of devices, made to order: what tests have instead of broken hardware.

use std::fmt::Debug;

/// A call to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A program is built.
    Build,
    /// Memory is taken.
    Allocate,
    /// Bytes go to the device.
    Write,
    /// Bytes come back.
    Read,
    /// A kernel is enqueued.
    Launch,
    /// Somebody looks whether a job is done.
    Wait,
}

/// What happens at a call instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with a code of OpenCL; at [`Call::Build`] the program does not build.
    Fails(i32),
    /// A job that never ends: [`Call::Wait`] says that it is not done.
    Hangs,
    /// One bit of what comes back is another: at [`Call::Read`].
    Flips,
}

/// Says what goes wrong. Asked before each call, by any thread.
pub trait Faults: Send + Sync + Debug {
    /// The fault of this call, if it has one.
    fn at(&self, call: Call) -> Option<Fault>;
}
