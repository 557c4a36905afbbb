//! Whether a device may be given work.

use crate::error::DeviceError;

/// The state of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It takes work.
    Healthy,
    /// It broke a rule of the ABI; it takes no work until [`crate::Device::reset`] succeeds.
    Unhealthy(DeviceError),
    /// Its registers read all ones, its link is broken, or it ignored a reset. It is not touched again, as resetting a
    /// dead PCIe device blocks for a minute; but for [`crate::Device::revive`], which is for a thread that may wait.
    Dead(DeviceError),
}

impl Health {
    /// Whether it takes work.
    pub fn is_healthy(&self) -> bool {
        *self == Self::Healthy
    }

    /// Why it takes no work.
    pub fn fault(&self) -> Option<&DeviceError> {
        match self {
            Self::Healthy => None,
            Self::Unhealthy(fault) | Self::Dead(fault) => Some(fault),
        }
    }

    /// The state after a fault.
    pub(crate) fn after(fault: &DeviceError) -> Self {
        match fault {
            DeviceError::Dead | DeviceError::Transport(_) | DeviceError::ResetUnacknowledged(_) => {
                Self::Dead(fault.clone())
            }
            _ => Self::Unhealthy(fault.clone()),
        }
    }

    /// The error for work given to an unhealthy device.
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        match self {
            Self::Healthy => Ok(()),
            Self::Unhealthy(fault) => Err(DeviceError::OutOfService(fault.to_string())),
            Self::Dead(fault) => Err(fault.clone()),
        }
    }
}
