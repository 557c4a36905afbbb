//! What is shown of the samples.

use crate::case::{Case, Committed};
use metisvm_benches::{
    Failure,
    options::Options,
    sampling::Times,
    show::{Figures, line, ms, ratio},
};
use serde_json::json;

/// Accounts, slots, codes, ranges; then the slots that the ranges brought.
pub(crate) type Reads = [u64; 5];

const OFF: &str = "off";

/// One lane of a case: a table, or a line of JSON for each row.
pub(crate) struct Table<'a> {
    case: &'a Case,
    lane: &'static str,
    json: bool,
    samples: usize,
    figures: Figures,
    /// The reads with the cache off.
    off: u64,
}

impl<'a> Table<'a> {
    pub(crate) fn new(case: &'a Case, lane: &'static str, options: &Options) -> Self {
        let figures = Figures::new(&[
            "pages of redb",
            "threads",
            "cache",
            "reads",
            "fewer",
            "accounts",
            "slots",
            "codes",
            "ranges",
            "slots read in ranges",
            "ms",
            "speed-up",
        ]);
        Self {
            case,
            lane,
            json: options.json,
            samples: options.samples,
            figures,
            off: 0,
        }
    }

    /// A row; that with the cache off comes first.
    pub(crate) fn row(
        &mut self,
        pages: &str,
        threads: usize,
        name: &str,
        samples: &[Reads],
        times: &Times,
    ) -> Result<(), Failure> {
        let median = |figure: &dyn Fn(&Reads) -> u64| {
            let mut all: Vec<u64> = samples.iter().map(figure).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let reads = median(&|reads| reads[..4].iter().sum());
        if name == OFF {
            self.off = reads;
        }
        let fewer = (reads > 0).then(|| self.off as f64 / reads as f64);
        let [accounts, slots, codes, ranges, in_ranges] =
            core::array::from_fn(|at| median(&|reads: &Reads| reads[at]));
        let speed_up = times.ratio(OFF, name);
        if self.json {
            return line(json!({
                "bench": "store",
                "shape": self.case.shape.name(),
                "lane": self.lane,
                "votes": self.case.block.transactions.len(),
                "samples": self.samples,
                "pages": pages,
                "threads": threads,
                "cache": name,
                "reads": reads,
                "fewer": fewer,
                "accounts": accounts,
                "slots": slots,
                "codes": codes,
                "ranges": ranges,
                "slots_in_ranges": in_ranges,
                "ms": times.median(name),
                "speed_up": speed_up,
            }));
        }
        let mut cells = vec![
            pages.to_owned(),
            threads.to_string(),
            name.to_owned(),
            reads.to_string(),
        ];
        cells.push(fewer.map_or_else(|| "-".to_owned(), |fewer| format!("{fewer:.1}")));
        cells.extend([accounts, slots, codes, ranges, in_ranges].map(|figure| figure.to_string()));
        cells.extend([ms(times.median(name)), ratio(speed_up)]);
        self.figures.row(cells);
        Ok(())
    }

    pub(crate) fn print(self) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let heading = format!(
            "### {} {}: {} votes, after {} votes in the parent",
            self.case.shape.name(),
            self.lane,
            self.case.block.transactions.len(),
            self.case.parent.transactions.len(),
        );
        self.figures.print(&heading)
    }
}

/// What came after the execution, with the names of the two times.
pub(crate) fn root_and_commit(
    case: &Case,
    options: &Options,
    done: &Committed,
    times: &Times,
    [root, commit]: [&str; 2],
) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if options.json {
        return line(json!({
            "bench": "store",
            "shape": case.shape.name(),
            "lane": "root_and_commit",
            "votes": case.block.transactions.len(),
            "samples": options.samples,
            "accounts_changed": done.accounts,
            "slots_changed": done.slots,
            "trie_nodes": done.trie_nodes,
            "threads": threads,
            "root_ms": times.median(root),
            "commit_ms": times.median(commit),
        }));
    }
    line(format_args!(
        "\n### {} root_and_commit, when the cold block has been executed\n\n{} accounts and {} slots changed, \
         {} trie nodes read; state root {} ms on rayon's threads (one a core: {threads}), commit to disk and \
         cache {} ms.",
        case.shape.name(),
        done.accounts,
        done.slots,
        done.trie_nodes,
        ms(times.median(root)),
        ms(times.median(commit)),
    ))
}
