//! QEMU's `edu` device: a PCI function of which neither end is this project's.

use metisvm_driver::lines::{read_bytes, write_bytes};
use metisvm_driver::vfio::{Bdf, Function, Interrupts, Kernel, Space, VfioError};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

/// Registers (QEMU's documentation, "EDU device").
const IDENTITY: u32 = 0x00;
const LIVENESS: u32 = 0x04;
const FACTORIAL: u32 = 0x08;
const STATUS: u32 = 0x20;
const INTERRUPT_STATUS: u32 = 0x24;
const INTERRUPT_RAISE: u32 = 0x60;
const INTERRUPT_ACKNOWLEDGE: u32 = 0x64;
const DMA_FROM: u32 = 0x80;
const DMA_TO: u32 = 0x88;
const DMA_BYTES: u32 = 0x90;
const DMA_COMMAND: u32 = 0x98;
/// Where its buffer is, to itself.
const BUFFER: u64 = 0x40000;
const BAR_BYTES: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// Registers, DMA both ways through the IOMMU, and an interrupt.
pub(crate) fn edu(bdf: Bdf) -> Result<String, String> {
    let said = |error: VfioError| error.to_string();
    let function = Arc::new(Function::open(&Kernel::default(), bdf).map_err(said)?);
    let identity = function.identity().map_err(said)?;
    function.switch_on().map_err(said)?;
    let registers = function.bar(0, BAR_BYTES, BAR_BYTES).map_err(said)?;
    let wait = |register: u32, bits: u32| {
        let start = Instant::now();
        while registers.read32(register) & bits != 0 {
            if start.elapsed() > PATIENCE {
                return Err(format!("register {register:#x} keeps {bits:#x}"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    };
    if registers.read32(IDENTITY) & 0xff != 0xed {
        return Err(format!("{identity} is no edu device"));
    }
    registers.write32(LIVENESS, 0x1234_5678);
    if registers.read32(LIVENESS) != !0x1234_5678 {
        return Err("it does not invert".into());
    }
    registers.write32(FACTORIAL, 10);
    wait(STATUS, 1)?;
    if registers.read32(FACTORIAL) != 3_628_800 {
        return Err(format!("10! is {}", registers.read32(FACTORIAL)));
    }
    // Its addresses are registers of 64 bits, of which an access of 32 bits reaches the low half.
    let space = Space::within(Arc::clone(&function), 0..1 << 32);
    let region = space.allocate(8192).map_err(|error| error.to_string())?;
    let sent: Vec<u8> = (0..2048_u32).map(|index| (index * 7 % 251) as u8).collect();
    write_bytes(&region.memory, 0, &sent, Ordering::Release);
    let copy = |from: u64, to: u64, command: u32| {
        fence(Ordering::SeqCst);
        for (register, value) in [(DMA_FROM, from), (DMA_TO, to), (DMA_BYTES, 2048)] {
            registers.write32(register, value as u32);
        }
        registers.write32(DMA_COMMAND, command);
        wait(DMA_COMMAND, 1)
    };
    // Into its buffer, and out of it to another page.
    copy(region.iova.0, BUFFER, 0b01)?;
    copy(BUFFER, region.iova.0 + 4096, 0b11)?;
    let mut back = vec![0; 2048];
    read_bytes(&region.memory, 4096, &mut back, Ordering::Acquire);
    if back != sent {
        return Err("what came back by DMA is not what was sent".into());
    }
    space.unmap(&region).map_err(|error| error.to_string())?;
    let interrupts = function.connect(Interrupts::Msi, 1).map_err(said)?;
    if interrupts.wait(0, Duration::ZERO) {
        return Err("an interrupt was raised by nobody".into());
    }
    registers.write32(INTERRUPT_RAISE, 1);
    if !interrupts.wait(0, PATIENCE) {
        return Err("no interrupt came".into());
    }
    registers.write32(INTERRUPT_ACKNOWLEDGE, registers.read32(INTERRUPT_STATUS));
    Ok(format!("{identity} at {bdf}"))
}
