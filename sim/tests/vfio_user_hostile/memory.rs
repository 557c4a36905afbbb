//! Memory that is not to be mapped, and ranges that are not to be unmapped.

use super::support::served::{Served, memory};
use super::support::{card, small};
use super::{HURRIED, hurried, refused};
use metisvm_sim::vfio_user::Limits;
use metisvm_vfio_user::messages::{DMA_READABLE, DMA_WRITABLE, DmaMap, DmaUnmap, UNMAP_ALL};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

fn file(seals: SealFlags, bytes: u64) -> OwnedFd {
    let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    ftruncate(&file, bytes).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file
}

fn piece(address: u64, size: u64) -> DmaMap {
    DmaMap {
        flags: DMA_READABLE | DMA_WRITABLE,
        address,
        size,
        ..DmaMap::default()
    }
}

#[test]
fn memory_that_may_go_away_is_not_mapped() {
    let served = hurried();
    let mut client = served.ready();
    let shrinkable = file(SealFlags::GROW, 8192);
    assert_eq!(
        refused(client.dma_map(piece(4096, 8192), Some(shrinkable.as_fd()))),
        Errno::ACCESS
    );
    served.says("F_SEAL_SHRINK");
    let short = file(SealFlags::SHRINK, 4096);
    for (offset, size) in [(0, 8192), (4096, 4096), (u64::MAX - 4095, 4096), (1, 4096)] {
        let map = DmaMap {
            offset,
            ..piece(4096, size)
        };
        assert_eq!(
            refused(client.dma_map(map, Some(short.as_fd()))),
            Errno::ACCESS,
            "{offset} {size}"
        );
    }
    let (pipe, _other) = std::io::pipe().unwrap();
    let others: [OwnedFd; 4] = [
        std::fs::File::open("/dev/zero").unwrap().into(),
        std::fs::File::open("/proc/self/exe").unwrap().into(),
        UnixStream::pair().unwrap().0.into(),
        pipe.into(),
    ];
    for other in others {
        assert_eq!(
            refused(client.dma_map(piece(4096, 4096), Some(other.as_fd()))),
            Errno::ACCESS
        );
    }
    // Nobody can take these pages away afterwards.
    let sound = file(SealFlags::SHRINK, 4096);
    client.dma_map(piece(4096, 4096), Some(sound.as_fd())).unwrap();
    assert!(ftruncate(&sound, 0).is_err());
}

#[test]
fn mappings_do_not_meet_and_are_bounded_in_number_and_bytes() {
    let limits = Limits {
        mappings: 4,
        bytes: 0x10_0000,
    };
    let served = Served::with(card(small()), limits, HURRIED);
    let mut client = served.ready();
    assert_eq!(client.server().max_dma_maps, 4);
    let memory = memory(0x10_0000);
    let mut try_map = |address, size| client.dma_map(piece(address, size), Some(memory.as_fd()));
    try_map(0x8000, 0x4000).unwrap();
    for (address, size) in [
        (0x8000, 0x4000),
        (0x9000, 0x1000),
        (0x7000, 0x2000),
        (0xb000, 0x2000),
        (0, 0x10_0000),
    ] {
        assert_eq!(
            refused(try_map(address, size)),
            Errno::EXIST,
            "{address:#x} {size:#x}"
        );
    }
    for (address, size) in [
        (0x1000, 0),
        (1, 4096),
        (0x1000, 1),
        (u64::MAX - 4095, 4096),
        (0x1000, u64::MAX - 4095),
    ] {
        assert_eq!(
            refused(try_map(address, size)),
            Errno::INVAL,
            "{address:#x} {size:#x}"
        );
    }
    assert_eq!(refused(try_map(0x100_0000, 0xff_d000)), Errno::NOSPC);
    try_map(0xc000, 0x1000).unwrap();
    try_map(0x7000, 0x1000).unwrap();
    try_map(u64::MAX - 0x1fff, 0x1000).unwrap();
    assert_eq!(refused(try_map(0x1000, 0x1000)), Errno::NOSPC);
    let mut unmap = |address, size, flags| {
        client.dma_unmap(DmaUnmap {
            flags,
            address,
            size,
            ..DmaUnmap::default()
        })
    };
    for (address, size) in [
        (0x8000, 0x1000),
        (0x9000, 0x3000),
        (0x7000, 0x2000),
        (0xb000, 0x2000),
        (0x8000, 0),
    ] {
        assert_eq!(
            refused(unmap(address, size, 0)),
            Errno::INVAL,
            "{address:#x} {size:#x}"
        );
    }
    assert_eq!(refused(unmap(0x8000, 0x4000, 5)), Errno::INVAL);
    assert_eq!(refused(unmap(u64::MAX, 2, 0)), Errno::INVAL);
    // As QEMU does behind an IOMMU: a range of several, and one of none.
    unmap(0, 0xd000, 0).unwrap();
    unmap(0, 0xd000, 0).unwrap();
    unmap(0, 0, UNMAP_ALL).unwrap();
    client
        .dma_map(piece(u64::MAX - 0x1fff, 0x1000), Some(memory.as_fd()))
        .unwrap();
}
