//! Values on their way through a model: a [`Buffer`] is one value of a graph for every item of a batch, a
//! [`Batch`] the values that enter or leave a part.
//!
//! A buffer on the host is a list of shared byte ranges, so handing it on, cutting an item into its values
//! and giving a single value as an item copy nothing. A buffer on a device is the backend's own; it comes
//! back to the host only by [`Buffer::to_host`].

use crate::error::BackendError;
use crate::placement::{DeviceId, Placement};
use bytes::Bytes;
use metisvm_model::{Segment, TensorType, Value};
use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

/// Memory on a device that holds one value of every item of a batch. Implemented by backends.
pub trait DeviceBuffer: Any + Send + Sync + Debug {
    /// On which device.
    fn device(&self) -> DeviceId;

    /// Copies it to the host: the raw tensor of each item, in order.
    ///
    /// # Errors
    /// If the device failed, or was reset since.
    fn read(&self) -> Result<Vec<Bytes>, BackendError>;
}

/// One value for every item of a batch.
#[derive(Clone, Debug)]
pub struct Buffer {
    ty: TensorType,
    items: usize,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Host(Vec<Bytes>),
    Device(Arc<dyn DeviceBuffer>),
}

impl Buffer {
    /// A buffer in memory of the host: the raw little-endian tensor of each item.
    ///
    /// # Errors
    /// If one has not the length of the type.
    pub fn host(ty: TensorType, items: Vec<Bytes>) -> Result<Self, BackendError> {
        check_lengths(&ty, &items)?;
        Ok(Self {
            items: items.len(),
            ty,
            data: Data::Host(items),
        })
    }

    /// A buffer that stays on a device, with so many items.
    pub fn on_device(ty: TensorType, items: usize, memory: Arc<dyn DeviceBuffer>) -> Self {
        Self {
            ty,
            items,
            data: Data::Device(memory),
        }
    }

    /// The type of the value in every item.
    pub const fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Items.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// Bytes of all items together.
    pub fn bytes(&self) -> u64 {
        self.ty.bytes() as u64 * self.items as u64
    }

    /// Where it lies.
    pub fn placement(&self) -> Placement {
        match &self.data {
            Data::Host(_) => Placement::Host,
            Data::Device(memory) => Placement::Device(memory.device()),
        }
    }

    /// The raw tensor of each item, read back if it lies on a device.
    ///
    /// # Errors
    /// If the device failed, or gives another number of bytes than it should.
    pub fn to_host(&self) -> Result<Cow<'_, [Bytes]>, BackendError> {
        match &self.data {
            Data::Host(items) => Ok(Cow::Borrowed(items)),
            Data::Device(memory) => {
                let items = memory.read()?;
                check_lengths(&self.ty, &items)?;
                if items.len() != self.items {
                    return Err(wrong(format!(
                        "{} items where there are {}",
                        items.len(),
                        self.items
                    )));
                }
                Ok(Cow::Owned(items))
            }
        }
    }

    /// The same without the buffer, so that what lies on the host can be shared no longer with it.
    ///
    /// # Errors
    /// As [`Self::to_host`].
    pub fn into_host(self) -> Result<Vec<Bytes>, BackendError> {
        match self.data {
            Data::Host(items) => Ok(items),
            Data::Device(_) => self.to_host().map(Cow::into_owned),
        }
    }

    /// A backend's own memory, if the buffer is that.
    pub fn memory<T: DeviceBuffer>(&self) -> Option<&T> {
        match &self.data {
            Data::Host(_) => None,
            Data::Device(memory) => (&**memory as &dyn Any).downcast_ref(),
        }
    }
}

/// Values of the same items: what enters a part of a model, or leaves it.
#[derive(Clone, Debug)]
pub struct Batch {
    items: usize,
    values: Vec<Buffer>,
}

impl Batch {
    /// Values of so many items.
    ///
    /// # Errors
    /// If a value has another number of them.
    pub fn new(items: usize, values: Vec<Buffer>) -> Result<Self, BackendError> {
        match values.iter().find(|value| value.items != items) {
            Some(value) => Err(wrong(format!("{} items where there are {items}", value.items))),
            None => Ok(Self { items, values }),
        }
    }

    /// Cuts items, each the raw tensors of these types one after the other, into their values. Nothing is
    /// copied.
    ///
    /// # Errors
    /// If an item has another length than the types together.
    pub fn from_items<'a>(
        types: impl IntoIterator<Item = &'a TensorType>,
        mut items: Vec<Bytes>,
    ) -> Result<Self, BackendError> {
        let count = items.len();
        let mut values = Vec::new();
        for ty in types {
            let bytes = ty.bytes();
            let cut = |item: &mut Bytes| {
                if item.len() < bytes {
                    return Err(wrong(format!("{} bytes left of an item for {ty}", item.len())));
                }
                Ok(item.split_to(bytes))
            };
            let own = items.iter_mut().map(cut).collect::<Result<_, _>>()?;
            values.push(Buffer::host(ty.clone(), own)?);
        }
        match items.iter().find(|item| !item.is_empty()) {
            Some(item) => Err(wrong(format!("{} bytes too many in an item", item.len()))),
            None => Self::new(count, values),
        }
    }

    /// How many items, also where there are no values.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// The values, in order.
    pub fn values(&self) -> &[Buffer] {
        &self.values
    }

    /// The values, in order.
    pub fn into_values(self) -> Vec<Buffer> {
        self.values
    }

    /// Every item as its raw tensors one after the other, read back where they lie on a device. A single value
    /// is not copied.
    ///
    /// # Errors
    /// As [`Buffer::to_host`].
    pub fn to_items(&self) -> Result<Vec<Bytes>, BackendError> {
        if let [only] = self.values.as_slice() {
            return Ok(only.to_host()?.into_owned());
        }
        let values: Vec<_> = self
            .values
            .iter()
            .map(Buffer::to_host)
            .collect::<Result<_, _>>()?;
        let item = |index: usize| {
            let parts: Vec<&[u8]> = values.iter().map(|value| &*value[index]).collect();
            Bytes::from(parts.concat())
        };
        Ok((0..self.items).map(item).collect())
    }

    /// The same without the values: a single one on the host is given as it is.
    ///
    /// # Errors
    /// As [`Buffer::to_host`].
    pub fn into_items(mut self) -> Result<Vec<Bytes>, BackendError> {
        if self.values.len() == 1
            && let Some(Buffer {
                data: Data::Host(items),
                ..
            }) = self.values.pop_if(|only| only.placement() == Placement::Host)
        {
            return Ok(items);
        }
        self.to_items()
    }

    /// Runs an engine of the host over the items, one after the other: from the raw tensors of the segment's
    /// inputs to those of its outputs.
    ///
    /// # Errors
    /// What `run` says, or a length that is wrong.
    pub fn map_items(
        &self,
        segment: &Segment,
        mut run: impl FnMut(&[&[u8]]) -> Result<Vec<Vec<u8>>, BackendError>,
    ) -> Result<Self, BackendError> {
        let inputs: Vec<_> = self
            .values
            .iter()
            .map(Buffer::to_host)
            .collect::<Result<_, _>>()?;
        let mut outputs = vec![Vec::with_capacity(self.items); segment.outputs().len()];
        for index in 0..self.items {
            let item: Vec<&[u8]> = inputs.iter().map(|value| &*value[index]).collect();
            let results = run(&item)?;
            if results.len() != outputs.len() {
                return Err(wrong(format!("{} outputs, not {}", results.len(), outputs.len())));
            }
            for (output, result) in outputs.iter_mut().zip(results) {
                output.push(Bytes::from(result));
            }
        }
        let values = types(segment, segment.outputs()).zip(outputs);
        let values = values.map(|(ty, items)| Buffer::host(ty.clone(), items));
        Self::new(self.items, values.collect::<Result<_, _>>()?)
    }
}

/// Types of values of a segment.
pub(crate) fn types<'a>(
    segment: &'a Segment,
    values: &'a [Value],
) -> impl ExactSizeIterator<Item = &'a TensorType> {
    values.iter().map(|&value| segment.graph().ty(value))
}

fn check_lengths(ty: &TensorType, items: &[Bytes]) -> Result<(), BackendError> {
    let expected = ty.bytes();
    match items.iter().find(|item| item.len() != expected) {
        Some(item) => Err(wrong(format!(
            "it has the wrong length: {} bytes where {ty} has {expected}",
            item.len()
        ))),
        None => Ok(()),
    }
}

fn wrong(what: String) -> BackendError {
    BackendError::WrongResult(what)
}
