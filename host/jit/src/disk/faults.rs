//! What may happen to files, and to a process that writes them.

mod files;
mod folders;
mod processes;

use super::*;
use revm::primitives::keccak256;

/// A bound that nothing here reaches.
const PLENTY: u64 = 1 << 30;

const REGIONS: usize = 7;

fn disk(folder: &Path) -> Disk {
    Disk::open(folder, PLENTY).unwrap()
}

fn key(number: u64) -> B256 {
    keccak256(number.to_le_bytes())
}

/// Stores two regions, whose code says in which round it was written.
fn store(disk: &Disk, key: &B256, round: u8) -> Result<(), String> {
    store_bytes(disk, key, round, 60)
}

/// The same, with a second region of about so many bytes.
fn store_bytes(disk: &Disk, key: &B256, round: u8, bytes: usize) -> Result<(), String> {
    let (first, second) = (vec![round; 40], vec![round; bytes + usize::from(round)]);
    disk.store(key, REGIONS, &[(1, &first), (5, &second)])
}

/// The round that what is kept was written in; `None` if nothing is.
fn load(disk: &Disk, key: &B256) -> Result<Option<u8>, LoadError> {
    let regions = disk.load(key, REGIONS)?;
    Ok(regions.map(|regions| {
        let regions: Vec<_> = regions.iter().collect();
        let [(1, first), (5, second)] = regions[..] else {
            panic!("{regions:?}")
        };
        let round = first[0];
        assert_eq!(first, vec![round; 40]);
        assert_eq!(second, vec![round; second.len()]);
        round
    }))
}

/// Files without a lasting name.
fn leftovers(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.is_dir() {
            true => leftovers(&path),
            false => usize::from(path.extension().is_some_and(|ending| ending == "part")),
        })
        .sum()
}
