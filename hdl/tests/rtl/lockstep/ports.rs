//! The ports of a block and their values, read from the block itself: none can be forgotten.

use rust_hdl::prelude::{Atom, AtomKind, Block, Probe};
use std::fmt::Write;

/// Values of ports, cycle after cycle, each in words of 32 bits, the low one first.
pub(crate) type Values = Vec<u32>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) direction: Direction,
    pub(crate) bits: usize,
}

impl Port {
    pub(crate) fn words(&self) -> usize {
        self.bits.div_ceil(32)
    }
}

/// All ports of a block but its clock.
#[derive(Clone, Debug)]
pub(crate) struct Ports(pub(crate) Vec<Port>);

impl Ports {
    pub(crate) fn of(&self, direction: Direction) -> impl Iterator<Item = &Port> {
        self.0.iter().filter(move |port| port.direction == direction)
    }

    /// The words of a cycle.
    pub(crate) fn words(&self, direction: Direction) -> usize {
        self.of(direction).map(Port::words).sum()
    }

    /// Which outputs differ.
    pub(crate) fn difference(&self, verilog: &[u32], rust: &[u32]) -> String {
        let mut text = String::new();
        let mut at = 0;
        for port in self.of(Direction::Out) {
            let range = at..at + port.words();
            at = range.end;
            if verilog[range.clone()] != rust[range.clone()] {
                let (verilog, rust) = (&verilog[range.clone()], &rust[range]);
                write!(
                    text,
                    "{} is {verilog:x?} in Verilog, {rust:x?} in rust-hdl; ",
                    port.name
                )
                .unwrap();
            }
        }
        text
    }
}

/// Visits a block's own ports, not those of the blocks within.
struct Visit<F> {
    depth: usize,
    namespace: Vec<String>,
    port: F,
}

impl<F: FnMut(String, Direction, &dyn Atom)> Probe for Visit<F> {
    fn visit_start_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth += 1;
    }

    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.namespace.push(name.to_owned());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let direction = match signal.kind() {
            AtomKind::InputParameter if name != "clock" => Direction::In,
            AtomKind::OutputParameter | AtomKind::OutputPassthrough => Direction::Out,
            _ => return,
        };
        if self.depth == 1 {
            let path = self.namespace.iter().map(String::as_str).chain([name]);
            (self.port)(path.collect::<Vec<_>>().join("$"), direction, signal);
        }
    }

    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth -= 1;
    }
}

fn visit(name: &str, block: &impl Block, port: impl FnMut(String, Direction, &dyn Atom)) {
    let mut visit = Visit {
        depth: 0,
        namespace: Vec::new(),
        port,
    };
    block.accept(name, &mut visit);
}

/// The ports of a block.
pub(crate) fn of(name: &str, block: &impl Block) -> Ports {
    let mut ports = Vec::new();
    visit(name, block, |name, direction, signal| {
        ports.push(Port {
            name,
            direction,
            bits: signal.bits(),
        });
    });
    Ports(ports)
}

/// Appends what the ports hold.
pub(crate) fn read(name: &str, block: &impl Block, inputs: &mut Values, outputs: &mut Values) {
    let mut text = String::new();
    visit(name, block, |_, direction, signal| {
        let values = match direction {
            Direction::In => &mut *inputs,
            Direction::Out => &mut *outputs,
        };
        // As in 10'h3ff.
        text.clear();
        write!(text, "{:x}", signal.verilog()).unwrap();
        let digits = text.split_once('h').unwrap().1;
        let mut end = digits.len();
        for _ in 0..signal.bits().div_ceil(32) {
            let start = end.saturating_sub(8);
            let word = &digits[start..end];
            values.push(if word.is_empty() {
                0
            } else {
                u32::from_str_radix(word, 16).unwrap()
            });
            end = start;
        }
    });
}
