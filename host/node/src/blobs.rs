//! The blobs that come with a transaction: whether they are those that it names.

use crate::error::NodeError;
use alloy_consensus::{BlobTransactionSidecar, BlobTransactionSidecarVariant};
use alloy_eips::eip7594::{BlobTransactionSidecarEip7594, CELLS_PER_EXT_BLOB};
use alloy_primitives::B256;
use c_kzg::{Blob, Bytes48, KzgSettings, ethereum_kzg_settings};

/// More than fit in a block of any chain.
const MOST: usize = 64;

/// Holds blobs to the versioned hashes of their transaction and to their proofs, of either form: one a blob (EIP-4844)
/// or one a cell (EIP-7594).
///
/// # Errors
/// If they are too many, are not those that the transaction names, or a proof does not hold.
pub fn check(sidecar: &BlobTransactionSidecarVariant, named: &[B256]) -> Result<(), NodeError> {
    let blobs = sidecar.blobs().len();
    if blobs > MOST {
        return Err(NodeError::TooMuch(format!(
            "the transaction has {blobs} blobs, more than the {MOST} that any block has room for"
        )));
    }
    let hashes: Vec<B256> = sidecar.versioned_hashes().collect();
    if hashes != named {
        return Err(NodeError::invalid(
            "the versioned hashes of the transaction are not those of the commitments that came with it",
        ));
    }
    // Verifying needs no table that is worked out beforehand.
    let settings = ethereum_kzg_settings(0);
    let verified = match sidecar {
        BlobTransactionSidecarVariant::Eip4844(sidecar) => by_blob(settings, sidecar),
        BlobTransactionSidecarVariant::Eip7594(sidecar) => by_cell(settings, sidecar),
    };
    match verified {
        Ok(true) => Ok(()),
        Ok(false) => Err(NodeError::invalid(
            "invalid blob proof: a proof does not prove that a blob is the one of its commitment",
        )),
        Err(error) => Err(NodeError::Invalid(format!(
            "invalid blob, commitment or proof: {error}"
        ))),
    }
}

fn words(all: &[alloy_eips::eip4844::Bytes48]) -> Vec<Bytes48> {
    all.iter().map(|word| Bytes48::new(word.0)).collect()
}

fn by_blob(settings: &KzgSettings, sidecar: &BlobTransactionSidecar) -> Result<bool, c_kzg::Error> {
    let blobs: Vec<Blob> = sidecar
        .blobs
        .iter()
        .map(|blob| Blob::from_bytes(blob.as_slice()))
        .collect::<Result<_, _>>()?;
    let (commitments, proofs) = (words(&sidecar.commitments), words(&sidecar.proofs));
    if commitments.len() != blobs.len() || proofs.len() != blobs.len() {
        return Ok(false);
    }
    settings.verify_blob_kzg_proof_batch(&blobs, &commitments, &proofs)
}

fn by_cell(settings: &KzgSettings, sidecar: &BlobTransactionSidecarEip7594) -> Result<bool, c_kzg::Error> {
    let blobs = sidecar.blobs.len();
    if sidecar.commitments.len() != blobs || sidecar.cell_proofs.len() != blobs * CELLS_PER_EXT_BLOB {
        return Ok(false);
    }
    let mut cells = Vec::with_capacity(blobs * CELLS_PER_EXT_BLOB);
    for blob in &sidecar.blobs {
        cells.extend(
            settings
                .compute_cells(&Blob::from_bytes(blob.as_slice())?)?
                .iter()
                .cloned(),
        );
    }
    let commitments: Vec<Bytes48> = words(&sidecar.commitments)
        .into_iter()
        .flat_map(|commitment| std::iter::repeat_n(commitment, CELLS_PER_EXT_BLOB))
        .collect();
    let indices: Vec<u64> = (0..blobs).flat_map(|_| 0..CELLS_PER_EXT_BLOB as u64).collect();
    settings.verify_cell_kzg_proof_batch(&commitments, &indices, &cells, &words(&sidecar.cell_proofs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_eips::eip4844;

    /// Two blobs with what proves them by blob, and by cell.
    fn sidecars() -> [BlobTransactionSidecarVariant; 2] {
        let settings = ethereum_kzg_settings(0);
        let mut by_blob = BlobTransactionSidecar::default();
        let mut by_cell = BlobTransactionSidecarEip7594::default();
        for fill in [0, 7] {
            let mut bytes = eip4844::Blob::ZERO;
            // Below the modulus: the first byte of a number stays zero.
            bytes[1..20].fill(fill);
            let blob = Blob::from_bytes(bytes.as_slice()).unwrap();
            let commitment = settings.blob_to_kzg_commitment(&blob).unwrap().to_bytes();
            let proof = settings.compute_blob_kzg_proof(&blob, &commitment).unwrap();
            let word = |word: Bytes48| eip4844::Bytes48::from(word.into_inner());
            by_blob.blobs.push(bytes);
            by_blob.commitments.push(word(commitment));
            by_blob.proofs.push(word(proof.to_bytes()));
            by_cell.blobs.push(bytes);
            by_cell.commitments.push(word(commitment));
            let (_, proofs) = settings.compute_cells_and_kzg_proofs(&blob).unwrap();
            by_cell
                .cell_proofs
                .extend(proofs.iter().map(|proof| word(proof.to_bytes())));
        }
        [by_blob.into(), by_cell.into()]
    }

    #[test]
    fn blobs_with_their_proofs_are_taken_and_whatever_is_changed_is_refused() {
        for sidecar in sidecars() {
            let named: Vec<B256> = sidecar.versioned_hashes().collect();
            check(&sidecar, &named).unwrap();
            check(&sidecar, &named[1..]).unwrap_err();
            check(&sidecar, &[named[1], named[0]]).unwrap_err();
            type Change = fn(&mut Vec<eip4844::Blob>, &mut Vec<eip4844::Bytes48>);
            let changes: [Change; 5] = [
                |blobs, _| blobs[0][5] ^= 1,
                |blobs, _| blobs[1][0] = 0xff,
                |blobs, _| blobs.swap(0, 1),
                |_, proofs| proofs.truncate(proofs.len() - 1),
                |_, proofs| {
                    let last = proofs.len() - 1;
                    proofs.swap(0, last);
                },
            ];
            for (at, change) in changes.into_iter().enumerate() {
                let mut changed = sidecar.clone();
                match &mut changed {
                    BlobTransactionSidecarVariant::Eip4844(one) => change(&mut one.blobs, &mut one.proofs),
                    BlobTransactionSidecarVariant::Eip7594(one) => {
                        change(&mut one.blobs, &mut one.cell_proofs)
                    }
                }
                let error = check(&changed, &named).unwrap_err();
                assert_eq!(error.code(), -32602, "{at}: {error}");
            }
        }
    }
}
