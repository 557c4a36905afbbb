//! Which modules of a crate name which.
//!
//! A module is a file. It depends on another if a `use` of it, or a path in its code, leads there: a name that a
//! module only hands on (`pub use`, or a `use` that its children reach by `super`) counts for the module
//! that it comes from. That a parent declares its children (`mod x;`) is no dependency. Methods cannot be seen: a
//! type whose methods are spread over files should have a file of its own, below them all.

use super::graph::{Graph, Use};
use super::paths::{Contents, Named};
use proc_macro2::TokenStream;
use std::collections::BTreeMap;

/// The text of files by path.
pub type Sources = BTreeMap<String, String>;

/// How often a name may lead to another name before it counts as leading nowhere.
const MAX_HOPS: usize = 32;

/// A module by its path in the crate; the crate itself is the empty path.
type Path = Vec<String>;

struct Module {
    file: String,
    uses: Vec<Named>,
    paths: Vec<Named>,
    /// What names stand for: the paths of `use`.
    names: BTreeMap<String, Vec<String>>,
}

/// Reads the crate whose root is the file `root`, and says what its modules name.
///
/// # Errors
/// If a file of the crate is missing or is no Rust; the text says which.
pub fn module_graph(sources: &Sources, root: &str) -> Result<Graph, String> {
    let mut crate_ = Crate {
        sources,
        modules: BTreeMap::new(),
    };
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    crate_.file(root, folder, Vec::new())?;
    let mut graph = Graph::default();
    for (path, module) in &crate_.modules {
        graph.module(&module.file);
        for named in module.uses.iter().chain(&module.paths) {
            if let Some(to) = crate_.leads_to(path, &named.segments, MAX_HOPS) {
                let (line, text) = (named.line, named.segments.join("::"));
                graph.depends(&module.file, &crate_.modules[&to].file, Use { line, path: text });
            }
        }
    }
    Ok(graph)
}

struct Crate<'s> {
    sources: &'s Sources,
    modules: BTreeMap<Path, Module>,
}

impl Crate<'_> {
    /// Reads a file as the module at `path`, whose children lie in `folder`.
    fn file(&mut self, file: &str, folder: &str, path: Path) -> Result<(), String> {
        let text = self
            .sources
            .get(file)
            .ok_or_else(|| format!("{file} is not there"))?;
        let tokens: TokenStream = text.parse().map_err(|e| format!("{file}: {e}"))?;
        self.module(file, folder, path, Contents::of(tokens))
    }

    fn module(&mut self, file: &str, folder: &str, path: Path, contents: Contents) -> Result<(), String> {
        let child = |name: &String| [&path[..], std::slice::from_ref(name)].concat();
        let below = |name: &String| format!("{folder}/{name}");
        for (name, contents) in contents.inline {
            self.module(file, &below(&name), child(&name), contents)?;
        }
        for name in &contents.files {
            let beside = format!("{}.rs", below(name));
            let inside = format!("{}/mod.rs", below(name));
            let own = if self.sources.contains_key(&beside) {
                beside
            } else {
                inside
            };
            self.file(&own, &below(name), child(name))?;
        }
        let names = contents.uses.iter();
        let names = names
            .filter_map(|u| Some((u.binds.clone()?, u.segments.clone())))
            .collect();
        let (file, uses, paths) = (file.to_string(), contents.uses, contents.paths);
        self.modules.insert(
            path,
            Module {
                file,
                uses,
                paths,
                names,
            },
        );
        Ok(())
    }

    /// The module that a path named in module `from` leads to; `None` if that is in another crate, or a
    /// plain name of the module's own.
    fn leads_to(&self, from: &[String], segments: &[String], hops: usize) -> Option<Path> {
        let hops = hops.checked_sub(1)?;
        let mut here: Path = from.to_vec();
        let mut rest = segments;
        let mut rooted = false;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => {
                    here.pop()?;
                }
                _ => break,
            }
            rooted = true;
            rest = others;
        }
        while let Some((first, others)) = rest.split_first() {
            let child = [&here[..], std::slice::from_ref(first)].concat();
            if self.modules.contains_key(&child) {
                here = child;
            } else if let Some(path) = self.modules.get(&here)?.names.get(first)
                && !(here == from && path == segments)
            {
                // What a name of ours leads to may still be a module, of which the rest is a part.
                let whole = [&path[..], others].concat();
                return self.leads_to(&here, &whole, hops);
            } else if rooted {
                return Some(here);
            } else {
                return None;
            }
            rooted = true;
            rest = others;
        }
        rooted.then_some(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(files: &[(&str, &str)]) -> Graph {
        let sources = files
            .iter()
            .map(|(f, t)| (format!("src/{f}"), t.to_string()))
            .collect();
        module_graph(&sources, "src/lib.rs").unwrap()
    }

    fn names(graph: &Graph, from: &str, to: &str) -> bool {
        graph
            .place(&format!("src/{from}.rs"), &format!("src/{to}.rs"))
            .is_some()
    }

    #[test]
    fn every_way_to_name_a_module_is_a_dependency() {
        for code in [
            "use crate::b::X;",
            "use crate::{c, b::{X, Y as Z}};",
            "use super::b;",
            "use super::b as other;",
            "use crate::b::{self};",
            "pub(crate) use crate::b::*;",
            "use crate::b::X as _;",
            "fn f() -> crate::b::X { todo() }",
            "fn f() { g(vec![super::b::X::new()]) }",
            "fn f() { g(<crate::b::X as T>::new()) }",
            "#[derive(E)] enum P { #[error(\"{x}\", x = crate::b::X)] P }",
            "mod inner { use super::super::b::X; }",
            "mod inner { fn f() { crate::b::f() } }",
            "macro_rules! m { () => { $crate::b::f() } }",
            "struct S { #[cfg(test)] a: u8, b: crate::b::X }",
            "use crate::Handed;",
            "use super::Handed;",
            "fn f() { super::handed_on::f() }",
        ] {
            let lib = "mod a; mod b; mod c; pub use b::Handed; use b as handed_on;";
            let graph = graph(&[("lib.rs", lib), ("a.rs", code), ("b.rs", ""), ("c.rs", "")]);
            assert!(names(&graph, "a", "b"), "{code}");
        }
    }

    #[test]
    fn what_is_not_code_or_only_for_tests_or_elsewhere_is_none() {
        for code in [
            "// use crate::b::X;",
            "/// [`crate::b::X`]\nstruct S;",
            "const S: &str = \"crate::b::X\";",
            "pub(crate) fn f() {}",
            "use std::b::X;",
            "fn f() { other::b::f() }",
            "fn b() {} fn f() { b() }",
            "#[cfg(test)] mod tests { use crate::b::X; }",
            "#[cfg(test)] use crate::b::X; fn f() {}",
            "#[cfg(test)] fn f() { crate::b::f() }",
        ] {
            let graph = graph(&[("lib.rs", "mod a; mod b;"), ("a.rs", code), ("b.rs", "")]);
            assert!(!names(&graph, "a", "b"), "{code}");
        }
    }

    #[test]
    fn code_after_that_of_tests_counts_again() {
        for first in [
            "#[cfg(test)] mod tests;",
            "#[cfg(test)] use std::x;",
            "#[cfg(test)] fn f(x: [u8; 2]) {}",
            "#[cfg(test)] mod tests { fn f() {} }",
            "fn f() -> impl Sized + use<'a> { 0 }",
        ] {
            let code = format!("{first} fn g() {{ crate::b::f() }}");
            let graph = graph(&[("lib.rs", "mod a; mod b;"), ("a.rs", &code), ("b.rs", "")]);
            assert!(names(&graph, "a", "b"), "{first}");
        }
    }

    #[test]
    fn a_circle_is_found_and_told_with_its_places() {
        let lib = "mod a; mod b; mod d;";
        let tied = graph(&[
            ("lib.rs", lib),
            ("a.rs", "mod c;\nfn f() { c::f() }"),
            ("a/c.rs", "use crate::b;"),
            ("b.rs", "\nuse crate::a::X;"),
            ("d/mod.rs", "use crate::a::X;"),
        ]);
        let circle = tied.circle().unwrap();
        assert_eq!(circle.tied, 3);
        let text = circle.to_string();
        for place in [
            "src/a.rs:2 names c::f",
            "src/a/c.rs:1 names crate::b",
            "src/b.rs:2 names crate::a::X",
        ] {
            assert!(text.contains(place), "{text}");
        }
    }

    #[test]
    fn modules_that_depend_one_way_have_none() {
        let straight = graph(&[
            ("lib.rs", "mod a; mod b; pub use a::X;"),
            ("a.rs", "mod c; use c::f; use crate::b::Y;"),
            ("a/c.rs", "use crate::b::Y; use self::std::X;"),
            ("b.rs", ""),
        ]);
        assert_eq!(straight.modules().count(), 4);
        assert_eq!(straight.circle(), None);
    }

    #[test]
    fn outermost_modules_may_be_tied_inside_but_not_to_each_other() {
        let lib = "mod a; mod b;";
        let (parent, child) = ("mod c; use c::f;", "use super::X;");
        let inside = [
            ("lib.rs", lib),
            ("a.rs", parent),
            ("a/c.rs", child),
            ("b.rs", "use crate::a::X;"),
        ];
        let inside = graph(&inside);
        assert!(inside.circle().is_some());
        assert_eq!(inside.outermost().circle(), None);
        let child = "use crate::b::Y;";
        let across = [
            ("lib.rs", lib),
            ("a.rs", ""),
            ("a/c.rs", child),
            ("b.rs", "use crate::a::X;"),
        ];
        assert_eq!(
            graph(&across).outermost().circle(),
            None,
            "a file that nobody declares is no module"
        );
        let across = [
            ("lib.rs", lib),
            ("a/mod.rs", "mod c;"),
            ("a/c.rs", child),
            ("b.rs", "use crate::a::X;"),
        ];
        let across = graph(&across);
        assert_eq!(across.circle(), None);
        assert_eq!(across.outermost().circle().unwrap().tied, 2);
    }

    #[test]
    fn names_that_lead_around_end() {
        let around = graph(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub use crate::b::X;"),
            ("b.rs", "pub use crate::a::X;"),
        ]);
        assert_eq!(around.modules().count(), 3);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let sources = BTreeMap::from([("src/lib.rs".to_string(), "mod a;".to_string())]);
        assert!(
            module_graph(&sources, "src/lib.rs")
                .unwrap_err()
                .contains("src/a/mod.rs")
        );
    }
}
