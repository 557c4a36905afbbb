//! Process 1 of the guest: mounts, modules, then one run of this program for each line that comes over the serial line.
//!
//! A line is `{"id": 1, "run": ["word", "0000:01:00.0"]}`. What the run says is told line by line, `{"id": 1, "line":
//! ""}`, as a process that has a dead card open may take a minute to end; and last, `{"id": 1, "code": 0, "stderr":
//! ""}`. Runs are side by side.

use rustix::mount::{MountFlags, mount};
use rustix::system::finit_module;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Where the test listens; the kernel's messages go to the first line.
const LINE: &str = "/dev/ttyS1";
/// Modules, by the names of their files in the order in which they are loaded.
const MODULES: &str = "/modules";
/// The module is compressed (`MODULE_INIT_COMPRESSED_FILE` of `linux/module.h`).
const COMPRESSED: i32 = 4;

pub(crate) fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("the guest's program: {problem}");
            // The kernel panics, and QEMU ends.
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    for (kind, place) in [
        ("devtmpfs", "/dev"),
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("tmpfs", "/tmp"),
    ] {
        fs::create_dir_all(place)?;
        mount(kind, place, kind, MountFlags::empty(), None)?;
    }
    load_modules()?;
    let line = OpenOptions::new().read(true).write(true).open(LINE)?;
    let mut raw = tcgetattr(&line)?;
    raw.make_raw();
    tcsetattr(&line, OptionalActions::Now, &raw)?;
    let answers = Arc::new(Mutex::new(line.try_clone()?));
    tell(&answers, &json!({ "id": 0 }));
    for request in BufReader::new(line).lines() {
        let request: Value = serde_json::from_str(&request?)?;
        let answers = Arc::clone(&answers);
        thread::spawn(move || {
            let code = carry_out(&request, &|line| {
                tell(&answers, &json!({ "id": request["id"], "line": line }))
            });
            let (code, stderr) = code.unwrap_or_else(|error| (None, error.to_string()));
            tell(
                &answers,
                &json!({ "id": request["id"], "code": code, "stderr": stderr }),
            );
        });
    }
    Ok(())
}

fn load_modules() -> Result<(), Box<dyn Error>> {
    let mut files = fs::read_dir(MODULES)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    for path in files {
        let compressed = path.extension().is_some_and(|extension| extension != "ko");
        let flags = if compressed { COMPRESSED } else { 0 };
        finit_module(File::open(&path)?, c"", flags)
            .map_err(|errno| format!("{}: {errno}", path.display()))?;
    }
    Ok(())
}

/// Gives the exit code, and what was complained of.
fn carry_out(request: &Value, tell: &dyn Fn(&str)) -> std::io::Result<(Option<i32>, String)> {
    let arguments = request["run"].as_array().into_iter().flatten();
    let mut child = Command::new("/proc/self/exe")
        .args(arguments.filter_map(Value::as_str))
        .env("HOME", "/tmp")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let complaints = child.stderr.take();
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        complaints.map(|mut stream| stream.read_to_string(&mut text));
        text
    });
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|stream| BufReader::new(stream).lines())
    {
        tell(&line?);
    }
    let code = child.wait()?.code();
    Ok((code, complaints.join().unwrap_or_default()))
}

fn tell(line: &Mutex<File>, answer: &Value) {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever does not hear it gives up by the clock.
    let _ = line.write_all(format!("{answer}\n").as_bytes());
}
