//! The way to a card behind a socket, and the card there: as a client of its server, for a moment.

use super::finding::{Finding, State};
use super::unix_sockets::Connections;
use crate::card_problems;
use crate::cards;
use metisvm_driver::Glance;
use metisvm_vfio_user::{Client, Error, Settings};
use rustix::io::Errno;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

const KEY: &str = "socket";
/// How long an answer may take: a server that has nobody else gives it at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a server is there that speaks the protocol, and whether what it serves is a card.
pub(super) fn socket(path: &Path) -> Vec<Finding> {
    let way = way(path);
    let mut findings = if way.state == State::Fine {
        vec![way, card(path)]
    } else {
        vec![way]
    };
    for finding in &mut findings {
        finding.card = Some(path.to_string_lossy().into_owned());
    }
    findings
}

fn way(path: &Path) -> Finding {
    let shown = path.display();
    match fs::symlink_metadata(path).and_then(|_| fs::metadata(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::blocks(KEY, "there is no socket: no server runs", serve(path))
        }
        Err(error) => {
            let mend = vec![format!(
                "namei -l {shown}  # every folder on the way needs x for this user"
            )];
            Finding::blocks(KEY, format!("it cannot be reached: {error}"), mend)
        }
        Ok(about) if !about.file_type().is_socket() => {
            Finding::blocks(KEY, "it is no socket", vec![format!("ls -l {shown}")])
        }
        Ok(about) => {
            let settings = Settings {
                timeout: PATIENCE,
                ..Settings::default()
            };
            match Client::connect(path, &settings) {
                Ok(_) => Finding::fine(KEY, "its server answers, and speaks vfio-user"),
                Err(error) => why_not(path, &about, &error),
            }
        }
    }
}

/// What brings a server about.
fn serve(path: &Path) -> Vec<String> {
    vec![format!(
        "metisvm sim --socket {} --card functional",
        path.display()
    )]
}

fn why_not(path: &Path, about: &fs::Metadata, error: &Error) -> Finding {
    let shown = path.display();
    match error {
        Error::Io {
            errno: Errno::ACCESS | Errno::PERM,
            ..
        } => Finding::blocks(
            KEY,
            format!(
                "this user may not connect: it belongs to user {} and group {}, mode {:03o}",
                about.uid(),
                about.gid(),
                about.mode() & 0o777
            ),
            vec![
                "# run metisvm as the user that the server runs as".to_owned(),
                format!("sudo chgrp metisvm {shown} && sudo chmod 660 {shown}"),
            ],
        ),
        Error::Io {
            errno: Errno::CONNREFUSED,
            ..
        } => Finding::blocks(KEY, "its server is gone", serve(path)),
        Error::Io {
            errno: Errno::PROTOTYPE,
            ..
        } => no_server_of_cards(path, "it is a socket of another type, not a stream"),
        Error::Io { .. } => Finding::blocks(KEY, format!("it cannot be connected to: {error}"), serve(path)),
        Error::Timeout { .. } => silent(path, error),
        Error::Closed => {
            no_server_of_cards(path, "it hangs up on whoever proposes a version of the protocol")
        }
        Error::Malformed(_) | Error::Refused { .. } | Error::Stopped => {
            no_server_of_cards(path, &error.to_string())
        }
    }
}

/// Something else is there.
fn no_server_of_cards(path: &Path, why: &str) -> Finding {
    let what = format!("its server is no vfio-user server that is understood: {why}");
    Finding::blocks(KEY, what, holder(path))
}

/// Who has the socket.
fn holder(path: &Path) -> Vec<String> {
    vec![format!("sudo fuser -v {}", path.display())]
}

/// Who has the socket, and what to do about it.
fn let_go(path: &Path) -> Vec<String> {
    let mut steps = holder(path);
    steps.push(
        "# end the client that has it; if it has none that works, end the server, and start it anew"
            .to_owned(),
    );
    steps
}

/// A server that says nothing: one that has another client, one that does not take clients, or one that took this one
/// and is mute. What the kernel says of the connections tells them apart; whether a server that has another client
/// works for it or hangs with it, nothing tells from here.
fn silent(path: &Path, error: &Error) -> Finding {
    let patience = PATIENCE.as_secs();
    let mut restart = holder(path);
    restart.push("# end it, and start it anew".to_owned());
    let is_queue_full = matches!(error, Error::Timeout { doing, .. } if *doing == CONNECTING);
    // This client has left by now. One that its server has not accepted is still listed.
    match Connections::to(path) {
        Some(Connections { accepted: 0, waiting }) if waiting > 0 || is_queue_full => Finding::blocks(
            KEY,
            format!("its server hangs: it has taken no client within {patience} s, and has none"),
            restart,
        ),
        Some(Connections { waiting: 0, .. }) if !is_queue_full => Finding::blocks(
            KEY,
            format!(
                "its server is mute: it took the connection, and did not answer within {patience} s; it hangs, or is no \
                 vfio-user server"
            ),
            restart,
        ),
        Some(Connections { waiting, .. }) => Finding::blocks(
            KEY,
            format!(
                "it is busy, or hangs: its server serves one client after another, has one now, and did not answer \
                 within {patience} s; {waiting} connections wait, this one included, and any whose client is gone"
            ),
            let_go(path),
        ),
        None => Finding::blocks(
            KEY,
            format!("its server did not answer within {patience} s: it serves another client, or hangs"),
            let_go(path),
        ),
    }
}

/// What the client says that it was at, when the server's queue is full.
const CONNECTING: &str = "connecting";

/// The card behind a server that answers.
fn card(path: &Path) -> Finding {
    const KEY: &str = "card";
    let examine = vec![format!("metisvm device examine vfio-user:{}", path.display())];
    let link = match cards::connect(path) {
        Ok(link) => link,
        Err(problem) => return Finding::blocks(KEY, problem, examine),
    };
    let glance = match Glance::of(&link) {
        Ok(glance) => glance,
        Err(problem) => return Finding::blocks(KEY, problem.to_string(), examine),
    };
    let problems = card_problems::of(&glance);
    if problems.is_empty() {
        let (major, minor) = glance.abi;
        return Finding::fine(KEY, format!("it is a card, with ABI {major}.{minor}, and ready"));
    }
    Finding::blocks(KEY, problems.join("; "), examine)
}
