//! A graph of modules, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Where one module names another: the line, and the path as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The line, from 1.
    pub line: usize,
    /// The path.
    pub path: String,
}

/// Modules, which are files, and what each of them names of the others.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    uses: BTreeMap<String, BTreeMap<String, Use>>,
}

impl Graph {
    pub(super) fn module(&mut self, file: &str) {
        self.uses.entry(file.to_string()).or_default();
    }

    /// Notes that a module names another; the first place is kept. One that names itself does not depend.
    pub(super) fn depends(&mut self, from: &str, to: &str, place: Use) {
        if from != to {
            let uses = self.uses.entry(from.to_string()).or_default();
            uses.entry(to.to_string()).or_insert(place);
        }
    }

    /// The files of all modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.uses.keys().map(String::as_str)
    }

    /// The graph with each of a crate's outermost modules and all below it as one: `src/a.rs`, `src/a/mod.rs` and
    /// `src/a/b.rs` are `src/a`. A module and its children may name each other there.
    #[must_use]
    pub fn outermost(&self) -> Self {
        let outer = |file: &str| {
            let (crate_, inside) = file.split_once("src/").unwrap_or(("", file));
            let first = inside.split('/').next().unwrap_or(inside);
            format!("{crate_}src/{}", first.trim_end_matches(".rs"))
        };
        let mut graph = Self::default();
        for (from, uses) in &self.uses {
            graph.module(&outer(from));
            for (to, place) in uses {
                graph.depends(&outer(from), &outer(to), place.clone());
            }
        }
        graph
    }

    /// Where `from` names `to`, if it does.
    pub fn place(&self, from: &str, to: &str) -> Option<&Use> {
        self.uses.get(from)?.get(to)
    }

    /// A shortest circle, and how many modules are in one. `None` where modules depend one way.
    pub fn circle(&self) -> Option<Circle> {
        let mut shortest: Option<Vec<&str>> = None;
        let mut tied = 0;
        for module in self.modules() {
            let Some(way) = self.way_back(module) else {
                continue;
            };
            tied += 1;
            if shortest.as_ref().is_none_or(|s| way.len() < s.len()) {
                shortest = Some(way);
            }
        }
        let around = shortest?;
        let next = around.iter().cycle().skip(1);
        let steps = around.iter().zip(next).map(|(from, to)| {
            let place = self.place(from, to).cloned();
            (
                from.to_string(),
                place.unwrap_or(Use {
                    line: 0,
                    path: to.to_string(),
                }),
            )
        });
        Some(Circle {
            tied,
            steps: steps.collect(),
        })
    }

    /// The shortest way from a module to itself.
    fn way_back<'g>(&'g self, start: &'g str) -> Option<Vec<&'g str>> {
        let mut seen = BTreeSet::new();
        let mut open = VecDeque::from([vec![start]]);
        while let Some(way) = open.pop_front() {
            let here = way[way.len() - 1];
            for next in self.uses.get(here).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.as_str()) {
                    open.push_back([&way[..], &[next.as_str()]].concat());
                }
            }
        }
        None
    }
}

/// Modules that depend on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Modules of the crate that are in a circle, this one or another.
    pub tied: usize,
    /// The modules around a shortest one, each with where it names the next; the last names the first.
    pub steps: Vec<(String, Use)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} modules depend on each other in a circle; the shortest:",
            self.tied
        )?;
        for (file, place) in &self.steps {
            write!(f, "\n  {file}:{} names {}", place.line, place.path)?;
        }
        Ok(())
    }
}
