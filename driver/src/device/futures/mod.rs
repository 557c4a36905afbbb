//! A device for callers that must not block: jobs as futures, for tokio or any other runtime.
//!
//! No register is touched, no memory mapped and nothing copied on the thread that polls: a card that hangs holds
//! whoever accesses it. Three threads of the driver's own do that, for as long as an [`AsyncDevice`] and the jobs
//! that it was given live:
//!
//! * *submit* takes jobs in their order, as a blocking caller would: memory, room in the ring, the doorbell.
//! * *watch* waits for completions as a blocking caller would (spin, arm, look again, sleep), for all jobs.
//! * *clock* touches no register, so a card that holds the other two holds no job beyond its time.
//!
//! A future is woken through a channel of tokio's, which needs no runtime of tokio's. Between the threads there are
//! locks and condition variables only: each thread goes to sleep in the same hold of the lock in which it saw that
//! there is nothing to do.

mod inbox;
mod job;
mod threads;

pub use job::{Job, Submitting};

use super::resident::Kind;
use super::submit::Caller;
use super::{Device, Resident, RunJob, Running, Shared};
use crate::error::DeviceError;
use crate::transport::TransportError;
use inbox::{Inbox, Open};
use job::Reply;
use metisvm_firmware::{Capabilities, Dtype, Program};
use std::future::Future;
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

/// A program run on a batch of items, that needs nothing of its caller's: [`RunJob`] with its inputs.
#[derive(Clone, Debug)]
pub struct OwnedRunJob {
    /// The program.
    pub program: Arc<Resident>,
    /// What the program reads as RESIDENT.
    pub data: Option<Arc<Resident>>,
    /// What the program reads and writes as STATE.
    pub state: Option<Arc<Resident>>,
    /// Size of WORKSPACE, bytes; its content at the start is undefined.
    pub workspace_bytes: u64,
    /// One input an item, all of one size; the number of items is between 1 and the card's limit.
    pub inputs: Vec<Vec<u8>>,
    /// Size of one item's output, bytes.
    pub output_bytes: usize,
    /// Type of the input's elements.
    pub dtype_in: Dtype,
    /// Type of the output's elements.
    pub dtype_out: Dtype,
}

impl OwnedRunJob {
    fn start(&self, shared: &Arc<Shared>) -> Result<Running<Vec<Vec<u8>>>, DeviceError> {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        let job = RunJob {
            program: &self.program,
            data: self.data.as_deref(),
            state: self.state.as_deref(),
            workspace_bytes: self.workspace_bytes,
            inputs: &inputs,
            output_bytes: self.output_bytes,
            dtype_in: self.dtype_in,
            dtype_out: self.dtype_out,
        };
        shared.start_run(shared.here(), Caller::User, &job)
    }
}

/// A device whose jobs are futures. Others may use the same device with its blocking calls meanwhile.
///
/// Jobs that were submitted before it is dropped are still done.
pub struct AsyncDevice {
    capabilities: Capabilities,
    inbox: Arc<Inbox>,
}

impl AsyncDevice {
    /// Starts the threads that work for the futures.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn new(device: Arc<Device>) -> Result<Self, DeviceError> {
        let shared = Arc::clone(&device.shared);
        let asynchronous = Self {
            capabilities: *device.capabilities(),
            inbox: Arc::new(Inbox::new(device)),
        };
        // If one cannot be started, dropping this ends those that were.
        threads::start(&shared, &asynchronous.inbox)?;
        Ok(asynchronous)
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Queues the run of a program. The future is done when the job is in the card's ring: while that is full, or
    /// card memory is, submitting more takes that long.
    pub fn submit(&self, job: OwnedRunJob) -> Submitting<Vec<Vec<u8>>> {
        self.enqueue(move |shared| job.start(shared))
    }

    /// Queues the hashing of messages, as [`AsyncDevice::submit`].
    pub fn submit_keccak(&self, messages: Vec<Vec<u8>>) -> Submitting<Vec<[u8; 32]>> {
        self.enqueue(move |shared| {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            shared.start_keccak(&messages)
        })
    }

    /// Queues the copying of bytes into card memory, as [`AsyncDevice::submit`].
    pub fn submit_load(&self, bytes: Vec<u8>) -> Submitting<Resident> {
        self.enqueue(move |shared| shared.start_load(shared.here(), Caller::User, &bytes, Kind::Data))
    }

    /// Runs a program. Gives one output an item.
    ///
    /// # Errors
    /// As [`Device::run`].
    pub async fn run(&self, job: OwnedRunJob) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.submit(job).await?.await
    }

    /// Keccak-256 of each message.
    ///
    /// # Errors
    /// As [`Device::keccak`].
    pub async fn keccak(&self, messages: Vec<Vec<u8>>) -> Result<Vec<[u8; 32]>, DeviceError> {
        self.submit_keccak(messages).await?.await
    }

    /// Copies bytes into card memory.
    ///
    /// # Errors
    /// As [`Device::load_resident`].
    pub async fn load_resident(&self, bytes: Vec<u8>) -> Result<Resident, DeviceError> {
        self.submit_load(bytes).await?.await
    }

    /// Copies bytes into card memory that a RUN may write.
    ///
    /// # Errors
    /// As [`Device::load_state`].
    pub async fn load_state(&self, bytes: Vec<u8>) -> Result<Resident, DeviceError> {
        let load =
            self.enqueue(move |shared| shared.start_load(shared.here(), Caller::User, &bytes, Kind::State));
        load.await?.await
    }

    /// Copies a program into card memory.
    ///
    /// # Errors
    /// As [`Device::load_program`].
    pub async fn load_program(&self, program: &Program) -> Result<Resident, DeviceError> {
        let cost = program.cost(&self.capabilities.geometry);
        let bytes = program.to_bytes();
        let load = self.enqueue(move |shared| {
            shared.start_load(shared.here(), Caller::User, &bytes, Kind::Program { cost })
        });
        load.await?.await
    }

    /// Resets the card, on a thread of its own, whether or not the future is polled.
    ///
    /// # Errors
    /// As [`Device::reset`], or there can be no thread.
    pub fn reset(&self) -> impl Future<Output = Result<(), DeviceError>> + Send + use<> {
        let (sender, receiver) = oneshot::channel();
        let device = self.inbox.device();
        let started = thread::Builder::new()
            .name("metisvm-reset".into())
            .spawn(move || {
                let _ = sender.send(device.map_or_else(|| Err(job::ended()), |device| device.reset()));
            });
        async move {
            started.map_err(no_thread)?;
            receiver.await.unwrap_or(Err(job::ended()))
        }
    }

    fn enqueue<T: Send + 'static>(
        &self,
        start: impl FnOnce(&Arc<Shared>) -> Result<Running<T>, DeviceError> + Send + 'static,
    ) -> Submitting<T> {
        let (reply, submitting) = Reply::new();
        let (open, theirs) = (Open::new(&self.inbox), Arc::clone(&reply));
        let submit = move |shared: &Arc<Shared>| {
            if reply.is_wanted() {
                let inbox = Arc::clone(open.inbox());
                let job = start(shared).map(|running| Job::of(running, inbox, open));
                reply.give(job);
            }
        };
        self.inbox.submit(inbox::Request {
            submit: Box::new(submit),
            refuse: Arc::new(move |fault| theirs.give(Err(fault))),
        });
        submitting
    }
}

fn no_thread(error: std::io::Error) -> DeviceError {
    TransportError::Start(format!("a thread for its jobs: {error}")).into()
}

impl Drop for AsyncDevice {
    fn drop(&mut self) {
        self.inbox.end();
    }
}

impl std::fmt::Debug for AsyncDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncDevice")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}
