//! The PCI function behind a socket: whether it is a card, and made ready to be one.

use crate::identity::{HEADER_BYTES, Identity};
use metisvm_firmware::pci::{BAR0_BYTES, CLASS_CODE};
use metisvm_vfio_user::messages::{
    BAR0_REGION, CONFIG_REGION, DEVICE_IS_PCI, REGION_READABLE, REGION_WRITABLE,
};
use metisvm_vfio_user::{Client, Error};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

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

/// What to do about a server that does not come about.
pub(super) fn why_not(path: &Path, error: &Error) -> String {
    match error {
        // Connecting to another file is refused as by a server that is gone.
        Error::Io { .. } if is_another_file(path) => "it is no socket".to_owned(),
        Error::Io { .. } => format!("{error}; is metisvm sim running, with this --socket?"),
        Error::Timeout { .. } => {
            format!("{error}; the server serves one client after another: it has another one now, or hangs")
        }
        _ => error.to_string(),
    }
}

fn is_another_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.file_type().is_socket())
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
    let identity = Identity::of_header(&header);
    if !identity.is_accelerator() {
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
