//! What compiling looks like, for people and for programs.

use crate::error::CliError;
use crate::output::{self, ms, thousands};
use alloy_primitives::B256;
use metisvm_jit::Compiled;
use serde_json::json;

/// A contract that was compiled.
pub(super) struct Row {
    /// The hash of its bytecode.
    pub(super) hash: B256,
    /// What compiling it gave.
    pub(super) compiled: Compiled,
}

/// Shows contracts: as JSON at once, for a person at the end.
pub(super) struct Report {
    as_json: bool,
    fork: &'static str,
    rows: Vec<[String; 7]>,
    all_well: bool,
}

impl Report {
    pub(super) fn new(as_json: bool, fork: &'static str) -> Self {
        Self {
            as_json,
            fork,
            rows: Vec::new(),
            all_well: true,
        }
    }

    /// Takes a contract that was compiled.
    pub(super) fn compiled(&mut self, name: &str, row: Row) -> Result<(), CliError> {
        let Row { hash, compiled } = row;
        if self.as_json {
            return output::json(&json!({
                "contract": name,
                "code_hash": hash.to_string(),
                "fork": self.fork,
                "bytecode_bytes": compiled.bytecode_bytes,
                "regions": compiled.regions,
                "compiled_regions": compiled.compiled_regions,
                "declined_regions": compiled.declined_regions,
                "code_bytes": compiled.code_bytes,
                "compile_ms": ms(compiled.compile_time),
            }));
        }
        let count = |count: usize| thousands(count as u64);
        self.rows.push([
            name.to_owned(),
            count(compiled.bytecode_bytes),
            count(compiled.regions),
            count(compiled.compiled_regions),
            count(compiled.declined_regions),
            count(compiled.code_bytes),
            format!("{:.1}", ms(compiled.compile_time)),
        ]);
        Ok(())
    }

    /// Takes a contract that could not be compiled; the problem names it.
    pub(super) fn failed(&mut self, name: &str, problem: &str) -> Result<(), CliError> {
        self.all_well = false;
        output::complain(problem);
        if self.as_json {
            output::json(&json!({ "contract": name, "error": problem }))?;
        }
        Ok(())
    }

    /// Shows the table; true where every contract could be compiled.
    pub(super) fn finish(self) -> Result<bool, CliError> {
        if !self.rows.is_empty() {
            let mut table = output::table(&[
                &format!("contract ({})", self.fork),
                "bytecode",
                "regions",
                "compiled",
                "declined",
                "native bytes",
                "ms",
            ]);
            for row in &self.rows {
                table.add_row(row);
            }
            output::line(&table.to_string())?;
        }
        Ok(self.all_well)
    }
}
