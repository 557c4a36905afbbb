//! Messages that nobody would send, to a server that is alive: it never panics, serves whoever comes next, and its card
//! reaches nothing that was not mapped. `METISVM_FUZZ_SECONDS` says how long, `METISVM_SEED` where to begin.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use bytemuck::bytes_of;
use metisvm_driver::lines::{read_bytes, write_bytes};
use metisvm_driver::region::Memory;
use metisvm_firmware::registers::{self as reg, queue, queue_register};
use metisvm_sim::vfio_user::Limits;
use metisvm_vfio_user::messages::*;
use metisvm_vfio_user::version::Version;
use metisvm_vfio_user::{Capabilities, Channel, Command, Header};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use support::served::{Served, memory};
use support::{Random, card, small};

/// What is mapped lies between two guards in one file.
const PIECE: usize = 1 << 16;
const AT: u64 = 1 << 30;
/// How long a client waits for the card, if it does.
const PATIENCE: Duration = Duration::from_millis(5);
const SECRET: [u8; 8] = *b"guarded!";

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok().map(|text| text.parse());
    given.map_or(default, |number| {
        number.unwrap_or_else(|_| panic!("{name} is no number"))
    })
}

/// Everything that a client has to send.
struct Arsenal {
    guarded: Memory,
    other: Memory,
    shrinkable: OwnedFd,
    event: OwnedFd,
    null: OwnedFd,
}

impl Arsenal {
    fn new() -> Self {
        let shrinkable = memfd_create("fuzz", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&shrinkable, PIECE as u64).unwrap();
        let guarded = memory(3 * PIECE);
        for guard in [0, 2 * PIECE] {
            write_bytes(&guarded, guard, &SECRET.repeat(PIECE / 8), Ordering::Relaxed);
        }
        Self {
            guarded,
            other: memory(PIECE),
            shrinkable,
            event: rustix::event::eventfd(0, rustix::event::EventfdFlags::NONBLOCK).unwrap(),
            null: std::fs::File::open("/dev/null").unwrap().into(),
        }
    }

    /// The guards are what they were, and nothing of them came to where the card could put it.
    fn check(&self, seed: u64) {
        let mut bytes = vec![0; 3 * PIECE];
        read_bytes(&self.guarded, 0, &mut bytes, Ordering::Relaxed);
        let intact = |guard: &[u8]| guard.chunks(8).all(|word| word == SECRET);
        assert!(
            intact(&bytes[..PIECE]) && intact(&bytes[2 * PIECE..]),
            "seed {seed}: a guard was written"
        );
        let leaked = |bytes: &[u8]| bytes.windows(8).any(|word| word == SECRET);
        assert!(!leaked(&bytes[PIECE..2 * PIECE]), "seed {seed}: a guard was read");
    }

    /// Whether the card answered entries where it was told to.
    fn has_worked(&self) -> bool {
        let mut answers = [0; 256];
        read_bytes(&self.guarded, PIECE + 8192, &mut answers, Ordering::Relaxed);
        answers.iter().any(|&byte| byte != 0)
    }

    /// The same, and the answers are wiped.
    fn take_work(&self) -> bool {
        let worked = self.has_worked();
        write_bytes(&self.guarded, PIECE + 8192, &[0; 256], Ordering::Relaxed);
        worked
    }

    fn fds(&self, random: &mut Random) -> Vec<BorrowedFd<'_>> {
        let count = [0, 0, 0, 1, 1, 2, 16][random.below(7)];
        let all = [
            self.other.as_fd(),
            self.event.as_fd(),
            self.event.as_fd(),
            self.shrinkable.as_fd(),
            self.null.as_fd(),
        ];
        (0..count).map(|_| all[random.below(all.len())]).collect()
    }
}

/// A number that is often one of those that matter.
fn interesting(random: &mut Random) -> u64 {
    let edges = [
        0,
        1,
        4,
        16,
        4096,
        PIECE as u64,
        AT,
        AT + PIECE as u64,
        AT - 4096,
        0xffff_ffff,
        1 << 32,
        u64::MAX,
        u64::MAX - 4095,
    ];
    match random.below(4) {
        0 => random.next() & 0xff,
        1 => random.next() << 16,
        _ => edges[random.below(edges.len())]
            .wrapping_add(random.below(3) as u64)
            .wrapping_sub(1),
    }
}

/// The payload of a command as it might be.
fn payload(command: Command, random: &mut Random) -> Vec<u8> {
    let small = |random: &mut Random| random.below(10) as u32;
    match command {
        Command::Version => Version::ours(Capabilities::ours()).encode(),
        Command::DmaMap => bytes_of(&DmaMap {
            argsz: 32,
            flags: small(random) & 3,
            offset: interesting(random) & !0xfff,
            address: interesting(random) & !0xfff,
            size: 4096 << random.below(6),
        })
        .to_vec(),
        Command::DmaUnmap => bytes_of(&DmaUnmap {
            argsz: 24,
            flags: 0,
            address: interesting(random) & !0xfff,
            size: 4096 << random.below(6),
        })
        .to_vec(),
        Command::DeviceGetInfo => bytes_of(&[16_u32, 0, 0, 0]).to_vec(),
        Command::DeviceGetRegionInfo => bytes_of(&[32_u32, 0, small(random), 0, 0, 0, 0, 0]).to_vec(),
        Command::DeviceGetIrqInfo => bytes_of(&[16_u32, 0, small(random), 0]).to_vec(),
        Command::DeviceSetIrqs => {
            let flags = 1 << random.below(3) | 8 << random.below(3);
            let set = [20, flags, small(random), small(random), small(random)];
            [bytes_of(&set), &random.bytes(4)[..]].concat()
        }
        Command::RegionRead | Command::RegionWrite => {
            let region = [BAR0_REGION, CONFIG_REGION, small(random)][random.below(3)];
            let count = [1, 2, 4, 8, 64][random.below(5)];
            let offset = random.below(0x4100) as u64 & !(u64::from(count) - 1);
            let access = RegionAccess {
                offset,
                region,
                count,
            };
            let written = if command == Command::RegionWrite { count } else { 0 };
            [bytes_of(&access), &random.bytes(written as usize)[..]].concat()
        }
        Command::DmaRead | Command::DmaWrite => random.bytes(16),
        Command::DeviceReset => Vec::new(),
    }
}

/// A message, and what became of it on its way.
fn send_something(channel: &Channel, arsenal: &Arsenal, random: &mut Random) -> bool {
    let command = Command::ALL[random.below(Command::ALL.len())];
    let mut payload = payload(command, random);
    let mut header = Header::command(random.next() as u16, command);
    match random.below(12) {
        0 => header.command = random.next() as u16 & 31,
        1 => header.flags = random.next() as u32 & 0x3f,
        2 => payload.truncate(random.below(payload.len() + 1)),
        3 => payload.extend(random.bytes(9)),
        4 if payload.len() >= 8 => {
            let field = random.below(payload.len() / 4) * 4;
            payload[field..field + 4].copy_from_slice(&(interesting(random) as u32).to_le_bytes());
        }
        5 if payload.len() >= 8 => {
            let field = random.below(payload.len() / 8) * 8;
            payload[field..field + 8].copy_from_slice(&interesting(random).to_le_bytes());
        }
        6 if !payload.is_empty() => {
            let at = random.below(payload.len());
            payload[at] ^= 1 << random.below(8);
        }
        // The length is a lie: the rest of the stream is out of step.
        7 => {
            let mut bytes = [bytes_of(&header), &payload[..]].concat();
            let size = [
                0,
                15,
                17,
                payload.len() as u32 + 20,
                u32::MAX,
                random.next() as u32 & 0xff,
            ][random.below(6)];
            bytes[4..8].copy_from_slice(&size.to_le_bytes());
            return rustix::io::write(channel, &bytes).is_ok();
        }
        _ => {}
    }
    channel.send(header, &[&payload], &arsenal.fds(random)).is_ok()
}

fn set(channel: &Channel, offset: u32, value: u32) -> bool {
    let access = RegionAccess {
        offset: offset.into(),
        region: BAR0_REGION,
        count: 4,
    };
    let header = Header::command(1, Command::RegionWrite).posted();
    channel
        .send(header, &[bytes_of(&access), &value.to_le_bytes()], &[])
        .is_ok()
}

/// Makes the card do DMA: rings in what is mapped, or half out of it, and entries that say anything.
fn set_the_card_to_work(channel: &Channel, arsenal: &Arsenal, random: &mut Random) -> bool {
    let access = RegionAccess {
        offset: 4,
        region: CONFIG_REGION,
        count: 2,
    };
    let on = channel.send(
        Header::command(1, Command::RegionWrite).posted(),
        &[bytes_of(&access), &[6, 0]],
        &[],
    );
    let map = DmaMap {
        argsz: 32,
        flags: DMA_READABLE | DMA_WRITABLE,
        offset: PIECE as u64,
        address: AT,
        size: PIECE as u64,
    };
    let map = channel.send(
        Header::command(2, Command::DmaMap).posted(),
        &[bytes_of(&map)],
        &[arsenal.guarded.as_fd()],
    );
    let nonce = random.next() as u32 | 1;
    // Entries of 64 bytes, mostly of the right nonce, which read and write around the edges.
    let mut entries = Vec::new();
    for sequence in 0..16 {
        let around = |random: &mut Random| {
            AT.wrapping_add(random.below(3 * PIECE) as u64)
                .wrapping_sub(PIECE as u64)
                & !7
        };
        let entry = [
            random.below(7) as u64 | sequence << 32,
            u64::from(nonce),
            1 | (random.below(4) as u64) << 32,
            around(random),
            around(random),
            (random.below(512) as u64 * 8) | (random.below(64) as u64 * 32) << 32,
            random.below(64) as u64 * 64,
            random.below(256) as u64 * 8,
        ];
        entries.extend(entry.into_iter().flat_map(u64::to_le_bytes));
    }
    write_bytes(&arsenal.guarded, PIECE, &entries, Ordering::Release);
    let submissions = [AT, AT, AT + PIECE as u64 - 64, AT - 64][random.below(4)];
    let completions = [AT + 8192, AT + 8192, AT + PIECE as u64 - 16, AT - 64][random.below(4)];
    on.is_ok()
        && map.is_ok()
        && set(channel, reg::BOOT_NONCE, nonce)
        && set(channel, queue_register(0, queue::SQ_BASE_LO), submissions as u32)
        && set(channel, queue_register(0, queue::CQ_BASE_LO), completions as u32)
        && set(channel, queue_register(0, queue::ENTRIES_LOG2), 4)
        && set(channel, queue_register(0, queue::ENABLE), 1)
        && set(channel, queue_register(0, queue::SQ_TAIL), 16)
        && set(channel, queue_register(0, queue::INTERRUPT_ARM), 1)
}

/// A client from its beginning to its end, wherever that is.
fn client(served: &Served, arsenal: &Arsenal, random: &mut Random) {
    let stream = UnixStream::connect(served.path()).unwrap();
    stream.set_nonblocking(false).unwrap();
    let channel = Channel::new(stream.into(), Duration::from_millis(500)).unwrap();
    if random.below(20) == 0 {
        let _ = rustix::io::write(&channel, &random.bytes(40));
        return;
    }
    let ours = Version::ours(Capabilities::ours()).encode();
    let mut answer = Vec::new();
    let agreed = channel
        .send(Header::command(1, Command::Version), &[&ours], &[])
        .and_then(|()| channel.receive(&mut answer, 1 << 16));
    assert!(agreed.is_ok(), "{agreed:?}");
    let mut lives = random.below(4) == 0 || set_the_card_to_work(&channel, arsenal, random);
    // Most clients are gone before the card's thread has run; some give it the time.
    if random.below(4) == 0 {
        let start = Instant::now();
        while lives && !arsenal.has_worked() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    for _ in 0..random.below(40) {
        lives = lives && send_something(&channel, arsenal, random);
        // What is answered is taken off, so that the server is never kept from answering.
        while lives
            && matches!(
                metisvm_vfio_user::wait::readable([channel.as_fd()], Some(Duration::ZERO)),
                Ok([true])
            )
        {
            lives = channel.receive(&mut answer, 1 << 21).is_ok();
            assert!(
                !answer.windows(8).any(|word| word == SECRET),
                "an answer has a guard in it"
            );
        }
        if !lives {
            break;
        }
    }
}

#[test]
fn whatever_is_sent_the_server_lives_and_the_card_stays_within_what_is_mapped() {
    let limits = Limits {
        mappings: 64,
        bytes: 64 << 20,
    };
    let served = Served::with(card(small()), limits, Duration::from_millis(50));
    let arsenal = Arsenal::new();
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 10));
    let (start, first) = (Instant::now(), number("METISVM_SEED", 0));
    let (mut clients, mut worked) = (0, 0);
    while start.elapsed() < time || clients < 100 {
        let seed = first + clients;
        client(
            &served,
            &arsenal,
            &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        );
        arsenal.check(seed);
        worked += u64::from(arsenal.take_work());
        clients += 1;
        if clients % 64 == 0 {
            let mut magic = [0; 4];
            served
                .ready()
                .region_read(BAR0_REGION, reg::MAGIC.into(), &mut magic)
                .unwrap();
            assert_eq!(u32::from_le_bytes(magic), reg::MAGIC_VALUE, "seed {seed}");
        }
    }
    let told = served.log().len();
    println!("{clients} clients, of {worked} the card did work; the operator was told {told} lines");
    assert!(worked > clients / 40, "the card hardly did anything");
    drop(served.ready());
}
