//! The values of one batch while the parts of a model run, wherever they lie.

use crate::backend::{BackendError, Buffers};
use crate::buffer::{Buffer, HostBuffer};
use metisvm_model::{Graph, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of a batch.
pub(crate) struct Values<'a> {
    graph: &'a Graph,
    items: usize,
    known: BTreeMap<Value, Known>,
}

struct Known {
    buffer: Arc<dyn Buffer>,
    /// Its bytes in host memory, once somebody has asked for them.
    host: Option<Arc<[u8]>>,
}

impl<'a> Values<'a> {
    /// Items that hold `inputs`, raw and concatenated.
    pub(crate) fn new(graph: &'a Graph, inputs: &[Value], batch: &[&[u8]]) -> Self {
        let mut values = Self {
            graph,
            items: batch.len(),
            known: BTreeMap::new(),
        };
        values.split(inputs, batch);
        values
    }

    /// Takes items apart that hold `which`, raw and concatenated.
    pub(crate) fn split<T: AsRef<[u8]>>(&mut self, which: &[Value], items: &[T]) {
        let mut at = 0;
        for &value in which {
            let ty = self.graph.ty(value);
            let end = at + ty.bytes();
            let bytes: Vec<u8> = items
                .iter()
                .flat_map(|item| &item.as_ref()[at..end])
                .copied()
                .collect();
            at = end;
            // Constants are known without being told.
            if let Some(buffer) = HostBuffer::new(ty.clone(), self.items, bytes)
                && self.graph.constant(value).is_none()
            {
                self.insert(value, Arc::new(buffer));
            }
        }
    }

    fn insert(&mut self, value: Value, buffer: Arc<dyn Buffer>) {
        self.known.insert(value, Known { buffer, host: None });
    }

    /// Takes buffers of `which`, in order.
    pub(crate) fn insert_all(&mut self, which: &[Value], buffers: Buffers) {
        for (&value, buffer) in which.iter().zip(buffers) {
            self.insert(value, buffer);
        }
    }

    /// Items of the batch.
    pub(crate) const fn count(&self) -> usize {
        self.items
    }

    /// Whether buffers are of the number and types that `which` must have.
    ///
    /// # Errors
    /// [`BackendError::WrongResult`] if not.
    pub(crate) fn check(&self, which: &[Value], buffers: &Buffers) -> Result<(), BackendError> {
        let fits = |(&value, buffer): (&Value, &Arc<dyn Buffer>)| {
            buffer.ty() == self.graph.ty(value) && buffer.items() == self.items
        };
        if buffers.len() == which.len() && which.iter().zip(buffers).all(fits) {
            Ok(())
        } else {
            let wrong = "its buffers are not those of the part's outputs";
            Err(BackendError::WrongResult(wrong.into()))
        }
    }

    /// The buffers of `which`, in order.
    pub(crate) fn buffers(&self, which: &[Value]) -> Buffers {
        let repeated = |value| {
            let constant = self.graph.constant(value);
            let bytes = constant
                .map_or(&[][..], |constant| &constant.bytes)
                .repeat(self.items);
            let buffer = HostBuffer::new(self.graph.ty(value).clone(), self.items, bytes);
            buffer.map(|buffer| Arc::new(buffer) as Arc<dyn Buffer>)
        };
        let buffer = |&value| match self.known.get(&value) {
            Some(known) => Some(known.buffer.clone()),
            None => repeated(value),
        };
        // Every value that a part reads is known when its turn comes: parts follow the order of the nodes.
        which.iter().filter_map(buffer).collect()
    }

    /// The items in host memory: what they hold of `which`, raw and concatenated.
    ///
    /// # Errors
    /// [`BackendError::Lost`] if a device does not give its values back.
    pub(crate) fn items(&mut self, which: &[Value]) -> Result<Vec<Vec<u8>>, BackendError> {
        let mut items = vec![Vec::new(); self.items];
        for &value in which {
            if let Some(constant) = self.graph.constant(value) {
                items
                    .iter_mut()
                    .for_each(|item| item.extend_from_slice(&constant.bytes));
                continue;
            }
            let bytes = self.host(value)?;
            let size = self.graph.ty(value).bytes();
            for (index, item) in items.iter_mut().enumerate() {
                item.extend_from_slice(&bytes[index * size..][..size]);
            }
        }
        Ok(items)
    }

    fn host(&mut self, value: Value) -> Result<Arc<[u8]>, BackendError> {
        let bytes = self.graph.ty(value).bytes() * self.items;
        let unknown = || BackendError::Lost("a value was never computed".into());
        let known = self.known.get_mut(&value).ok_or_else(unknown)?;
        if let Some(host) = &known.host {
            return Ok(host.clone());
        }
        let host = known
            .buffer
            .to_host()
            .map_err(|error| BackendError::Lost(error.to_string()))?;
        if host.len() != bytes {
            return Err(BackendError::Lost("they come back with another length".into()));
        }
        known.host = Some(host.clone());
        Ok(host)
    }

    /// Forgets all values but those that `is_needed` says are still read.
    pub(crate) fn keep(&mut self, is_needed: impl Fn(&Value) -> bool) {
        self.known.retain(|value, _| is_needed(value));
    }
}
