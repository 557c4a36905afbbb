//! A device that keeps what it computes, and answers later: the part of the contract that no engine of the host
//! needs.

use bytes::Bytes;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{
    Backend, BackendError, Batch, Buffer, DeviceBuffer, DeviceId, Executable, Placement, Running,
};
use metisvm_model::Segment;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Keeping {
    device: DeviceId,
    /// Of its own values, it takes the first item's for every item's.
    mixes_up: bool,
}

impl Keeping {
    pub(crate) fn honest() -> Self {
        Self {
            device: DeviceId::unique(),
            mixes_up: false,
        }
    }

    pub(crate) fn mixing_up() -> Self {
        Self {
            mixes_up: true,
            ..Self::honest()
        }
    }
}

#[derive(Debug)]
struct Memory(DeviceId, Vec<Bytes>);

impl DeviceBuffer for Memory {
    fn device(&self) -> DeviceId {
        self.0
    }

    fn read(&self) -> Result<Vec<Bytes>, BackendError> {
        Ok(self.1.clone())
    }
}

#[derive(Debug)]
struct Part {
    device: DeviceId,
    mixes_up: bool,
    inner: Arc<dyn Executable>,
}

impl Backend for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }

    fn placement(&self) -> Placement {
        Placement::Device(self.device)
    }

    fn max_in_flight(&self) -> usize {
        3
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Part {
            device: self.device,
            mixes_up: self.mixes_up,
            inner: ReferenceBackend.compile(segment)?,
        }))
    }
}

impl Executable for Part {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let here = |value: &Buffer| match value.memory::<Memory>() {
            Some(memory) if self.mixes_up => {
                let first = memory.1.first().cloned().into_iter().cycle();
                Buffer::host(value.ty().clone(), first.take(memory.1.len()).collect())
            }
            Some(memory) => Buffer::host(value.ty().clone(), memory.1.clone()),
            None => Ok(value.clone()),
        };
        let values = batch.values().iter().map(here).collect::<Result<_, _>>()?;
        let results = self.inner.run(&Batch::new(batch.items(), values)?)?;
        let keep = |value: Buffer| {
            let memory = Arc::new(Memory(self.device, value.to_host()?.into_owned()));
            Ok(Buffer::on_device(value.ty().clone(), value.items(), memory))
        };
        let values = results.into_values().into_iter().map(keep);
        Batch::new(batch.items(), values.collect::<Result<_, BackendError>>()?)
    }

    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        Ok(Box::new(Later(5, Some(self.run(batch)))))
    }
}

/// Answers when it was asked so often.
#[derive(Debug)]
struct Later(u32, Option<Result<Batch, BackendError>>);

impl Running for Later {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                None
            }
            None => self.1.take(),
        }
    }

    fn wait(mut self: Box<Self>) -> Result<Batch, BackendError> {
        let taken = || Err(BackendError::Device("the outcome was taken already".into()));
        self.1.take().unwrap_or_else(taken)
    }
}
