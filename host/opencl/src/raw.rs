//! The calls of OpenCL, and the only unsafe code of the crate: handles that are released once, and never while their
//! release could panic; commands whose lengths are checked here against the memory that they touch.
//!
//! What a kernel touches OpenCL cannot check. [`Queue::launch`] is therefore `unsafe`, and called in one place
//! ([`crate::job`]), with operands whose reach the typed operations have worked out from the very numbers that the
//! kernel gets.
#![allow(unsafe_code)]

use crate::error::Error;
use opencl3::command_queue as queue;
use opencl3::context::context;
use opencl3::error_codes::CL_BUILD_PROGRAM_FAILURE;
use opencl3::types::{
    CL_FALSE, cl_command_queue, cl_context, cl_device_id, cl_event, cl_kernel, cl_mem, cl_program,
};
use opencl3::{event, kernel, memory, program};
use std::ffi::{CStr, c_void};
use std::ptr;

/// A handle that is released when it is dropped, whatever the release says.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $of:ty, $release:path) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name($of);
        // SAFETY: OpenCL's objects may be used by any thread (specification, appendix A.2), but for the arguments
        // of kernels, whose handle is behind a lock.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}
        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the handle was created by the call that made this value, and is released once. A device
                // that is gone may refuse; nothing is to be done about it.
                let _ = unsafe { $release(self.0) };
            }
        }
    };
}

handle!(
    /// A context of one device.
    Context, cl_context, context::release_context
);
handle!(
    /// A queue of commands.
    Queue, cl_command_queue, queue::release_command_queue
);
handle!(
    /// Memory of the device. What is enqueued keeps it alive (specification, `clReleaseMemObject`).
    Buffer, cl_mem, memory::release_mem_object
);
handle!(
    /// A built program.
    Program, cl_program, program::release_program
);
handle!(
    /// A kernel, whose arguments one thread may set at a time.
    Kernel, cl_kernel, kernel::release_kernel
);
handle!(
    /// A command that was enqueued.
    Event, cl_event, event::release_event
);

/// A device of the machine. OpenCL keeps it for as long as the process lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceId(pub(crate) cl_device_id);
// SAFETY: a device is named by this pointer, and nothing of it changes.
unsafe impl Send for DeviceId {}
// SAFETY: as above.
unsafe impl Sync for DeviceId {}

/// An argument of a kernel.
pub(crate) enum Argument<'a> {
    /// Memory.
    Buffer(&'a Buffer),
    /// The bytes of a number, or of a vector of them.
    Plain(&'a [u8]),
}

impl Context {
    pub(crate) fn new(device: DeviceId) -> Result<Self, Error> {
        context::create_context(&[device.0], ptr::null(), None, ptr::null_mut())
            .map(Self)
            .map_err(|code| Error::of("clCreateContext", code, 0))
    }

    pub(crate) fn queue(&self, device: DeviceId, out_of_order: bool) -> Result<Queue, Error> {
        let properties = if out_of_order {
            queue::CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE
        } else {
            0
        };
        // SAFETY: context and device are alive, and belong together.
        unsafe { queue::create_command_queue(self.0, device.0, properties) }
            .map(Queue)
            .map_err(|code| Error::of("clCreateCommandQueue", code, 0))
    }

    pub(crate) fn buffer(&self, bytes: usize) -> Result<Buffer, Error> {
        // SAFETY: no memory of the host is given.
        unsafe { memory::create_buffer(self.0, memory::CL_MEM_READ_WRITE, bytes, ptr::null_mut()) }
            .map(Buffer)
            .map_err(|code| Error::of("clCreateBuffer", code, bytes))
    }

    /// Builds a program from its source. The error of one that does not build has the compiler's text.
    pub(crate) fn build(
        &self,
        device: DeviceId,
        name: &str,
        source: &str,
        options: &CStr,
    ) -> Result<Program, Error> {
        let made = program::create_program_with_source(self.0, &[source])
            .map(Program)
            .map_err(|code| Error::of("clCreateProgramWithSource", code, 0))?;
        made.build(device, name, options)?;
        Ok(made)
    }

    /// Builds a program from a binary that [`Program::binary`] gave once; `None` if the driver does not take it.
    pub(crate) fn load(&self, device: DeviceId, binary: &[u8], options: &CStr) -> Option<Program> {
        // SAFETY: one binary for one device; the driver copies it, and checks that it is one of its own.
        let made = unsafe { program::create_program_with_binary(self.0, &[device.0], &[binary]) };
        let made = made.map(Program).ok()?;
        made.build(device, "", options).ok()?;
        Some(made)
    }
}

impl Program {
    fn build(&self, device: DeviceId, name: &str, options: &CStr) -> Result<(), Error> {
        program::build_program(self.0, &[device.0], options, None, ptr::null_mut()).map_err(|code| {
            if code != CL_BUILD_PROGRAM_FAILURE {
                return Error::of("clBuildProgram", code, 0);
            }
            let log = program::get_program_build_info(self.0, device.0, program::CL_PROGRAM_BUILD_LOG);
            let log = log.map(String::from).unwrap_or_default();
            let lines: Vec<&str> = log
                .lines()
                .filter(|line| !line.trim().is_empty())
                .take(4)
                .collect();
            Error::Build {
                program: name.to_owned(),
                log: lines.join(" / "),
            }
        })
    }

    /// The program as the driver compiled it.
    pub(crate) fn binary(&self) -> Option<Vec<u8>> {
        let binaries = program::get_program_info(self.0, program::CL_PROGRAM_BINARIES).ok()?;
        let binaries: Vec<Vec<u8>> = binaries.into();
        binaries.into_iter().next().filter(|binary| !binary.is_empty())
    }

    pub(crate) fn kernel(&self, name: &CStr) -> Result<Kernel, Error> {
        kernel::create_kernel(self.0, name)
            .map(Kernel)
            .map_err(|code| Error::of("clCreateKernel", code, 0))
    }
}

impl Queue {
    pub(crate) fn flush(&self) -> Result<(), Error> {
        queue::flush(self.0).map_err(|code| Error::of("clFlush", code, 0))
    }

    /// Enqueues a command that is over when all before it are.
    pub(crate) fn marker(&self) -> Result<Event, Error> {
        // SAFETY: there is no list of events, and its length is 0.
        unsafe { queue::enqueue_marker_with_wait_list(self.0, 0, ptr::null()) }
            .map(Event)
            .map_err(|code| Error::of("clEnqueueMarkerWithWaitList", code, 0))
    }

    /// Enqueues a copy from the host.
    ///
    /// # Safety
    /// `from` stays where it is, unchanged, until the event is over; `offset` and its length lie within the buffer.
    pub(crate) unsafe fn write(
        &self,
        to: &Buffer,
        offset: usize,
        from: &[u8],
        after: &[&Event],
    ) -> Result<Event, Error> {
        let waits = waits(after);
        // SAFETY: the caller keeps the slice; handles are alive.
        unsafe {
            queue::enqueue_write_buffer(
                self.0,
                to.0,
                CL_FALSE,
                offset,
                from.len(),
                from.as_ptr().cast(),
                waits.len() as u32,
                first(&waits),
            )
        }
        .map(Event)
        .map_err(|code| Error::of("clEnqueueWriteBuffer", code, from.len()))
    }

    /// Enqueues a copy to the host.
    ///
    /// # Safety
    /// Nobody touches `to`, or moves it, until the event is over; `offset` and its length lie within the buffer.
    pub(crate) unsafe fn read(
        &self,
        from: &Buffer,
        offset: usize,
        to: &mut [u8],
        after: &[&Event],
    ) -> Result<Event, Error> {
        let waits = waits(after);
        // SAFETY: the caller keeps the slice; handles are alive.
        unsafe {
            queue::enqueue_read_buffer(
                self.0,
                from.0,
                CL_FALSE,
                offset,
                to.len(),
                to.as_mut_ptr().cast(),
                waits.len() as u32,
                first(&waits),
            )
        }
        .map(Event)
        .map_err(|code| Error::of("clEnqueueReadBuffer", code, to.len()))
    }

    /// Enqueues a kernel over a grid.
    ///
    /// # Safety
    /// The arguments are those of the kernel, in number, order and type, and with them no work item of the grid leaves
    /// the buffers.
    pub(crate) unsafe fn launch(
        &self,
        kernel: &Kernel,
        arguments: &[Argument<'_>],
        grid: [usize; 3],
        group: Option<[usize; 3]>,
        after: &[&Event],
    ) -> Result<Event, Error> {
        for (index, argument) in arguments.iter().enumerate() {
            let (size, value): (usize, *const c_void) = match argument {
                Argument::Buffer(buffer) => (size_of::<cl_mem>(), ptr::from_ref(&buffer.0).cast()),
                Argument::Plain(bytes) => (bytes.len(), bytes.as_ptr().cast()),
            };
            // SAFETY: OpenCL copies `size` bytes from there, which lie in a value that is borrowed.
            unsafe { kernel::set_kernel_arg(kernel.0, index as u32, size, value) }
                .map_err(|code| Error::of("clSetKernelArg", code, 0))?;
        }
        let waits = waits(after);
        // SAFETY: three dimensions, as many sizes; what the kernel does is the caller's word.
        unsafe {
            queue::enqueue_nd_range_kernel(
                self.0,
                kernel.0,
                3,
                ptr::null(),
                grid.as_ptr(),
                group.as_ref().map_or(ptr::null(), |group| group.as_ptr()),
                waits.len() as u32,
                first(&waits),
            )
        }
        .map(Event)
        .map_err(|code| Error::of("clEnqueueNDRangeKernel", code, 0))
    }
}

impl Event {
    /// Whether the command is over.
    ///
    /// # Errors
    /// If it failed.
    pub(crate) fn is_over(&self) -> Result<bool, Error> {
        let status = event::get_event_info(self.0, event::CL_EVENT_COMMAND_EXECUTION_STATUS)
            .map_err(|code| Error::of("clGetEventInfo", code, 0))?;
        match i32::from(status) {
            code @ ..0 => Err(Error::of("a command", code, 0)),
            status => Ok(status == event::CL_COMPLETE),
        }
    }
}

fn waits(after: &[&Event]) -> Vec<cl_event> {
    after.iter().map(|event| event.0).collect()
}

const fn first(waits: &[cl_event]) -> *const cl_event {
    if waits.is_empty() {
        ptr::null()
    } else {
        waits.as_ptr()
    }
}
