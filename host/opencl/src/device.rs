//! An open device: context, queue, programs, memory.

use crate::cache;
use crate::discover::{Found, OPENING};
use crate::error::Error;
use crate::faults::{Call, Fault, Faults};
use crate::health::{Counters, Health};
use crate::kernels::Variant;
use crate::memory::Memory;
use crate::raw::{Buffer, Context, Kernel, Queue};
use crate::widths;
use std::collections::HashMap;
use std::ffi::CString;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a device is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// A job that takes longer is given up, and the device with it.
    pub timeout: Duration,
    /// Where compiled programs are kept; nowhere without a folder.
    pub cache: Option<PathBuf>,
    /// What goes wrong, for tests.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            cache: None,
            faults: None,
        }
    }
}

/// A kernel, whose arguments whoever holds the lock sets.
type Shared = Arc<Mutex<Kernel>>;

/// An open device. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Device(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) found: Found,
    pub(crate) options: Options,
    pub(crate) health: Arc<Health>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) out_of_order: bool,
    kernels: Mutex<HashMap<Variant, Result<Shared, Error>>>,
    context: Context,
}

impl Device {
    /// Opens a device.
    ///
    /// # Errors
    /// If its driver does not give it.
    pub fn open(found: Found, options: Options) -> Result<Self, Error> {
        let _one_at_a_time = lock(&OPENING);
        let context = Context::new(found.id)?;
        // A device without out-of-order queues keeps the order in which commands came.
        let (queue, out_of_order) = match context.queue(found.id, true) {
            Ok(queue) => (queue, true),
            Err(_) => (context.queue(found.id, false)?, false),
        };
        let queue = Arc::new(queue);
        if found.is_processor {
            widths::register(&queue);
        }
        Ok(Self(Arc::new(Inner {
            found,
            options,
            health: Arc::default(),
            queue,
            out_of_order,
            kernels: Mutex::default(),
            context,
        })))
    }

    /// What it is.
    pub fn found(&self) -> &Found {
        &self.0.found
    }

    /// Whether its commands may overtake each other where they do not follow from each other.
    pub fn is_out_of_order(&self) -> bool {
        self.0.out_of_order
    }

    /// What it has done.
    pub fn counters(&self) -> Counters {
        self.0.health.counters()
    }

    /// Why it gets no more work; `None` while it does.
    pub fn condemned(&self) -> Option<&str> {
        self.0.health.condemned()
    }

    /// Takes it out of service, for good.
    pub fn condemn(&self, why: &str) {
        self.0.health.condemn(why);
    }

    /// Takes memory.
    ///
    /// # Errors
    /// If there is not so much, or the device is out of service.
    pub fn allocate(&self, bytes: usize) -> Result<Memory, Error> {
        self.0.health.check()?;
        let bytes = bytes.max(16).next_multiple_of(16);
        let taken = if bytes as u64 > self.0.found.most_bytes {
            Err(Error::OutOfMemory(bytes))
        } else {
            self.take(bytes)
        };
        let buffer = taken.map_err(|error| self.0.health.note(error))?;
        Ok(Memory::new(buffer, bytes, self.0.health.clone()))
    }

    fn take(&self, bytes: usize) -> Result<Buffer, Error> {
        self.0.fault(Call::Allocate, bytes)?;
        self.0.context.buffer(bytes)
    }

    /// A kernel, built when it is first asked for. What did not build then is not built again.
    pub(crate) fn kernel(&self, variant: Variant) -> Result<Shared, Error> {
        let mut kernels = lock(&self.0.kernels);
        if let Some(known) = kernels.get(&variant) {
            return known.clone();
        }
        let built = self.build(&variant).map_err(|error| self.0.health.note(error));
        let built = built.map(|kernel| Arc::new(Mutex::new(kernel)));
        kernels.insert(variant, built.clone());
        built
    }

    fn build(&self, variant: &Variant) -> Result<Kernel, Error> {
        let inner = &*self.0;
        if let Err(error) = inner.fault(Call::Build, 0) {
            return Err(Error::Build {
                program: variant.to_string(),
                log: error.to_string(),
            });
        }
        let (source, name, options) = (variant.source(), variant.name(), variant.options());
        let broken = |_| Error::Sizes("the name of a kernel");
        let (name, c_options) = (
            CString::new(name).map_err(broken)?,
            CString::new(&*options).map_err(broken)?,
        );
        let id = inner.found.id;
        let key = format!("{}\n{options}\n{source}", inner.found.identity());
        let folder = inner.options.cache.as_deref();
        if let Some(binary) = folder.and_then(|folder| cache::read(folder, &key))
            && let Some(program) = inner.context.load(id, &binary, &c_options)
            && let Ok(kernel) = program.kernel(&name)
        {
            inner.health.cached.fetch_add(1, Relaxed);
            return Ok(kernel);
        }
        let program = inner
            .context
            .build(id, &variant.to_string(), &source, &c_options)?;
        inner.health.built.fetch_add(1, Relaxed);
        if let Some(folder) = folder
            && let Some(binary) = program.binary()
        {
            cache::write(folder, &key, &binary);
        }
        program.kernel(&name)
    }
}

impl Inner {
    /// The fault that a test ordered for this call.
    pub(crate) fn fault(&self, call: Call, bytes: usize) -> Result<(), Error> {
        match self.options.faults.as_ref().and_then(|faults| faults.at(call)) {
            Some(Fault::Fails(code)) => Err(Error::of(
                match call {
                    Call::Build => "clBuildProgram",
                    Call::Allocate => "clCreateBuffer",
                    Call::Write => "clEnqueueWriteBuffer",
                    Call::Read => "clEnqueueReadBuffer",
                    Call::Launch => "clEnqueueNDRangeKernel",
                    Call::Wait => "a command",
                },
                code,
                bytes,
            )),
            _ => Ok(()),
        }
    }

    /// Whether a test ordered this fault for this call.
    pub(crate) fn has_fault(&self, call: Call, fault: Fault) -> bool {
        let faults = self.options.faults.as_ref();
        faults.and_then(|faults| faults.at(call)) == Some(fault)
    }
}

/// What these locks guard is whole after any panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
