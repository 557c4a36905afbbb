//! A value that stays on the device.

use crate::backend::{BackendError, DeviceId};
use crate::buffer::DeviceBuffer;
use bytes::Bytes;
use metisvm_opencl::{Job, Slice};

/// One value of every item, one after the other.
#[derive(Debug)]
pub(super) struct OnDevice {
    pub(super) id: DeviceId,
    pub(super) slice: Slice,
    pub(super) items: usize,
    /// Bytes of an item.
    pub(super) bytes: usize,
    pub(super) device: metisvm_opencl::Device,
}

impl DeviceBuffer for OnDevice {
    fn device(&self) -> DeviceId {
        self.id
    }

    fn read(&self) -> Result<Vec<Bytes>, BackendError> {
        let read = || {
            let mut job = Job::new(&self.device)?;
            job.read(&self.slice, &[])?;
            job.start()?;
            job.wait()
        };
        let all = read().map_err(super::running)?;
        let all = Bytes::from(all.into_iter().next().unwrap_or_default());
        if all.len() != self.items * self.bytes {
            return Err(BackendError::Device(
                "a value came back with another length".into(),
            ));
        }
        Ok((0..self.items)
            .map(|item| all.slice(item * self.bytes..(item + 1) * self.bytes))
            .collect())
    }
}
