//! A card behind a socket, its server on a thread of this process.

use metisvm_driver::VfioUser;
use metisvm_driver::region::{Memory, Pages};
use metisvm_firmware::port::CardModel;
use metisvm_sim::vfio_user::{Limits, Options, Server};
use metisvm_vfio_user::messages::{CONFIG_REGION, DMA_READABLE, DMA_WRITABLE, DmaMap};
use metisvm_vfio_user::{Client, Settings};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a test waits for at most, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server under test.
pub(crate) struct Served {
    folder: TempDir,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Served {
    pub(crate) fn new(card: impl CardModel + 'static) -> Self {
        Self::with(card, Limits::default(), Duration::from_secs(5))
    }

    pub(crate) fn with(card: impl CardModel + 'static, limits: Limits, timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&log);
        let options = Options {
            limits,
            timeout,
            log: Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())),
            ..Options::default()
        };
        let stop = Arc::new(eventfd(0, EventfdFlags::NONBLOCK).unwrap());
        let path = folder.path().join("card");
        let mut server = Server::bind(&path, Box::new(card), options).unwrap();
        let theirs = Arc::clone(&stop);
        let thread = thread::spawn(move || server.run(theirs.as_fd()).unwrap());
        Self {
            folder,
            stop,
            thread: Some(thread),
            log,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("card")
    }

    pub(crate) fn transport(&self) -> VfioUser {
        VfioUser::connect(&self.path(), &Settings::default()).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&Settings {
            timeout: PATIENCE,
            ..Settings::default()
        })
    }

    pub(crate) fn client_with(&self, settings: &Settings) -> Client {
        Client::connect(&self.path(), settings).unwrap()
    }

    /// A client that has memory and bus mastering switched on.
    pub(crate) fn ready(&self) -> Client {
        let mut client = self.client();
        client.region_write(CONFIG_REGION, 4, &[6, 4]).unwrap();
        client
    }

    /// Waits until the operator was told something with these words.
    pub(crate) fn says(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().iter().any(|line| line.contains(words)) {
            assert!(Instant::now() < deadline, "no {words:?} in {:#?}", self.log());
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Stops the server and waits until it has.
    pub(crate) fn stop(&mut self) {
        rustix::io::write(&*self.stop, &1_u64.to_ne_bytes()).unwrap();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Maps memory at an address for both directions.
pub(crate) fn map(client: &mut Client, address: u64, memory: &Memory) {
    let map = DmaMap {
        flags: DMA_READABLE | DMA_WRITABLE,
        address,
        size: memory.bytes() as u64,
        ..DmaMap::default()
    };
    client.dma_map(map, Some(memory.as_fd())).unwrap();
}

pub(crate) fn memory(bytes: usize) -> Memory {
    Memory::allocate(bytes, Pages::Base).unwrap()
}
