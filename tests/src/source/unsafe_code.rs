//! Where unsafe code is, where the lint against it is turned off, and what docs/architecture.md says of both.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fmt;

/// The heading of the table in docs/architecture.md.
const HEADING: &str = "## Unsafe code";

/// The lint that the whole workspace denies.
const LINT: &str = "unsafe_code";

/// What one file holds of unsafe code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnsafeCode {
    /// The line of the first `unsafe`, from 1.
    pub word: Option<usize>,
    /// The line of the first attribute that turns the lint off.
    pub allowed: Option<usize>,
}

/// Looks through a file; comments and strings are no code.
///
/// # Errors
/// If the text is no Rust.
pub fn unsafe_code(text: &str) -> Result<UnsafeCode, String> {
    let tokens: TokenStream = text.parse().map_err(|e| format!("no Rust: {e}"))?;
    let mut found = UnsafeCode::default();
    look(tokens, false, &mut found);
    Ok(found)
}

/// `off`: the tokens stand in the parentheses of `allow`, `expect` or `warn`.
fn look(tokens: TokenStream, off: bool, found: &mut UnsafeCode) {
    let mut level = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                if word == "unsafe" {
                    found.word.get_or_insert(line);
                }
                if off && word == LINT {
                    found.allowed.get_or_insert(line);
                }
                level = word == "allow" || word == "expect" || word == "warn";
            }
            TokenTree::Group(group) => {
                look(group.stream(), level, found);
                level = false;
            }
            _ => level = false,
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file, from the root of the repository.
    pub module: String,
    /// Why it cannot do without.
    pub reason: String,
    /// What checks it.
    pub checker: String,
}

/// The rows of the table under "Unsafe code" in docs/architecture.md.
///
/// # Errors
/// If there is no such table, or a row is not `module | reason | checker`, all three filled.
pub fn table(page: &str) -> Result<Vec<Row>, String> {
    let mut lines = page.lines().skip_while(|l| *l != HEADING).skip(1);
    let rows = lines.by_ref().take_while(|l| !l.starts_with("## "));
    let rows: Vec<&str> = rows.filter(|l| l.starts_with('|')).collect();
    let [_, rule, rows @ ..] = &rows[..] else {
        return Err(format!("there is no table under {HEADING:?}"));
    };
    if !rule.starts_with("|-") {
        return Err(format!("the table under {HEADING:?} has no head"));
    }
    let cells = |row: &&str| {
        let cells = row
            .trim()
            .trim_matches('|')
            .split('|')
            .map(|c| c.trim().to_string());
        match <[String; 3]>::try_from(cells.collect::<Vec<_>>()) {
            Ok([module, reason, checker]) if ![&module, &reason, &checker].iter().any(|c| c.is_empty()) => {
                let module = module.trim_matches('`').to_string();
                Ok(Row {
                    module,
                    reason,
                    checker,
                })
            }
            _ => Err(format!("a row is not module, reason and checker: {row}")),
        }
    };
    rows.iter().map(cells).collect()
}

/// What is wrong between the sources and the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Unsafe code, or leave for it, in a file that the table does not list.
    Unlisted(String, usize),
    /// A file of the table that is not there.
    Absent(String),
    /// A file of the table without unsafe code.
    Needless(String),
    /// A file of the table that leaves it to another to allow what it does.
    AllowedElsewhere(String),
    /// The table lists a file twice.
    Twice(String),
    /// The workspace does not deny unsafe code.
    NotDenied,
    /// A package that does not take over the workspace's lints.
    OwnLints(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(file, line) => write!(
                f,
                "{file}:{line}: unsafe code, or leave for it, in a file that docs/architecture.md does not list"
            ),
            Self::Absent(file) => write!(f, "docs/architecture.md lists {file}, which is not there"),
            Self::Needless(file) => write!(f, "docs/architecture.md lists {file}, which has no unsafe code"),
            Self::AllowedElsewhere(file) => {
                write!(
                    f,
                    "{file} has no allow({LINT}) of its own; a wider one covers other files too"
                )
            }
            Self::Twice(file) => write!(f, "docs/architecture.md lists {file} twice"),
            Self::NotDenied => write!(
                f,
                "Cargo.toml: [workspace.lints.rust] does not say {LINT} = \"deny\""
            ),
            Self::OwnLints(package) => {
                write!(f, "{package}/Cargo.toml: [lints] does not say workspace = true")
            }
        }
    }
}

/// Holds sources (text by path) and packages (manifests by folder, the workspace's at the empty name)
/// against the table.
///
/// # Errors
/// If a file is no Rust; the text says which.
pub fn judge(
    sources: &BTreeMap<String, String>,
    packages: &BTreeMap<String, String>,
    rows: &[Row],
) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (file, text) in sources {
        let found = unsafe_code(text).map_err(|e| format!("{file}: {e}"))?;
        let listed = rows.iter().any(|r| r.module == *file);
        match (found.word, found.allowed) {
            (None, None) if listed => findings.push(Finding::Needless(file.clone())),
            (None, Some(_)) if listed => findings.push(Finding::Needless(file.clone())),
            (Some(_), None) if listed => findings.push(Finding::AllowedElsewhere(file.clone())),
            (Some(line), _) | (None, Some(line)) if !listed => {
                findings.push(Finding::Unlisted(file.clone(), line));
            }
            _ => {}
        }
    }
    for (at, row) in rows.iter().enumerate() {
        if !sources.contains_key(&row.module) {
            findings.push(Finding::Absent(row.module.clone()));
        }
        if rows[..at].iter().any(|r| r.module == row.module) {
            findings.push(Finding::Twice(row.module.clone()));
        }
    }
    for (package, manifest) in packages {
        if package.is_empty() {
            let denied = format!("{LINT} = \"deny\"");
            if !section(manifest, "[workspace.lints.rust]").any(|l| l == denied) {
                findings.push(Finding::NotDenied);
            }
        } else if !section(manifest, "[lints]").any(|l| l == "workspace = true") {
            findings.push(Finding::OwnLints(package.clone()));
        }
    }
    Ok(findings)
}

/// The lines of a section of a manifest.
fn section<'m>(manifest: &'m str, heading: &'m str) -> impl Iterator<Item = &'m str> {
    let lines = manifest.lines().map(str::trim).skip_while(move |l| *l != heading);
    lines.skip(1).take_while(|l| !l.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
    const PACKAGE: &str = "[lints]\nworkspace = true\n";
    const UNSAFE: &str = "#![allow(unsafe_code, reason = \"r\")]\nfn f() { unsafe { g() } }";

    fn verdict(files: &[(&str, &str)], manifests: &[(&str, &str)], listed: &[&str]) -> Vec<Finding> {
        let map = |entries: &[(&str, &str)]| {
            let owned = entries.iter().map(|(k, v)| (k.to_string(), v.to_string()));
            owned.collect::<BTreeMap<_, _>>()
        };
        let row = |module: &&str| Row {
            module: module.to_string(),
            reason: "r".to_string(),
            checker: "c".to_string(),
        };
        let rows: Vec<Row> = listed.iter().map(row).collect();
        judge(&map(files), &map(manifests), &rows).unwrap()
    }

    #[test]
    fn unsafe_code_and_leave_for_it_are_found_wherever_they_are() {
        for text in [
            "fn f() { unsafe { g() } }",
            "unsafe fn f() {}",
            "unsafe impl Send for X {}",
            "unsafe extern \"C\" { fn f(); }",
            "#[unsafe(no_mangle)] fn f() {}",
            "macro_rules! m { () => { unsafe { g() } } }",
            "m!(a, [unsafe { g() }]);",
            "#![allow(unsafe_code)]",
            "#[expect(unsafe_code, reason = \"r\")] fn f() {}",
            "#[cfg_attr(x, allow(dead_code, unsafe_code))] fn f() {}",
            "#![warn(unsafe_code)]",
        ] {
            let text = format!("\n{text}");
            let unlisted = Finding::Unlisted("a.rs".to_string(), 2);
            assert_eq!(verdict(&[("a.rs", &text)], &[], &[]), [unlisted], "{text}");
        }
    }

    #[test]
    fn comments_strings_and_stricter_lints_are_none() {
        for text in [
            "// unsafe { }",
            "/* unsafe /* unsafe */ unsafe */",
            "//! unsafe code, allow(unsafe_code)",
            "const A: &str = \"unsafe\"; const B: &str = r#\"\"unsafe\"#;",
            "const A: &[u8] = b\"unsafe\"; const B: char = '\"'; const C: char = 'u'; fn f<'a>() {}",
            "#![forbid(unsafe_code)]",
            "#![deny(unsafe_code)]",
            "fn not_unsafe() { unsafe_code() }",
        ] {
            assert_eq!(verdict(&[("a.rs", text)], &[], &[]), [], "{text}");
        }
    }

    #[test]
    fn a_listed_file_has_unsafe_code_and_allows_it_itself() {
        let a = || "a.rs".to_string();
        assert_eq!(verdict(&[("a.rs", UNSAFE)], &[], &["a.rs"]), []);
        assert_eq!(verdict(&[("a.rs", "")], &[], &["a.rs"]), [Finding::Needless(a())]);
        let leave = "#![allow(unsafe_code)]";
        assert_eq!(
            verdict(&[("a.rs", leave)], &[], &["a.rs"]),
            [Finding::Needless(a())]
        );
        let word = "unsafe fn f() {}";
        assert_eq!(
            verdict(&[("a.rs", word)], &[], &["a.rs"]),
            [Finding::AllowedElsewhere(a())]
        );
        assert_eq!(verdict(&[], &[], &["a.rs"]), [Finding::Absent(a())]);
        assert_eq!(
            verdict(&[("a.rs", UNSAFE)], &[], &["a.rs", "a.rs"]),
            [Finding::Twice(a())]
        );
    }

    #[test]
    fn every_package_takes_over_the_lints_and_the_workspace_denies() {
        assert_eq!(verdict(&[], &[("", ROOT), ("a", PACKAGE)], &[]), []);
        for other in [
            "",
            "[package]\nworkspace = true\n[lints]\n",
            "[lints.rust]\nunsafe_code = \"allow\"\n",
        ] {
            let own = Finding::OwnLints("a".to_string());
            assert_eq!(verdict(&[], &[("a", other)], &[]), [own], "{other}");
        }
        for other in [
            "",
            "[workspace.lints.rust]\nunsafe_code = \"warn\"\n",
            "[x]\nunsafe_code = \"deny\"\n",
        ] {
            assert_eq!(verdict(&[], &[("", other)], &[]), [Finding::NotDenied], "{other}");
        }
    }

    #[test]
    fn the_table_is_read_whole_or_refused() {
        let head = "# A\n\n## Unsafe code\nText.\n\n| module | reason | checker |\n|---|---|---|\n";
        let rows = table(&format!(
            "{head}| `a.rs` | r | c |\n\n## Next\n| `b.rs` | r | c |\n"
        ))
        .unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (&*rows[0].module, &*rows[0].reason, &*rows[0].checker),
            ("a.rs", "r", "c")
        );
        for row in ["| `a.rs` | r | |", "| `a.rs` | r |", "| `a.rs` | r | c | d |"] {
            assert!(table(&format!("{head}{row}\n")).is_err(), "{row}");
        }
        assert!(table("# A\n").is_err());
        assert!(table("## Unsafe code\nnone\n").is_err());
    }
}
