//! Why a job is not done.

use metisvm_firmware::Status;

/// The status of a completion that is not ok, and its detail.
pub type Refusal = (Status, u32);
