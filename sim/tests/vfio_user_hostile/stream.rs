//! What cannot be followed: bytes that are no message, or no first one, or come too slowly.

use super::support::served::{PATIENCE, Served};
use super::{HURRIED, hurried, message, serves_the_next, support};
use bytemuck::bytes_of;
use metisvm_sim::vfio_user::Limits;
use metisvm_vfio_user::messages::DeviceInfo;
use metisvm_vfio_user::version::Version;
use metisvm_vfio_user::{Capabilities, Command, Header};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Instant;
use support::{card, small};

fn version(payload: &[u8]) -> Vec<u8> {
    let header = Header::command(1, Command::Version);
    message(header, 16 + payload.len() as u32, payload)
}

fn good_version() -> Vec<u8> {
    version(&Version::ours(Capabilities::ours()).encode())
}

fn question() -> Vec<u8> {
    let info = DeviceInfo {
        argsz: 16,
        ..DeviceInfo::default()
    };
    message(Header::command(2, Command::DeviceGetInfo), 32, bytes_of(&info))
}

/// Says that to the server, and waits until it closes the connection.
fn shown_out(served: &Served, bytes: &[u8], end: bool, told: &str) {
    let mut stream = UnixStream::connect(served.path()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    if end {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let mut answers = Vec::new();
    // What the server has not read makes a reset of the end.
    if let Err(error) = stream.read_to_end(&mut answers) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{told}");
    }
    served.says(told);
    serves_the_next(served);
}

#[test]
fn whoever_cannot_be_followed_is_shown_out() {
    let served = hurried();
    let info = Header::command(2, Command::DeviceGetInfo);
    let after = |bytes: Vec<u8>| [good_version(), bytes].concat();
    let no_reply = Header::command(1, Command::Version).posted();
    let wrong_kind = Header { flags: 0x1f, ..info };
    let cases: [(Vec<u8>, bool, &str); 16] = [
        (vec![1, 2, 3], true, "in the middle of a header"),
        (vec![1, 2, 3], false, "nothing came of"),
        (
            message(info, 32, &[0; 16]),
            false,
            "before a version was proposed",
        ),
        (version(&[0; 3]), false, "four bytes"),
        (version(&[1, 0, 0, 0]), false, "speaks version 1.0"),
        (version(b"\0\0\0\0{}"), false, "do not end in NUL"),
        (version(b"\0\0\0\0{\0"), false, "not what they have to be"),
        (version(&[b' '; 9000]), false, "9"),
        (
            message(no_reply, 20, &[0; 4]),
            false,
            "before a version was proposed",
        ),
        (after(message(info, 0, &[])), false, "that it is 0 bytes long"),
        (after(message(info, 15, &[])), false, "that it is 15 bytes long"),
        (
            after(message(info, u32::MAX, &[])),
            false,
            "4294967295 bytes long",
        ),
        (
            after(message(info, (1 << 20) + 33, &[])),
            false,
            "1048609 bytes long",
        ),
        (
            after(message(info, 32, &[0; 7])),
            true,
            "in the middle of a message",
        ),
        (after(message(info, 32, &[0; 7])), false, "nothing came of"),
        (after(message(wrong_kind, 32, &[0; 16])), false, "has flags 0x1f"),
    ];
    for (bytes, end, told) in &cases {
        shown_out(&served, bytes, *end, told);
    }
    shown_out(&served, &[], false, "proposed no version in time");
}

#[test]
fn a_client_that_drips_or_does_not_listen_is_not_waited_for() {
    let served = hurried();
    let mut slow = UnixStream::connect(served.path()).unwrap();
    for byte in good_version() {
        // Until the server is weary of it.
        if slow.write_all(&[byte]).is_err() {
            break;
        }
        std::thread::sleep(HURRIED / 8);
    }
    served.says("nothing came of");
    let mut deaf = UnixStream::connect(served.path()).unwrap();
    deaf.set_write_timeout(Some(PATIENCE)).unwrap();
    deaf.write_all(&good_version()).unwrap();
    while deaf.write_all(&question()).is_ok() {}
    served.says("sending a message");
    serves_the_next(&served);
}

/// A client in the middle of a header, of a payload, or that takes no answer does not keep a server that is to end.
#[test]
fn a_server_that_is_stopped_waits_for_no_client() {
    let half_header = question()[..7].to_vec();
    let half_payload = [good_version(), question()[..20].to_vec()].concat();
    for (said, is_deaf) in [
        (half_header, false),
        (half_payload, false),
        (good_version(), true),
    ] {
        let mut served = Served::with(card(small()), Limits::default(), 3 * PATIENCE);
        let mut client = UnixStream::connect(served.path()).unwrap();
        client.write_all(&said).unwrap();
        if is_deaf {
            client.set_write_timeout(Some(HURRIED)).unwrap();
            while client.write_all(&question()).is_ok() {}
        } else {
            std::thread::sleep(HURRIED);
        }
        let start = Instant::now();
        served.stop();
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        assert_eq!(served.log(), Vec::<String>::new());
    }
}
