//! Keccak batches on an OpenCL device.

use super::OpenClBackend;
use crate::backend::Backend;
use crate::keccak::KeccakDevice;
use metisvm_driver::{DeviceError, TransportError};

/// Messages of one launch.
const MOST_MESSAGES: usize = 1 << 16;

impl KeccakDevice for OpenClBackend {
    fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        let digests = self.device().keccak(messages);
        digests.map_err(|error| DeviceError::Transport(TransportError::Gone(error.to_string())))
    }

    fn max_messages(&self) -> usize {
        MOST_MESSAGES
    }

    fn healthy(&self) -> bool {
        Backend::healthy(self)
    }

    fn condemn(&self, problem: &str) {
        self.device().condemn(problem);
    }

    fn identity(&self) -> Option<String> {
        Some(format!("OpenCL {}", self.device().found().identity()))
    }
}
