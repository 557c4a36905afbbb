//! A virtual machine with cards in its slots, and the line to its program.

mod cards;
mod image;
mod tied;

use metisvm_sim::FaultPlan;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tied::Tied;

/// The card that most tests use; its faults are [`Machine::faults`].
pub(crate) const CARD: &str = "0000:01:00.0";
/// One whose server is a process of its own: [`Machine::server`].
pub(crate) const SERVED: &str = "0000:02:00.0";
/// One that a test may lose for good: [`Machine::doomed`] has its faults.
pub(crate) const DOOMED: &str = "0000:03:00.0";
/// QEMU's `edu` device.
pub(crate) const EDU: &str = "0000:00:10.0";

/// Where this crate's program is.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_metisvm-guest");
const KERNEL_ARGUMENTS: &str = "console=ttyS0 quiet intel_iommu=on iommu=nopt no_timer_check panic=-1";
const MEMORY: &str = "1G";
/// How long the guest may take to come up, and a run in it, on a machine that has other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i64>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// What it said; it must have gone well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}

/// A run under way in the guest.
pub(crate) struct Running(Receiver<Value>);

impl Running {
    fn next(&self) -> Value {
        match self.0.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("the guest says nothing\n{}", console()),
            Err(RecvTimeoutError::Disconnected) => panic!("the guest is gone\n{}", console()),
        }
    }

    /// The first line that it says, while it may go on.
    pub(crate) fn line(&self) -> String {
        let message = self.next();
        let line = message["line"].as_str();
        line.unwrap_or_else(|| panic!("it said nothing: {message}"))
            .to_owned()
    }

    /// Waits until it has ended.
    pub(crate) fn end(self) -> Ended {
        let mut stdout = String::new();
        loop {
            let message = self.next();
            if let Some(line) = message["line"].as_str() {
                stdout.push_str(line);
                stdout.push('\n');
                continue;
            }
            return Ended {
                code: message["code"].as_i64(),
                stdout,
                stderr: message["stderr"].as_str().unwrap_or_default().to_owned(),
            };
        }
    }
}

type Answers = Arc<Mutex<HashMap<u64, Sender<Value>>>>;

/// The machine.
pub(crate) struct Machine {
    pub(crate) faults: FaultPlan,
    pub(crate) doomed: FaultPlan,
    pub(crate) server: Tied,
    _qemu: Tied,
    line: UnixStream,
    answers: Answers,
    runs: u64,
}

static MACHINE: OnceLock<Mutex<Machine>> = OnceLock::new();
static CONSOLE: OnceLock<PathBuf> = OnceLock::new();
static QEMU: OnceLock<Arc<Mutex<String>>> = OnceLock::new();

/// What the guest's kernel has said, and QEMU complained of, for whoever looks for what went wrong.
fn console() -> String {
    let text = CONSOLE.get().map(|console| fs::read(console).unwrap_or_default());
    let kernel = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    let qemu = QEMU.get().map(|kept| lock(kept).clone()).unwrap_or_default();
    format!("{kernel}\nQEMU: {qemu}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machine {
    /// The one machine of this process, for one test at a time. The first to ask waits until it has come up.
    pub(crate) fn get() -> MutexGuard<'static, Self> {
        lock(MACHINE.get_or_init(|| Mutex::new(Self::start())))
    }

    fn start() -> Self {
        let place = std::env::var_os("METISVM_GUEST").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/guest"),
            PathBuf::from,
        );
        let qemu = place.join("qemu");
        assert!(
            qemu.exists(),
            "{} is missing: run tests/guest/fetch",
            qemu.display()
        );
        // QEMU's end removes it, as what is static is never dropped.
        let folder = tempfile::tempdir().unwrap().keep();
        let path = |name: &str| folder.join(name);
        CONSOLE.get_or_init(|| path("console"));
        image::write(&path("image"), Path::new(PROGRAM), &place.join("modules")).unwrap();
        let faults = cards::in_this_process(&path("card"));
        let server = cards::in_a_process(Path::new(PROGRAM), &path("served"));
        let doomed = cards::in_this_process(&path("doomed"));
        let qemu = Tied::start(&qemu, &arguments(&folder, &place), &folder).unwrap();
        QEMU.get_or_init(|| qemu.kept());
        let line = connect(&path("line"), &qemu);
        let answers = Answers::default();
        let (up, is_up) = channel();
        lock(&answers).insert(0, up);
        let (heard, to) = (line.try_clone().unwrap(), Arc::clone(&answers));
        thread::spawn(move || listen(heard, &to));
        let up = is_up.recv_timeout(PATIENCE);
        assert!(
            up.is_ok(),
            "the guest does not come up: {}\n{}",
            qemu.complaints(),
            console()
        );
        Self {
            faults,
            doomed,
            server,
            _qemu: qemu,
            line,
            answers,
            runs: 0,
        }
    }

    /// Starts a run of the guest's program.
    pub(crate) fn start_run(&mut self, arguments: &[&str]) -> Running {
        self.runs += 1;
        let (answer, answers) = channel();
        lock(&self.answers).insert(self.runs, answer);
        let request = json!({ "id": self.runs, "run": arguments });
        writeln!(self.line, "{request}").unwrap();
        Running(answers)
    }

    /// Runs the guest's program.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Ended {
        self.start_run(arguments).end()
    }

    /// Gives a function to vfio-pci, if it is not there yet: a card as operators do, and what is none by the test's own
    /// word.
    pub(crate) fn bind(&mut self, bdf: &str) {
        let card: &[&str] = if bdf == EDU {
            &["bind", bdf]
        } else {
            &["device", "bind", bdf]
        };
        self.run(card).well();
    }
}

fn arguments(folder: &Path, place: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut arguments: Vec<String> = [
        "-M",
        "q35,accel=tcg,kernel-irqchip=split,memory-backend=m0",
        "-cpu",
        "max",
        "-m",
        MEMORY,
        "-object",
        &format!("memory-backend-memfd,id=m0,size={MEMORY},share=on"),
        "-device",
        "intel-iommu,intremap=on,caching-mode=on",
        "-device",
        "edu,addr=0x10,dma_mask=0xffffffff",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        &place.join("kernel").to_string_lossy(),
        "-initrd",
        &path("image"),
        "-append",
        KERNEL_ARGUMENTS,
        "-serial",
        &format!("file:{}", path("console")),
        "-serial",
        &format!("unix:{},server=on,wait=off", path("line")),
    ]
    .map(str::to_owned)
    .into();
    for (number, socket) in ["card", "served", "doomed"].into_iter().enumerate() {
        let slot = number + 1;
        let port = format!(
            "pcie-root-port,id=port{slot},chassis={slot},slot={slot},addr={:#x}",
            slot + 1
        );
        let socket = json!({ "path": path(socket), "type": "unix" });
        let card = json!({ "driver": "vfio-user-pci", "bus": format!("port{slot}"), "socket": socket });
        arguments.extend(["-device".into(), port, "-device".into(), card.to_string()]);
    }
    arguments
}

fn connect(socket: &Path, qemu: &Tied) -> UnixStream {
    let start = Instant::now();
    loop {
        if let Ok(line) = UnixStream::connect(socket) {
            return line;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "QEMU does not start: {}",
            qemu.complaints()
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Hands what the guest says to whoever waits for it.
fn listen(line: UnixStream, answers: &Mutex<HashMap<u64, Sender<Value>>>) {
    for line in BufReader::new(line).lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let id = message["id"].as_u64().unwrap_or_default();
        if let Some(answer) = lock(answers).get(&id) {
            let _ = answer.send(message);
        }
    }
    // Nobody is to wait for a guest that is gone.
    lock(answers).clear();
}
