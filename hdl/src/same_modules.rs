//! rust-hdl writes a module for each instance. Modules that differ in their name alone become one.

use std::collections::BTreeMap;

/// A module: its name, and the lines after the name in its header up to `endmodule`.
struct Module<'a> {
    name: &'a str,
    ports: &'a str,
    body: Vec<String>,
}

/// Verilog in which no two modules are the same. The first of those that are gives its name to all.
pub(crate) fn merged(verilog: &str) -> String {
    let mut modules = modules(verilog);
    // Modules become the same when those inside them have: from the leaves up.
    loop {
        let mut first: BTreeMap<(&str, &[String]), &str> = BTreeMap::new();
        let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
        for module in &modules {
            let name = *first.entry((module.ports, &module.body)).or_insert(module.name);
            if name != module.name {
                renamed.insert(module.name, name);
            }
        }
        if renamed.is_empty() {
            break;
        }
        modules.retain(|module| !renamed.contains_key(module.name));
        for module in &mut modules {
            for line in &mut module.body {
                rename(line, &renamed);
            }
        }
    }
    written(modules)
}

/// Verilog without the modules that `renamed` names; whoever has one of them inside has the other in its place.
pub(crate) fn without(verilog: &str, renamed: &BTreeMap<String, String>) -> String {
    let renamed: BTreeMap<&str, &str> = renamed.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let mut modules = modules(verilog);
    modules.retain(|module| !renamed.contains_key(module.name));
    for line in modules.iter_mut().flat_map(|module| &mut module.body) {
        rename(line, &renamed);
    }
    written(modules)
}

fn written(modules: Vec<Module<'_>>) -> String {
    let mut text = String::new();
    for Module { name, ports, body } in modules {
        let body = body.join("\n");
        text.push_str(&format!("module {name}{ports}\n{body}\nendmodule // {name}\n\n"));
    }
    text
}

/// The modules of a text, in its order.
fn modules(verilog: &str) -> Vec<Module<'_>> {
    let mut modules: Vec<Module<'_>> = Vec::new();
    let mut inside = false;
    for line in verilog.lines() {
        if let Some(header) = line.strip_prefix("module ") {
            let (name, ports) = header.split_at(header.find('(').unwrap_or(header.len()));
            modules.push(Module {
                name,
                ports,
                body: Vec::new(),
            });
            inside = true;
        } else if line.starts_with("endmodule") {
            inside = false;
        } else if inside && let Some(module) = modules.last_mut() {
            module.body.push(line.trim_end().to_owned());
        }
    }
    modules
}

/// An instance of a module that has another name now: a line of the form `MODULE INSTANCE(`.
fn rename(line: &mut String, renamed: &BTreeMap<&str, &str>) {
    let Some((module, instance)) = line.trim_start().split_once(' ') else {
        return;
    };
    if let Some(name) = renamed.get(module) {
        let indent = line.len() - line.trim_start().len();
        *line = format!("{}{name} {instance}", &line[..indent]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_hold_the_same_become_one_from_the_leaves_up() {
        let pair = |name: &str, leaf: &str| {
            format!("module {name}(a);\n    {leaf} x(\n    );\nendmodule // {name}\n")
        };
        let leaf = |name: &str, value: u8| {
            format!("module {name}(a);\n    assign a = {value};\nendmodule // {name}\n")
        };
        let text = [
            "module top(a);\n    b0 l(\n    );\n    b1 r(\n    );\n    b2 s(\n    );\nendmodule // top\n"
                .to_owned(),
            pair("b0", "l0"),
            pair("b1", "l1"),
            pair("b2", "l2"),
            leaf("l0", 1),
            leaf("l1", 1),
            leaf("l2", 2),
        ]
        .concat();
        let merged = merged(&text);
        let names: Vec<&str> = modules(&merged).iter().map(|module| module.name).collect();
        assert_eq!(names, ["top", "b0", "b2", "l0", "l2"]);
        assert!(merged.contains("    b0 l(\n    );\n    b0 r(\n    );\n    b2 s(\n"));
        assert!(merged.contains("    l2 x("));
    }
}
