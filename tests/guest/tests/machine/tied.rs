//! Processes that end with this one, however that ends.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Bytes that are kept of what a process complains of: QEMU repeats itself where a card is gone.
const KEPT: usize = 16 << 10;

/// The shell waits for the end of its input, which is the end of this process at the latest.
const SCRIPT: &str = r#"leaves=$1; shift
"$@" >/dev/null & child=$!; echo $child; read -r _
kill -KILL $child; wait; rm -rf "$leaves""#;

/// A process, and the shell that ends it.
pub(crate) struct Tied {
    shell: Child,
    process: String,
    life: Option<ChildStdin>,
    complaints: Arc<Mutex<String>>,
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
        let mut process = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut process)?;
        }
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
        })
    }

    /// What it has complained of.
    pub(crate) fn complaints(&self) -> String {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
