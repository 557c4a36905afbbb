//! What must come of a program: the end that it runs into, and whether what happened on the way was in order.

use super::encodings::module;
use super::jobs::{Fault, Job, LINKS};
use metisvm_firmware::program::MAX_TOKENS;
use metisvm_firmware::{Geometry, Status};
use metisvm_sim::schedule::Schedule;
use metisvm_sim::streams::Streams;
use std::sync::atomic::AtomicBool;

/// Status and index.
pub(crate) type End = (u16, u32);

/// Where the modules are. An instruction takes tokens when it begins and gives them when it is done.
#[derive(Clone, Debug)]
pub(crate) struct Links<'a> {
    job: &'a Job,
    heads: [usize; 3],
    tokens: [u32; 4],
    /// What a module is at.
    running: [Option<[u64; 4]>; 3],
}

fn is_nop(words: &[u64; 4]) -> bool {
    words[0] & 255 == 1
}

/// The links that an instruction pops or pushes.
fn links(of: usize, words: &[u64; 4], pushes: bool) -> impl Iterator<Item = usize> {
    let bits = if pushes { 2..4 } else { 0..2 };
    let mask = words[0] >> 8;
    bits.filter(move |bit| mask >> bit & 1 == 1)
        .filter_map(move |bit| LINKS[of][bit])
}

impl<'a> Links<'a> {
    pub(crate) fn new(job: &'a Job) -> Self {
        Self {
            job,
            heads: [0; 3],
            tokens: [0; 4],
            running: [None; 3],
        }
    }

    fn head(&self, of: usize) -> Option<&'a [u64; 4]> {
        self.job.streams[of].get(self.heads[of])
    }

    /// The next instruction, if it may begin.
    fn next(&self, of: usize) -> Option<&'a [u64; 4]> {
        let words = self.head(of).filter(|words| module(**words) == Some(of))?;
        let starved = links(of, words, false).any(|link| self.tokens[link] == 0);
        let stuffed = links(of, words, true).any(|link| self.tokens[link] >= MAX_TOKENS);
        (self.running[of].is_none() && !starved && !stuffed).then_some(words)
    }

    fn begin(&mut self, of: usize, words: &[u64; 4]) {
        links(of, words, false).for_each(|link| self.tokens[link] -= 1);
        self.heads[of] += 1;
        self.running[of] = Some(*words);
    }

    fn finish(&mut self, of: usize) {
        let words = self.running[of].take().unwrap();
        links(of, &words, true).for_each(|link| self.tokens[link] += 1);
    }

    /// NOPs, which are not seen, run as early as they can: each link has one module that takes from it, so that
    /// takes nothing from another.
    fn run_nops(&mut self) {
        while let Some((of, words)) = (0..3)
            .filter_map(|of| Some((of, self.next(of)?)))
            .find(|(_, words)| is_nop(words))
        {
            self.begin(of, words);
            self.finish(of);
        }
    }

    /// An instruction is seen to begin.
    pub(crate) fn starts(&mut self, of: usize, words: &[u64; 4]) -> Result<(), String> {
        self.run_nops();
        match self.next(of) {
            Some(next) if next == words => {
                self.begin(of, words);
                Ok(())
            }
            Some(next) => Err(format!("module {of} begins {words:x?}, not {next:x?}")),
            None => Err(format!("module {of} begins {words:x?} too early: {self:?}")),
        }
    }

    /// What a module is at is seen to be done.
    pub(crate) fn ends(&mut self, of: usize) {
        self.finish(of);
    }

    /// Nothing is left.
    pub(crate) fn is_finished(&mut self) -> bool {
        self.run_nops();
        let through = (0..3).all(|of| self.head(of).is_none() && self.running[of].is_none());
        through && self.tokens == [0; 4]
    }

    fn index(&self, of: usize) -> u32 {
        let before: usize = self.job.streams[..of].iter().map(Vec::len).sum();
        (before + self.heads[of]) as u32
    }

    /// Runs as far as it goes, which is the same in every order. Gives the ends that it may come to.
    fn ends_of(mut self, faults: &[Fault]) -> Vec<End> {
        let mut failures = Vec::new();
        let mut counts = [0; 3];
        while let Some((of, words)) = (0..3).find_map(|of| Some((of, self.next(of)?))) {
            let fault = faults
                .iter()
                .find(|fault| !is_nop(words) && (fault.module, fault.nth) == (of, counts[of]));
            if let Some(fault) = fault {
                failures.push((fault.status, self.index(of)));
            }
            self.begin(of, words);
            counts[of] += u64::from(!is_nop(words));
            if fault.is_none() {
                self.finish(of);
            }
        }
        let heads = (0..3).filter(|&of| self.running[of].is_none());
        let heads = heads.filter_map(|of| Some((of, self.head(of)?)));
        let (sound, unsound): (Vec<_>, Vec<_>) = heads.partition(|(of, words)| module(**words) == Some(*of));
        failures.extend(
            unsound
                .iter()
                .map(|(of, _)| (Status::InvalidInstruction as u16, self.index(*of))),
        );
        if !failures.is_empty() {
            failures
        } else if !sound.is_empty() {
            let blocked = sound.iter();
            blocked
                .map(|(of, _)| (Status::Deadlock as u16, self.index(*of)))
                .collect()
        } else if self.tokens != [0; 4] {
            let all: usize = self.job.streams.iter().map(Vec::len).sum();
            vec![(Status::TokenImbalance as u16, all as u32 - 1)]
        } else {
            vec![(0, 0)]
        }
    }
}

/// What the functional card says of a job: what is wrong with its program, or how an item ends on a schedule.
fn functional(job: &Job, seed: u64) -> End {
    // It has no memory beyond the program's words; what lies there is no program either.
    let mut bytes: Vec<u8> = job.words().flat_map(u64::to_le_bytes).collect();
    bytes.resize(job.bytes.min(1 << 20) as usize, 0);
    let geometry = Geometry {
        tile_rows: 4,
        tile_cols: 4,
        tile_depth: 4,
        a_tiles: 16,
        b_tiles: 16,
        acc_tiles: 16,
        param_entries: 16,
        table_count: 2,
    };
    let streams = match Streams::read(&bytes, job.limit, &geometry, &AtomicBool::new(false)) {
        Ok(streams) => streams,
        Err((status, index)) => return (status as u16, index),
    };
    let mut schedule = Schedule::new(seed);
    schedule.rewind(&streams);
    loop {
        match schedule.next(&streams) {
            Ok(Some(_)) => {}
            Ok(None) => return (0, 0),
            Err((status, index)) => return (status as u16, index),
        }
    }
}

/// How opening a job's program ends, and each of its items: the ends that are right.
pub(crate) fn ends(job: &Job, seed: u64) -> (End, Vec<Vec<End>>) {
    let functional = functional(job, seed);
    if functional.0 == Status::InvalidProgram as u16 {
        return (functional, Vec::new());
    }
    let mut items = Vec::new();
    for item in 0..job.items {
        let faults: Vec<Fault> = job
            .faults
            .iter()
            .filter(|fault| fault.item == item)
            .copied()
            .collect();
        let right = Links::new(job).ends_of(&faults);
        if faults.is_empty() && functional.0 != Status::InvalidInstruction as u16 {
            assert!(
                right.contains(&functional),
                "{right:?}, the functional card {functional:?}"
            );
        }
        let ok = right == [(0, 0)];
        items.push(right);
        if !ok {
            break;
        }
    }
    ((0, 0), items)
}
