//! Large files read into memory of our own.
//!
//! A mapping of the file itself would change with the file, and a file that is cut would end the process (SIGBUS).
//! So the bytes are copied into an anonymous mapping, which is made read-only before anybody looks at them: what was
//! checked stays what it was. A mapping, and not a `Vec`, because it is page-aligned and goes back to the system whole
//! when it is dropped.

use memmap2::{Mmap, MmapMut};
use std::io::{self, ErrorKind, Read};

/// What a source without a length gets at first. It grows as bytes come, never by what they say of themselves.
const FIRST_BYTES: usize = 1 << 20;

/// Reads what is left of `source` behind `start`, which was read of it before; together `length` bytes if that is known,
/// and never more than `limit`.
///
/// # Errors
/// If it is over the limit, is shorter or longer than `length` (because somebody writes to it), cannot be read, or does
/// not fit in memory.
pub fn read(mut source: impl Read, start: &[u8], length: Option<u64>, limit: usize) -> io::Result<Mmap> {
    let over = || invalid(format!("it has more than {limit} bytes"));
    if start.len() > limit {
        return Err(over());
    }
    let expected = match length {
        Some(length) if length > limit as u64 => return Err(over()),
        Some(length) => usize::try_from(length).map_err(|_| over())?,
        None => FIRST_BYTES.min(limit),
    };
    if length.is_some() && start.len() > expected {
        return Err(changed("longer", expected));
    }
    let mut memory = map(expected.max(start.len()))?;
    memory[..start.len()].copy_from_slice(start);
    let mut filled = start.len();
    loop {
        filled += fill(&mut source, &mut memory[filled..])?;
        if filled < memory.len() {
            // The end of the source.
            if length.is_some() {
                return Err(changed("shorter", expected));
            }
            let mut whole = map(filled)?;
            whole.copy_from_slice(&memory[..filled]);
            return whole.make_read_only();
        }
        // Full: that is only right where nothing follows.
        let mut next = [0];
        if fill(&mut source, &mut next)? == 0 {
            return memory.make_read_only();
        }
        if length.is_some() {
            return Err(changed("longer", expected));
        }
        if filled >= limit {
            return Err(over());
        }
        let mut larger = map(filled.saturating_mul(2).min(limit))?;
        larger[..filled].copy_from_slice(&memory);
        larger[filled] = next[0];
        filled += 1;
        memory = larger;
    }
}

fn map(bytes: usize) -> io::Result<MmapMut> {
    MmapMut::map_anon(bytes).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("there is no memory for its {bytes} bytes: {error}"),
        )
    })
}

/// Reads until `into` is full or the source ends; says how many bytes came.
fn fill(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match source.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn changed(how: &str, from: usize) -> io::Error {
    invalid(format!(
        "it became {how} than its {from} bytes while it was read; wait until nobody writes to it"
    ))
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};
    use std::io::Write;

    /// Gives what a file has in small pieces, and does something to the file after so many bytes.
    struct Meddled<F> {
        file: File,
        given: usize,
        after: usize,
        meddle: Option<F>,
    }

    impl<F: FnOnce()> Read for Meddled<F> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.given >= self.after
                && let Some(meddle) = self.meddle.take()
            {
                meddle();
            }
            let most = into.len().min(1000);
            let bytes = self.file.read(&mut into[..most])?;
            self.given += bytes;
            Ok(bytes)
        }
    }

    fn meddled(bytes: &[u8], meddle: impl FnOnce(&File)) -> io::Result<Mmap> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bundle");
        std::fs::write(&path, bytes).unwrap();
        let writer = OpenOptions::new().append(true).open(&path).unwrap();
        let file = File::open(&path).unwrap();
        let source = Meddled {
            file,
            given: 0,
            after: bytes.len() / 2,
            meddle: Some(|| meddle(&writer)),
        };
        read(source, &[], Some(bytes.len() as u64), 1 << 20)
    }

    #[test]
    fn file_that_shrinks_while_it_is_read_is_an_error_and_no_crash() {
        let error = meddled(&[7; 50_000], |file| file.set_len(30_000).unwrap()).unwrap_err();
        assert!(
            error.to_string().contains("shorter than its 50000 bytes"),
            "{error}"
        );
        let error = meddled(&[7; 50_000], |file| file.set_len(0).unwrap()).unwrap_err();
        assert!(error.to_string().contains("shorter"), "{error}");
    }

    #[test]
    fn file_that_grows_while_it_is_read_is_an_error() {
        let error = meddled(&[7; 50_000], |mut file| file.write_all(&[1]).unwrap()).unwrap_err();
        assert!(
            error.to_string().contains("longer than its 50000 bytes"),
            "{error}"
        );
    }

    #[test]
    fn file_that_nobody_touches_is_read_whole_whatever_its_length() {
        for length in [0, 1, 4095, 4096, 4097, 50_000] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert_eq!(&meddled(&bytes, |_| {}).unwrap()[..], bytes, "{length}");
        }
    }

    #[test]
    fn what_was_read_stays_what_it_was_when_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bundle");
        std::fs::write(&path, [7; 9000]).unwrap();
        let memory = read(File::open(&path).unwrap(), &[], Some(9000), 1 << 20).unwrap();
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        assert_eq!(&memory[..], [7; 9000]);
    }

    #[test]
    fn source_of_unknown_length_grows_as_bytes_come_up_to_the_limit() {
        let limit = 3 * FIRST_BYTES;
        for length in [0, 1, FIRST_BYTES, FIRST_BYTES + 1, limit - 1, limit] {
            let bytes: Vec<u8> = (0..length).map(|at| (at / 7) as u8).collect();
            let (start, rest) = bytes.split_at(length.min(40));
            let memory = read(rest, start, None, limit).unwrap();
            assert!(memory[..] == bytes, "{length}");
        }
        let error = read(io::repeat(3), &[], None, limit).unwrap_err();
        assert_eq!(error.to_string(), format!("it has more than {limit} bytes"));
    }

    #[test]
    fn length_over_the_limit_is_refused_before_there_is_memory_for_it() {
        struct Untouched;
        impl Read for Untouched {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                panic!("it was read")
            }
        }
        // No system maps so many bytes: to try would be another error.
        for length in [1001, 1 << 62, u64::MAX] {
            let error = read(Untouched, &[], Some(length), 1000).unwrap_err();
            assert_eq!(error.to_string(), "it has more than 1000 bytes");
        }
    }
}
