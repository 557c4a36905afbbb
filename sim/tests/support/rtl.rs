//! Cards in RTL for the tests, where Verilator is.

use metisvm_firmware::Capabilities;
use metisvm_sim::rtl::{boards, library};
use metisvm_sim::{RtlCard, RtlOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

const LEFT_OUT: &str = "left out: the card in RTL under the tests of the device ABI (verilator not found; apt-get install verilator)";

/// Where the tests' libraries are kept; those of the command line's tests too.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("metisvm")
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

/// The board that `METISVM_CARD=rtl[:BOARD]` asks the tests' cards to be of. Whatever else it says is no wish
/// for the functional card, which is what a slip would test unseen.
fn wish() -> Option<String> {
    let card = std::env::var("METISVM_CARD").unwrap_or_default();
    if matches!(&*card, "" | "functional") {
        return None;
    }
    match card.split_once(':').unwrap_or((&card, metisvm_boards::DEFAULT)) {
        ("rtl", name) if boards::named(name).is_some() => Some(name.to_owned()),
        _ => {
            let names: Vec<&str> = metisvm_boards::names().collect();
            panic!("METISVM_CARD is {card}, not functional, rtl or rtl: and one of {names:?}")
        }
    }
}

static PREFERRED: OnceLock<&str> = OnceLock::new();

/// The tests of this program are of a card with a tensor engine. To be called before anything else asks for a board.
pub(crate) fn prefer_an_engine() {
    PREFERRED.get_or_init(|| metisvm_boards::INFERENCE);
}

/// The board of the tests' cards in RTL; one for simulation where none is asked for.
pub(crate) fn name() -> String {
    let preferred = PREFERRED.get().copied().unwrap_or(metisvm_boards::DEFAULT);
    wish().unwrap_or_else(|| preferred.to_owned())
}

/// Whether card memory of that board is block RAM, which a look into the simulation does not reach.
pub(crate) fn has_block_memory() -> bool {
    let board = metisvm_boards::Board::named(&name());
    let engine = board.and_then(|board| board.tensor);
    engine.is_some_and(|engine| !engine.external_memory)
}

/// Whether `METISVM_CARD=rtl[:BOARD]` asks for the tests' cards to be in RTL.
pub(crate) fn is_asked_for() -> bool {
    wish().is_some()
}

/// A card of that board.
pub(crate) fn card(options: &RtlOptions) -> RtlCard {
    let name = name();
    let source = boards::named(&name).unwrap_or_else(|| panic!("there is no board {name}"));
    RtlCard::new(&source, options, &cache(), &|_| {}).unwrap()
}

/// What that board has; nothing where there is no Verilator.
pub(crate) fn board() -> Option<Capabilities> {
    static BOARD: OnceLock<Option<Capabilities>> = OnceLock::new();
    *BOARD.get_or_init(|| has_verilator().then(|| *card(&RtlOptions::default()).capabilities()))
}
