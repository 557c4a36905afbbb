//! Copies from one row to another, as attacks see them: each can be left out, and what stands in its place be chosen.

#[cfg(test)]
use crate::claim::Compute;
#[cfg(test)]
use metisvm_verifier::field::F;
#[cfg(test)]
use plonky2::iop::target::Target;

/// A part of a circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// What reads the input, and borders.
    #[default]
    Input,
    /// A node.
    Node(usize),
    /// The public inputs.
    Statement,
}

/// The copies of a circuit.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Links {
    /// Of which part of the circuit copies are made now.
    pub(crate) part: Part,
    /// The part that each belongs to, and the wire that is copied.
    pub(crate) seen: Vec<(Part, Target)>,
    /// The number of the one that is left out.
    pub(crate) left_out: Option<usize>,
    /// The wire that is free in its place.
    pub(crate) free: Option<Target>,
    /// A claimed wire is free, so that the check of what is claimed is left out.
    pub(crate) unchecked: bool,
    /// What is added to claimed numbers, which are counted over all claims.
    pub(crate) shifts: Vec<(usize, F)>,
    /// How many were claimed so far.
    claimed: usize,
}

#[cfg(test)]
impl Links {
    /// Notes a copy and says whether it is the one that is left out.
    pub(crate) fn leaves_out(&mut self, source: Target) -> bool {
        self.seen.push((self.part, source));
        self.left_out == Some(self.seen.len() - 1)
    }

    /// What an attacker claims in the place of `count` numbers.
    pub(crate) fn shifted(&mut self, count: usize, compute: Compute) -> Compute {
        let own = self.claimed..self.claimed + count;
        self.claimed = own.end;
        let shifts = self.shifts.iter().filter(|(at, _)| own.contains(at));
        let shifts: Vec<(usize, F)> = shifts.map(|&(at, more)| (at - own.start, more)).collect();
        Box::new(move |inputs| {
            let mut claimed = compute(inputs);
            for &(at, more) in &shifts {
                claimed[at] += more;
            }
            claimed
        })
    }
}
