//! The chain on disk: state, headers and receipts in the store of host/state, and beside it the bodies, which the
//! store does not have.
//!
//! A block's body is written and synced before the store commits the block. So after a stop at any point every block of
//! the store has its body; bodies of later blocks may be there and are cut off when the node starts.

use crate::{block::MinedBlock, error::NodeError, world::Step, world::World};
use alloy_consensus::{Header, TxEnvelope, transaction::Recovered};
use alloy_eips::{Decodable2718, Encodable2718, eip4895::Withdrawals};
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use metisvm_state::store::{BlockCommit, RedbStore, Store, StoreSnapshot};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The file of the bodies, in the folder of the chain.
pub const BODIES: &str = "bodies.log";

/// What a record begins with: the length of the rest, and its CRC32, both little-endian.
const RECORD_HEADER: usize = 8;
/// A block of Ethereum has at most 10 MiB (EIP-7934); one that claims to be longer is damage.
const MOST_BYTES: u32 = 64 << 20;

/// What the store does not have of a block.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct Body {
    hash: B256,
    number: u64,
    senders: Vec<Address>,
    transactions: Vec<Bytes>,
    ommers: Vec<Header>,
    /// None or one.
    withdrawals: Vec<Withdrawals>,
}

/// Where a chain is kept.
pub struct Disk {
    store: RedbStore,
    bodies: Mutex<Bodies>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("bodies", &self.bodies)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Bodies {
    path: PathBuf,
    file: File,
    /// Where the record of each block begins, by rising number.
    records: Vec<(u64, u64)>,
    end: u64,
}

/// A chain that was found on disk.
#[derive(Debug)]
pub struct Found {
    /// The header of the first block of all.
    pub first: Header,
    /// The latest blocks. Only the last one has its state.
    pub blocks: Vec<Arc<MinedBlock>>,
    /// The state after the last one.
    pub world: World,
}

impl Disk {
    /// Opens the bodies beside a store that has a chain, and reads the latest blocks, `most` of them.
    ///
    /// # Errors
    /// If a file cannot be read, or a block of the store has no body.
    pub fn open(folder: &Path, store: RedbStore, most: usize) -> Result<(Self, Found), NodeError> {
        let head = store
            .head()
            .map_err(NodeError::fault)?
            .ok_or(NodeError::NoBlock)?;
        let path = folder.join(BODIES);
        let at = |error: std::io::Error| NodeError::Fault(format!("{}: {error}", path.display()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at)?;
        let mut bodies = Bodies {
            path: path.clone(),
            file,
            records: Vec::new(),
            end: 0,
        };
        let snapshot = store.snapshot().map_err(NodeError::fault)?;
        let mut blocks = std::collections::VecDeque::new();
        let mut reader = BufReader::new(bodies.file.try_clone().map_err(at)?);
        while let Some((body, length)) = next_record(&mut reader).map_err(at)? {
            // A block that was taken back, or was written and never committed.
            let header = snapshot.header(body.number).map_err(NodeError::fault)?;
            let Some(header) = header.filter(|_| body.number <= head.number) else {
                break;
            };
            if header.hash_slow() != body.hash {
                break;
            }
            bodies.records.push((body.number, bodies.end));
            bodies.end += length;
            blocks.push_back(read_block(&snapshot, header, body)?);
            if blocks.len() > most.max(1) {
                blocks.pop_front();
            }
        }
        drop(reader);
        let world = World::stored(snapshot);
        if blocks.back().map(|block| block.number()) != Some(head.number) {
            if bodies.records.is_empty() && is_first(&store, head.hash)? {
                // The first block has no transaction, and its body is written here.
                let header = store
                    .snapshot()
                    .and_then(|snapshot| snapshot.header(head.number))
                    .map_err(NodeError::fault)?
                    .ok_or(NodeError::NoBlock)?;
                let first = first_block(header);
                bodies.append([&first])?;
                bodies.cut()?;
                blocks.push_back(first);
            } else {
                return Err(NodeError::Fault(format!(
                    "{}: has no body of block {}, which {} ends with: reading stopped at byte {}, and nothing was changed. \
                     It was not written by metisvm node, or is damaged there. Take the chain from a backup, or begin \
                     one in another folder",
                    path.display(),
                    head.number,
                    folder.display(),
                    bodies.end
                )));
            }
        } else {
            // Not before: where a record is damaged, those behind it are all that there is of their blocks.
            bodies.cut()?;
        }
        if let Some(last) = blocks.back_mut() {
            last.state = Some(world.clone());
        }
        let first = first_header(&store)?;
        let disk = Self {
            store,
            bodies: Mutex::new(bodies),
        };
        let blocks = blocks.into_iter().map(Arc::new).collect();
        Ok((disk, Found { first, blocks, world }))
    }

    fn bodies(&self) -> MutexGuard<'_, Bodies> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds blocks. When this returns, they are on disk; the disk is waited for once.
    ///
    /// # Errors
    /// If the disk fails; then the blocks are not there when the node is started again, or all are there.
    pub fn append(&self, blocks: &[(Arc<MinedBlock>, Step)]) -> Result<(), NodeError> {
        if blocks.is_empty() {
            return Ok(());
        }
        self.bodies()
            .append(blocks.iter().map(|(block, _)| block.as_ref()))?;
        let commits: Vec<_> = blocks
            .iter()
            .map(|(block, step)| BlockCommit {
                header: &block.header,
                receipts: &block.receipts,
                changes: &step.changes,
                trie: &step.trie,
            })
            .collect();
        self.store.commit_all(&commits).map_err(NodeError::fault)?;
        Ok(())
    }

    /// Takes back all blocks after this one.
    ///
    /// # Errors
    /// If the store cannot go back so far, or the disk fails.
    pub fn unwind_to(&self, number: u64) -> Result<(), NodeError> {
        let head = self
            .store
            .head()
            .map_err(NodeError::fault)?
            .ok_or(NodeError::NoBlock)?;
        if head.number <= number {
            return Ok(());
        }
        self.store
            .unwind(head.number - number)
            .map_err(|error| NodeError::Refused(error.to_string()))?;
        let mut bodies = self.bodies();
        while let Some((_, start)) = bodies.records.pop_if(|(kept, _)| *kept > number) {
            bodies.end = start;
        }
        bodies.cut()
    }
}

fn is_first(store: &RedbStore, head: B256) -> Result<bool, NodeError> {
    Ok(store.genesis_hash().map_err(NodeError::fault)? == Some(head))
}

fn first_header(store: &RedbStore) -> Result<Header, NodeError> {
    let hash = store
        .genesis_hash()
        .map_err(NodeError::fault)?
        .ok_or(NodeError::NoBlock)?;
    let snapshot = store.snapshot().map_err(NodeError::fault)?;
    let number = snapshot
        .number_of(hash)
        .map_err(NodeError::fault)?
        .ok_or(NodeError::NoBlock)?;
    snapshot
        .header(number)
        .map_err(NodeError::fault)?
        .ok_or(NodeError::NoBlock)
}

/// The first block of a chain, which has nothing in it.
pub fn first_block(header: Header) -> MinedBlock {
    MinedBlock {
        hash: header.hash_slow(),
        withdrawals: header.withdrawals_root.map(|_| Withdrawals::default()),
        header,
        transactions: Vec::new(),
        ommers: Vec::new(),
        receipts: Vec::new(),
        before: None,
        state: None,
    }
}

impl Bodies {
    fn failed(&self, error: &std::io::Error) -> NodeError {
        NodeError::Fault(format!("{}: {error}", self.path.display()))
    }

    /// Adds the bodies of blocks, and waits until they are on disk.
    fn append<'a>(&mut self, blocks: impl IntoIterator<Item = &'a MinedBlock>) -> Result<(), NodeError> {
        let mut bytes = Vec::new();
        let mut records = Vec::new();
        for block in blocks {
            records.push((block.number(), self.end + bytes.len() as u64));
            write_record(&mut bytes, block)?;
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| self.failed(&error))?;
        self.records.append(&mut records);
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Cuts off what lies behind the last record.
    fn cut(&mut self) -> Result<(), NodeError> {
        let cut = self.file.set_len(self.end).and_then(|()| self.file.sync_data());
        cut.map_err(|error| self.failed(&error))
    }
}

/// Writes the record of a block behind others.
fn write_record(bytes: &mut Vec<u8>, block: &MinedBlock) -> Result<(), NodeError> {
    let body = Body {
        hash: block.hash,
        number: block.number(),
        senders: block.transactions.iter().map(Recovered::signer).collect(),
        transactions: block
            .transactions
            .iter()
            .map(|transaction| transaction.inner().encoded_2718().into())
            .collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.iter().cloned().collect(),
    };
    let start = bytes.len();
    bytes.resize(start + RECORD_HEADER, 0);
    body.encode(bytes);
    let (header, payload) = bytes[start..].split_at_mut(RECORD_HEADER);
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|length| *length <= MOST_BYTES)
        .ok_or_else(|| NodeError::Fault(format!("block {} is too long to be kept", body.number)))?;
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    Ok(())
}

/// The next record and how many bytes it takes; none where the file ends, or goes on with something else.
fn next_record(reader: &mut impl Read) -> std::io::Result<Option<(Body, u64)>> {
    let mut header = [0; RECORD_HEADER];
    if !fill(reader, &mut header)? {
        return Ok(None);
    }
    let [a, b, c, d, checksum @ ..] = header;
    let length = u32::from_le_bytes([a, b, c, d]);
    if length > MOST_BYTES {
        return Ok(None);
    }
    let mut payload = Vec::new();
    reader.take(u64::from(length)).read_to_end(&mut payload)?;
    if payload.len() as u64 != u64::from(length) || crc32fast::hash(&payload) != u32::from_le_bytes(checksum)
    {
        return Ok(None);
    }
    let body = Body::decode(&mut payload.as_slice()).ok();
    Ok(body.map(|body| (body, RECORD_HEADER as u64 + u64::from(length))))
}

fn fill(reader: &mut impl Read, into: &mut [u8]) -> std::io::Result<bool> {
    match reader.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_block(snapshot: &impl StoreSnapshot, header: Header, body: Body) -> Result<MinedBlock, NodeError> {
    let damaged = |problem: String| NodeError::Fault(format!("the body of block {}: {problem}", body.number));
    if body.senders.len() != body.transactions.len() {
        return Err(damaged("has not one sender for each transaction".to_owned()));
    }
    let mut transactions = Vec::with_capacity(body.transactions.len());
    for (bytes, sender) in body.transactions.iter().zip(&body.senders) {
        let transaction = TxEnvelope::decode_2718_exact(bytes).map_err(|error| damaged(error.to_string()))?;
        transactions.push(Recovered::new_unchecked(transaction, *sender));
    }
    let receipts = snapshot.receipts(body.number).map_err(NodeError::fault)?;
    Ok(MinedBlock {
        hash: body.hash,
        header,
        transactions,
        ommers: body.ommers,
        withdrawals: body.withdrawals.into_iter().next(),
        receipts: receipts.unwrap_or_default(),
        before: None,
        state: None,
    })
}
