//! Clients, one after another, until the server is stopped.

use super::connection::Connection;
use super::function::Function;
use super::log::{Log, Sink};
use super::mappings::Limits;
use super::session::{End, Session};
use super::socket::{Listener, ServerError};
use metisvm_firmware::pci::SUBSYSTEM_FUNCTIONAL;
use metisvm_firmware::port::CardModel;
use metisvm_vfio_user::{Channel, wait};
use rustix::io::Errno;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the server waits when the system has no descriptor left for a client.
const NO_DESCRIPTOR: Duration = Duration::from_millis(100);

/// How a card is served.
#[derive(Clone)]
pub struct Options {
    /// What a client may map.
    pub limits: Limits,
    /// The subsystem number that the function shows: [`SUBSYSTEM_FUNCTIONAL`] or [`SUBSYSTEM_RTL`].
    ///
    /// [`SUBSYSTEM_RTL`]: metisvm_firmware::pci::SUBSYSTEM_RTL
    pub subsystem: u16,
    /// How long a message may take that has begun, and an answer of a client.
    pub timeout: Duration,
    /// Takes what the operator is told of clients, line by line.
    pub log: Sink,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            subsystem: SUBSYSTEM_FUNCTIONAL,
            timeout: Duration::from_secs(5),
            log: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("limits", &self.limits)
            .field("subsystem", &self.subsystem)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A card behind a socket.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    function: Function,
    options: Options,
    clients: u64,
}

impl Server {
    /// Makes the socket and starts the card.
    ///
    /// # Errors
    /// The path is taken, or the system gives no socket or no thread.
    pub fn bind(path: &Path, card: Box<dyn CardModel>, options: Options) -> Result<Self, ServerError> {
        let listener = Listener::bind(path)?;
        let function = Function::start(card, options.limits, options.subsystem).map_err(ServerError::Card)?;
        Ok(Self {
            listener,
            function,
            options,
            clients: 0,
        })
    }

    /// Where clients connect.
    pub fn path(&self) -> &Path {
        self.listener.path()
    }

    /// Serves clients until `stop` has something to read.
    ///
    /// # Errors
    /// The socket fails.
    pub fn run(&mut self, stop: BorrowedFd<'_>) -> Result<(), ServerError> {
        let failed = |listener: &Listener, doing: &'static str, errno: Errno| ServerError::Socket {
            path: listener.path().to_owned(),
            doing,
            errno,
        };
        loop {
            match wait::readable([self.listener.as_fd(), stop], None) {
                Ok([_, true]) => return Ok(()),
                Ok(_) => {}
                Err(errno) => return Err(failed(&self.listener, "waiting for a client", errno)),
            }
            let socket = match self.listener.accept() {
                Ok(socket) => socket,
                Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => continue,
                Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)) => {
                    (self.options.log)(&format!("a client has to wait: {errno}"));
                    let _ = wait::readable([stop], Some(NO_DESCRIPTOR));
                    continue;
                }
                Err(errno) => return Err(failed(&self.listener, "accepting a client", errno)),
            };
            if self.serve(socket, stop) == End::Stopped {
                return Ok(());
            }
        }
    }

    fn serve(&mut self, socket: OwnedFd, stop: BorrowedFd<'_>) -> End {
        self.clients += 1;
        let log = Log::new(&self.options.log, self.clients);
        let stopped = stop.try_clone_to_owned();
        let channel = match (Channel::new(socket, self.options.timeout), stopped) {
            (Ok(channel), Ok(stopped)) => channel.until(stopped),
            (Err(error), _) => {
                log.end(error);
                return End::Client;
            }
            (_, Err(error)) => {
                log.end(error);
                return End::Client;
            }
        };
        let connection = Arc::new(Connection::new(channel));
        let session = Session {
            function: &mut self.function,
            connection: Arc::clone(&connection),
            log: &log,
            stop,
            timeout: self.options.timeout,
            most_maps: self.options.limits.mappings,
        };
        let end = session.serve();
        let reset = self.function.forget_client(stop);
        if self.function.has_died() {
            log.end("the card is dead; start the server anew");
        } else if let Err(refusal) = reset
            && end != End::Stopped
        {
            log.end(refusal);
        }
        // Last: who sees the end of the connection knows that nothing reaches the memory any more.
        drop(connection);
        end
    }
}
