//! Registers and interrupts.

use super::probe::{Order, PATIENCE, Probe, SCRATCH};
use super::{Attach, ensure};
use metisvm_driver::lines::write_bytes;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What was written is read back; 64-bit numbers are two registers, the low half first.
pub(super) fn registers(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    for register in 0..SCRATCH {
        probe.link.write32(register * 4, 0xa5a5_0000 | register);
    }
    for register in 0..SCRATCH {
        let read = probe.link.read32(register * 4);
        ensure(read == 0xa5a5_0000 | register, || {
            format!("register {register} reads {read:#x}")
        })?;
    }
    probe.link.write64(8, 0x0123_4567_89ab_cdef);
    let (low, high, both) = (probe.link.read32(8), probe.link.read32(12), probe.link.read64(8));
    ensure((low, high) == (0x89ab_cdef, 0x0123_4567), || {
        format!("the halves read {low:#x} and {high:#x}")
    })?;
    ensure(both == 0x0123_4567_89ab_cdef, || format!("both read {both:#x}"))?;
    let writes = probe.writes();
    ensure(writes.ends_with(&[(8, low), (12, high)]), || {
        "the high half was written first".into()
    })?;
    Ok(u64::from(SCRATCH) + 1)
}

/// Writes of one thread arrive one by one, in their order, none lost and none twice.
pub(super) fn order(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let sent: Vec<(u32, u32)> = (0..2000).map(|index| (index * 7 % SCRATCH * 4, index)).collect();
    for &(offset, value) in &sent {
        probe.link.write32(offset, value);
    }
    // A read comes after the writes of its thread.
    let (offset, last) = sent[sent.len() - 1];
    let read = probe.link.read32(offset);
    ensure(read == last, || {
        format!("the last write reads {read}, not {last}")
    })?;
    let arrived = probe.writes();
    if let Some(index) = sent
        .iter()
        .zip(&arrived)
        .position(|(sent, arrived)| sent != arrived)
    {
        return Err(format!(
            "write {index} arrived as {:?}, not {:?}",
            arrived[index], sent[index]
        ));
    }
    ensure(sent.len() == arrived.len(), || {
        format!("{} writes became {}", sent.len(), arrived.len())
    })?;
    Ok(sent.len() as u64)
}

/// A card that sees a register write sees the memory that was written before.
pub(super) fn doorbells_publish_memory(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let region = probe.link.allocate(4096).map_err(|error| error.to_string())?;
    for round in 1..=1000_u64 {
        write_bytes(&region.memory, 8, &round.to_le_bytes(), Ordering::Relaxed);
        let seen = probe
            .carry_out(Order::ReadWord(region.iova.0 + 8))?
            .map_err(|fault| fault.to_string())?;
        ensure(seen == round.to_le_bytes(), || {
            format!("in round {round} the card saw {seen:?}")
        })?;
    }
    Ok(1000)
}

/// An interrupt wakes who waits for its vector, is remembered for who comes later, and no other.
pub(super) fn interrupts(attach: &Attach<'_>) -> Result<u64, String> {
    let probe = Probe::attach(attach)?;
    let vectors = probe.link.vectors();
    ensure(vectors >= 1, || "there is no vector".into())?;
    let nothing = Duration::from_millis(5);
    let mut cases = 0;
    for vector in 0..vectors.min(4) {
        ensure(!probe.link.wait_interrupt(vector, nothing), || {
            format!("vector {vector} was raised by nobody")
        })?;
        for _ in 0..20 {
            probe
                .carry_out(Order::Raise(vector))?
                .map_err(|fault| fault.to_string())?;
            if vectors > 1 {
                let other = (vector + 1) % vectors;
                ensure(!probe.link.wait_interrupt(other, Duration::ZERO), || {
                    format!("vector {vector} was raised, and {other} came")
                })?;
            }
            ensure(probe.link.wait_interrupt(vector, PATIENCE), || {
                format!("vector {vector} was raised before the wait and lost")
            })?;
            ensure(!probe.link.wait_interrupt(vector, Duration::ZERO), || {
                format!("vector {vector} was raised once and came twice")
            })?;
            cases += 1;
        }
        let woken = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                probe.order(Order::Raise(vector));
            });
            let start = Instant::now();
            probe.link.wait_interrupt(vector, PATIENCE) && start.elapsed() < PATIENCE / 2
        });
        ensure(woken, || format!("vector {vector} did not wake a sleeper"))?;
        // The answer to that order is nobody's.
        let probe_is_answered = probe.carry_out(Order::Raise(vector))?;
        probe_is_answered.map_err(|fault| fault.to_string())?;
        probe.link.wait_interrupt(vector, nothing);
        cases += 1;
    }
    Ok(cases)
}
