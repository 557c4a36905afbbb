//! Native code from arguments, and what is told of it.

use crate::args::{Jit as Args, When};
use crate::error::CliError;
use crate::output::{self, ms, thousands};
use metisvm_jit::{Counters, Jit, JitError, JitMode, JitOptions};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What [`When::Always`] is called.
const ALWAYS: &str = "always";

/// The folder of native code in that of a chain.
const FOLDER: &str = "jit";

/// Makes the native compiler that the arguments ask for; none where everything is interpreted. What it compiles is kept
/// in the folder that they name, else with the chain in `datadir`, else nowhere.
///
/// # Errors
/// If native code is asked for that this machine cannot have, or the named folder cannot be used. The folder of a chain
/// that cannot be used costs time alone, so that is complained of.
pub fn open(args: &Args, datadir: Option<&Path>) -> Result<Option<Arc<Jit>>, CliError> {
    let compiles = compiles(args.when, Jit::is_supported())
        .map_err(|error| CliError::Use(format!("--jit {ALWAYS}: {error}; leave the option out")))?;
    if !compiles {
        return Ok(None);
    }
    let options = JitOptions {
        mode: args.when.into(),
        threads: args.threads.unwrap_or(JitOptions::default().threads),
        ..JitOptions::default()
    };
    let in_folder = |folder: Option<&Path>| {
        Jit::new(JitOptions {
            folder: folder.map(Path::to_path_buf),
            ..options.clone()
        })
    };
    if let Some(named) = &args.cache {
        return Ok(Some(in_folder(Some(named))?));
    }
    let Some(datadir) = datadir else {
        return Ok(Some(in_folder(None)?));
    };
    match in_folder(Some(&datadir.join(FOLDER))) {
        Err(error @ JitError::Folder { .. }) => {
            output::complain(&format!("note: {error}; native code is kept in memory alone"));
            Ok(Some(in_folder(None)?))
        }
        made => Ok(Some(made?)),
    }
}

/// Makes the native compiler of official tests, which keep nothing.
///
/// # Errors
/// If native code is asked for that this machine cannot have.
pub fn open_for_tests(when: When) -> Result<Option<Arc<Jit>>, CliError> {
    let args = Args {
        when,
        cache: None,
        threads: None,
    };
    open(&args, None)
}

/// Makes the native compiler of code that is not executed yet, which is kept in this folder.
///
/// # Errors
/// If this machine cannot have native code, or the folder cannot be used.
pub fn open_ahead(folder: &Path) -> Result<Arc<Jit>, CliError> {
    if !Jit::is_supported() {
        return Err(JitError::Unsupported.into());
    }
    let options = JitOptions {
        mode: JitMode::On,
        folder: Some(folder.to_path_buf()),
        ..JitOptions::default()
    };
    Ok(Jit::new(options)?)
}

/// The folder of a chain's native code.
pub fn folder_in(datadir: &Path) -> std::path::PathBuf {
    datadir.join(FOLDER)
}

/// Whether anything is compiled. `On` says where it pays, and it does not pay where it cannot be done.
fn compiles(when: When, supported: bool) -> Result<bool, JitError> {
    match (when, supported) {
        (When::Off, _) | (When::On, false) => Ok(false),
        (When::On | When::Always, true) => Ok(true),
        (When::Always, false) => Err(JitError::Unsupported),
    }
}

/// Says on stderr what went wrong last with native code, if anything did: a file, memory for code, the compiler.
pub fn complain(jit: &Jit) {
    if let Some(problem) = jit.last_problem() {
        output::complain(&format!(
            "note: native code: {problem}; that costs time, and no result depends on it"
        ));
    }
}

/// What native code did since some moment, or since the start.
#[derive(Debug, Clone, Copy)]
pub struct JitReport {
    mode: JitMode,
    counters: Counters,
}

impl JitReport {
    /// What was done since the counters stood at `before`. What is in memory, it is now.
    pub fn since(jit: Option<&Arc<Jit>>, before: &Counters) -> Self {
        let Some(jit) = jit else {
            return Self {
                mode: JitMode::Off,
                counters: Counters::default(),
            };
        };
        Self {
            mode: jit.options().mode,
            counters: jit.counters().since(before),
        }
    }

    /// Of everything since the start.
    pub fn whole(jit: Option<&Arc<Jit>>) -> Self {
        Self::since(jit, &Counters::default())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let c = &self.counters;
        let time = |nanoseconds| ms(Duration::from_nanos(nanoseconds));
        json!({
            "mode": match self.mode {
                JitMode::Off => "off",
                JitMode::On => "on",
                JitMode::Always => ALWAYS,
            },
            "native_frames": c.native_frames,
            "interpreted_frames": c.interpreted_frames,
            "deoptimised_frames": c.deoptimised_frames,
            "missing_regions": c.missing_regions,
            "contracts": c.contracts,
            "evicted_contracts": c.evicted_contracts,
            "compiled_regions": c.compiled_regions,
            "loaded_regions": c.loaded_regions,
            "stored_files": c.stored_files,
            "refused_files": c.refused_files,
            "disk_errors": c.disk_errors,
            "declined": c.declined,
            "dropped_requests": c.dropped_requests,
            "bytecode_bytes": c.bytecode_bytes,
            "code_bytes": c.code_bytes,
            "compile_ms": time(c.compile_ns),
            "compile_on_path_ms": time(c.compile_on_path_ns),
        })
    }

    /// For people; none where no frame could have been native.
    pub fn line(&self) -> Option<String> {
        let c = &self.counters;
        let frames = c.native_frames.saturating_add(c.interpreted_frames);
        (self.mode != JitMode::Off && frames > 0).then(|| {
            format!(
                "{} of {} frames, {} contracts",
                thousands(c.native_frames),
                thousands(frames),
                thousands(c.contracts)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_without_native_code_interprets_unless_it_is_asked_for_always() {
        assert_eq!(compiles(When::On, true), Ok(true));
        assert_eq!(compiles(When::Always, true), Ok(true));
        assert_eq!(compiles(When::Off, true), Ok(false));
        assert_eq!(compiles(When::On, false), Ok(false));
        assert_eq!(compiles(When::Off, false), Ok(false));
        assert_eq!(compiles(When::Always, false), Err(JitError::Unsupported));
    }
}
