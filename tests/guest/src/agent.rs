//! Process 1 of the guest: mounts, modules, then one run of this program for each line that comes over the serial line.
//!
//! A line is `{"id": 1, "run": ["word", "0000:01:00.0"]}`; its answer, `{"id": 1, "code": 0, "stdout": "", "stderr":
//! ""}`. Runs are side by side, and their answers come as they end.

use rustix::mount::{MountFlags, mount};
use rustix::system::finit_module;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Where the test listens; the kernel's messages go to the first line.
const LINE: &str = "/dev/ttyS1";
/// Modules, by the names of their files in the order in which they are loaded.
const MODULES: &str = "/modules";
/// The module is compressed (`MODULE_INIT_COMPRESSED_FILE` of `linux/module.h`).
const COMPRESSED: u32 = 4;

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
    answer(&answers, &json!({ "id": 0 }));
    for request in BufReader::new(line).lines() {
        let request: Value = serde_json::from_str(&request?)?;
        let answers = Arc::clone(&answers);
        thread::spawn(move || answer(&answers, &carry_out(&request)));
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

fn carry_out(request: &Value) -> Value {
    let arguments = request["run"].as_array().into_iter().flatten();
    let output = Command::new("/proc/self/exe")
        .args(arguments.filter_map(Value::as_str))
        .env("HOME", "/tmp")
        .output();
    match output {
        Ok(output) => json!({
            "id": request["id"],
            "code": output.status.code(),
            "stdout": String::from_utf8_lossy(&output.stdout),
            "stderr": String::from_utf8_lossy(&output.stderr),
        }),
        Err(error) => json!({ "id": request["id"], "code": null, "stdout": "", "stderr": error.to_string() }),
    }
}

fn answer(line: &Mutex<File>, answer: &Value) {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever does not hear it gives up by the clock.
    let _ = line.write_all(format!("{answer}\n").as_bytes());
}
