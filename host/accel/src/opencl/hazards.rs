//! Which commands of a job a new one has to come after: those that wrote what it reads, and those that read or wrote
//! what it overwrites.

use metisvm_opencl::Ticket;
use std::ops::Range;

/// A place in one of a job's blocks of memory, in bytes.
pub(super) type Region = (usize, Range<usize>);

#[derive(Debug, Default)]
pub(super) struct Hazards(Vec<Access>);

#[derive(Debug)]
struct Access {
    region: Region,
    ticket: Ticket,
    writes: bool,
}

impl Hazards {
    /// What a command comes after that reads and writes these.
    pub(super) fn before(&self, reads: &[Region], write: &Region) -> Vec<Ticket> {
        let overlap = |a: &Region, b: &Region| a.0 == b.0 && a.1.start < b.1.end && b.1.start < a.1.end;
        let follows = |access: &&Access| {
            overlap(&access.region, write)
                || access.writes && reads.iter().any(|read| overlap(&access.region, read))
        };
        let mut tickets: Vec<Ticket> = Vec::new();
        for access in self.0.iter().filter(follows) {
            if !tickets.contains(&access.ticket) {
                tickets.push(access.ticket);
            }
        }
        tickets
    }

    /// Remembers what a command does. What it overwrites whole, others need not look at any more.
    pub(super) fn note(&mut self, reads: Vec<Region>, write: Region, ticket: Ticket) {
        self.0.retain(|access| {
            access.region.0 != write.0
                || access.region.1.start < write.1.start
                || access.region.1.end > write.1.end
        });
        let reads = reads.into_iter().map(|region| (region, false));
        let all = reads.chain([(write, true)]);
        self.0.extend(all.map(|(region, writes)| Access {
            region,
            ticket,
            writes,
        }));
    }
}
