//! A server that lies to the client: every answer is held against the question, and none is waited for for ever.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytemuck::bytes_of;
use metisvm_vfio_user::messages::{DmaUnmap, RegionAccess, RegionInfo};
use metisvm_vfio_user::version::Version;
use metisvm_vfio_user::{Capabilities, Channel, Client, Command, Error, Header, Settings};
use rustix::io::Errno;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

const HURRIED: Duration = Duration::from_millis(200);

fn channels() -> (Channel, Channel) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let channel = |stream: UnixStream| Channel::new(stream.into(), HURRIED).unwrap();
    (channel(ours), channel(theirs))
}

fn settings() -> Settings {
    Settings {
        timeout: HURRIED,
        ..Settings::default()
    }
}

/// What a client says of a server that answers its version so.
fn negotiated(answer: impl FnOnce(&Channel, Header) + Send) -> Result<Client, Error> {
    let (ours, theirs) = channels();
    thread::scope(|scope| {
        scope.spawn(move || {
            let asked = theirs.receive(&mut Vec::new(), 8192).unwrap();
            answer(&theirs, asked.header);
            // Closed only when the client has seen what it was to see.
            let _ = theirs.receive(&mut Vec::new(), 8192);
        });
        Client::over(ours, &settings())
    })
}

#[test]
fn a_version_that_was_not_proposed_is_refused() {
    let version = |major, minor| {
        let version = Version {
            major,
            minor,
            capabilities: Capabilities::ours(),
        };
        version.encode()
    };
    let answered = |payload: Vec<u8>| {
        negotiated(move |server, asked| server.send(asked.reply(), &[&payload], &[]).unwrap())
    };
    assert!(answered(version(0, 0)).is_ok() && answered(version(0, 1)).is_ok());
    for wrong in [
        version(0, 2),
        version(1, 0),
        vec![0; 2],
        b"\0\0\0\0{}".to_vec(),
        vec![b' '; 5000],
    ] {
        assert!(matches!(answered(wrong), Err(Error::Malformed(_))));
    }
    let refused = negotiated(|server, asked| server.send(asked.failure(22), &[], &[]).unwrap());
    assert!(
        matches!(
            refused,
            Err(Error::Refused {
                errno: Errno::INVAL,
                ..
            })
        ),
        "{refused:?}"
    );
}

/// A client that asks to read eight bytes of a region, and a server that does what it likes.
fn asked(answer: impl FnOnce(&Channel, Header) + Send) -> Result<(), Error> {
    let (ours, theirs) = channels();
    thread::scope(|scope| {
        scope.spawn(move || {
            let asked = theirs.receive(&mut Vec::new(), 8192).unwrap();
            let ours = Version::ours(Capabilities::ours()).encode();
            theirs.send(asked.header.reply(), &[&ours], &[]).unwrap();
            let asked = theirs.receive(&mut Vec::new(), 8192).unwrap();
            answer(&theirs, asked.header);
        });
        let mut client = Client::over(ours, &settings()).unwrap();
        client.region_read(7, 16, &mut [0; 8])
    })
}

/// What becomes of the right header.
type Change = fn(Header) -> Header;

#[test]
fn every_field_of_an_answer_is_looked_at() {
    let access = |offset, region, count| RegionAccess {
        offset,
        region,
        count,
    };
    let right = access(16, 7, 8);
    let with = move |change: Change, access: RegionAccess, data: usize| {
        asked(move |server, asked| {
            let payload = vec![5; data];
            let sent = server.send(change(asked.reply()), &[bytes_of(&access), &payload], &[]);
            // A client that has seen enough may leave before the last bytes are sent.
            assert!(matches!(sent, Ok(()) | Err(Error::Closed)), "{sent:?}");
        })
    };
    assert_eq!(with(|header| header, right, 8), Ok(()));
    let wrong: [(Change, RegionAccess, usize); 10] = [
        (
            |header| Header {
                id: header.id + 1,
                ..header
            },
            right,
            8,
        ),
        (
            |header| Header {
                command: 10,
                ..header
            },
            right,
            8,
        ),
        (
            |header| Header {
                flags: 0x11,
                ..header
            },
            right,
            8,
        ),
        (|header| Header { flags: 2, ..header }, right, 8),
        (|header| header, access(17, 7, 8), 8),
        (|header| header, access(16, 0, 8), 8),
        (|header| header, access(16, 7, 4), 8),
        (|header| header, right, 7),
        (|header| header, right, 9),
        (|header| header, right, 100_000),
    ];
    for (index, (change, access, data)) in wrong.into_iter().enumerate() {
        let outcome = with(change, access, data);
        assert!(
            matches!(outcome, Err(Error::Malformed(_))),
            "{index}: {outcome:?}"
        );
    }
    let refused = asked(|server, asked| server.send(asked.failure(5), &[], &[]).unwrap());
    assert!(
        matches!(refused, Err(Error::Refused { errno: Errno::IO, .. })),
        "{refused:?}"
    );
    let absurd = asked(|server, asked| server.send(asked.failure(u32::MAX), &[], &[]).unwrap());
    assert!(matches!(absurd, Err(Error::Refused { .. })), "{absurd:?}");
}

#[test]
fn a_server_that_is_silent_or_gone_or_asks_on_and_on_is_not_waited_for() {
    let start = Instant::now();
    let silent = asked(|_, _| thread::sleep(2 * HURRIED));
    assert!(matches!(silent, Err(Error::Timeout { .. })), "{silent:?}");
    assert!(start.elapsed() < 10 * HURRIED);
    assert_eq!(asked(|_, _| {}), Err(Error::Closed));
    // Questions for memory that was never given are refused, and are no answer.
    let asking = asked(|server, _| {
        let question = Header::command(1, Command::DmaRead);
        while server.send(question, &[&[0; 16]], &[]).is_ok() {
            if server.receive(&mut Vec::new(), 64).is_err() {
                break;
            }
        }
    });
    assert!(
        matches!(asking, Err(Error::Malformed(_) | Error::Timeout { .. })),
        "{asking:?}"
    );
}

#[test]
fn answers_to_other_commands_are_looked_at_too() {
    let (ours, theirs) = channels();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut replies = vec![
                Version::ours(Capabilities::ours()).encode(),
                bytes_of(&RegionInfo {
                    index: 6,
                    ..RegionInfo::default()
                })
                .to_vec(),
                bytes_of(&DmaUnmap {
                    address: 8192,
                    size: 4096,
                    ..DmaUnmap::default()
                })
                .to_vec(),
                vec![0; 15],
                vec![1],
            ]
            .into_iter();
            while let Ok(asked) = theirs.receive(&mut Vec::new(), 8192)
                && let Some(reply) = replies.next()
            {
                theirs.send(asked.header.reply(), &[&reply], &[]).unwrap();
            }
        });
        let mut client = Client::over(ours, &settings()).unwrap();
        let malformed = |outcome: Result<(), Error>| matches!(outcome, Err(Error::Malformed(_)));
        assert!(malformed(client.region_info(7).map(|_| ())));
        let unmap = DmaUnmap {
            address: 4096,
            size: 4096,
            ..DmaUnmap::default()
        };
        assert!(malformed(client.dma_unmap(unmap)));
        assert!(malformed(client.device_info().map(|_| ())));
        assert!(malformed(client.reset()));
    });
}
