//! The link by itself.

use metisvm_driver::lines::read_bytes;
use metisvm_driver::vfio::{Bdf, Function, Kernel};
use metisvm_driver::{Transport, Vfio};
use metisvm_firmware::registers::{ALL_ONES, BOOT_NONCE, MAGIC, MAGIC_VALUE, STATUS, queue, queue_register};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

fn open(bdf: Bdf) -> Result<Vfio, String> {
    let link = Vfio::open(bdf).map_err(|error| error.to_string())?;
    expect(&link, MAGIC, MAGIC_VALUE)?;
    Ok(link)
}

fn expect(link: &Vfio, register: u32, value: u32) -> Result<(), String> {
    let read = link.read32(register);
    if read == value {
        Ok(())
    } else {
        Err(format!("register {register:#x} reads {read:#x}, not {value:#x}"))
    }
}

/// Memory decode goes off under the driver: all ones instead of a SIGBUS, and the link says why.
pub(crate) fn switched_off(bdf: Bdf) -> Result<String, String> {
    let link = open(bdf)?;
    link.write32(BOOT_NONCE, 77);
    expect(&link, BOOT_NONCE, 77)?;
    let function = link.function().map_err(|error| error.to_string())?;
    function.switch_off().map_err(|error| error.to_string())?;
    expect(&link, BOOT_NONCE, ALL_ONES)?;
    let failure = link
        .failure()
        .ok_or("the link does not say that it is broken")?
        .to_string();
    // What is written now goes nowhere, and what is read is never what was written.
    link.write32(BOOT_NONCE, 78);
    expect(&link, BOOT_NONCE, ALL_ONES)?;
    if link.reset_function().is_ok() {
        return Err("a card that does not answer was reset".into());
    }
    // Whoever opens it anew finds a card, once this link is given up, and not before.
    if open(bdf).is_ok() {
        return Err("the kernel gave it to two users".into());
    }
    drop(function);
    link.close();
    let again = open(bdf)?;
    expect(&again, MAGIC, MAGIC_VALUE)?;
    expect(&link, MAGIC, ALL_ONES)?;
    // What is given up twice, or dropped then, takes nothing from the one that has it now.
    link.close();
    drop(link);
    expect(&again, MAGIC, MAGIC_VALUE)?;
    Ok(failure)
}

/// A function-level reset, three times.
pub(crate) fn reset(bdf: Bdf) -> Result<String, String> {
    let link = open(bdf)?;
    for nonce in 1..=3 {
        link.write32(BOOT_NONCE, nonce);
        expect(&link, BOOT_NONCE, nonce)?;
        link.reset_function().map_err(|error| error.to_string())?;
        expect(&link, MAGIC, MAGIC_VALUE)?;
        expect(&link, STATUS, 1)?;
        expect(&link, BOOT_NONCE, 0)?;
    }
    Ok(format!("{bdf} was reset"))
}

/// DMA to memory that was unmapped does not arrive: a queue whose ring was there stops.
pub(crate) fn unmapped(bdf: Bdf) -> Result<String, String> {
    let link = open(bdf)?;
    let rings = link.allocate(4096).map_err(|error| error.to_string())?;
    let register = |offset| queue_register(0, offset);
    let state = |link: &Vfio, wanted: u32| {
        let start = Instant::now();
        loop {
            let state = link.read32(register(queue::STATE));
            if state == wanted {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(5) {
                return Err(format!("the queue is in state {state}, not {wanted}"));
            }
            thread::sleep(Duration::from_millis(5));
        }
    };
    link.write32(BOOT_NONCE, 5);
    link.write64(register(queue::SQ_BASE_LO), rings.iova.0);
    link.write64(register(queue::CQ_BASE_LO), rings.iova.0 + 2048);
    link.write32(register(queue::ENTRIES_LOG2), 1);
    link.write32(register(queue::ENABLE), 1);
    state(&link, 1)?;
    link.unmap(&rings).map_err(|error| error.to_string())?;
    if link.unmap(&rings).is_ok() {
        return Err("memory was unmapped twice".into());
    }
    link.write32(register(queue::SQ_TAIL), 1);
    state(&link, 3)?;
    let mut seen = [0; 4096];
    read_bytes(&rings.memory, 0, &mut seen, Ordering::Acquire);
    if seen != [0; 4096] {
        return Err("memory that was unmapped was written".into());
    }
    let function: Arc<Function> = link.function().map_err(|error| error.to_string())?;
    let driver = Kernel::default().driver(function.bdf());
    Ok(format!("{bdf}, of {driver:?}, stops its queue"))
}
