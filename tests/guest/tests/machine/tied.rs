//! Processes that end with this one, however that ends.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that are kept of what a process complains of: QEMU repeats itself where a card is gone.
const KEPT: usize = 16 << 10;

/// The shell waits for the end of its input, which is the end of this process at the latest.
const SCRIPT: &str = r#"leaves=$1; shift
sh -c 'echo $$; exec "$@"' sh "$@" & child=$!; read -r _
kill -KILL $child; wait; rm -rf "$leaves""#;

/// A process, and the shell that ends it.
pub(crate) struct Tied {
    shell: Child,
    process: String,
    life: Option<ChildStdin>,
    complaints: Arc<Mutex<String>>,
    said: Receiver<String>,
}

impl Tied {
    /// Starts a program with its arguments. What it leaves is removed after its end.
    pub(crate) fn start<S: AsRef<OsStr>>(program: &Path, arguments: &[S], leaves: &Path) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .args([leaves, program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // First comes the number of the process, from the shell that it was.
        let mut process = String::new();
        let mut stdout = shell.stdout.take().map(BufReader::new);
        if let Some(stdout) = &mut stdout {
            stdout.read_line(&mut process)?;
        }
        let (says, said) = channel();
        thread::spawn(move || {
            for line in stdout
                .into_iter()
                .flat_map(BufReader::lines)
                .map_while(Result::ok)
            {
                let _ = says.send(line);
            }
        });
        let complaints = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&complaints);
        let stream = shell.stderr.take().map(BufReader::new);
        thread::spawn(move || {
            for line in stream
                .into_iter()
                .flat_map(BufReader::lines)
                .map_while(Result::ok)
            {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < KEPT {
                    kept.push_str(&line);
                    kept.push('\n');
                }
            }
        });
        Ok(Self {
            process: process.trim().to_owned(),
            life: shell.stdin.take(),
            shell,
            complaints,
            said,
        })
    }

    /// What it complains of, as it comes.
    pub(crate) fn kept(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.complaints)
    }

    /// What it has complained of.
    pub(crate) fn complaints(&self) -> String {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until the number that it says has grown by so much.
    pub(crate) fn wait_for_more(&self, more: u64, patience: Duration) {
        let mut least = None;
        let start = Instant::now();
        // What it said before counts from its end.
        if let Some(last) = self.said.try_iter().last() {
            least = last.parse::<u64>().ok().map(|last| last + more);
        }
        loop {
            let line = self.said.recv_timeout(patience.saturating_sub(start.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("it does not get on: {}", self.complaints()));
            let now: u64 = line.parse().unwrap_or_default();
            if now >= *least.get_or_insert(now + more) {
                return;
            }
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "{signal} was not sent to {}",
            self.process
        );
    }
}

impl Drop for Tied {
    fn drop(&mut self) {
        self.life = None;
        let _ = self.shell.wait();
    }
}
