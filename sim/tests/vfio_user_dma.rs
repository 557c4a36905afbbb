//! DMA of a card behind a socket: to nothing but what is mapped, while it is, and by messages where there is no
//! descriptor.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::lines::{read_bytes, word, write_bytes};
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostMemory, HostPort, Registers};
use metisvm_sim::vfio_user::Limits;
use metisvm_sim::vfio_user::dma::DmaSpace;
use metisvm_vfio_user::messages::{CONFIG_REGION, DMA_READABLE, DMA_WRITABLE, DmaMap, DmaUnmap};
use metisvm_vfio_user::{Capabilities, Client, ClientMemory, Settings};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::served::{PATIENCE, Served, map, memory};

type Job = Box<dyn FnOnce(&dyn HostPort) + Send>;

struct NoRegisters;

impl Registers for NoRegisters {
    fn read32(&self, _: u32) -> u32 {
        0
    }
    fn write32(&self, _: u32, _: u32) {}
}

/// A card that does what it is handed.
struct Hands(Receiver<Job>);

impl CardModel for Hands {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::new(NoRegisters)
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        match self.0.try_recv() {
            Ok(job) => {
                job(host);
                Activity::Worked
            }
            Err(_) => Activity::WaitFor(Duration::from_micros(100)),
        }
    }
}

struct Bench {
    served: Served,
    jobs: Sender<Job>,
}

impl Bench {
    fn new() -> Self {
        let (jobs, hands) = channel();
        let served = Served::with(Hands(hands), Limits::default(), Duration::from_millis(300));
        Self { served, jobs }
    }

    /// Has the card do something; gives where its result comes.
    fn hand<T: Send + 'static>(&self, job: impl FnOnce(&dyn HostPort) -> T + Send + 'static) -> Receiver<T> {
        let (sender, result) = channel();
        self.jobs
            .send(Box::new(move |host| {
                let _ = sender.send(job(host));
            }))
            .unwrap();
        result
    }
}

fn unmap(client: &mut Client, address: u64, size: u64) {
    client
        .dma_unmap(DmaUnmap {
            address,
            size,
            ..DmaUnmap::default()
        })
        .unwrap();
}

#[test]
fn nothing_is_written_after_an_unmapping_in_the_middle_of_dma_is_acknowledged() {
    let bench = Bench::new();
    let mut client = bench.served.ready();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let written = bench.hand(move |host| {
        let (mut round, mut written) = (0_u8, 0_u64);
        while !stopped.load(Ordering::SeqCst) {
            round = round.wrapping_add(1);
            written += u64::from(host.write_bytes(1 << 20, &[round; 1 << 16]).is_ok());
        }
        written
    });
    for _ in 0..200 {
        let memory = memory(1 << 16);
        map(&mut client, 1 << 20, &memory);
        let deadline = Instant::now() + PATIENCE;
        while word(&memory, 0).load(Ordering::Acquire) == 0 {
            assert!(Instant::now() < deadline, "the card does not write");
            thread::yield_now();
        }
        unmap(&mut client, 1 << 20, 1 << 16);
        let sum = || {
            memory.iter().flat_map(|line| &line.0).fold(0_u64, |sum, word| {
                sum.wrapping_mul(31).wrapping_add(word.load(Ordering::Relaxed))
            })
        };
        let then = sum();
        thread::sleep(Duration::from_micros(200));
        assert_eq!(then, sum(), "unmapped memory was written");
    }
    stop.store(true, Ordering::SeqCst);
    assert!(written.recv_timeout(PATIENCE).unwrap() >= 200);
}

#[test]
fn an_access_may_run_over_mappings_that_meet_and_over_nothing_else() {
    let dma = DmaSpace::new(Limits::default());
    let file = memory(4 * 4096);
    for page in 0..4 {
        write_bytes(&file, page * 4096, &[page as u8; 4096], Ordering::Relaxed);
    }
    let map = |address: u64, page: u64, flags: u32| {
        let map = DmaMap {
            argsz: 32,
            flags,
            offset: page * 4096,
            address,
            size: 4096,
        };
        dma.map(&map, vec![file.as_fd().try_clone_to_owned().unwrap()])
            .unwrap();
    };
    let both = DMA_READABLE | DMA_WRITABLE;
    map(0x10000, 3, both);
    map(0x11000, 1, both);
    map(0x12000, 2, DMA_READABLE);
    map(0x14000, 0, DMA_WRITABLE);
    let mut bytes = [9; 8192];
    let fault = |address: u64, bytes: usize| DmaFault {
        address,
        bytes: bytes as u64,
    };
    assert_eq!(
        dma.read_bytes(0x10ff8, &mut bytes),
        Err(fault(0x10ff8, bytes.len())),
        "no bus master"
    );
    dma.set_bus_master(true);
    dma.read_bytes(0x10ff8, &mut bytes).unwrap();
    assert_eq!(
        (bytes[7], bytes[8], bytes[4103], bytes[4104], bytes[8191]),
        (3, 1, 1, 2, 2)
    );
    assert!(
        dma.write_bytes(0x11ff8, &[7; 16]).is_err(),
        "half of it cannot be written"
    );
    dma.read_bytes(0x11ff8, &mut bytes[..8]).unwrap();
    assert_eq!(bytes[..8], [1; 8], "and nothing was");
    for address in [0xfff8, 0x12ff8, 0x13000, 0x14000, u64::MAX - 4, 0] {
        assert!(dma.read_bytes(address, &mut [0; 16]).is_err(), "{address:#x}");
    }
    dma.write_bytes(0x14000, &[5; 4096]).unwrap();
    assert!(dma.write_bytes(0x14001, &[5; 4096]).is_err());
    let mut words = [0; 4];
    assert!(
        dma.read_words(0x10ffc, &mut words).is_err(),
        "words lie at multiples of 8"
    );
    dma.read_words(0x10ff0, &mut words).unwrap();
    assert_eq!(
        words,
        [
            0x0303_0303_0303_0303,
            0x0303_0303_0303_0303,
            0x0101_0101_0101_0101,
            0x0101_0101_0101_0101
        ]
    );
    dma.write_words(0x10ff8, &[1, 2]).unwrap();
    let mut seen = [0; 8];
    read_bytes(&file, 3 * 4096 + 4088, &mut seen, Ordering::Relaxed);
    assert_eq!(seen, 1_u64.to_le_bytes());
    read_bytes(&file, 4096, &mut seen, Ordering::Relaxed);
    assert_eq!(seen, 2_u64.to_le_bytes());
    assert_eq!(dma.mapped_bytes(), 4 * 4096);
    dma.clear();
    assert!(dma.read_bytes(0x10000, &mut [0]).is_err());
}

/// Memory of a client that gives no descriptor for it, from this address on.
const FROM: u64 = 1 << 30;

struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    longest: Arc<Mutex<usize>>,
}

impl Kept {
    fn part(&self, address: u64, bytes: usize) -> std::ops::Range<usize> {
        let mut longest = self.longest.lock().unwrap();
        *longest = bytes.max(*longest);
        let at = (address - FROM) as usize;
        at..at + bytes
    }
}

impl ClientMemory for Kept {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool {
        let part = self.part(address, bytes.len());
        let kept = self.bytes.lock().unwrap();
        kept.get(part).map(|found| bytes.copy_from_slice(found)).is_some()
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        let part = self.part(address, bytes.len());
        let mut kept = self.bytes.lock().unwrap();
        kept.get_mut(part)
            .map(|found| found.copy_from_slice(bytes))
            .is_some()
    }
}

fn without_descriptor(client: &mut Client, flags: u32, size: u64) {
    let map = DmaMap {
        flags,
        address: FROM,
        size,
        ..DmaMap::default()
    };
    client.dma_map(map, None).unwrap();
}

#[test]
fn memory_without_a_descriptor_is_reached_by_messages() {
    let bench = Bench::new();
    let capabilities = Capabilities {
        max_data_xfer_size: 1000,
        ..Capabilities::ours()
    };
    let mut client = bench.served.client_with(&Settings {
        timeout: PATIENCE,
        capabilities,
    });
    client.region_write(CONFIG_REGION, 4, &[6, 4]).unwrap();
    let (bytes, longest) = (Arc::new(Mutex::new(vec![0; 8192])), Arc::default());
    client.serve_memory(Box::new(Kept {
        bytes: Arc::clone(&bytes),
        longest: Arc::clone(&longest),
    }));
    // More is mapped than there is: the client refuses what it does not have.
    without_descriptor(&mut client, DMA_READABLE | DMA_WRITABLE, 16384);
    let done = bench.hand(|host| {
        let wrote = host.write_bytes(FROM + 100, &[7; 5000]);
        let mut words = [0; 600];
        let read = host.read_words(FROM, &mut words);
        let beyond = host.write_bytes(FROM + 8000, &[1; 400]);
        let outside = host.read_bytes(FROM + 16380, &mut [0; 8]);
        (wrote, read, words, beyond.is_err(), outside.is_err())
    });
    let (wrote, read, words, beyond, outside) = loop {
        client.serve_for(Duration::from_millis(10)).unwrap();
        if let Ok(done) = done.try_recv() {
            break done;
        }
    };
    assert_eq!((wrote, read, beyond, outside), (Ok(()), Ok(()), true, true));
    assert_eq!(
        (words[0], words[13], words[599]),
        (0, 0x0707_0707_0707_0707, 0x0707_0707_0707_0707)
    );
    let kept = bytes.lock().unwrap();
    assert!(kept[100..5100].iter().all(|&byte| byte == 7) && kept[5100] == 0 && kept[99] == 0);
    assert_eq!(*longest.lock().unwrap(), 1000);
}

#[test]
fn a_client_that_does_not_answer_is_waited_for_once() {
    let bench = Bench::new();
    let mut client = bench.served.ready();
    without_descriptor(&mut client, DMA_READABLE, 4096);
    let done = bench.hand(|host| {
        let start = Instant::now();
        let first = host.read_bytes(FROM, &mut [0; 8]).is_err();
        let waited = start.elapsed();
        let second = host.read_bytes(FROM, &mut [0; 8]).is_err();
        let forbidden = host.write_bytes(FROM, &[0; 8]).is_err();
        (first, waited, second, start.elapsed() - waited, forbidden)
    });
    let (first, waited, second, then, forbidden) = done.recv_timeout(PATIENCE).unwrap();
    assert!(first && second && forbidden);
    assert!(
        waited >= Duration::from_millis(300) && then < Duration::from_millis(300),
        "{waited:?}, {then:?}"
    );
    // A client that is gone is not waited for at all.
    drop(client);
    let mut client = bench.served.ready();
    without_descriptor(&mut client, DMA_READABLE, 4096);
    let done = bench.hand(|host| host.read_bytes(FROM, &mut [0; 8]).is_err());
    thread::sleep(Duration::from_millis(50));
    drop(client);
    assert!(done.recv_timeout(Duration::from_millis(250)).unwrap_or(true));
    drop(bench.served.ready());
}
