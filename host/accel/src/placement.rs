//! Where an engine computes, and where its values lie.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where values live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// In memory of this process, where every engine can read them.
    Host,
    /// On a device, where only what runs on the same device can.
    Device(DeviceId),
}

/// Tells devices apart. Backends that share a device share its number, and with it its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(u64);

impl DeviceId {
    /// A number that no other device of this process has.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
