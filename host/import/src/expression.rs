//! A part of a graph that depends on one number alone, element by element: `x · 0.5 · (1 + erf(x / √2))` in five
//! nodes is one function, and becomes one table.

use crate::function::Function;

/// Steps in order; the last is the result. A step reads x or steps before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) steps: Vec<Step>,
}

/// What a step reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Term {
    /// The number that all depends on.
    X,
    /// The result of a step before.
    Step(usize),
    /// A constant.
    Number(f32),
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Apply(Function, Term),
    Add(Term, Term),
    Sub(Term, Term),
    Mul(Term, Term),
    Div(Term, Term),
    /// The second where the first is not 0, the third where it is.
    Where(Term, Term, Term),
}

impl Expression {
    /// The value at `x`, each step rounded to f32 as a runtime rounds it.
    pub(crate) fn at(&self, x: f32) -> f32 {
        let mut results: Vec<f32> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let of = |term: Term| match term {
                Term::X => x,
                Term::Step(at) => results.get(at).copied().unwrap_or(f32::NAN),
                Term::Number(v) => v,
            };
            let result = match step {
                Step::Apply(function, a) => function.at(of(*a)),
                Step::Add(a, b) => of(*a) + of(*b),
                Step::Sub(a, b) => of(*a) - of(*b),
                Step::Mul(a, b) => of(*a) * of(*b),
                Step::Div(a, b) => of(*a) / of(*b),
                Step::Where(c, a, b) => {
                    if of(*c) != 0.0 {
                        of(*a)
                    } else {
                        of(*b)
                    }
                }
            };
            results.push(result);
        }
        results.last().copied().unwrap_or(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_x_numbers_and_steps_before() {
        // x · (x + 1) at 3.
        let expression = Expression {
            steps: vec![
                Step::Add(Term::X, Term::Number(1.0)),
                Step::Mul(Term::X, Term::Step(0)),
            ],
        };
        assert_eq!(expression.at(3.0), 12.0);
    }
}
