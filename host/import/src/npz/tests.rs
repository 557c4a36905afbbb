//! Archives as NumPy writes them, and what others may send.

use super::*;
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write;

/// Enough for every archive here.
const MOST: usize = 1 << 16;

/// One array of an archive, and what its headers say.
#[derive(Clone)]
struct File {
    name: &'static str,
    method: u16,
    flags: u16,
    packed: Vec<u8>,
    crc: u32,
    size: u32,
}

fn file(name: &'static str, bytes: &[u8], deflated: bool) -> File {
    let mut crc = Crc::new();
    crc.update(bytes);
    let packed = if deflated {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    } else {
        bytes.to_vec()
    };
    File {
        name,
        method: if deflated { 8 } else { 0 },
        flags: 0,
        packed,
        crc: crc.sum(),
        size: bytes.len() as u32,
    }
}

fn zip(files: &[File]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for file in files {
        let from = bytes.len() as u32;
        let mut common = Vec::new();
        for short in [20, file.flags, file.method, 0, 0] {
            common.extend(short.to_le_bytes());
        }
        for long in [file.crc, file.packed.len() as u32, file.size] {
            common.extend(long.to_le_bytes());
        }
        common.extend((file.name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(LOCAL.0);
        bytes.extend(&common);
        bytes.extend(file.name.as_bytes());
        bytes.extend(&file.packed);
        directory.extend(ENTRY.0);
        directory.extend([20, 0]);
        directory.extend(&common);
        // No comment, disk 0, no attributes.
        directory.extend([0; 10]);
        directory.extend(from.to_le_bytes());
        directory.extend(file.name.as_bytes());
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(END.0);
    bytes.extend([0; 4]);
    for _ in 0..2 {
        bytes.extend((files.len() as u16).to_le_bytes());
    }
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// All arrays, or what is wrong.
fn read(bytes: &[u8], most: usize) -> Result<BTreeMap<String, Vec<u8>>, ImportError> {
    let archive = Archive::read(bytes, most)?;
    let get = |name: &str| archive.get(name).expect("it has the name");
    archive
        .names()
        .map(|name| Ok((name.to_owned(), get(name)?)))
        .collect()
}

fn two() -> [File; 2] {
    [
        file("input_x.npy", b"stored as it is", false),
        file("output_y.npy", &[7; 3000], true),
    ]
}

#[test]
fn stored_and_deflated_arrays_are_read() {
    let bytes = zip(&two());
    assert!(is_npz(&bytes));
    let found = read(&bytes, MOST).expect("it is an archive");
    assert_eq!(found["input_x"], b"stored as it is");
    assert_eq!(found["output_y"], [7; 3000]);
    assert_eq!(read(&zip(&[]), MOST), Ok(BTreeMap::new()));
}

#[test]
fn archives_that_lie_are_refused() {
    let [stored, deflated] = two();
    let with = |change: &dyn Fn(&mut File)| {
        let mut changed = deflated.clone();
        change(&mut changed);
        zip(&[stored.clone(), changed])
    };
    let mut overlapping = zip(&[stored.clone(), file("output_y.npy", b"stored as it is", false)]);
    let second = overlapping
        .windows(4)
        .rposition(|w| w == ENTRY.0)
        .expect("an entry");
    // The second entry with the name and the place of the first one's array, which its name then is not.
    overlapping[second + 42..second + 46].fill(0);
    let cases: [(Vec<u8>, &str); 11] = [
        (with(&|f| f.crc ^= 1), "checksum"),
        (with(&|f| f.size -= 1), "damaged"),
        (with(&|f| f.size += 1), "damaged"),
        // More than so few bytes can unpack to: no memory is given for it.
        (with(&|f| f.size = 1 << 15), "longer than it can be"),
        (with(&|f| f.packed.push(0)), "does not end"),
        (with(&|f| f.flags = 1), "encrypted"),
        (with(&|f| f.method = 12), "method 12"),
        (with(&|f| f.size = u32::MAX), "4 GB"),
        (with(&|f| f.name = "input_x.npy"), "same name"),
        (with(&|f| f.name = "../output.txt"), "not an .npy file"),
        (overlapping, "another name"),
    ];
    for (bytes, says) in cases {
        let said = read(&bytes, MOST).expect_err(says).to_string();
        assert!(said.contains(says), "{says}: {said}");
    }
    let said = read(&zip(&two()), 3000).expect_err("too much").to_string();
    assert!(said.contains("more than 3000 bytes"), "{said}");
}

/// Each byte in turn lost with all that follow, or of another value: an error or, where nobody reads that byte, the
/// same arrays, and never a panic.
#[test]
fn damaged_archives_give_errors_or_the_same_arrays() {
    let sound = zip(&two());
    let arrays = read(&sound, MOST).expect("it is an archive");
    for at in 0..sound.len() {
        assert!(read(&sound[..at], MOST).is_err(), "cut at {at}");
        for flip in [1, 0x80, 0xff] {
            let mut damaged = sound.clone();
            damaged[at] ^= flip;
            if let Ok(found) = read(&damaged, MOST) {
                let values =
                    |arrays: &BTreeMap<String, Vec<u8>>| arrays.values().cloned().collect::<Vec<_>>();
                assert_eq!(values(&found), values(&arrays), "byte {at} ^ {flip}");
            }
        }
    }
}
