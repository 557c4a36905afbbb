//! A card behind a socket, driven as the driver drives it, and as a client does that knows PCI.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::lines::word;
use metisvm_driver::{Device, DeviceError, Health, Transport, TransportError, VfioUser};
use metisvm_firmware::pci::{BAR0_BYTES, MSIX_TABLE};
use metisvm_firmware::registers as reg;
use metisvm_sim::vfio_user::{Options, Server, ServerError};
use metisvm_sim::{Fault, FaultyCard, FunctionalCard, Trigger};
use metisvm_vfio_user::messages::{BAR0_REGION, CONFIG_REGION};
use metisvm_vfio_user::{Client, Settings};
use sha3::{Digest, Keccak256};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};
use support::served::{PATIENCE, Served};
use support::{card, impatient, small};

fn hash(device: &Device, text: &str) -> Result<(), DeviceError> {
    let digests = device.keccak(&[text.as_bytes()])?;
    let expected: [u8; 32] = Keccak256::digest(text).into();
    assert_eq!(digests, [expected]);
    Ok(())
}

fn open(served: &Served) -> Device {
    Device::open(Box::new(served.transport()), metisvm_driver::Options::default()).unwrap()
}

fn register(client: &mut Client, offset: u32) -> u32 {
    let mut value = [0; 4];
    client
        .region_read(BAR0_REGION, offset.into(), &mut value)
        .unwrap();
    u32::from_le_bytes(value)
}

fn set_register(client: &mut Client, offset: u32, value: u32) {
    client
        .region_write(BAR0_REGION, offset.into(), &value.to_le_bytes())
        .unwrap();
}

#[test]
fn the_driver_works_over_a_socket_and_the_next_client_finds_a_card_after_a_reset() {
    let served = Served::new(card(small()));
    for round in 0..3 {
        let device = open(&served);
        device.nop_batch(300).unwrap();
        hash(&device, &format!("round {round}")).unwrap();
        device.load_resident(&[7; 4096]).unwrap();
        device.reset().unwrap();
        hash(&device, "after a reset").unwrap();
        assert_eq!(device.counters().faults, 0);
        drop(device);
        let mut client = served.ready();
        assert_eq!(register(&mut client, reg::BOOT_NONCE), 0);
        assert_eq!(
            register(&mut client, reg::queue_register(0, reg::queue::ENABLE)),
            0
        );
    }
    assert_eq!(served.log(), [""; 0]);
}

/// A machine that QEMU starts anew: its device's socket goes whatever the card is at, and comes again.
#[test]
fn a_client_that_goes_in_the_middle_of_its_jobs_and_comes_again_finds_a_sound_card() {
    let served = Served::new(card(small()));
    let mut unanswered = 0;
    for round in 0_u8..20 {
        let device = open(&served);
        let texts = [[round; 1000], [!round; 1000]];
        let digests = texts.map(|text| <[u8; 32]>::from(Keccak256::digest(text)));
        let running: Vec<_> = (0..24)
            .map(|_| device.submit_keccak(&[&texts[0], &texts[1]]).unwrap())
            .collect();
        device.close();
        // What the card has answered before is right, and nothing else is said to be.
        for job in running {
            match job.wait() {
                Ok(answer) => assert_eq!(answer, digests),
                Err(_) => unanswered += 1,
            }
        }
        drop(device);
        let next = open(&served);
        hash(&next, &format!("round {round}")).unwrap();
        assert_eq!(next.counters().faults, 0);
    }
    assert!(unanswered > 20, "{unanswered}: no link went in the middle");
    assert_eq!(served.log(), [""; 0]);
}

#[test]
fn a_client_waits_for_the_one_before_it_and_is_told_why_if_that_takes_too_long() {
    let served = Served::new(card(small()));
    let first = served.client();
    let hurried = Settings {
        timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let error = VfioUser::connect(&served.path(), &hurried)
        .unwrap_err()
        .to_string();
    assert!(error.contains("one client after another"), "{error}");
    thread::scope(|scope| {
        let second = scope.spawn(|| open(&served));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished());
        drop(first);
        hash(&second.join().unwrap(), "second").unwrap();
    });
}

#[test]
fn bar0_is_there_while_memory_is_decoded_and_dma_while_the_function_is_a_bus_master() {
    let served = Served::new(card(small()));
    let mut client = served.client();
    assert_eq!(register(&mut client, reg::MAGIC), reg::ALL_ONES);
    client.region_write(CONFIG_REGION, 4, &[2]).unwrap();
    assert_eq!(register(&mut client, reg::MAGIC), reg::MAGIC_VALUE);
    set_register(&mut client, reg::BOOT_NONCE, 5);
    client.region_write(CONFIG_REGION, 4, &[0]).unwrap();
    set_register(&mut client, reg::BOOT_NONCE, 6);
    assert_eq!(register(&mut client, reg::BOOT_NONCE), reg::ALL_ONES);
    client.region_write(CONFIG_REGION, 4, &[2]).unwrap();
    assert_eq!(register(&mut client, reg::BOOT_NONCE), 5);
    // Without bus mastering the queue's first fetch is a DMA fault.
    let rings = support::served::memory(1 << 16);
    support::served::map(&mut client, 1 << 20, &rings);
    for (command, state) in [(2, reg::QueueState::DmaFault), (6, reg::QueueState::Running)] {
        client.region_write(CONFIG_REGION, 4, &[command]).unwrap();
        let queue = |register| reg::queue_register(0, register);
        set_register(&mut client, queue(reg::queue::ENABLE), 0);
        set_register(&mut client, queue(reg::queue::SQ_BASE_LO), 1 << 20);
        set_register(&mut client, queue(reg::queue::CQ_BASE_LO), (1 << 20) + 4096);
        set_register(&mut client, queue(reg::queue::ENTRIES_LOG2), 4);
        set_register(&mut client, queue(reg::queue::ENABLE), 1);
        wait_for(
            &mut client,
            queue(reg::queue::STATE),
            reg::QueueState::Running as u32,
        );
        set_register(&mut client, queue(reg::queue::SQ_TAIL), 1);
        if command == 6 {
            // The phase of the answer, which is that of a stale nonce.
            let answered = || word(&rings, 4096 / 8 + 1).load(Ordering::Acquire) >> 48 & 1 == 1;
            until(answered);
        }
        wait_for(&mut client, queue(reg::queue::STATE), state as u32);
    }
}

fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it takes too long");
        thread::sleep(Duration::from_micros(100));
    }
}

fn wait_for(client: &mut Client, offset: u32, value: u32) {
    until(|| register(client, offset) == value);
}

#[test]
fn registers_are_words_of_four_bytes_whatever_the_size_of_an_access() {
    let served = Served::new(card(small()));
    let mut client = served.ready();
    let mut bytes = [0; 12];
    client
        .region_read(BAR0_REGION, reg::MAGIC.into(), &mut bytes)
        .unwrap();
    assert_eq!(bytes[..4], *b"MTVM");
    assert_eq!(bytes[4..8], reg::ABI_VERSION_VALUE.to_le_bytes());
    let mut middle = [0; 2];
    client
        .region_read(BAR0_REGION, u64::from(reg::MAGIC) + 1, &mut middle)
        .unwrap();
    assert_eq!(middle, *b"TV");
    let base = u64::from(reg::queue_register(0, reg::queue::SQ_BASE_LO));
    client
        .region_write(BAR0_REGION, base, &[1, 2, 3, 4, 5, 6, 7, 8])
        .unwrap();
    client.region_write(BAR0_REGION, base, &[9]).unwrap();
    client.region_write(BAR0_REGION, base + 1, &[9; 6]).unwrap();
    let mut read = [0; 8];
    client.region_read(BAR0_REGION, base, &mut read).unwrap();
    assert_eq!(read, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (region, offset, bytes) in [
        (BAR0_REGION, u64::from(BAR0_BYTES) - 2, 4),
        (BAR0_REGION, u64::MAX, 4),
        (BAR0_REGION, 0, 0),
        (CONFIG_REGION, 4096, 1),
        (1, 0, 4),
        (8, 0, 4),
        (u32::MAX, 0, 4),
    ] {
        let mut read = vec![0; bytes];
        assert!(
            client.region_read(region, offset, &mut read).is_err(),
            "{region} {offset:#x}"
        );
        assert!(
            client.region_write(region, offset, &read).is_err(),
            "{region} {offset:#x}"
        );
    }
}

#[test]
fn a_function_level_reset_and_a_message_reset_the_card_and_keep_where_interrupts_go() {
    let served = Served::new(card(small()));
    let transport = served.transport();
    for by_message in [false, true] {
        transport.write32(reg::BOOT_NONCE, 9);
        assert_eq!(transport.read32(reg::BOOT_NONCE), 9);
        let region = transport.allocate(4096).unwrap();
        transport.reset_function(by_message).unwrap();
        assert_eq!(transport.read32(reg::BOOT_NONCE), 0);
        transport.unmap(&region).unwrap();
    }
    let device = Device::open(Box::new(transport), metisvm_driver::Options::default()).unwrap();
    hash(&device, "after resets").unwrap();
}

#[test]
fn msix_vectors_can_be_masked_in_the_table_behind_bar0() {
    let served = Served::new(card(small()));
    let mut client = served.ready();
    let entry = MSIX_TABLE + 16;
    assert_eq!(register(&mut client, entry + 12), 1, "masked after power-up");
    set_register(&mut client, entry, 0xfee0_0000);
    set_register(&mut client, entry + 12, u32::MAX);
    assert_eq!(
        (register(&mut client, entry), register(&mut client, entry + 12)),
        (0xfee0_0000, 1)
    );
    client.reset().unwrap();
    client.region_write(CONFIG_REGION, 4, &[6]).unwrap();
    assert_eq!(register(&mut client, entry), 0);
}

#[test]
fn a_server_that_goes_in_the_middle_of_a_job_is_noticed_at_once() {
    let faulty = FaultyCard::new(card(small()));
    let faults = faulty.faults();
    let mut served = Served::new(faulty);
    let device = open(&served);
    hash(&device, "before").unwrap();
    faults.arm(Trigger::Run(0), Fault::Silent);
    let running = device.submit_keccak(&[b"lost"]).unwrap();
    let (outcome, noticed) = thread::scope(|scope| {
        let waiting = scope.spawn(|| running.wait());
        thread::sleep(Duration::from_millis(100));
        served.stop();
        let start = Instant::now();
        (waiting.join().unwrap(), start.elapsed())
    });
    let expected = TransportError::Gone("the server has closed the connection".into());
    assert_eq!(outcome, Err(DeviceError::Transport(expected)));
    assert!(noticed < Duration::from_secs(1), "{noticed:?}");
    assert!(
        matches!(device.health(), Health::Dead(_)),
        "{:?}",
        device.health()
    );
    assert!(device.reset().is_err());
    assert_eq!(
        (device.quarantined_bytes(), device.counters().leaked_bytes),
        (0, 0)
    );
    assert!(!served.path().exists(), "the socket is removed");
}

#[test]
fn a_card_that_stalls_register_accesses_breaks_the_link_after_the_time_out() {
    let faulty = FaultyCard::new(card(small()));
    let faults = faulty.faults();
    let served = Served::new(faulty);
    let settings = Settings {
        timeout: Duration::from_millis(200),
        ..Settings::default()
    };
    let transport = VfioUser::connect(&served.path(), &settings).unwrap();
    let device = Device::open(Box::new(transport), impatient()).unwrap();
    faults.arm(Trigger::Run(0), Fault::StalledRegisters(Duration::from_secs(2)));
    let start = Instant::now();
    let mut outcome = Ok(());
    while outcome.is_ok() && start.elapsed() < PATIENCE {
        outcome = hash(&device, "x").and_then(|()| device.reset());
    }
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
    // It is the link that is at fault, and that is said: then, and of what is asked of it later.
    for outcome in [outcome, hash(&device, "y")] {
        assert!(matches!(outcome, Err(DeviceError::Transport(_))), "{outcome:?}");
    }
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let bind = |path: &Path| Server::bind(path, Box::new(FunctionalCard::new(small())), Options::default());
    let path = folder.path().join("card");
    // A listener that is gone leaves its file.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = bind(&path).unwrap();
    assert!(matches!(bind(&path), Err(ServerError::Served(_))));
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    drop(server);
    assert!(!path.exists());
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(bind(&path), Err(ServerError::Occupied(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let nowhere = folder.path().join("no/such/folder");
    let long = folder.path().join("x".repeat(200));
    for path in [nowhere, long] {
        let error = bind(&path).unwrap_err().to_string();
        assert!(error.starts_with(&*path.to_string_lossy()), "{error}");
    }
    let error = VfioUser::connect(&folder.path().join("none"), &Settings::default()).unwrap_err();
    assert!(error.to_string().contains("metisvm sim"), "{error}");
    for other in [folder.path(), &path] {
        let error = VfioUser::connect(other, &Settings::default()).unwrap_err();
        assert!(error.to_string().contains("it is no socket"), "{error}");
    }
}

#[test]
fn of_servers_that_find_the_same_dead_socket_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card");
    for _ in 0..50 {
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let begin = std::sync::Barrier::new(4);
        let bind = || {
            let card = Box::new(FunctionalCard::new(small()));
            begin.wait();
            Server::bind(&path, card, Options::default())
        };
        let servers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(bind)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let errors: Vec<_> = servers
            .iter()
            .filter_map(|server| server.as_ref().err())
            .collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        let served = |error: &&ServerError| matches!(error, ServerError::Served(_));
        assert!(errors.iter().all(served), "{errors:?}");
    }
}
