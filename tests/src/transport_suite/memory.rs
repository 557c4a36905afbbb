//! Regions and DMA.

use super::probe::{Order, Probe};
use super::{Attach, ensure};
use metisvm_driver::DmaRegion;
use metisvm_driver::lines::{read_bytes, write_bytes};
use metisvm_driver::region::{HUGE_PAGE_BYTES, PAGE_BYTES};
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

fn allocate(probe: &Probe, bytes: usize) -> Result<DmaRegion, String> {
    probe.link.allocate(bytes).map_err(|error| error.to_string())
}

fn unmap(probe: &Probe, region: &DmaRegion) -> Result<(), String> {
    probe.link.unmap(region).map_err(|error| error.to_string())
}

fn seen_by_the_host(region: &DmaRegion, offset: usize, bytes: usize) -> Vec<u8> {
    let mut read = vec![0; bytes];
    read_bytes(&region.memory, offset, &mut read, Ordering::Acquire);
    read
}

/// Pages, zeroed, aligned for both sides, of the asked size at least, with a descriptor; up to 64 MiB.
pub(super) fn regions(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let sizes = [
        0,
        1,
        PAGE_BYTES,
        PAGE_BYTES + 1,
        HUGE_PAGE_BYTES,
        HUGE_PAGE_BYTES + 1,
        64 << 20,
    ];
    for bytes in sizes {
        let region = allocate(&probe, bytes)?;
        let (given, iova) = (region.memory.bytes(), region.iova.0);
        let page = if given < HUGE_PAGE_BYTES {
            PAGE_BYTES
        } else {
            HUGE_PAGE_BYTES
        };
        ensure(given >= bytes.max(1) && given.is_multiple_of(page), || {
            format!("{bytes} bytes were asked, {given} given")
        })?;
        ensure(iova != 0 && iova.is_multiple_of(page as u64), || {
            format!("{given} bytes lie at {iova:#x}")
        })?;
        let file = region.memory.as_fd().try_clone_to_owned().map(File::from);
        let length = file.and_then(|file| file.metadata()).map(|data| data.len());
        ensure(
            length.as_ref().is_ok_and(|&length| length == given as u64),
            || format!("the descriptor of {given} bytes says {length:?}"),
        )?;
        for offset in [0, given / 2, given - 8] {
            let first = probe.read(iova + offset as u64, 8)?;
            ensure(first == [0; 8], || {
                format!("byte {offset} of {given} is not zero")
            })?;
            probe.write(iova + offset as u64, &[0x5a; 8])?;
            ensure(seen_by_the_host(&region, offset, 8) == [0x5a; 8], || {
                format!("a DMA to byte {offset} of {given} went elsewhere")
            })?;
        }
        unmap(&probe, &region)?;
    }
    Ok(sizes.len() as u64)
}

/// Hundreds live at once, each with its own memory; thousands one after the other.
pub(super) fn thousands_of_regions(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let live: Vec<DmaRegion> = (0..300)
        .map(|_| allocate(&probe, PAGE_BYTES))
        .collect::<Result<_, _>>()?;
    for (index, region) in live.iter().enumerate() {
        probe.write(region.iova.0, &(index as u64).to_le_bytes())?;
    }
    for (index, region) in live.iter().enumerate() {
        ensure(
            seen_by_the_host(region, 0, 8) == (index as u64).to_le_bytes(),
            || format!("region {index} shares its memory with another"),
        )?;
    }
    for region in live {
        unmap(&probe, &region)?;
    }
    for round in 0..2000_u64 {
        let region = allocate(&probe, PAGE_BYTES)?;
        write_bytes(&region.memory, 0, &round.to_le_bytes(), Ordering::Release);
        let read = probe.read(region.iova.0, 8)?;
        ensure(read == round.to_le_bytes(), || {
            format!("round {round} read {read:?}")
        })?;
        unmap(&probe, &region)?;
    }
    Ok(2300)
}

/// DMA of every length at every alignment moves these bytes and no others, either way.
pub(super) fn dma_to_the_byte(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let region = allocate(&probe, PAGE_BYTES)?;
    let mut cases = 0;
    for offset in 0..9 {
        for length in (0..70).chain([127, 128, 129, 1000]) {
            write_bytes(&region.memory, 0, &[0xee; 1100], Ordering::Release);
            let bytes: Vec<u8> = (0..length).map(|index| index as u8 ^ 0x31).collect();
            probe.write(region.iova.0 + offset as u64, &bytes)?;
            let mut expected = vec![0xee; 1100];
            expected[offset..offset + length].copy_from_slice(&bytes);
            ensure(seen_by_the_host(&region, 0, 1100) == expected, || {
                format!("a write of {length} bytes at offset {offset} is wrong")
            })?;
            let read = probe.read(region.iova.0 + offset as u64, length)?;
            ensure(read == bytes, || {
                format!("a read of {length} bytes at offset {offset} is wrong")
            })?;
            cases += 2;
        }
    }
    let words: Vec<u64> = (1..=24).collect();
    let write = Order::WriteWords(region.iova.0 + 8, words.clone());
    probe.carry_out(write)?.map_err(|fault| fault.to_string())?;
    for word in words {
        let seen = seen_by_the_host(&region, word as usize * 8, 8);
        ensure(seen == word.to_le_bytes(), || format!("word {word} is {seen:?}"))?;
        cases += 1;
    }
    Ok(cases)
}

/// DMA that lies in no region, or runs over the end of one, faults and changes nothing.
pub(super) fn dma_outside_of_regions(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let region = allocate(&probe, PAGE_BYTES)?;
    let neighbour = allocate(&probe, PAGE_BYTES)?;
    let end = region.iova.0 + region.memory.bytes() as u64;
    let mut cases = 0;
    for address in [0, 8, region.iova.0 - 4, end - 4, end, u64::MAX - 3] {
        for order in [Order::Read(address, 8), Order::Write(address, vec![1; 8])] {
            let what = format!("{order:?}");
            let answer = probe.carry_out(order)?;
            ensure(answer.is_err(), || format!("{what} did not fault"))?;
            cases += 1;
        }
    }
    for region in [region, neighbour] {
        let bytes = region.memory.bytes();
        let clean = seen_by_the_host(&region, 0, bytes).iter().all(|&byte| byte == 0);
        ensure(clean, || "a DMA that faults changed memory".into())?;
    }
    Ok(cases)
}

/// What a transport says about DMA after unmapping is so.
pub(super) fn isolation(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    if !probe.link.isolates_on_unmap() {
        return Ok(0);
    }
    for round in 0..50 {
        let region = allocate(&probe, PAGE_BYTES)?;
        probe.write(region.iova.0, &[1; 8])?;
        unmap(&probe, &region)?;
        let orders = [
            Order::Write(region.iova.0, vec![2; 8]),
            Order::Read(region.iova.0, 8),
            Order::WriteWords(region.iova.0, vec![2]),
            Order::ReadWord(region.iova.0),
        ];
        for order in orders {
            let what = format!("{order:?}");
            ensure(probe.carry_out(order)?.is_err(), || {
                format!("in round {round} the card reached unmapped memory: {what}")
            })?;
        }
        ensure(seen_by_the_host(&region, 0, 8) == [1; 8], || {
            format!("in round {round} unmapped memory was written")
        })?;
    }
    Ok(200)
}
