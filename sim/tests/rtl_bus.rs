//! The simulation around a card in RTL, with a card of a few lines of Verilog: the bus, the cache, broken contracts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::ring::QueuePair;
use metisvm_driver::{Device, InProcess, Options, Transport};
use metisvm_firmware::registers::{self as reg, ALL_ONES, queue, queue_register};
use metisvm_firmware::{Opcode, Status, Submission};
use metisvm_sim::rtl::{BuildError, Meter, RtlError, Source, library};
use metisvm_sim::{RtlCard, RtlOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::bench::Bench;
use support::rtl::{cache, has_verilator};
use support::{NONCE, submit};

fn toy() -> Source {
    Source {
        name: "toy".into(),
        verilog: include_str!("toy/card.v").into(),
    }
}

fn card(options: &RtlOptions) -> RtlCard {
    RtlCard::new(&toy(), options, &cache(), &|_| {}).unwrap()
}

fn start(options: &RtlOptions) -> (Arc<dyn Transport>, Meter) {
    let card = card(options);
    let meter = card.meter();
    (Arc::new(InProcess::start(Box::new(card)).unwrap()), meter)
}

fn nop() -> Submission {
    Submission::default()
}

#[test]
fn nops_go_through_the_bus_whatever_its_latency_and_order() {
    if !has_verilator() {
        return;
    }
    let bus = |latency, disorder| RtlOptions {
        latency: Duration::from_nanos(latency),
        disorder,
        ..RtlOptions::default()
    };
    for options in [bus(0, None), bus(1000, None), bus(300, Some(7)), bus(0, Some(8))] {
        let (transport, meter) = start(&options);
        transport.write32(reg::BOOT_NONCE, NONCE);
        let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
        let run = Submission {
            opcode: Opcode::Run as u8,
            ..Submission::default()
        };
        for _ in 0..30 {
            let found = submit(&mut pair, &[nop(), nop(), run, nop()]);
            let answers = [Status::Ok, Status::Ok, Status::InvalidOpcode, Status::Ok];
            assert_eq!(found, answers.map(|status| (status, 0)));
        }
        let counts = meter.counts();
        assert_eq!(meter.broken(), None);
        assert_eq!((counts.reads, counts.read_bytes), (120, 120 * 64));
        assert_eq!((counts.writes, counts.written_bytes), (120, 120 * 16));
        let latency = options.latency.as_nanos() as u64 / 10;
        if options.disorder.is_none() {
            assert!(counts.busy >= 120 * latency, "{counts:?}");
        }
    }
}

#[test]
fn the_clock_stands_still_while_nothing_is_in_progress() {
    if !has_verilator() {
        return;
    }
    let (transport, meter) = start(&RtlOptions::default());
    transport.write32(reg::BOOT_NONCE, NONCE);
    let before = meter.counts().cycles;
    thread::sleep(Duration::from_millis(20));
    assert_eq!(meter.counts().cycles, before);
    let start = Instant::now();
    drop(transport);
    assert!(start.elapsed() < Duration::from_millis(500));
}

#[test]
fn the_driver_sleeps_until_the_interrupt_of_a_card_in_rtl() {
    if !has_verilator() {
        return;
    }
    let card = card(&RtlOptions::default());
    let meter = card.meter();
    let device = Device::open(
        Box::new(InProcess::start(Box::new(card)).unwrap()),
        Options::default(),
    )
    .unwrap();
    device.nop_batch(1000).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| device.nop_batch(3).unwrap()));
        }
    });
    device.reset().unwrap();
    device.nop_batch(10).unwrap();
    assert!(meter.counts().cycles > 1000);
    // The driver does not see it coming: its entries would carry a nonce that is not the card's.
    meter.reset_function();
    device.reset().unwrap();
    device.nop_batch(10).unwrap();
}

#[test]
fn a_card_that_breaks_the_contract_of_its_pins_is_dead_and_the_rule_is_named() {
    if !has_verilator() {
        return;
    }
    for (fault, rule) in [
        (1, "crosses 4096 bytes"),
        (2, "rq changed while it waited"),
        (3, "not as long as its request"),
        (4, "a register access is not answered"),
        (5, "outside card memory"),
    ] {
        let (transport, meter) = start(&RtlOptions {
            // A channel that never stalls has nothing that could change.
            disorder: (fault == 2).then_some(5),
            fault,
            ..RtlOptions::default()
        });
        transport.write32(reg::BOOT_NONCE, NONCE);
        if let Ok(mut pair) = QueuePair::new(&transport, 0, 4, NONCE) {
            for _ in 0..8 {
                let _ = pair.push(nop());
            }
            pair.ring_doorbell();
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        // A rule of the bus may be broken only where the bus stalls: entries come until it does.
        let mut tail = 8;
        while transport.read32(reg::MAGIC) != ALL_ONES {
            assert!(Instant::now() < deadline, "fault {fault}: the card lives");
            tail += 1;
            transport.write32(queue_register(0, queue::SQ_TAIL), tail);
            thread::yield_now();
        }
        let found = meter.broken().unwrap_or_default();
        assert!(found.contains(rule), "fault {fault}: {found}");
    }
}

#[test]
fn a_library_is_built_once_and_failures_are_told() {
    if !has_verilator() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let told = AtomicUsize::new(0);
    let build = |source: &Source, folder: &Path| {
        library::build(source, false, folder, &|text| {
            if text.starts_with("building") {
                told.fetch_add(1, Ordering::Relaxed);
            } else {
                assert!(text.starts_with("waiting for another process"), "{text}");
            }
        })
    };
    let built = thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| build(&toy(), folder.path()).unwrap()));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(built.iter().all(|library| *library == built[0]));
    let broken = Source {
        name: "broken".into(),
        verilog: "module metisvm_card(input clock); nonsense endmodule".into(),
    };
    let error = build(&broken, folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("the card broken does not build:\n"), "{error}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = build(&toy(), &file).unwrap_err();
    assert!(matches!(error, BuildError::Cache { .. }), "{error}");
    // What is no library is not believed for its name.
    std::fs::write(&built[0].path, "no library").unwrap();
    let error = RtlCard::new(&toy(), &RtlOptions::default(), folder.path(), &|_| {}).unwrap_err();
    assert!(matches!(error, RtlError::Load(_)), "{error}");
    let file = built[0].path.display();
    assert!(error.to_string().contains(&format!("delete {file}")), "{error}");
}

#[test]
fn data_that_take_for_ever_do_not_come() {
    if !has_verilator() {
        return;
    }
    for disorder in [None, Some(9)] {
        let mut bench = Bench::new(card(&RtlOptions {
            latency: Duration::MAX,
            disorder,
            ..RtlOptions::default()
        }));
        bench.enable(0, 2);
        bench.push(0, nop());
        bench.ring(0);
        for _ in 0..3 {
            assert!(bench.poll().1.is_empty());
        }
        assert_eq!(bench.meter.counts().reads, 1);
    }
}

#[test]
fn waveforms_are_written_where_they_are_asked_for() {
    if !has_verilator() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nop.fst");
    let traced = |trace| RtlOptions {
        trace: Some(trace),
        ..RtlOptions::default()
    };
    let (transport, _) = start(&traced(file.clone()));
    assert_eq!(transport.read32(reg::MAGIC), reg::MAGIC_VALUE);
    drop(transport);
    assert!(std::fs::metadata(&file).unwrap().len() > 100);
    let nowhere = folder.path().join("no/such/folder/file.fst");
    let error = RtlCard::new(&toy(), &traced(nowhere), &cache(), &|_| {}).unwrap_err();
    assert!(matches!(error, RtlError::Trace(_)), "{error}");
}
