//! What each command of a client asks for, and its answer.

use super::function::Function;
use super::refusal::Refusal;
use bytemuck::bytes_of;
use metisvm_vfio_user::Command;
use metisvm_vfio_user::messages::{
    DEVICE_IS_PCI, DEVICE_RESETS, DeviceInfo, DmaMap, DmaUnmap, IRQ_DATA_BOOL, IRQ_DATA_EVENTFD,
    IRQ_DATA_NONE, IRQ_EVENTFD, IRQ_MASK, IRQ_MASKABLE, IRQ_TRIGGER, IRQ_UNMASK, IrqInfo, IrqSet, MSIX_IRQ,
    PCI_IRQS, PCI_REGIONS, REGION_READABLE, REGION_WRITABLE, RegionAccess, RegionInfo, split, whole,
};
use metisvm_vfio_user::version::MAX_TRANSFER;
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Carries a command out; its answer is put into `answer`.
pub(super) fn carry_out(
    function: &mut Function,
    command: Command,
    payload: &[u8],
    fds: Vec<OwnedFd>,
    stop: BorrowedFd<'_>,
    answer: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let takes_fds = matches!(command, Command::DmaMap | Command::DeviceSetIrqs);
    if !takes_fds && !fds.is_empty() {
        return Err(Refusal::invalid(format!(
            "{} descriptors came with it",
            fds.len()
        )));
    }
    match command {
        Command::DmaMap => {
            let map: DmaMap = whole(payload)?;
            function.dma.map(&map, fds)
        }
        Command::DmaUnmap => {
            let unmap: DmaUnmap = whole(payload)?;
            function.dma.unmap(&unmap)?;
            answer.extend(bytes_of(&unmap));
            Ok(())
        }
        Command::DeviceGetInfo => device_info(payload, answer),
        Command::DeviceGetRegionInfo => region_info(payload, answer),
        Command::DeviceGetIrqInfo => irq_info(function, payload, answer),
        Command::DeviceSetIrqs => set_irqs(function, payload, fds),
        Command::RegionRead => region_read(function, payload, answer),
        Command::RegionWrite => region_write(function, payload, stop, answer),
        Command::DeviceReset => match payload {
            [] => function.reset(stop),
            _ => Err(Refusal::invalid("a reset has no data")),
        },
        Command::Version => Err(Refusal::invalid("the version is agreed on already")),
        Command::DmaRead | Command::DmaWrite => Err(Refusal::invalid("it is the server who asks that")),
    }
}

/// A question of which only the number of the reply's bytes, and sometimes an index, counts.
fn question<T: bytemuck::Pod>(payload: &[u8], argsz: impl Fn(&T) -> u32) -> Result<T, Refusal> {
    let question: T = whole(payload)?;
    if (argsz(&question) as usize) < size_of::<T>() {
        return Err(Refusal::invalid("the reply would have no room"));
    }
    Ok(question)
}

fn device_info(payload: &[u8], answer: &mut Vec<u8>) -> Result<(), Refusal> {
    question::<DeviceInfo>(payload, |info| info.argsz)?;
    answer.extend(bytes_of(&DeviceInfo {
        argsz: size_of::<DeviceInfo>() as u32,
        flags: DEVICE_IS_PCI | DEVICE_RESETS,
        num_regions: PCI_REGIONS,
        num_irqs: PCI_IRQS,
    }));
    Ok(())
}

fn region_info(payload: &[u8], answer: &mut Vec<u8>) -> Result<(), Refusal> {
    let asked = question::<RegionInfo>(payload, |info| info.argsz)?;
    if asked.index >= PCI_REGIONS {
        return Err(Refusal::invalid(format!("there is no region {}", asked.index)));
    }
    let size = Function::region_bytes(asked.index);
    answer.extend(bytes_of(&RegionInfo {
        argsz: size_of::<RegionInfo>() as u32,
        flags: if size > 0 {
            REGION_READABLE | REGION_WRITABLE
        } else {
            0
        },
        index: asked.index,
        cap_offset: 0,
        size,
        offset: 0,
    }));
    Ok(())
}

fn irq_info(function: &Function, payload: &[u8], answer: &mut Vec<u8>) -> Result<(), Refusal> {
    let asked = question::<IrqInfo>(payload, |info| info.argsz)?;
    if asked.index >= PCI_IRQS {
        return Err(Refusal::invalid(format!(
            "there are no interrupts {}",
            asked.index
        )));
    }
    let (flags, count) = match asked.index {
        MSIX_IRQ => (IRQ_EVENTFD | IRQ_MASKABLE, function.msix.vectors().into()),
        _ => (0, 0),
    };
    answer.extend(bytes_of(&IrqInfo {
        argsz: size_of::<IrqInfo>() as u32,
        flags,
        index: asked.index,
        count,
    }));
    Ok(())
}

fn set_irqs(function: &Function, payload: &[u8], fds: Vec<OwnedFd>) -> Result<(), Refusal> {
    let (set, data) = split::<IrqSet>(payload)?;
    let msix = &function.msix;
    let data_kind = set.flags & (IRQ_DATA_NONE | IRQ_DATA_BOOL | IRQ_DATA_EVENTFD);
    let action = set.flags & !data_kind;
    if data_kind != IRQ_DATA_EVENTFD && !fds.is_empty() {
        return Err(Refusal::invalid("descriptors came with what takes none"));
    }
    if set.index != MSIX_IRQ {
        // Switching off what is not there is no mistake.
        return match (set.index < PCI_IRQS, set.count, data) {
            (true, 0, []) => Ok(()),
            _ => Err(Refusal::invalid(format!(
                "interrupts of kind {}: there are none but MSI-X",
                set.index
            ))),
        };
    }
    let vectors = u32::from(msix.vectors());
    if set.start > vectors || set.count > vectors - set.start {
        return Err(Refusal::invalid(format!(
            "vectors {} and {} from there on: there are {vectors}",
            set.start, set.count
        )));
    }
    let which: Vec<bool> = match data_kind {
        IRQ_DATA_NONE if data.is_empty() => vec![true; set.count as usize],
        IRQ_DATA_BOOL if data.len() == set.count as usize => data.iter().map(|&byte| byte != 0).collect(),
        IRQ_DATA_EVENTFD if action == IRQ_TRIGGER && data.is_empty() => {
            return match fds.len() {
                0 => msix.disconnect(set.start, set.count),
                given if given == set.count as usize => msix.connect(set.start, fds),
                given => Err(Refusal::invalid(format!(
                    "{given} descriptors came for {} vectors",
                    set.count
                ))),
            };
        }
        _ => {
            return Err(Refusal::invalid(format!(
                "interrupts with flags {:#x} and {} bytes of data",
                set.flags,
                data.len()
            )));
        }
    };
    match action {
        IRQ_TRIGGER if (data_kind, set.start, set.count) == (IRQ_DATA_NONE, 0, 0) => {
            msix.disconnect(0, vectors)
        }
        IRQ_TRIGGER => msix.trigger(set.start, &which),
        IRQ_MASK => msix.mask(set.start, &which, true),
        IRQ_UNMASK => msix.mask(set.start, &which, false),
        _ => Err(Refusal::invalid(format!("an action with flags {:#x}", set.flags))),
    }
}

fn region_read(function: &Function, payload: &[u8], answer: &mut Vec<u8>) -> Result<(), Refusal> {
    let access: RegionAccess = whole(payload)?;
    Function::check(access.region, access.offset, access.count)?;
    answer.extend(bytes_of(&access));
    let head = answer.len();
    answer.resize(head + access.count as usize, 0);
    function.read(access.region, access.offset, &mut answer[head..])
}

fn region_write(
    function: &mut Function,
    payload: &[u8],
    stop: BorrowedFd<'_>,
    answer: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let (access, data) = split::<RegionAccess>(payload)?;
    if access.count > MAX_TRANSFER || access.count as usize != data.len() {
        return Err(Refusal::new(
            Errno::INVAL,
            format!(
                "{} bytes are to be written, and {} came",
                access.count,
                data.len()
            ),
        ));
    }
    function.write(access.region, access.offset, data, stop)?;
    answer.extend(bytes_of(&access));
    Ok(())
}
