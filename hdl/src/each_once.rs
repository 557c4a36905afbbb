//! Of blocks that are the same, rust-hdl's generator sees one.
//!
//! The generator writes a module for each instance, and takes a tenth of a millisecond for each name in it. An array has
//! thousands of instances of a few blocks, so what is the same is found beforehand, where it costs little.

use crate::same_modules;
use rust_hdl::prelude::{Atom, Block, Logic, ModuleDefines, Probe, Verilog};
use std::collections::{BTreeMap, HashMap};

/// The Verilog of a block with everything inside it, `name` being the top module.
pub(crate) fn verilog(name: &str, block: &dyn Block) -> String {
    let mut kinds = Kinds::default();
    block.accept(name, &mut kinds);
    let mut writer = Writer {
        kinds: kinds.of.iter(),
        first: &kinds.first,
        path: Vec::new(),
        defines: ModuleDefines::default(),
        inside: 0,
        renamed: BTreeMap::new(),
    };
    block.accept(name, &mut writer);
    same_modules::without(&writer.defines.defines(), &writer.renamed)
}

/// What an instance holds but for its name: two with the same text are the same.
#[derive(Default)]
struct Content {
    text: String,
    /// It has text of its own that is to be left alone.
    is_foreign: bool,
}

/// Finds the kind of each instance.
#[derive(Default)]
struct Kinds {
    path: Vec<String>,
    /// Of each instance, in the order in which they are visited.
    of: Vec<usize>,
    open: Vec<(usize, Content)>,
    known: HashMap<String, usize>,
    /// Of each kind, the instance whose module all use: the one with the first name.
    first: Vec<String>,
}

impl Probe for Kinds {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.path.push(name.to_owned());
        let code = node.hdl();
        let content = Content {
            text: format!("{code:?}"),
            is_foreign: matches!(code, Verilog::Blackbox(_) | Verilog::Wrapper(_)),
        };
        self.open.push((self.of.len(), content));
        self.of.push(usize::MAX);
    }

    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.add(&format!("\nnamespace {name}"));
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let (kind, bits) = (signal.kind(), signal.bits());
        let (value, ty) = (signal.verilog(), signal.descriptor());
        self.add(&format!("\n{name} {kind:?} {bits} {value:?} {ty:?}"));
    }

    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.add("\nend of namespace");
    }

    fn visit_end_scope(&mut self, name: &str, _: &dyn Block) {
        let Some((at, content)) = self.open.pop() else {
            return;
        };
        let path = self.path.join("$");
        self.path.pop();
        let next = self.first.len();
        let text = if content.is_foreign {
            // Its name makes it one of a kind.
            path.clone()
        } else {
            content.text
        };
        let kind = *self.known.entry(text).or_insert(next);
        self.of[at] = kind;
        match self.first.get_mut(kind) {
            Some(first) if path < *first => *first = path,
            Some(_) => {}
            None => self.first.push(path),
        }
        self.add(&format!("\n{name} of kind {kind}"));
    }
}

impl Kinds {
    fn add(&mut self, text: &str) {
        if let Some((_, content)) = self.open.last_mut() {
            content.text.push_str(text);
        }
    }
}

/// Shows the first instance of each kind to the generator, and of the others the ports alone.
struct Writer<'a> {
    kinds: std::slice::Iter<'a, usize>,
    first: &'a [String],
    path: Vec<String>,
    defines: ModuleDefines,
    /// Scopes down from an instance that is not shown; 0 outside of one.
    inside: usize,
    /// Modules without a body, and whose they take.
    renamed: BTreeMap<String, String>,
}

impl Probe for Writer<'_> {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let kind = self.kinds.next();
        self.path.push(name.to_owned());
        if self.inside > 0 {
            self.inside += 1;
            return;
        }
        let path = self.path.join("$");
        match kind.and_then(|kind| self.first.get(*kind)) {
            Some(first) if *first != path => {
                self.inside = 1;
                self.renamed.insert(path, first.clone());
                self.defines.visit_start_scope(name, &Ports);
            }
            _ => self.defines.visit_start_scope(name, node),
        }
    }

    fn visit_start_namespace(&mut self, name: &str, node: &dyn Block) {
        if self.inside <= 1 {
            self.defines.visit_start_namespace(name, node);
        }
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        if self.inside <= 1 {
            self.defines.visit_atom(name, signal);
        }
    }

    fn visit_end_namespace(&mut self, name: &str, node: &dyn Block) {
        if self.inside <= 1 {
            self.defines.visit_end_namespace(name, node);
        }
    }

    fn visit_end_scope(&mut self, name: &str, node: &dyn Block) {
        if self.inside <= 1 {
            self.defines.visit_end_scope(name, node);
        }
        self.inside = self.inside.saturating_sub(1);
        self.path.pop();
    }
}

/// Stands in for a block of which only the ports are written.
struct Ports;

impl Logic for Ports {
    fn update(&mut self) {}
}

impl Block for Ports {
    fn connect_all(&mut self) {}

    fn update_all(&mut self) {}

    fn has_changed(&self) -> bool {
        false
    }

    fn accept(&self, _: &str, _: &mut dyn Probe) {}
}
