//! Cards whose logic panics, hangs or idles.

use super::*;

/// A card whose registers are fine, and whose logic panics or hangs.
struct Broken {
    sound: FunctionalCard,
    panics: bool,
    polls: u32,
}

impl CardModel for Broken {
    fn registers(&self) -> Arc<dyn Registers> {
        self.sound.registers()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        self.polls += 1;
        if self.polls > 10 {
            assert!(!self.panics, "a card may fail in any way");
            thread::sleep(Duration::from_secs(3));
        }
        self.sound.poll(host)
    }
}

#[test]
fn card_that_panics_is_gone() {
    let card = Broken {
        sound: FunctionalCard::new(programs()),
        panics: true,
        polls: 0,
    };
    let transport = InProcess::start(Box::new(card)).unwrap();
    // On a busy machine the panic's backtrace alone takes longer than any other wait of these tests.
    let patient = Options {
        timeout: Duration::from_secs(10),
        ..impatient()
    };
    let error = Device::open(Box::new(transport), patient).unwrap_err();
    assert!(
        matches!(error, DeviceError::Transport(TransportError::Gone(_))),
        "{error}"
    );
}

#[test]
fn card_that_hangs_in_its_own_work_is_left_behind() {
    let card = Broken {
        sound: FunctionalCard::new(programs()),
        panics: false,
        polls: 0,
    };
    let transport = InProcess::start(Box::new(card)).unwrap();
    let start = Instant::now();
    let error = Device::open(Box::new(transport), impatient()).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert!(
        start.elapsed() < Duration::from_millis(2500),
        "dropping it waits a second, not for ever"
    );
}

#[test]
fn an_idle_card_sleeps_and_ends_at_once() {
    let transport = transport();
    thread::sleep(Duration::from_millis(20));
    let start = Instant::now();
    drop(transport);
    assert!(start.elapsed() < Duration::from_millis(500));
}
