//! Who is connected to a Unix socket, as the kernel lists them (`/proc/net/unix`).

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// More of the list is not read: a line has some eighty bytes.
const MOST_BYTES: u64 = 16 << 20;
/// States of a connection's end, in hexadecimal (`SS_*` of `linux/net.h`). An end that its server has not accepted yet
/// is shown as still connecting.
const CONNECTING: &str = "02";
const CONNECTED: &str = "03";

/// Connections to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Connections {
    /// Its server has accepted them.
    pub(super) accepted: usize,
    /// They wait for that.
    pub(super) waiting: usize,
}

impl Connections {
    /// Those of a socket; `None` where the kernel does not list it by a name that is known here.
    pub(super) fn to(socket: &Path) -> Option<Self> {
        let mut list = Vec::new();
        let file = File::open("/proc/net/unix").ok()?;
        file.take(MOST_BYTES).read_to_end(&mut list).ok()?;
        let whole = fs::canonicalize(socket).ok()?;
        Self::listed(&String::from_utf8_lossy(&list), &whole)
    }

    fn listed(list: &str, socket: &Path) -> Option<Self> {
        let mut found = None;
        for line in list.lines().skip(1) {
            let Some((state, name)) = state_and_name(line) else {
                continue;
            };
            if !is(name, socket) {
                continue;
            }
            let known = found.get_or_insert(Self {
                accepted: 0,
                waiting: 0,
            });
            match state {
                CONNECTED => known.accepted += 1,
                CONNECTING => known.waiting += 1,
                _ => {}
            }
        }
        found
    }
}

/// The sixth field of a line, and the eighth, to the end of the line: a name may have spaces.
fn state_and_name(line: &str) -> Option<(&str, &str)> {
    let (mut state, mut rest) = ("", line);
    for _ in 0..6 {
        (state, rest) = rest.trim_start().split_once(' ')?;
    }
    let (_, name) = rest.trim_start().split_once(' ')?;
    Some((state, name))
}

/// Whether a name, which a server may have given from its own folder on, is that of a socket.
fn is(name: &str, socket: &Path) -> bool {
    let name = name.strip_prefix("./").unwrap_or(name);
    !name.is_empty() && socket.ends_with(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20 card
0000000000000000: 00000003 00000000 00000000 0001 03 21 card
0000000000000000: 00000003 00000000 00000000 0001 02  0 card
0000000000000000: 00000003 00000000 00000000 0001 02  0 card
0000000000000000: 00000003 00000000 00000000 0001 03 22
0000000000000000: 00000002 00000000 00010000 0001 01 23 /run/with a space
0000000000000000: 00000003 00000000 00000000 0001 03 24 /run/with a space
0000000000000000: 00000002 00000000 00010000 0001 01 25 @card
short
";

    #[test]
    fn connections_are_counted_by_whether_they_were_accepted() {
        let of = |socket: &str| {
            let known = Connections::listed(LIST, Path::new(socket))?;
            Some((known.accepted, known.waiting))
        };
        assert_eq!(of("/home/user/card"), Some((1, 2)));
        assert_eq!(of("/run/with a space"), Some((1, 0)));
        // Part of a name is another name.
        assert_eq!(of("/home/user/discard"), None);
        assert_eq!(of("/run/with"), None);
    }
}
