//! A job: commands that are enqueued one after the other, each after those that it names, and waited for together.

use crate::device::{Device, lock};
use crate::error::Error;
use crate::faults::{Call, Fault};
use crate::kernels::Variant;
use crate::memory::{Memory, Slice};
use crate::raw::{Argument, Event};
use crate::widths;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A command of a job, for others of the same job to come after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(usize);

/// Commands on their way to a device.
#[derive(Debug)]
pub struct Job {
    device: Device,
    events: Vec<Event>,
    /// What the device reads from the host: it stays here until the commands are over.
    sent: Vec<Vec<u8>>,
    /// What it writes to the host.
    received: Vec<Vec<u8>>,
    /// Memory that is in use.
    memory: Vec<Memory>,
    /// Events up to here are over.
    over: usize,
    started: Instant,
    is_over: bool,
}

/// An argument of a kernel, as the typed operations give it.
pub(crate) enum Operand<'a> {
    /// Memory of which the kernel touches the first so many bytes of this slice.
    Reach(&'a Slice, u64),
    /// A number, or a vector of numbers.
    Plain(&'a [u8]),
}

/// The most work items along a dimension, and elements that a kernel counts: indices have 32 bits.
pub(crate) const MOST: u64 = 1 << 31;

impl Job {
    /// An empty job.
    ///
    /// # Errors
    /// If the device is out of service.
    pub fn new(device: &Device) -> Result<Self, Error> {
        device.0.health.check()?;
        Ok(Self {
            device: device.clone(),
            events: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            memory: Vec::new(),
            over: 0,
            started: Instant::now(),
            is_over: false,
        })
    }

    /// The device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// If they are more than there is room for, or the device does not take them.
    #[allow(unsafe_code)]
    pub fn write(&mut self, to: &Slice, bytes: Vec<u8>, after: &[Ticket]) -> Result<Ticket, Error> {
        self.holds(to, bytes.len() as u64)?;
        let count = bytes.len();
        let inner = self.device.0.clone();
        let enqueued = inner.fault(Call::Write, count).and_then(|()| {
            let waits = self.waits(after)?;
            // SAFETY: the bytes are kept in this job, unchanged, until its commands are over or for ever; a vector that
            // is moved does not move what it holds. They fit the slice, which lies within the memory.
            unsafe { inner.queue.write(to.memory.buffer()?, to.offset, &bytes, &waits) }
        });
        let event = enqueued.map_err(|error| inner.health.note(error))?;
        self.sent.push(bytes);
        inner.health.sent.fetch_add(count as u64, Relaxed);
        Ok(self.push(event, std::iter::once(to)))
    }

    /// Has bytes brought back; they come with the end of the job, in the order of these calls.
    ///
    /// # Errors
    /// If the device does not take the command.
    #[allow(unsafe_code)]
    pub fn read(&mut self, from: &Slice, after: &[Ticket]) -> Result<Ticket, Error> {
        self.holds(from, from.bytes as u64)?;
        let inner = self.device.0.clone();
        let mut bytes = vec![0u8; from.bytes];
        let enqueued = inner.fault(Call::Read, bytes.len()).and_then(|()| {
            let waits = self.waits(after)?;
            // SAFETY: as for `write`: nothing looks into the vector before the commands are over.
            unsafe {
                inner
                    .queue
                    .read(from.memory.buffer()?, from.offset, &mut bytes, &waits)
            }
        });
        let event = enqueued.map_err(|error| inner.health.note(error))?;
        inner.health.received.fetch_add(bytes.len() as u64, Relaxed);
        self.received.push(bytes);
        Ok(self.push(event, std::iter::once(from)))
    }

    /// Enqueues a kernel. The caller has worked out what it touches from the numbers that it gives it.
    #[allow(unsafe_code)]
    pub(crate) fn launch(
        &mut self,
        variant: Variant,
        operands: &[Operand<'_>],
        grid: [u64; 3],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        if grid.iter().any(|&extent| extent == 0 || extent >= MOST) {
            return Err(Error::Sizes("more work than a launch can have, or none"));
        }
        for operand in operands {
            if let Operand::Reach(slice, bytes) = operand {
                self.holds(slice, *bytes)?;
            }
        }
        let kernel = self.device.kernel(variant)?;
        let inner = self.device.0.clone();
        let offsets: Vec<u64> = operands
            .iter()
            .filter_map(|operand| match operand {
                Operand::Reach(slice, _) => Some(slice.offset as u64),
                Operand::Plain(_) => None,
            })
            .collect();
        let enqueued = inner.fault(Call::Launch, 0).and_then(|()| {
            let waits = self.waits(after)?;
            let mut arguments = Vec::with_capacity(operands.len() + offsets.len());
            let mut offsets = offsets.iter();
            for operand in operands {
                match operand {
                    Operand::Reach(slice, _) => {
                        arguments.push(Argument::Buffer(slice.memory.buffer()?));
                        arguments.extend(offsets.next().map(|o| Argument::Plain(bytemuck::bytes_of(o))));
                    }
                    Operand::Plain(bytes) => arguments.push(Argument::Plain(bytes)),
                }
            }
            // A processor takes one work item at a time: any other size of groups would be compiled by itself.
            let group = inner.found.is_processor.then_some([1; 3]);
            let sizes = grid.map(|extent| extent as usize);
            let kernel = lock(&kernel);
            // SAFETY: `operands` are the kernel's parameters, in order (a slice is a pointer and an offset there); each
            // typed operation gives its own kernel, and for each slice how far the kernel reaches, which was held
            // against the memory above. The lock keeps others from setting arguments in between.
            let launch = || unsafe { inner.queue.launch(&kernel, &arguments, sizes, group, &waits) };
            match group {
                Some(_) => widths::enqueue(variant, grid, inner.options.timeout, launch),
                None => launch(),
            }
        });
        let event = enqueued.map_err(|error| inner.health.note(error))?;
        inner.health.launches.fetch_add(1, Relaxed);
        let slices = operands.iter().filter_map(|operand| match operand {
            Operand::Reach(slice, _) => Some(*slice),
            Operand::Plain(_) => None,
        });
        Ok(self.push(event, slices))
    }

    /// Whether a slice is of this device and has so many bytes.
    fn holds(&self, slice: &Slice, bytes: u64) -> Result<(), Error> {
        if !slice.memory.is_on(&self.device.0.health) {
            return Err(Error::Sizes("memory of another device"));
        }
        if bytes > slice.bytes as u64 {
            return Err(Error::Sizes(
                "an operand is smaller than what is to be done with it",
            ));
        }
        Ok(())
    }

    fn waits(&self, after: &[Ticket]) -> Result<Vec<&Event>, Error> {
        if !self.device.0.out_of_order {
            return Ok(Vec::new());
        }
        let event = |ticket: &Ticket| {
            self.events
                .get(ticket.0)
                .ok_or(Error::Sizes("a command of another job"))
        };
        after.iter().map(event).collect()
    }

    fn push<'a>(&mut self, event: Event, slices: impl Iterator<Item = &'a Slice>) -> Ticket {
        for slice in slices {
            self.memory.push(slice.memory.clone());
        }
        self.events.push(event);
        Ticket(self.events.len() - 1)
    }

    /// Hands all commands to the device. The time-out counts from here.
    ///
    /// # Errors
    /// If the device does not take them.
    pub fn start(&mut self) -> Result<(), Error> {
        self.started = Instant::now();
        let flushed = self.device.0.queue.flush();
        flushed.map_err(|error| self.device.0.health.note(error))
    }

    /// Looks whether all commands are over.
    ///
    /// # Errors
    /// If one failed, or they take longer than the device's time-out: then the device is out of service.
    pub fn poll(&mut self) -> Result<bool, Error> {
        if self.is_over {
            return Ok(true);
        }
        let inner = self.device.0.clone();
        let hangs = inner.has_fault(Call::Wait, Fault::Hangs);
        let failed = inner.fault(Call::Wait, 0);
        let looked = failed.and_then(|()| {
            while !hangs && self.over < self.events.len() {
                if !self.events[self.over].is_over()? {
                    break;
                }
                self.over += 1;
            }
            Ok(self.over == self.events.len() && !hangs)
        });
        match looked {
            Ok(true) => {
                self.is_over = true;
                inner.health.jobs.fetch_add(1, Relaxed);
                Ok(true)
            }
            Ok(false) if self.started.elapsed() > inner.options.timeout => {
                let error = Error::TimedOut(inner.options.timeout.as_millis());
                self.give_up(&error.to_string());
                Err(error)
            }
            Ok(false) => Ok(false),
            Err(error) => Err(inner.health.note(error)),
        }
    }

    /// The device may be at its work for ever: nothing that it uses is released any more, context and queue included.
    fn give_up(&self, why: &str) {
        self.device.0.health.hang(why);
        std::mem::forget(self.device.clone());
    }

    /// Waits for the end, and gives what was read.
    ///
    /// # Errors
    /// As [`Self::poll`].
    pub fn wait(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let mut pause = Duration::from_micros(20);
        let begun = Instant::now();
        while !self.poll()? {
            if begun.elapsed() < Duration::from_micros(100) {
                std::thread::yield_now();
            } else {
                std::thread::sleep(pause);
                pause = (pause * 5 / 4).min(Duration::from_millis(1));
            }
        }
        self.take()
    }

    /// What was read, once the job is over.
    ///
    /// # Errors
    /// If it is not.
    pub fn take(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        if !self.is_over {
            return Err(Error::Sizes("a job that is not over"));
        }
        let mut received = std::mem::take(&mut self.received);
        if self.device.0.has_fault(Call::Read, Fault::Flips)
            && let Some(byte) = received.iter_mut().find_map(|bytes| bytes.first_mut())
        {
            *byte ^= 1;
        }
        Ok(received)
    }
}

impl Drop for Job {
    /// The device may be reading from vectors of this job, or writing to them: nothing is freed before it is done. If it
    /// does not come to an end they are given up.
    fn drop(&mut self) {
        if self.is_over || self.events.is_empty() {
            return;
        }
        let _ = self.device.0.queue.flush();
        let deadline = Instant::now() + self.device.0.options.timeout;
        // A command that failed is over as well.
        let hangs = |device: &Device| device.0.health.hung();
        while !hangs(&self.device) {
            let left = &self.events[self.over.min(self.events.len())..];
            match left.first().map(Event::is_over) {
                None => return,
                Some(Ok(false)) if Instant::now() > deadline => {
                    self.give_up("a job that was dropped did not end");
                }
                Some(Ok(false)) => std::thread::sleep(Duration::from_micros(50)),
                Some(_) => self.over += 1,
            }
        }
        let bytes = self.sent.iter().chain(&self.received).map(Vec::len).sum();
        self.device.0.health.leak(bytes);
        std::mem::forget(std::mem::take(&mut self.sent));
        std::mem::forget(std::mem::take(&mut self.received));
        std::mem::forget(std::mem::take(&mut self.events));
    }
}
