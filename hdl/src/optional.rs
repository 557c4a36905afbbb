//! A block that some boards have.

use rust_hdl::prelude::*;
use std::ops::{Deref, DerefMut};

/// One block or none. Its ports are used in a loop over its [`len`](Self::len), which is unrolled once or not at all. (A
/// `Vec` of one would do, but then a port that is an array could not be reached: the emitter writes one index in a path.)
pub struct Optional<B>(Option<Box<B>>);

impl<B> Optional<B> {
    /// The block, if there is one.
    pub fn new(block: Option<B>) -> Self {
        Self(block.map(Box::new))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.is_some() as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<B> Deref for Optional<B> {
    type Target = B;

    fn deref(&self) -> &B {
        match &self.0 {
            Some(block) => block,
            None => panic!("a block that is not there is used only in loops over its number"),
        }
    }
}

impl<B> DerefMut for Optional<B> {
    fn deref_mut(&mut self) -> &mut B {
        match &mut self.0 {
            Some(block) => block,
            None => panic!("a block that is not there is used only in loops over its number"),
        }
    }
}

impl<B: Logic> Logic for Optional<B> {
    fn update(&mut self) {}
}

impl<B: Block> Block for Optional<B> {
    fn connect_all(&mut self) {
        if let Some(block) = &mut self.0 {
            block.connect_all();
        }
    }

    fn update_all(&mut self) {
        if let Some(block) = &mut self.0 {
            block.update_all();
        }
    }

    fn has_changed(&self) -> bool {
        self.0.as_ref().is_some_and(|block| block.has_changed())
    }

    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        if let Some(block) = &self.0 {
            block.accept(name, probe);
        }
    }
}

/// Pins that some boards have.
pub fn pins<T: Default>(number: usize) -> Vec<T> {
    (0..number).map(|_| T::default()).collect()
}
