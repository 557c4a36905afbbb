//! What can go wrong on the way to a device, by who has to do what about it.

use opencl3::error_codes as codes;

/// Why a device did not do what it was asked. Errors are plain sentences for reports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No OpenCL on this machine.
    #[error(
        "there is no OpenCL here: libOpenCL.so.1 was not found (a GPU's driver brings it; pocl-opencl-icd is one for processors)"
    )]
    NoLibrary,
    /// OpenCL is there, and no device that was asked for.
    #[error("{0}")]
    NoDevice(String),
    /// The device's compiler did not take a program of ours.
    #[error("the program {program} does not build: {log}")]
    Build {
        /// Its name.
        program: String,
        /// What the compiler said, at most a few lines.
        log: String,
    },
    /// More than the device has.
    #[error("the device has no {0} bytes of memory left")]
    OutOfMemory(usize),
    /// No answer in time. The device gets no more work.
    #[error("no answer within {0} ms")]
    TimedOut(u128),
    /// The device got no more work, since this happened.
    #[error("out of service: {0}")]
    Condemned(String),
    /// A call of OpenCL failed.
    #[error("{call} failed with {code} ({name})", name = name(*code))]
    Call {
        /// Which.
        call: &'static str,
        /// OpenCL's number.
        code: i32,
    },
    /// A defect of the caller: sizes that do not fit together. Nothing was done.
    #[error("operands do not fit: {0}")]
    Sizes(&'static str),
}

impl Error {
    /// A call that failed while so many bytes were asked for, or 0.
    pub(crate) const fn of(call: &'static str, code: i32, bytes: usize) -> Self {
        match code {
            codes::CL_MEM_OBJECT_ALLOCATION_FAILURE
            | codes::CL_OUT_OF_RESOURCES
            | codes::CL_OUT_OF_HOST_MEMORY
                if bytes > 0 =>
            {
                Self::OutOfMemory(bytes)
            }
            codes::CL_MEM_OBJECT_ALLOCATION_FAILURE => Self::OutOfMemory(0),
            codes::DLOPEN_RUNTIME_LOAD_FAILED => Self::NoLibrary,
            _ => Self::Call { call, code },
        }
    }

    /// Whether the device can be asked again: a lack of memory passes, and what did not build does no harm.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::OutOfMemory(_) | Self::Build { .. } | Self::Sizes(_))
    }
}

const fn name(code: i32) -> &'static str {
    match code {
        codes::CL_DEVICE_NOT_AVAILABLE => "the device is not available",
        codes::CL_OUT_OF_RESOURCES => "out of resources",
        codes::CL_OUT_OF_HOST_MEMORY => "out of memory of the host",
        codes::CL_INVALID_CONTEXT => "the context is gone",
        codes::CL_INVALID_COMMAND_QUEUE => "the queue is gone",
        codes::CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST => "a command before it failed",
        codes::CL_INVALID_WORK_GROUP_SIZE => "work groups are too large",
        _ => "see cl.h",
    }
}
