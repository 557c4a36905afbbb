//! A node as a process, and what the kernel says about it.

use crate::connection::Connection;
use crate::error::Error;
use serde_json::json;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a node may take to answer first.
const PATIENCE: Duration = Duration::from_secs(60);
/// The kernel's ticks of a second in /proc, on every architecture that Linux runs on today.
const TICKS: f64 = 100.0;

/// Which node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ours.
    Metisvm,
    /// Foundry's.
    Anvil,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metisvm => "metisvm",
            Self::Anvil => "anvil",
        })
    }
}

impl Kind {
    /// The options of a node that mines at once, and writes no line for each transaction.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Metisvm => &["node", "--quiet", "--log", "warn"],
            Self::Anvil => &["--silent"],
        }
    }
}

/// A node that answers; it ends with the value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a node, and says how long it took until its first answer.
    pub(crate) fn start(kind: Kind, path: &Path) -> Result<(Self, Duration), Error> {
        let failed = |error| Error::Start {
            path: path.to_owned(),
            error,
        };
        // Nobody else is likely to take the port in between.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(failed)?;
        let started = Instant::now();
        let child = Command::new(path)
            .args(kind.options())
            .args(["--port", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut server = Self { child, address };
        loop {
            let answered = Connection::open(address)
                .and_then(|mut connection| connection.ask("eth_chainId", &json!([])));
            if answered.is_ok() {
                return Ok((server, started.elapsed()));
            }
            let ended = server.child.try_wait().map_err(failed)?;
            if ended.is_some() || started.elapsed() > PATIENCE {
                return Err(Error::Silent {
                    path: PathBuf::from(path),
                    seconds: started.elapsed().as_secs(),
                });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The processor time that all its threads have had, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in parentheses, may have spaces; fields 14 and 15 are the times in user and kernel mode.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map_or("", |(_, rest)| rest)
            .split_whitespace()
            .collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        match (ticks(11), ticks(12)) {
            (Some(user), Some(system)) => Ok((user + system) as f64 / TICKS),
            _ => Err(Error::Answer(format!("/proc/{}/stat: {stat:?}", self.child.id()))),
        }
    }

    /// The memory that it has in use, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
            .map(|kilobytes| kilobytes * 1024)
            .ok_or_else(|| Error::Answer(format!("/proc/{}/status has no VmRSS", self.child.id())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
