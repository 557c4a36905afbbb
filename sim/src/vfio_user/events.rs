//! Descriptors of a client that interrupts go to, and raising them without ever waiting for the client.
//!
//! A write to an `eventfd` waits while its counter is full, unless the file is set not to block: and that setting is
//! shared with the client, who can take it back at any moment. For writes to an `eventfd` the kernel has no
//! `RWF_NOWAIT`. But it raises one itself, and does not wait then, at the end of an asynchronous request that names
//! it. So each interrupt is such a request (`linux/aio_abi.h`), a read of no bytes, which is over at once.
#![allow(
    unsafe_code,
    reason = "the kernel's asynchronous requests have no safe functions"
)]

use super::refusal::Refusal;
use rustix::fs::{MemfdFlags, memfd_create};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// `IOCB_CMD_PREAD`.
const READ: u16 = 0;
/// `IOCB_FLAG_RESFD`: an `eventfd` is raised at the end.
const RAISES: u32 = 1;
/// Requests at once: threads that raise interrupts are two.
const AT_ONCE: usize = 16;
/// Others may have all the room for the moment that their requests take.
const MOST_TRIES: usize = 1000;

/// `struct iocb`. The key and the flags of a read change places with the byte order, and both are 0.
#[repr(C)]
struct Request {
    data: u64,
    key_and_flags: [u32; 2],
    operation: u16,
    priority: i16,
    file: u32,
    buffer: u64,
    bytes: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    event: u32,
}
const _: () = assert!(size_of::<Request>() == 64);

/// `struct io_event`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Completion([u64; 4]);

/// What raises `eventfd`s.
#[derive(Debug)]
pub(super) struct Events {
    context: libc::c_ulong,
    /// A file to read nothing from.
    nothing: OwnedFd,
}

impl Events {
    /// Room for requests.
    ///
    /// # Errors
    /// The system has none.
    pub(super) fn new() -> io::Result<Self> {
        let nothing = memfd_create("nothing", MemfdFlags::CLOEXEC)?;
        let mut context: libc::c_ulong = 0;
        // SAFETY: the kernel writes the context's number to where the pointer leads, which is a number of that size.
        let made = unsafe { libc::syscall(libc::SYS_io_setup, AT_ONCE as libc::c_long, &raw mut context) };
        if made == 0 {
            return Ok(Self { context, nothing });
        }
        let error = io::Error::last_os_error();
        let mend = match error.raw_os_error() {
            Some(libc::EAGAIN) => "; other processes have them all: raise the limit, sysctl fs.aio-max-nr",
            Some(libc::ENOSYS | libc::EPERM) => "; the kernel, or a sandbox around the process, has none",
            _ => "",
        };
        let why = format!("asynchronous requests (io_setup), for interrupts: {error}{mend}");
        Err(io::Error::new(error.kind(), why))
    }

    /// A vector goes out. A counter that is full has been raised often enough.
    pub(super) fn raise(&self, event: &OwnedFd) {
        for _ in 0..MOST_TRIES {
            let asked = self.ask(event);
            let has_no_room = asked.is_err_and(|error| error.raw_os_error() == Some(libc::EAGAIN));
            self.take_completions();
            if !has_no_room {
                return;
            }
        }
    }

    /// Makes a request, which is over once the kernel has taken it.
    fn ask(&self, event: &OwnedFd) -> io::Result<()> {
        let mut request = Request {
            data: 0,
            key_and_flags: [0; 2],
            operation: READ,
            priority: 0,
            file: self.nothing.as_raw_fd().cast_unsigned(),
            buffer: 0,
            bytes: 0,
            offset: 0,
            reserved: 0,
            flags: RAISES,
            event: event.as_raw_fd().cast_unsigned(),
        };
        let mut requests = [&raw mut request];
        // SAFETY: the context is one that `io_setup` gave and that is destroyed with `self`; there is one pointer, to
        // a request that the kernel copies within the call, after it has written its key, which it may. The request is
        // for no bytes, so that nothing else is written.
        let taken = unsafe {
            libc::syscall(
                libc::SYS_io_submit,
                self.context,
                1 as libc::c_long,
                requests.as_mut_ptr(),
            )
        };
        if taken == 1 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Makes room for other requests.
    fn take_completions(&self) {
        let mut completions = [Completion::default(); AT_ONCE];
        // SAFETY: as above for the context; the kernel writes at most so many completions as there is room for, of the
        // size that it knows. It waits for none of them, so it needs no time-out.
        unsafe {
            libc::syscall(
                libc::SYS_io_getevents,
                self.context,
                0 as libc::c_long,
                AT_ONCE as libc::c_long,
                completions.as_mut_ptr(),
                ptr::null_mut::<libc::timespec>(),
            );
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // SAFETY: nobody has the context any more but this, and it is not used again.
        unsafe {
            libc::syscall(libc::SYS_io_destroy, self.context);
        }
    }
}

/// Descriptors of anything else are refused.
pub(super) fn check(event: &OwnedFd) -> Result<(), Refusal> {
    let kind = std::fs::read_link(format!("/proc/self/fd/{}", event.as_raw_fd()));
    if kind.is_ok_and(|kind| kind.as_os_str() == "anon_inode:[eventfd]") {
        Ok(())
    } else {
        Err(Refusal::invalid("a descriptor for an interrupt is no eventfd"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io::{read, write};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn count(event: &OwnedFd) -> u64 {
        let mut bytes = [0; 8];
        read(event, &mut bytes).unwrap();
        u64::from_ne_bytes(bytes)
    }

    #[test]
    fn a_counter_that_is_full_makes_nobody_wait_though_its_file_blocks() {
        let event = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        write(&event, &(u64::MAX - 1).to_ne_bytes()).unwrap();
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let events = Events::new().unwrap();
            for _ in 0..1000 {
                events.raise(&event);
            }
            done.send(event).unwrap();
        });
        let event = is_done.recv_timeout(Duration::from_secs(20)).expect("it waits");
        assert_eq!(count(&event), u64::MAX);
    }

    #[test]
    fn each_is_counted_whoever_raises_it() {
        let (events, event) = (Events::new().unwrap(), eventfd(0, EventfdFlags::CLOEXEC).unwrap());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| events.raise(&event)));
            }
        });
        assert_eq!(count(&event), 4000);
    }
}
