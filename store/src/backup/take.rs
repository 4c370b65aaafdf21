//! Taking a snapshot.

use std::collections::HashSet;
use std::sync::Arc;

use calendar::time::Instant;

use super::chunk::{CHUNK_OCTETS_MAX, Chunk, Cutter};
use super::manifest::{ChunkRef, ExtraRef, Manifest, SNAPSHOTS, blob_of_chunk, blob_of_snapshot, chunks_of};
use super::seal::nonce;
use super::{Archive, BackupError, Entropy, Extra, SnapshotInfo, work};
use crate::engine::{Engine, EngineSnapshot};
use crate::identity;

/// Rows read at a time; fewer where they are large.
const PAGE_ROWS_MAX: usize = 1_000;

/// Behind every key.
pub(super) const END: [u8; 257] = [u8::MAX; 257];

/// Snapshots whose chunks are known to be there, and how many are looked at for them.
const TRUSTED_SNAPSHOTS_MAX: usize = 2;
const TRIED_SNAPSHOTS_MAX: usize = 8;

/// A snapshot of which all is there but the manifest.
pub(super) struct Taken {
    pub(super) info: SnapshotInfo,
    pub(super) blob_name: String,
    pub(super) blob: Vec<u8>,
}

/// A snapshot on its way.
struct Taking<'a> {
    archive: &'a Archive,
    entropy: Entropy<'a>,
    /// Names of content that is there.
    there: HashSet<String>,
    chunks: Vec<ChunkRef>,
    rows: u64,
    octets: u64,
    added_octets: u64,
}

impl Archive {
    /// Brings all but the manifest, which makes it a snapshot.
    pub(super) async fn take_marked(
        &self,
        engine: &Arc<dyn Engine>,
        extras: &[Extra],
        now: Instant,
        entropy: Entropy<'_>,
    ) -> Result<Taken, BackupError> {
        let mut taking = Taking {
            archive: self,
            entropy,
            there: self.trusted().await?,
            chunks: Vec::new(),
            rows: 0,
            octets: 0,
            added_octets: 0,
        };
        let format = engine.format().await?;
        let snapshot = engine.snapshot().await?;
        let store = store_of(snapshot.as_ref()).await?;
        taking.rows(snapshot.as_ref()).await?;
        // From here on nothing holds on to the moment any more.
        drop(snapshot);
        let extras = taking.extras(extras).await?;
        let list = taking.list().await?;
        let manifest = Manifest {
            form: Manifest::form(),
            taken: now.as_unix(),
            program: concat!("kalends ", env!("CARGO_PKG_VERSION")).into(),
            store,
            format,
            engine: engine.name().into(),
            rows: taking.rows,
            octets: taking.octets,
            added_octets: taking.added_octets,
            chunks: taking.chunks.len() as u64,
            list,
            extras,
        };
        let (name, content) = manifest.write(&self.seal)?;
        let blob_name = blob_of_snapshot(&name);
        let blob = self.seal.close(&blob_name, &content, nonce(entropy))?;
        Ok(Taken { info: manifest.info(&name, &self.seal), blob_name, blob })
    }

    /// Names of content that the newest snapshots need and that is there. A name of which no manifest speaks is not
    /// trusted: whoever wrote it may not have ended, and whoever prunes may be about to remove it. Nor is a manifest
    /// alone: a bucket may be told to let go of what is old.
    async fn trusted(&self) -> Result<HashSet<String>, BackupError> {
        let mut there = HashSet::new();
        if self.trusts_nothing {
            return Ok(there);
        }
        let mut found = 0;
        for blob in self.list(SNAPSHOTS).await?.iter().rev().take(TRIED_SNAPSHOTS_MAX) {
            let name = blob.strip_prefix(SNAPSHOTS).unwrap_or(blob);
            let needed = match self.manifest(name).await {
                Ok(manifest) => self.needed_by(&manifest).await,
                Err(error) => Err(error),
            };
            match needed {
                Ok(names) => {
                    there.extend(names);
                    found += 1;
                }
                Err(error @ BackupError::Vault { .. }) => return Err(error),
                // Of another key, or damaged: then what it needs is brought again.
                Err(_) => {}
            }
            if found == TRUSTED_SNAPSHOTS_MAX {
                break;
            }
        }
        if !there.is_empty() {
            let listed: HashSet<String> = self.list(&chunks_of(&self.seal)).await?.into_iter().collect();
            there.retain(|name| listed.contains(&blob_of_chunk(&self.seal, name)));
        }
        Ok(there)
    }
}

/// The identity in the snapshot; a store that does not hold all that it is to hold is not worth a backup.
async fn store_of(snapshot: &dyn EngineSnapshot) -> Result<Option<String>, BackupError> {
    let keys = [identity::IDENTITY.to_vec(), identity::UNFINISHED.to_vec()];
    let mut rows = snapshot.values(&keys).await?.into_iter();
    let (id, unfinished) = (rows.next().flatten(), rows.next().flatten());
    if let Some(row) = unfinished {
        return Err(BackupError::Unfinished(identity::read_unfinished(&row.value)?));
    }
    Ok(id.map(|row| identity::read_identity(&row.value)).transpose()?)
}

impl Taking<'_> {
    async fn rows(&mut self, snapshot: &dyn EngineSnapshot) -> Result<(), BackupError> {
        let mut cutter = Cutter::default();
        let mut from = Vec::new();
        loop {
            let page = snapshot.scan(&from, &END, PAGE_ROWS_MAX).await?;
            let Some(last) = page.last() else { break };
            from.clone_from(&last.key);
            from.push(0);
            for entry in page {
                self.rows += 1;
                self.octets += (entry.key.len() + entry.value.len()) as u64;
                for chunk in cutter.push(&entry.key, &entry.value) {
                    self.chunk(chunk).await?;
                }
            }
        }
        match cutter.finish() {
            Some(chunk) => self.chunk(chunk).await,
            None => Ok(()),
        }
    }

    async fn chunk(&mut self, chunk: Chunk) -> Result<(), BackupError> {
        let chunk = self.bring(chunk.content, chunk.rows).await?;
        self.chunks.push(chunk);
        Ok(())
    }

    async fn extras(&mut self, extras: &[Extra]) -> Result<Vec<ExtraRef>, BackupError> {
        let mut refs = Vec::with_capacity(extras.len());
        for extra in extras {
            let mut pieces = Vec::new();
            for piece in extra.octets.chunks(CHUNK_OCTETS_MAX) {
                pieces.push(self.bring(piece.to_vec(), 0).await?);
            }
            refs.push(ExtraRef { name: extra.name.clone(), pieces });
        }
        Ok(refs)
    }

    async fn list(&mut self) -> Result<ChunkRef, BackupError> {
        let content = serde_json::to_vec(&self.chunks).map_err(|error| BackupError::Damaged {
            name: "the list of this snapshot's chunks".into(),
            why: error.to_string(),
        })?;
        self.bring(content, 0).await
    }

    /// Brings content to the vault unless it is there.
    async fn bring(&mut self, content: Vec<u8>, rows: u64) -> Result<ChunkRef, BackupError> {
        let octets = content.len() as u64;
        let seal = self.archive.seal.clone();
        let (name, content) = work(move || Ok((seal.name_of(&content), content))).await?;
        if !self.there.contains(&name) {
            let (seal, nonce) = (self.archive.seal.clone(), nonce(self.entropy));
            let blob_name = blob_of_chunk(&seal, &name);
            let (blob_name, blob) = work(move || {
                let blob = seal.close(&blob_name, &content, nonce)?;
                Ok((blob_name, blob))
            })
            .await?;
            self.archive.put(&blob_name, &blob).await?;
            self.added_octets += blob.len() as u64;
            self.there.insert(name.clone());
        }
        Ok(ChunkRef { name, rows, octets })
    }
}
