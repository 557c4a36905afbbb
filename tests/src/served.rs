//! A card behind a socket of its own, with its server in this process: a transport like any other.

use metisvm_driver::vfio_user::Settings;
use metisvm_driver::{DmaRegion, Transport, TransportError, VfioUser};
use metisvm_firmware::port::CardModel;
use metisvm_sim::vfio_user::{Options, Server};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The link, and the server at its other end.
pub struct Served {
    /// `None` once it is given up, which is before the server is.
    link: Option<VfioUser>,
    stop: UnixStream,
    server: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves a card, and connects to it.
    ///
    /// # Errors
    /// The system gives no socket, or the card cannot be started.
    pub fn attach(card: Box<dyn CardModel>) -> Result<Self, TransportError> {
        let start = |error: &dyn std::fmt::Display| TransportError::Start(error.to_string());
        let path = path();
        let mut server = Server::bind(&path, card, Options::default()).map_err(|error| start(&error))?;
        let (stop, stopped) = UnixStream::pair().map_err(|error| start(&error))?;
        let serve = move || {
            if let Err(error) = server.run(stopped.as_fd()) {
                eprintln!("{error}");
            }
        };
        let mut served = Self {
            link: None,
            stop,
            server: Some(thread::spawn(serve)),
        };
        served.link = Some(VfioUser::connect(&path, &Settings::default())?);
        Ok(served)
    }

    fn link(&self) -> &VfioUser {
        self.link.as_ref().expect("the link goes with the server")
    }
}

/// A path that nobody else in this machine has.
fn path() -> PathBuf {
    static SOCKETS: AtomicU32 = AtomicU32::new(0);
    let number = SOCKETS.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("metisvm-card-{}-{number}", std::process::id()))
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.stop.write_all(&[0]);
        self.link = None;
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

impl Transport for Served {
    fn read32(&self, offset: u32) -> u32 {
        self.link().read32(offset)
    }

    fn write32(&self, offset: u32, value: u32) {
        self.link().write32(offset, value);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        self.link().allocate(bytes)
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.link().unmap(region)
    }

    fn isolates_on_unmap(&self) -> bool {
        self.link().isolates_on_unmap()
    }

    fn vectors(&self) -> u16 {
        self.link().vectors()
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        self.link().wait_interrupt(vector, timeout)
    }

    fn failure(&self) -> Option<TransportError> {
        self.link().failure()
    }
}
