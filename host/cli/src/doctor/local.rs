//! Cards in this process: what one in RTL is built with.

use super::finding::{Finding, commands};
use std::env;

/// Tools that build a card in RTL, and the packages that they are in.
const TOOLS: [(&str, &str); 3] = [("verilator", "verilator"), ("make", "make"), ("g++", "g++")];

pub(super) fn tools() -> Finding {
    const KEY: &str = "tools";
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let missing: Vec<_> = TOOLS
        .iter()
        .filter(|(tool, _)| !folders.iter().any(|folder| folder.join(tool).exists()))
        .collect();
    if missing.is_empty() {
        return Finding::fine(KEY, "what a card in RTL is built with is there");
    }
    let tools: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    let what = format!("a card in RTL cannot be built without {}", tools.join(", "));
    Finding::blocks(
        KEY,
        what,
        vec![format!("sudo apt-get install {}", packages.join(" "))],
    )
}

pub(super) fn nothing() -> Finding {
    Finding::fine(
        "card",
        "a functional card is software in this process, and needs nothing",
    )
    .of("functional")
}

pub(super) fn cache(is_there: bool) -> Finding {
    const KEY: &str = "cache";
    if is_there {
        return Finding::fine(KEY, "there is a folder for what is built");
    }
    let mend = commands(&["export XDG_CACHE_HOME=\"$HOME/.cache\""]);
    Finding::blocks(KEY, "there is no folder for what is built", mend)
}
