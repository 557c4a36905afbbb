//! What is in `deploy/`, and what docs/operators.md says of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use clap::Parser;
use metisvm::args::Args;
use std::fs;
use std::path::Path;
use support::repository;

fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Arguments after the program's name are those of a command that there is.
fn is_a_command(line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| word.ends_with("metisvm")).unwrap();
    if let Err(error) = Args::try_parse_from(&words[at..]).and_then(Args::check) {
        panic!("{line}: {error}");
    }
}

#[test]
fn units_run_commands_that_there_are_as_users_who_may() {
    let mut units = 0;
    for entry in fs::read_dir(repository("deploy/systemd")).unwrap() {
        units += 1;
        let path = entry.unwrap().path();
        let unit = text(&path);
        let value = |key: &str| {
            unit.lines()
                .filter_map(|line| line.strip_prefix(key))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let commands = [value("ExecStart="), value("ExecStop=")].concat();
        assert!(!commands.is_empty(), "{}", path.display());
        for command in &commands {
            assert!(command.starts_with("/usr/local/bin/metisvm "), "{command}");
            is_a_command(&command.replace("%i", "0000:01:00.0"));
        }
        // Nothing but binding takes root, and that without capabilities.
        let binds = commands.iter().any(|command| command.contains(" bind "));
        assert_eq!(
            value("User="),
            if binds { vec![] } else { vec!["metisvm".to_owned()] }
        );
        assert_eq!(value("CapabilityBoundingSet="), [""], "{}", path.display());
        assert_eq!(value("NoNewPrivileges="), ["yes"]);
        // What is mapped for a card counts against a limit.
        let slot = commands.iter().any(|command| command.contains("vfio:"));
        assert_eq!(
            value("LimitMEMLOCK="),
            if slot { vec!["infinity"] } else { vec![] }
        );
        if binds {
            assert_eq!(value("DeviceAllow="), ["char-vfio rw"]);
        } else if slot {
            // The container's node is a miscellaneous device, so the groups' numbers do not let it in.
            assert_eq!(value("DeviceAllow="), ["char-vfio rw", "/dev/vfio/vfio rw"]);
        }
    }
    assert_eq!(units, 3);
}

#[test]
fn the_manual_names_files_and_commands_that_there_are() {
    let manual = text(repository("docs/operators.md"));
    let words = || manual.split(|c: char| c.is_whitespace() || matches!(c, '`' | '(' | ')' | '|' | ','));
    let files: Vec<&str> = words()
        .filter(|word| word.starts_with("deploy/") && word.len() > 7)
        .collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let file = file.trim_end_matches("*.service").trim_end_matches(['/', '.']);
        assert!(repository(file).exists(), "{file}");
    }
    let mut commands = 0;
    for block in manual.split("```sh\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            let line = line.split("  #").next().unwrap();
            let is_ours = ["metisvm ", "sudo metisvm "]
                .iter()
                .any(|start| line.starts_with(start));
            if is_ours {
                commands += 1;
                is_a_command(line);
            }
        }
    }
    assert!(commands >= 5, "{commands}");
}

#[test]
fn what_is_loaded_is_what_the_doctor_asks_for() {
    let modules = text(repository("deploy/modules-load.d/metisvm.conf"));
    let loaded: Vec<&str> = modules.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(loaded, ["vfio-pci", "vfio_iommu_type1"]);
    let rule = text(repository("deploy/udev/70-metisvm.rules"));
    let rule = rule.lines().find(|line| !line.starts_with('#')).unwrap();
    assert_eq!(
        rule,
        r#"SUBSYSTEM=="vfio", KERNEL!="vfio", GROUP="metisvm", MODE="0660""#
    );
    // Whom the rule and the limits name is made.
    let users = text(repository("deploy/sysusers.d/metisvm.conf"));
    assert!(
        users.lines().any(|line| line.starts_with("g metisvm ")),
        "{users}"
    );
    assert!(text(repository("deploy/limits.d/metisvm.conf")).contains("\n@metisvm - memlock unlimited\n"));
}
