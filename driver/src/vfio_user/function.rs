//! The PCI function behind a socket: whether it is a card, and made ready to be one.

use metisvm_firmware::pci::{BAR0_BYTES, CLASS_CODE, DEVICE_ID, SUBSYSTEM_RTL, VENDOR_ID};
use metisvm_vfio_user::messages::{
    BAR0_REGION, CONFIG_REGION, DEVICE_IS_PCI, REGION_READABLE, REGION_WRITABLE,
};
use metisvm_vfio_user::{Client, Error};
use std::fmt;

/// Bytes of the header of a configuration space (PCI Local Bus Specification, "Configuration Space").
const HEADER_BYTES: usize = 64;
const COMMAND: u64 = 0x04;
/// Memory space on, bus mastering on, INTx off.
const COMMAND_READY: u16 = 0x0002 | 0x0004 | 0x0400;
const CAPABILITIES: u64 = 0x34;
/// PCI Express, its device control, and there the bit that resets the function.
const EXPRESS_CAPABILITY: u8 = 0x10;
const DEVICE_CONTROL: u64 = 8;
const INITIATE_FLR: u16 = 1 << 15;
/// MSI-X, and in its message control the bit that enables it (PCI Express Base Specification, "MSI-X Capability").
const MSIX_CAPABILITY: u8 = 0x11;
const MSIX_ENABLE: u16 = 1 << 15;
const MSIX_FUNCTION_MASK: u16 = 1 << 14;
/// More capabilities than have room in a configuration space are a circle.
const MOST_CAPABILITIES: usize = 48;

/// What a function shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who made it.
    pub vendor: u16,
    /// What it is of that vendor.
    pub device: u16,
    /// Revision.
    pub revision: u8,
    /// Class code.
    pub class: u32,
    /// Vendor and number of the subsystem: the card that the function is on.
    pub subsystem: (u16, u16),
}

impl Identity {
    /// Whether it is a card of simulated gates, slower than a real one by orders of magnitude.
    pub fn is_rtl(&self) -> bool {
        (self.vendor, self.device, self.subsystem) == (VENDOR_ID, DEVICE_ID, (VENDOR_ID, SUBSYSTEM_RTL))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:04x} (class {:06x}, revision {:02x})",
            self.vendor, self.device, self.class, self.revision
        )
    }
}

/// What to do about a server that does not come about.
pub(super) fn why_not(error: &Error) -> String {
    match error {
        Error::Io { .. } => format!("{error}; is metisvm sim running, with this --socket?"),
        Error::Timeout { .. } => format!(
            "{error}; the server serves one client after another, and this one has to wait for another"
        ),
        _ => error.to_string(),
    }
}

/// Looks whether it is a card, and switches on what one needs.
pub(super) fn make_ready(client: &mut Client) -> Result<Identity, Error> {
    let info = client.device_info()?;
    if info.flags & DEVICE_IS_PCI == 0 || info.num_regions <= CONFIG_REGION {
        return Err(Error::malformed("it serves no PCI function"));
    }
    for (index, name, bytes) in [
        (BAR0_REGION, "BAR0", BAR0_BYTES as u64),
        (CONFIG_REGION, "the configuration space", 256),
    ] {
        let region = client.region_info(index)?;
        let accessible = REGION_READABLE | REGION_WRITABLE;
        if region.size < bytes || region.flags & accessible != accessible {
            return Err(Error::malformed(format!(
                "{name} has {} bytes, where a card has {bytes}",
                region.size
            )));
        }
    }
    let mut header = [0; HEADER_BYTES];
    client.region_read(CONFIG_REGION, 0, &mut header)?;
    let [v0, v1, d0, d1, _, _, _, _, revision, c0, c1, c2, ..] = header;
    let identity = Identity {
        vendor: u16::from_le_bytes([v0, v1]),
        device: u16::from_le_bytes([d0, d1]),
        revision,
        class: u32::from_le_bytes([c0, c1, c2, 0]),
        subsystem: (
            u16::from_le_bytes([header[0x2c], header[0x2d]]),
            u16::from_le_bytes([header[0x2e], header[0x2f]]),
        ),
    };
    if identity.class != CLASS_CODE {
        return Err(Error::malformed(format!(
            "{identity} is no accelerator, which has class {CLASS_CODE:06x}"
        )));
    }
    switch_on(client)?;
    Ok(identity)
}

fn switch_on(client: &mut Client) -> Result<(), Error> {
    write(client, COMMAND, COMMAND_READY)?;
    let at = find(client, MSIX_CAPABILITY)?
        .ok_or_else(|| Error::malformed("it has no MSI-X, which a card has"))?;
    let control = read(client, at + 2)? & !MSIX_FUNCTION_MASK | MSIX_ENABLE;
    write(client, at + 2, control)
}

/// Resets the function, and switches on again what a card needs.
pub(super) fn reset(client: &mut Client, by_message: bool) -> Result<(), Error> {
    if by_message {
        client.reset()?;
    } else {
        let at = find(client, EXPRESS_CAPABILITY)?
            .ok_or_else(|| Error::malformed("it has no PCI Express capability, which a card has"))?;
        let control = read(client, at + DEVICE_CONTROL)?;
        write(client, at + DEVICE_CONTROL, control | INITIATE_FLR)?;
    }
    switch_on(client)
}

/// Where a capability is.
fn find(client: &mut Client, wanted: u8) -> Result<Option<u64>, Error> {
    let mut at = read(client, CAPABILITIES)?.to_le_bytes()[0] & !3;
    for _ in 0..MOST_CAPABILITIES {
        if usize::from(at) < HEADER_BYTES {
            break;
        }
        let [id, next] = read(client, at.into())?.to_le_bytes();
        if id == wanted {
            return Ok(Some(at.into()));
        }
        at = next & !3;
    }
    Ok(None)
}

fn read(client: &mut Client, offset: u64) -> Result<u16, Error> {
    let mut value = [0; 2];
    client.region_read(CONFIG_REGION, offset, &mut value)?;
    Ok(u16::from_le_bytes(value))
}

fn write(client: &mut Client, offset: u64, value: u16) -> Result<(), Error> {
    client.region_write(CONFIG_REGION, offset, &value.to_le_bytes())
}
