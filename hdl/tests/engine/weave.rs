//! Puts tokens between instructions, as many as their order needs and some that it does not.

use crate::random::Random;
use crate::touched::{Touched, touched};
use metisvm_firmware::{Geometry, Instruction, Module, Operation};
use std::collections::VecDeque;
use std::fmt::Write;

/// The links in the order of [`metisvm_firmware::program::Link`]: who gives, and who takes.
const LINKS: [(usize, usize); 4] = [(0, 1), (1, 0), (1, 2), (2, 1)];

struct Woven {
    instruction: Instruction,
    touched: Vec<Touched>,
    /// Of each module, how many instructions are done for certain when this one begins.
    knows: [usize; 3],
}

/// A program that grows in an order in which it could run. Of two instructions that meet, the later one begins when
/// the earlier is done, by way of tokens; all others of different modules may overlap.
pub(crate) struct Weave {
    geometry: Geometry,
    streams: [Vec<Woven>; 3],
    /// Of each module, what it knows.
    knows: [[usize; 3]; 3],
    /// Of each link, the instructions whose tokens nobody has taken yet.
    spare: [VecDeque<usize>; 4],
    /// Of each link, where the next instruction stands that may give a token.
    given: [usize; 4],
    /// One instruction in so many gives a token that it need not; 0 for none.
    extra: u64,
}

fn push_mut(instruction: &mut Instruction, link: usize) -> &mut bool {
    let (from, to) = LINKS[link];
    let dependencies = &mut instruction.dependencies;
    if to > from {
        &mut dependencies.push_next
    } else {
        &mut dependencies.push_prev
    }
}

fn pop_mut(instruction: &mut Instruction, link: usize) -> &mut bool {
    let (from, to) = LINKS[link];
    let dependencies = &mut instruction.dependencies;
    if to > from {
        &mut dependencies.pop_prev
    } else {
        &mut dependencies.pop_next
    }
}

fn link(from: usize, to: usize) -> usize {
    LINKS.iter().position(|link| *link == (from, to)).unwrap()
}

impl Weave {
    pub(crate) fn new(geometry: Geometry, extra: u64) -> Self {
        Self {
            geometry,
            streams: Default::default(),
            knows: [[0; 3]; 3],
            spare: Default::default(),
            given: [0; 4],
            extra,
        }
    }

    /// Takes the oldest spare token of a link.
    fn take(&mut self, link: usize, into: &mut Instruction) {
        let (from, to) = LINKS[link];
        let giver = self.spare[link].pop_front().unwrap();
        *pop_mut(into, link) = true;
        let learns = self.streams[from][giver].knows;
        for (knows, learns) in self.knows[to].iter_mut().zip(learns) {
            *knows = (*knows).max(learns);
        }
        self.knows[to][from] = self.knows[to][from].max(giver + 1);
    }

    /// Gives a token of the link, as early as tells of `count` instructions of its module. Tokens are taken in the order
    /// in which they are given, so it must come behind all others of the link.
    fn give(&mut self, link: usize, count: usize) {
        let (from, _) = LINKS[link];
        let giver = (count - 1).max(self.given[link]);
        if giver < self.streams[from].len() {
            *push_mut(&mut self.streams[from][giver].instruction, link) = true;
            self.spare[link].push_back(giver);
            self.given[link] = giver + 1;
        }
    }

    /// Readies a token by which `to`, at its next instruction, knows `count` instructions of its neighbour `from`; false
    /// if it knows them. An instruction that takes several readies all of them first: the NOPs that come before it must
    /// not be said to know what it learns.
    fn ready(&mut self, from: usize, to: usize, count: usize) -> bool {
        let link = link(from, to);
        if self.knows[to][from] >= count {
            return false;
        }
        if self.spare[link].back().is_none_or(|giver| giver + 1 < count) {
            self.give(link, count);
        }
        // An instruction takes one token of a link: those before go to NOPs.
        while self.spare[link][0] + 1 < count {
            self.nop(to, Some(link));
        }
        true
    }

    /// How many instructions of compute one must know to know `count` of a module: what load and store know of each
    /// other comes by way of it.
    fn by_way_of_compute(&mut self, from: usize, count: usize) -> usize {
        let knows = |woven: &Woven| woven.knows[from] >= count;
        if let Some(place) = self.streams[1].iter().position(knows) {
            return place + 1;
        }
        let mut nop = blank(Operation::Nop(Module::Compute));
        if self.ready(from, 1, count) {
            self.take(link(from, 1), &mut nop);
        }
        self.append(nop);
        self.streams[1].len()
    }

    fn append(&mut self, instruction: Instruction) {
        let of = instruction.operation.module() as usize;
        let touched = touched(&self.geometry, &instruction.operation);
        let mut knows = self.knows[of];
        knows[of] = self.streams[of].len();
        self.knows[of][of] = knows[of] + 1;
        self.streams[of].push(Woven {
            instruction,
            touched,
            knows,
        });
    }

    fn nop(&mut self, of: usize, takes: Option<usize>) {
        let mut nop = blank(Operation::Nop(Module::ALL[of]));
        if let Some(link) = takes {
            self.take(link, &mut nop);
        }
        self.append(nop);
    }

    /// Appends an operation to its stream.
    pub(crate) fn push(&mut self, operation: Operation, random: &mut Random) {
        let mut instruction = blank(operation);
        let of = operation.module() as usize;
        let mine = touched(&self.geometry, &operation);
        let mut counts = [0, 1, 2].map(|from: usize| {
            let meets = |woven: &Woven| {
                let meets = |mine: &Touched| woven.touched.iter().any(|other| mine.meets(other));
                from != of && mine.iter().any(meets)
            };
            self.streams[from]
                .iter()
                .rposition(meets)
                .map_or(0, |latest| latest + 1)
        });
        if of != 1 {
            let far = 2 - of;
            if counts[far] > self.knows[of][far] {
                counts[1] = counts[1].max(self.by_way_of_compute(far, counts[far]));
            }
            counts[far] = 0;
        }
        let ready =
            [0, 1, 2].map(|from| from != of && counts[from] > 0 && self.ready(from, of, counts[from]));
        for from in (0..3).filter(|from| ready[*from]) {
            self.take(link(from, of), &mut instruction);
        }
        let may = |random: &mut Random| self.extra != 0 && random.one_in(self.extra);
        let takes = LINKS.map(|(_, to)| to == of && may(&mut *random));
        let gives = LINKS.map(|(from, _)| from == of && may(&mut *random));
        for (link, takes) in takes.into_iter().enumerate() {
            if takes && !*pop_mut(&mut instruction, link) && !self.spare[link].is_empty() {
                self.take(link, &mut instruction);
            }
        }
        self.append(instruction);
        for (link, gives) in gives.into_iter().enumerate() {
            if gives {
                self.give(link, self.streams[of].len());
            }
        }
    }

    /// All three streams, when nothing is left on the links.
    pub(crate) fn finish(mut self) -> [Vec<Instruction>; 3] {
        for (link, (_, to)) in LINKS.into_iter().enumerate() {
            while !self.spare[link].is_empty() {
                self.nop(to, Some(link));
            }
        }
        self.streams
            .map(|stream| stream.into_iter().map(|woven| woven.instruction).collect())
    }
}

/// A program as card memory has it: its header, then all instructions.
pub(crate) fn words(streams: &[Vec<Instruction>; 3]) -> Vec<u64> {
    let [load, compute, store] = streams.each_ref().map(|stream| stream.len() as u64);
    let mut words = vec![load | compute << 32, store, 0, 0];
    words.extend(streams.iter().flatten().flat_map(Instruction::encode));
    words
}

/// Has the harness run a program, on a memory with that latency which never holds back.
pub(crate) fn script(words: &[u64], latency: u64, text: &mut String) {
    write!(text, "p {}", words.len()).unwrap();
    words.iter().for_each(|word| write!(text, " {word:x}").unwrap());
    writeln!(text, "\nx {} 4096 1 {latency} 0 0 1", 8 * words.len()).unwrap();
}

/// Without tokens.
pub(crate) fn blank(operation: Operation) -> Instruction {
    Instruction {
        dependencies: Default::default(),
        operation,
    }
}
