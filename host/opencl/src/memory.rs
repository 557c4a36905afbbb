//! Memory of a device, whose bounds the host knows.

use crate::error::Error;
use crate::health::Health;
use crate::raw::Buffer;
use std::sync::Arc;

/// Memory of a device; cloning shares it. What it holds is not known before it is written.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Block>);

#[derive(Debug)]
struct Block {
    /// None only while it is dropped.
    buffer: Option<Buffer>,
    bytes: usize,
    health: Arc<Health>,
}

impl Drop for Block {
    /// Memory of a device that may still write to it is given up.
    fn drop(&mut self) {
        self.health.give_back(self.bytes);
        if self.health.hung() {
            self.health.leak(self.bytes);
            std::mem::forget(self.buffer.take());
        }
    }
}

impl Memory {
    pub(crate) fn new(buffer: Buffer, bytes: usize, health: Arc<Health>) -> Self {
        health.take(bytes);
        Self(Arc::new(Block {
            buffer: Some(buffer),
            bytes,
            health,
        }))
    }

    /// Bytes.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// All of it.
    pub fn all(&self) -> Slice {
        Slice {
            offset: 0,
            bytes: self.bytes(),
            memory: self.clone(),
        }
    }

    /// A part of it. Offsets are multiples of 4, so that elements of every type lie where they may.
    ///
    /// # Errors
    /// If it is not within.
    pub fn slice(&self, offset: usize, bytes: usize) -> Result<Slice, Error> {
        let end = offset.checked_add(bytes).filter(|end| *end <= self.bytes());
        if end.is_none() || !offset.is_multiple_of(4) {
            return Err(Error::Sizes("a part of device memory that is not within it"));
        }
        Ok(Slice {
            memory: self.clone(),
            offset,
            bytes,
        })
    }

    pub(crate) fn buffer(&self) -> Result<&Buffer, Error> {
        self.0
            .buffer
            .as_ref()
            .ok_or(Error::Sizes("memory that was given up"))
    }

    pub(crate) fn is_on(&self, health: &Arc<Health>) -> bool {
        Arc::ptr_eq(&self.0.health, health)
    }
}

/// A part of a device's memory: what operations have as operands.
#[derive(Clone, Debug)]
pub struct Slice {
    pub(crate) memory: Memory,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

impl Slice {
    /// Bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A part of it.
    ///
    /// # Errors
    /// If it is not within.
    pub fn part(&self, offset: usize, bytes: usize) -> Result<Self, Error> {
        let end = offset.checked_add(bytes).filter(|end| *end <= self.bytes);
        if end.is_none() {
            return Err(Error::Sizes("a part of an operand that is not within it"));
        }
        self.memory.slice(self.offset + offset, bytes)
    }
}
