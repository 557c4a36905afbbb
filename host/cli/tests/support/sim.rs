//! `metisvm sim` beside a test.

use super::metisvm;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server that is killed when this is dropped.
pub(crate) struct Sim(pub(crate) Child);

impl Sim {
    /// Starts it, and waits until it says that it serves.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_at(folder, "card", arguments)
    }

    /// The same with a name of its own.
    pub(crate) fn start_at(folder: &Path, socket: &str, arguments: &[&str]) -> Self {
        let mut child = metisvm(folder)
            .args(["sim", "--socket", socket, "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["socket"], socket);
        Self(child)
    }

    /// Sends a signal, and gives the exit code and what it complained of.
    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let mut complaints = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut complaints).unwrap();
        (self.0.wait().unwrap().code(), complaints)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
