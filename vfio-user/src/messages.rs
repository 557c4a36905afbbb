//! What follows a header, command by command. Field names are the specification's.

use crate::error::Error;
use bytemuck::{Pod, Zeroable};

/// Number of regions of a PCI function: six BARs, ROM, configuration space, VGA (`VFIO_PCI_NUM_REGIONS`).
pub const PCI_REGIONS: u32 = 9;
/// The region of BAR 0.
pub const BAR0_REGION: u32 = 0;
/// The region of the configuration space.
pub const CONFIG_REGION: u32 = 7;
/// Kinds of interrupts of a PCI function: INTx, MSI, MSI-X, error, request (`VFIO_PCI_NUM_IRQS`).
pub const PCI_IRQS: u32 = 5;
/// MSI-X among them.
pub const MSIX_IRQ: u32 = 2;

/// "VFIO_USER_DMA_MAP".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DmaMap {
    /// Size of this.
    pub argsz: u32,
    /// What the server may do there.
    pub flags: u32,
    /// Where the memory begins in its file; 0 without one.
    pub offset: u64,
    /// The DMA address.
    pub address: u64,
    /// Its size, bytes.
    pub size: u64,
}

/// The server may read.
pub const DMA_READABLE: u32 = 1;
/// The server may write.
pub const DMA_WRITABLE: u32 = 2;

/// "VFIO_USER_DMA_UNMAP".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DmaUnmap {
    /// Most bytes of the reply.
    pub argsz: u32,
    /// [`UNMAP_ALL`] or nothing.
    pub flags: u32,
    /// The DMA address.
    pub address: u64,
    /// Size, bytes.
    pub size: u64,
}

/// All there is, whatever address and size say (`VFIO_DMA_UNMAP_FLAG_ALL` of the kernel, which QEMU sends).
pub const UNMAP_ALL: u32 = 2;

/// "VFIO_USER_DEVICE_GET_INFO".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DeviceInfo {
    /// Most bytes of the reply, then its size.
    pub argsz: u32,
    /// What the device is.
    pub flags: u32,
    /// Its regions.
    pub num_regions: u32,
    /// Its kinds of interrupts.
    pub num_irqs: u32,
}

/// The device can be reset.
pub const DEVICE_RESETS: u32 = 1;
/// The device is a PCI function.
pub const DEVICE_IS_PCI: u32 = 2;

/// "VFIO_USER_DEVICE_GET_REGION_INFO".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RegionInfo {
    /// Most bytes of the reply, then its size.
    pub argsz: u32,
    /// What can be done with it.
    pub flags: u32,
    /// Which.
    pub index: u32,
    /// Where its capabilities are; 0 for nowhere.
    pub cap_offset: u32,
    /// Its size, bytes; 0 if it is not there.
    pub size: u64,
    /// Where it begins in its file, if it has one.
    pub offset: u64,
}

/// A region can be read.
pub const REGION_READABLE: u32 = 1;
/// A region can be written.
pub const REGION_WRITABLE: u32 = 2;

/// "VFIO_USER_DEVICE_GET_IRQ_INFO".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct IrqInfo {
    /// Most bytes of the reply, then its size.
    pub argsz: u32,
    /// What can be done with them.
    pub flags: u32,
    /// Which kind.
    pub index: u32,
    /// How many there are.
    pub count: u32,
}

/// They are signalled through descriptors of `eventfd`.
pub const IRQ_EVENTFD: u32 = 1;
/// They can be masked.
pub const IRQ_MASKABLE: u32 = 2;

/// "VFIO_USER_DEVICE_SET_IRQS"; one byte for each interrupt may follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct IrqSet {
    /// Size of this and what follows.
    pub argsz: u32,
    /// One of the kinds of data, and one of the actions.
    pub flags: u32,
    /// Which kind of interrupt.
    pub index: u32,
    /// The first of them.
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// The action is for all of them.
pub const IRQ_DATA_NONE: u32 = 1;
/// The action is for those whose byte is not zero.
pub const IRQ_DATA_BOOL: u32 = 2;
/// Descriptors are given, or taken away if there are none with the message.
pub const IRQ_DATA_EVENTFD: u32 = 4;
/// Masks.
pub const IRQ_MASK: u32 = 8;
/// Unmasks.
pub const IRQ_UNMASK: u32 = 16;
/// Raises them, or says what raises them.
pub const IRQ_TRIGGER: u32 = 32;

/// "VFIO_USER_REGION_READ" and "VFIO_USER_REGION_WRITE"; the data follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RegionAccess {
    /// Where in the region.
    pub offset: u64,
    /// Which region.
    pub region: u32,
    /// How many bytes.
    pub count: u32,
}

/// "VFIO_USER_DMA_READ" and "VFIO_USER_DMA_WRITE"; the data follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DmaAccess {
    /// The DMA address.
    pub address: u64,
    /// How many bytes.
    pub count: u64,
}

/// The structure at the beginning of a payload, and what follows it.
///
/// # Errors
/// The payload is shorter.
pub fn split<T: Pod>(payload: &[u8]) -> Result<(T, &[u8]), Error> {
    let Some((head, rest)) = payload.split_at_checked(size_of::<T>()) else {
        return Err(Error::malformed(format!(
            "{} bytes came after the header where there are at least {}",
            payload.len(),
            size_of::<T>()
        )));
    };
    Ok((bytemuck::pod_read_unaligned(head), rest))
}

/// A payload that is one structure and nothing else.
///
/// # Errors
/// The payload is shorter or longer.
pub fn whole<T: Pod>(payload: &[u8]) -> Result<T, Error> {
    match split(payload)? {
        (message, []) => Ok(message),
        (_, rest) => Err(Error::malformed(format!(
            "{} bytes came after the header where there are {}",
            size_of::<T>() + rest.len(),
            size_of::<T>()
        ))),
    }
}
