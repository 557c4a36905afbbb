//! The modules of a crate depend one way, so that each can be read, tested and changed with what is below it alone.

use metisvm_tests::source::{Graph, module_graph, packages, root, rust_files};
use std::collections::BTreeMap;

/// Crates in which files still depend on each other. None may come to them.
const TIED: &[&str] = &[
    "driver",
    "firmware",
    "host/accel",
    "host/cli",
    "host/executor",
    "host/model",
    "host/state",
    "host/vm",
    "tests",
    "tests/workload",
];

/// Crates in which even outermost modules, each with all below it, do. None may come to them.
const TIED_OUTSIDE: &[&str] = &[
    "host/cli",
    "host/executor",
    "host/model",
    "host/vm",
    "tests/workload",
];

/// The module graph of every library and program, by package.
fn graphs() -> BTreeMap<String, Vec<Graph>> {
    let root = root();
    let sources = rust_files(&root).expect("the repository's files can be read");
    let packages = packages(&root).expect("the repository's files can be read");
    let mut graphs: BTreeMap<String, Vec<Graph>> = BTreeMap::new();
    for package in packages.into_keys().filter(|p| !p.is_empty()) {
        let roots = ["lib.rs", "main.rs"].map(|file| format!("{package}/src/{file}"));
        for file in roots.into_iter().filter(|f| sources.contains_key(f)) {
            let graph = module_graph(&sources, &file).unwrap_or_else(|e| panic!("{e}"));
            graphs.entry(package.clone()).or_default().push(graph);
        }
    }
    let modules: usize = graphs.values().flatten().map(|g| g.modules().count()).sum();
    // A walk that finds nothing would find no circle.
    assert!(
        modules > 200 && graphs.contains_key("host/import"),
        "{modules} modules were found"
    );
    graphs
}

/// Fails on a circle in a crate that is not `tied`, and on a tied one that has none any more.
fn depend_one_way(tied: &[&str], of: impl Fn(&Graph) -> Graph) {
    let graphs = graphs();
    let mut wrong = Vec::new();
    for (package, graphs) in &graphs {
        match (
            graphs.iter().find_map(|g| of(g).circle()),
            tied.contains(&&**package),
        ) {
            (Some(circle), false) => wrong.push(format!("{package}: {circle}")),
            (None, true) => wrong.push(format!(
                "{package}: it has no circle any more; take it off the list"
            )),
            _ => {}
        }
    }
    let unknown = tied.iter().filter(|p| !graphs.contains_key(**p));
    wrong.extend(unknown.map(|p| format!("{p}: there is no such package")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_depend_one_way() {
    depend_one_way(TIED, Graph::clone);
}

#[test]
fn outermost_modules_depend_one_way() {
    depend_one_way(TIED_OUTSIDE, Graph::outermost);
}
