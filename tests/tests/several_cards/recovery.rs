//! One card that is brought back in the background: a test for each fault that it has to come back from.

use crate::rig::{INFERENCES, LATE, Rig, TIMEOUT, impatient, tried, wait_until};
use metisvm_accel::Backend;
use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_driver::vfio_user::Settings;
use metisvm_driver::{Device, VfioUser};
use metisvm_firmware::Geometry;
use metisvm_sim::vfio_user::Server;
use metisvm_sim::{Fault, FunctionalCard, SimOptions, Trigger};
use metisvm_tests::slots::Slot;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A block in whose middle the card has the fault, and another one once it is back, which it does by itself.
fn comes_back_from(fault: Fault) {
    tried(&format!("{fault:?}"), || {
        let slot = Slot::new(impatient());
        let card = slot.backend(Options::default());
        let rig = Rig::new(card.clone());
        rig.block("before the fault");
        slot.arm(Trigger::Run(2), fault);
        let what = format!("{fault:?}");
        rig.block(&what);
        if slot.fired() != 1 {
            return Err("the fault did not happen".to_owned());
        }
        let time = wait_until(&what, || card.healthy());
        println!("{what}: back {time:?} after the end of the block");
        let after = rig.block("after the fault");
        if after.fallbacks > 0 {
            return Err(format!("the card, back for {time:?}, did not do the next block"));
        }
        Ok(())
    });
}

#[test]
fn hang_in_the_middle_of_a_block() {
    comes_back_from(Fault::Hang);
    comes_back_from(Fault::Silent);
}

#[test]
fn hang_that_no_reset_ends_in_the_middle_of_a_block() {
    comes_back_from(Fault::HangForGood);
}

#[test]
fn late_completion_in_the_middle_of_a_block() {
    comes_back_from(Fault::Late(LATE));
}

#[test]
fn duplicate_completion_in_the_middle_of_a_block() {
    comes_back_from(Fault::Twice);
}

#[test]
fn corrupt_completion_in_the_middle_of_a_block() {
    for fault in [
        Fault::WrongSequence,
        Fault::WrongStatus,
        Fault::WrongNonce,
        Fault::HeadBeyondTail,
    ] {
        comes_back_from(fault);
    }
}

#[test]
fn corrupt_result_in_the_middle_of_a_block() {
    comes_back_from(Fault::WrongOutput(7));
    comes_back_from(Fault::CorruptedDma(7));
}

#[test]
fn link_loss_in_the_middle_of_a_block() {
    // Long enough for the driver to look, and to read all ones.
    comes_back_from(Fault::LinkRetrain(Duration::from_millis(100)));
}

#[test]
fn register_access_that_stalls_in_the_middle_of_a_block() {
    comes_back_from(Fault::StalledRegisters(TIMEOUT * 4));
}

#[test]
#[ignore = "it takes a minute: tests/run slow"]
fn register_access_that_stalls_for_a_minute_in_the_middle_of_a_block() {
    let slot = Slot::new(impatient());
    let card = slot.backend(Options::default());
    let rig = Rig::new(card.clone());
    slot.arm(Trigger::Run(2), Fault::StalledRegisters(Duration::from_secs(60)));
    rig.block("registers that stall for a minute");
    let start = std::time::Instant::now();
    while !card.healthy() {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "the card did not come back"
        );
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(rig.block("afterwards").fallbacks, 0);
}

#[test]
fn unexpected_reset_in_the_middle_of_a_block() {
    comes_back_from(Fault::UnaskedReset);
}

#[test]
fn surprise_removal_in_the_middle_of_a_block() {
    comes_back_from(Fault::Dead);
}

/// A server in this process, which can be taken away.
struct Served {
    stop: UnixStream,
    thread: JoinHandle<()>,
}

impl Served {
    fn start(path: &Path) -> Self {
        let card = FunctionalCard::new(SimOptions::new(Geometry::MEDIUM));
        let mut server = Server::bind(path, Box::new(card), Default::default()).expect("a socket");
        let (stop, stopped) = UnixStream::pair().expect("two sockets");
        let thread = thread::spawn(move || server.run(stopped.as_fd()).expect("it serves"));
        Self { stop, thread }
    }

    fn end(mut self) {
        self.stop.write_all(&[0]).expect("it listens");
        self.thread.join().expect("it ends");
    }
}

#[test]
fn server_restart_between_blocks_and_in_the_middle_of_one() {
    let path = std::env::temp_dir().join(format!("metisvm-restarted-{}", std::process::id()));
    let open = |path: PathBuf| {
        move || {
            let link = VfioUser::connect(&path, &Settings::default()).map_err(|error| error.to_string())?;
            Device::open(Box::new(link), metisvm_driver::Options::default())
                .map_err(|error| error.to_string())
        }
    };
    let first = Served::start(&path);
    let reopen = open(path.clone());
    let device = reopen().expect("the card opens");
    let card = Arc::new(FpgaBackend::reopening(
        device,
        Options::default(),
        Box::new(reopen),
    ));
    let rig = Rig::new(card.clone());
    assert_eq!(rig.block("before").fallbacks, 0);
    first.end();
    let without = rig.block("without a server");
    assert_eq!(without.fallbacks, INFERENCES);
    let mut server = Served::start(&path);
    for round in 0..3 {
        wait_until("the card is opened anew", || card.healthy());
        assert_eq!(rig.block("with another server").fallbacks, 0, "round {round}");
        let jobs = card.counters().jobs;
        server = thread::scope(|scope| {
            // While blocks are executed.
            let blocks = scope.spawn(|| {
                for _ in 0..20 {
                    rig.block("while the server goes");
                }
            });
            wait_until("the card is at work", || card.counters().jobs > jobs);
            server.end();
            let next = Served::start(&path);
            blocks.join().expect("every block comes out");
            next
        });
    }
    wait_until("the card is opened anew", || card.healthy());
    server.end();
}
