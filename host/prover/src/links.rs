//! Copies from one row to another, as attacks see them: each can be left out, and a number more stand in its place.

#[cfg(test)]
use crate::claim::{Claim, Compute};
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
    /// The number of the one that is left out, and what an attacker adds in its place.
    pub(crate) left_out: Option<(usize, F)>,
    /// A claimed number is not what is computed, so that the check of what is claimed is left out.
    pub(crate) unchecked: bool,
    /// What is added to claimed numbers, which are counted over all claims.
    pub(crate) shifts: Vec<(usize, F)>,
    /// How many were claimed so far.
    claims: usize,
}

#[cfg(test)]
impl Links {
    /// Notes a copy, and says what an attacker adds if it is the one that is left out.
    pub(crate) fn leaves_out(&mut self, source: Target) -> Option<F> {
        self.seen.push((self.part, source));
        let number = self.seen.len() - 1;
        self.left_out
            .filter(|(left_out, _)| *left_out == number)
            .map(|(_, more)| more)
    }

    /// What an attacker puts on a wire that nothing else fills. It is made of what this circuit copies, not of what the
    /// complete one does: behind a forged claim every challenge is another one.
    pub(crate) fn forged(source: Target, wire: Target, more: F) -> Claim {
        Claim {
            inputs: vec![source],
            outputs: vec![wire],
            compute: Box::new(move |inputs| vec![inputs[0] + more]),
        }
    }

    /// What an attacker claims on these wires.
    pub(crate) fn claimed(&mut self, wires: &[Target], compute: Compute) -> Compute {
        let own = self.claims..self.claims + wires.len();
        self.claims = own.end;
        let shifts = self.shifts.iter().filter(|(at, _)| own.contains(at));
        let mut shifts: Vec<(usize, F)> = shifts.map(|&(at, more)| (at - own.start, more)).collect();
        for (at, &wire) in wires.iter().enumerate() {
            if let Some(more) = self.leaves_out(wire) {
                self.unchecked = true;
                shifts.push((at, more));
            }
        }
        Box::new(move |inputs| {
            let mut claimed = compute(inputs);
            for &(at, more) in &shifts {
                claimed[at] += more;
            }
            claimed
        })
    }
}
