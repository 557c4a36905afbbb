//! Every transport passes one suite, and one that lies about a rule fails it by that rule's name.
//!
//! A new transport is a row in [`TRANSPORTS`].

use metisvm_driver::lines::{read_bytes, word, write_bytes};
use metisvm_driver::region::{Memory, Pages};
use metisvm_driver::{DmaRegion, InProcess, Iova, Transport, TransportError};
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostMemory, Interrupts, Registers};
use metisvm_tests::served::Served;
use metisvm_tests::transport_suite::{self, Attach};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const TRANSPORTS: [(&str, &Attach<'static>); 4] = [
    ("in-process", &|card| Ok(Box::new(InProcess::start(card)?))),
    ("vfio-user", &|card| Ok(Box::new(Served::attach(card)?))),
    ("toy", &|card| Ok(Toy::attach(card, None))),
    ("toy that does not isolate, and says so", &|card| {
        Ok(Toy::attach(card, Some(Lie::KeepsUnmapped { admits: true })))
    }),
];

#[test]
fn every_transport_passes_the_suite() {
    for (name, attach) in TRANSPORTS {
        let report = transport_suite::run(attach).unwrap_or_else(|broken| panic!("{name}: {broken:#?}"));
        println!("{name}\n{report}");
        for (rule, cases) in report.covered {
            assert!(
                cases > 0 || rule == "isolation",
                "{name}: nothing was tried of {rule}"
            );
        }
    }
}

#[test]
fn a_transport_that_lies_fails_the_suite_by_the_name_of_the_rule() {
    for (lie, rule) in [
        (Lie::LosesInterrupts, "interrupts"),
        (Lie::KeepsUnmapped { admits: false }, "isolation"),
        (Lie::ReordersWrites, "order of register writes"),
        (Lie::ShortDma, "DMA to the byte"),
    ] {
        let broken = transport_suite::run(&|card| Ok(Toy::attach(card, Some(lie))))
            .expect_err("the suite passes a transport that lies");
        let rules: Vec<&str> = broken.iter().map(|violation| violation.rule).collect();
        assert!(rules.contains(&rule), "{lie:?}: {broken:#?}");
    }
}

/// What a toy does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// Every other interrupt is lost.
    LosesInterrupts,
    /// Unmapped memory stays within the card's reach.
    KeepsUnmapped { admits: bool },
    /// A register write is overtaken by the next.
    ReordersWrites,
    /// The last byte of a DMA write is lost.
    ShortDma,
}

/// The smallest transport: the card is polled on whatever thread touches the link.
struct Toy {
    registers: Arc<dyn Registers>,
    card: Mutex<Box<dyn CardModel>>,
    port: Port,
    overtaken: Mutex<Option<(u32, u32)>>,
}

/// The card's end of it.
struct Port {
    lie: Option<Lie>,
    regions: Mutex<Vec<DmaRegion>>,
    next: Mutex<u64>,
    raised: Mutex<(u64, u64)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test thread panics")
}

impl Toy {
    fn attach(card: Box<dyn CardModel>, lie: Option<Lie>) -> Box<dyn Transport> {
        Box::new(Self {
            registers: card.registers(),
            card: Mutex::new(card),
            port: Port {
                lie,
                regions: Mutex::default(),
                next: Mutex::new(1 << 32),
                raised: Mutex::default(),
            },
            overtaken: Mutex::default(),
        })
    }

    fn poll(&self) {
        let mut card = lock(&self.card);
        while card.poll(&self.port) == Activity::Worked {}
    }
}

impl Transport for Toy {
    fn read32(&self, offset: u32) -> u32 {
        self.registers.read32(offset)
    }

    fn write32(&self, offset: u32, value: u32) {
        if self.port.lie == Some(Lie::ReordersWrites) {
            let mut overtaken = lock(&self.overtaken);
            match overtaken.take() {
                None if offset == 0 => *overtaken = Some((offset, value)),
                earlier => {
                    self.registers.write32(offset, value);
                    if let Some((offset, value)) = earlier {
                        self.registers.write32(offset, value);
                    }
                }
            }
        } else {
            self.registers.write32(offset, value);
        }
        self.poll();
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let reason = |error: std::io::Error| TransportError::Map {
            bytes,
            reason: error.to_string(),
        };
        let memory = Memory::allocate(bytes, Pages::Base).map_err(reason)?;
        let mut next = lock(&self.port.next);
        let iova = Iova(next.next_multiple_of(2 << 20));
        *next = iova.0 + memory.bytes() as u64 + 1;
        let region = DmaRegion { memory, iova };
        lock(&self.port.regions).push(region.clone());
        Ok(region)
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        if !matches!(self.port.lie, Some(Lie::KeepsUnmapped { .. })) {
            lock(&self.port.regions).retain(|other| other.iova != region.iova);
        }
        Ok(())
    }

    fn isolates_on_unmap(&self) -> bool {
        self.port.lie != Some(Lie::KeepsUnmapped { admits: true })
    }

    fn vectors(&self) -> u16 {
        8
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            self.poll();
            let raised = &mut lock(&self.port.raised).0;
            if *raised & 1 << vector != 0 {
                *raised &= !(1 << vector);
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn failure(&self) -> Option<TransportError> {
        None
    }
}

impl Port {
    fn find(&self, address: u64, bytes: usize) -> Result<(Memory, usize), DmaFault> {
        let regions = lock(&self.regions);
        let hit = regions.iter().find_map(|region| {
            let offset = usize::try_from(address.checked_sub(region.iova.0)?).ok()?;
            let fits = offset.checked_add(bytes)? <= region.memory.bytes();
            fits.then(|| (region.memory.clone(), offset))
        });
        hit.ok_or(DmaFault {
            address,
            bytes: bytes as u64,
        })
    }
}

impl HostMemory for Port {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        let (memory, offset) = self.find(address, size_of_val(words))?;
        for (index, slot) in words.iter_mut().enumerate() {
            *slot = word(&memory, offset / 8 + index).load(Ordering::Acquire);
        }
        Ok(())
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        let (memory, offset) = self.find(address, size_of_val(words))?;
        for (index, &value) in words.iter().enumerate() {
            word(&memory, offset / 8 + index).store(value, Ordering::Release);
        }
        Ok(())
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        let (memory, offset) = self.find(address, bytes.len())?;
        read_bytes(&memory, offset, bytes, Ordering::Acquire);
        Ok(())
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        let (memory, offset) = self.find(address, bytes.len())?;
        let lost = usize::from(self.lie == Some(Lie::ShortDma));
        let bytes = &bytes[..bytes.len().saturating_sub(lost)];
        write_bytes(&memory, offset, bytes, Ordering::Release);
        Ok(())
    }
}

impl Interrupts for Port {
    fn raise(&self, vector: u16) {
        let mut raised = lock(&self.raised);
        raised.1 += 1;
        if self.lie != Some(Lie::LosesInterrupts) || raised.1.is_multiple_of(2) {
            raised.0 |= 1 << vector;
        }
    }
}
