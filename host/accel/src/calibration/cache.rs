//! Measured costs from one process to the next.

use crate::costs::Costs;
use crate::records::Records;
use std::path::Path;

/// Another way of measuring, or other classes, are other costs.
const EDITION: u32 = 1;

/// A file of costs in a cache folder.
#[derive(Clone, Debug)]
pub struct CostCache(Records);

/// What a file says of a backend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    Costs(Box<Costs>),
    Nothing,
    /// Nothing, in a file that makes no sense in places.
    Damage,
}

impl CostCache {
    /// In this folder, which need not exist.
    pub fn in_folder(folder: &Path) -> Self {
        Self(Records::new(folder, "backend-costs"))
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// What is known of the backend of this identity.
    pub(crate) fn get(&self, identity: &str) -> Found {
        let held = self.0.read::<Costs>();
        let key = key(identity);
        match held.lines.into_iter().find(|(known, _)| *known == key) {
            Some((_, costs)) => Found::Costs(Box::new(costs)),
            None if held.damaged => Found::Damage,
            None => Found::Nothing,
        }
    }

    /// Keeps what was measured; says whether that was possible.
    pub(crate) fn put(&self, identity: &str, costs: Costs) -> bool {
        self.0.put(&key(identity), costs)
    }
}

/// On what something was measured: the backend, the machine, this program. One line.
fn key(identity: &str) -> String {
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let version = env!("CARGO_PKG_VERSION");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let key = format!(
        "{identity}; host {} with {threads} threads; metisvm {version} {build}; edition {EDITION}",
        processor()
    );
    key.replace(['\n', '\r'], " ")
}

/// The name of the processor, where the system says it: a folder may be shared by machines.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let (field, name) = line.split_once(':')?;
        (field.trim() == "model name").then(|| name.trim().to_owned())
    });
    name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
