//! Values of a batch, and where they lie between two parts of a model.

use crate::backend::BackendError;
use metisvm_model::TensorType;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// Where an engine computes, and where its values lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// On the processor, in memory of the process.
    Host,
    /// On a device: what it needs has to be moved there, and it may fail on its own.
    Device,
}

/// One value of a graph for every item of a batch.
///
/// A device may keep it where it computed it. Whoever needs it elsewhere asks for the bytes.
pub trait Buffer: Send + Sync + Debug {
    /// The type of each item's tensor.
    fn ty(&self) -> &TensorType;

    /// Items of the batch.
    fn items(&self) -> usize;

    /// The raw tensors of all items, one after the other, in host memory.
    ///
    /// # Errors
    /// If the device that has them fails: then they are lost.
    fn to_host(&self) -> Result<Arc<[u8]>, BackendError>;

    /// For the engine that made it, to find its own buffers among others'.
    fn as_any(&self) -> &dyn Any;
}

/// A buffer in host memory.
#[derive(Clone, Debug)]
pub struct HostBuffer {
    ty: TensorType,
    items: usize,
    bytes: Arc<[u8]>,
}

impl HostBuffer {
    /// A buffer of `items` raw tensors; `None` if the bytes are not as long as that.
    pub fn new(ty: TensorType, items: usize, bytes: impl Into<Arc<[u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        let fits = Some(bytes.len()) == ty.bytes().checked_mul(items);
        fits.then_some(Self { ty, items, bytes })
    }
}

impl Buffer for HostBuffer {
    fn ty(&self) -> &TensorType {
        &self.ty
    }

    fn items(&self) -> usize {
        self.items
    }

    fn to_host(&self) -> Result<Arc<[u8]>, BackendError> {
        Ok(self.bytes.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
