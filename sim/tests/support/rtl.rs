//! Cards in RTL for the tests, where Verilator is.

use metisvm_sim::rtl::library;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

const LEFT_OUT: &str = "left out: the card in RTL under the tests of the device ABI (verilator not found; apt-get install verilator)";

/// Where the tests' libraries are kept.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Whether cards can be built. If not, one line says what is left out: past the test harness, which hides what
/// a passing test prints.
pub(crate) fn has_verilator() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let found = library::verilator().is_ok();
        if !found {
            let _ = std::io::stdout().write_all(format!("\n{LEFT_OUT}\n").as_bytes());
        }
        found
    })
}
