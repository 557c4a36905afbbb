//! Jobs for the runner: programs of every kind, and what goes wrong on their way.

use super::encodings::module;
use super::samples;
use crate::random::Random;
use metisvm_firmware::program::MAX_TOKENS;
use std::fmt::Write;

/// An instruction of a module that fails: of an item, counted without NOPs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) item: u64,
    pub(crate) module: usize,
    pub(crate) nth: u64,
    pub(crate) status: u16,
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) header: [u64; 4],
    pub(crate) streams: [Vec<[u64; 4]>; 3],
    /// Bytes of the program; those beyond its words are never read.
    pub(crate) bytes: u64,
    pub(crate) limit: u32,
    pub(crate) items: u64,
    /// The cycle in which it is given up, 1 being the one in which it is opened; or 0.
    pub(crate) stop: u64,
    pub(crate) faults: Vec<Fault>,
}

impl Job {
    pub(crate) fn of(streams: [Vec<[u64; 4]>; 3]) -> Self {
        let [load, compute, store] = streams.each_ref().map(|stream| stream.len() as u64);
        Self {
            header: [load | compute << 32, store, 0, 0],
            bytes: 32 * (1 + load + compute + store),
            streams,
            limit: 4096,
            items: 1,
            stop: 0,
            faults: Vec::new(),
        }
    }

    /// The program's words as they lie in memory.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        let instructions = self.streams.iter().flatten().flatten();
        self.header.iter().chain(instructions).copied()
    }

    /// The job as the harness reads it.
    pub(crate) fn write(&self, random: &mut Random, text: &mut String) {
        let latency = random.choose(&[0, 3, 20, 150]);
        let stalls = random.choose(&[0, 0, 60, 200]);
        let most_time = random.choose(&[0, 2, 10, 100]);
        // The same, or far from each other: the harness tells an earlier program's reads from this one's.
        let place = random.choose(&[0_u64, 1 << 14, 1 << 30, (1 << 43) - 4096]);
        let (seed, words, faults) = (random.bits() >> 1, self.words().count(), self.faults.len());
        let Self {
            stop,
            bytes,
            limit,
            items,
            ..
        } = self;
        write!(
            text,
            "{seed} {latency} {stalls} {most_time} {stop} {place} {bytes} {limit} {items} {words} {faults}"
        )
        .unwrap();
        for word in self.words() {
            write!(text, " {word:x}").unwrap();
        }
        for fault in &self.faults {
            let Fault {
                item,
                module,
                nth,
                status,
            } = fault;
            write!(text, " {item} {module} {nth} {status}").unwrap();
        }
        text.push('\n');
    }
}

/// A NOP of a module with tokens: pop_prev, pop_next, push_prev, push_next from bit 0 on.
pub(crate) fn nop(module: u64, tokens: u64) -> [u64; 4] {
    [1 | tokens << 8 | module << 16, 0, 0, 0]
}

/// A sound instruction of a module with such tokens.
fn sound(random: &mut Random, of: u64, tokens: u64) -> [u64; 4] {
    if random.one_in(4) {
        return nop(of, tokens);
    }
    loop {
        let mut words = samples::words(random, of);
        words[0] = words[0] & !0xf00 | tokens << 8;
        if module(words) == Some(of as usize) {
            return words;
        }
    }
}

/// The links that a module's tokens are of, pops in the lower half: pop_prev, pop_next, push_prev, push_next.
pub(crate) const LINKS: [[Option<usize>; 4]; 3] = [
    [None, Some(1), None, Some(0)],
    [Some(0), Some(3), Some(1), Some(2)],
    [Some(2), None, Some(3), None],
];

/// A program that runs to its end: it is written down as it would run. What is left at the end is taken by NOPs.
fn lawful(random: &mut Random, length: u64) -> [Vec<[u64; 4]>; 3] {
    let mut streams = [const { Vec::new() }; 3];
    let mut tokens = [0_u64; 4];
    let often = 1 + random.bits() % 4;
    let mut last = 0;
    for _ in 0..length {
        let of = if random.one_in(3) { random.bits() % 3 } else { last };
        last = of;
        let mut mask = 0;
        for (bit, link) in LINKS[of as usize].into_iter().enumerate() {
            let Some(link) = link else { continue };
            if bit < 2 && tokens[link] > 0 && random.one_in(2) {
                tokens[link] -= 1;
                mask |= 1 << bit;
            }
            if bit >= 2 && random.one_in(often) {
                tokens[link] += 1;
                mask |= 1 << bit;
            }
        }
        streams[of as usize].push(sound(random, of, mask));
    }
    for (link, (of, mask)) in [(1, 1), (0, 2), (2, 1), (1, 2)].into_iter().enumerate() {
        for _ in 0..tokens[link] {
            streams[of as usize].push(nop(of, mask));
        }
    }
    streams
}

/// Any tokens at all.
fn lawless(random: &mut Random, length: u64) -> [Vec<[u64; 4]>; 3] {
    let allowed = [0b1010, 0b1111, 0b0101];
    let sparse = random.one_in(2);
    let mut streams = [const { Vec::new() }; 3];
    for _ in 0..length {
        let of = random.bits() % 3;
        let mut mask = random.bits() & allowed[of as usize];
        if sparse {
            mask &= random.bits();
        }
        streams[of as usize].push(sound(random, of, mask));
    }
    streams
}

/// One token of a program is another, or one of its instructions goes.
fn disturb(random: &mut Random, streams: &mut [Vec<[u64; 4]>; 3]) {
    let of = random.bits() as usize % 3;
    let stream = &mut streams[of];
    if stream.is_empty() {
        return;
    }
    let at = random.bits() as usize % stream.len();
    if random.one_in(4) {
        stream.remove(at);
        return;
    }
    let bits: &[u64] = [&[9, 11][..], &[8, 9, 10, 11], &[8, 10]][of];
    stream[at][0] ^= 1 << random.choose(bits);
}

/// A header that does not fit, or a limit or a length that do not.
fn spoil_header(random: &mut Random, job: &mut Job) {
    match random.bits() % 10 {
        0 => job.header[random.bits() as usize % 4] ^= 1 << (random.bits() % 64),
        1 => job.bytes += 32,
        2 => job.bytes -= random.within(1, 31) as u64,
        3 => job.bytes -= 32,
        4 => job.bytes += 1 << random.within(5, 47),
        5 => job.limit = (job.bytes / 32 - 1) as u32 - 1,
        6 => job.bytes = random.bits() % 32,
        // No instruction at all.
        7 => *job = Job::of(Default::default()),
        // Lengths whose sum is right modulo 2^26, or 2^25.
        8 => {
            let all = job.bytes / 32 - 1;
            job.header[0] = ((1 << 25) - 1) | ((1 << 25) - 1) << 32;
            job.header[1] = all + 2;
        }
        _ => job.header[0] += 1 << 25,
    }
}

/// A link at its end: 1023 tokens fit, and one more only when one is taken.
pub(crate) fn full_links() -> Vec<Job> {
    let most = u64::from(MAX_TOKENS);
    let mut jobs = Vec::new();
    for (from, mask, to, take) in [(0, 8, 1, 1), (1, 4, 0, 2), (1, 8, 2, 1), (2, 4, 1, 2)] {
        for given in [most - 1, most, most + 1, most + 40] {
            for taken in [0, 1, given - 1, given] {
                let mut streams = [const { Vec::new() }; 3];
                streams[from as usize] = vec![nop(from, mask); given as usize];
                streams[to as usize] = vec![nop(to, take); taken as usize];
                jobs.push(Job::of(streams));
            }
        }
    }
    jobs
}

/// A job of any kind.
pub(crate) fn job(random: &mut Random) -> Job {
    let length = match random.bits() % 8 {
        0 => random.within(1, 4),
        1 => random.within(1, 200),
        _ => random.within(1, 40),
    } as u64;
    let kind = random.bits() % 10;
    let mut streams = match kind {
        0 => lawless(random, length),
        _ => lawful(random, length),
    };
    if matches!(kind, 1 | 2) {
        disturb(random, &mut streams);
    }
    if kind == 3 || random.one_in(20) {
        // Instructions that are none, or another module's.
        for _ in 0..random.within(1, 2) {
            let of = random.bits() as usize % 3;
            if !streams[of].is_empty() {
                let at = random.bits() as usize % streams[of].len();
                streams[of][at] = samples::words(random, random.0 % 3);
            }
        }
    }
    let mut job = Job::of(streams);
    job.items = random.choose(&[1, 1, 2, 3]);
    if random.one_in(4) {
        job.limit = ((job.bytes / 32 - 1) as u32).max(1);
    }
    if kind == 4 || random.one_in(20) {
        for _ in 0..random.within(1, 2) {
            job.faults.push(Fault {
                item: random.bits() % job.items,
                module: random.bits() as usize % 3,
                nth: random.bits() % (1 + length / 4),
                status: random.choose(&[9, 10, 11]),
            });
        }
    }
    if kind == 5 && random.one_in(2) && job.bytes > 32 {
        spoil_header(random, &mut job);
    }
    if random.one_in(12) {
        job.stop = random.within(1, 600) as u64;
    }
    job
}
