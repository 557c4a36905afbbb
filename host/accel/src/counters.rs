//! What a dispatcher has done. Counters only grow; a block's share is the difference of two snapshots.

use crate::backend::DeviceReport;

/// A snapshot of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Inferences asked for.
    pub requests: u64,
    /// Answered from the memo.
    pub memo_hits: u64,
    /// Answered by a ticket that another call had opened.
    pub joined: u64,
    /// Batches given to backends.
    pub batches: u64,
    /// Parts of models that ran elsewhere than on the backend that had taken them, because it failed or
    /// because they do not fit it. What a backend does not take in the first place is not counted.
    pub fallbacks: u64,
    /// Parts of models made ready for a backend: once a part and backend, unless the backend came back with
    /// other abilities or the model was removed.
    pub compiled: u64,
    /// Bytes of values that the host gave to parts on devices.
    pub to_devices: u64,
    /// Bytes of values that came from parts on devices to the host. What one part leaves on a device for the
    /// next is in neither.
    pub from_devices: u64,
    /// What all devices together did.
    pub devices: DeviceReport,
}

impl Counters {
    /// What was done since an earlier snapshot of the same dispatcher.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            memo_hits: self.memo_hits.saturating_sub(earlier.memo_hits),
            joined: self.joined.saturating_sub(earlier.joined),
            batches: self.batches.saturating_sub(earlier.batches),
            fallbacks: self.fallbacks.saturating_sub(earlier.fallbacks),
            compiled: self.compiled.saturating_sub(earlier.compiled),
            to_devices: self.to_devices.saturating_sub(earlier.to_devices),
            from_devices: self.from_devices.saturating_sub(earlier.from_devices),
            devices: self.devices.since(&earlier.devices),
        }
    }
}
