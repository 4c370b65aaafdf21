//! Reading what is in a vault, and believing it only if it is what was written.

use std::collections::BTreeMap;

use super::chunk::{Row, rows_of};
use super::manifest::{ChunkRef, Manifest, SNAPSHOTS, blob_of_chunk, blob_of_snapshot};
use super::{Archive, BackupError, Extra, SnapshotInfo, Survey, Verified, work};

/// What stands in a vault, with all manifests.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) survey: Survey,
    /// By the names of their snapshots.
    pub(super) manifests: BTreeMap<String, Manifest>,
    /// Whether something was listed that then was not there.
    pub(super) has_gaps: bool,
}

impl Archive {
    pub(super) async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let blob_name = blob_of_snapshot(name);
        let content = self.seal.open(&blob_name, &self.load(&blob_name).await?)?;
        Manifest::read(name, &self.seal, &content)
    }

    /// Names of all content that the snapshot needs.
    pub(super) async fn needed_by(&self, manifest: &Manifest) -> Result<Vec<String>, BackupError> {
        let chunks = self.chunks(manifest).await?.into_iter().map(|chunk| chunk.name);
        Ok(chunks.chain(manifest.pieces()).chain([manifest.list.name.clone()]).collect())
    }

    /// The chunks with rows.
    pub(super) async fn chunks(&self, manifest: &Manifest) -> Result<Vec<ChunkRef>, BackupError> {
        let content = self.content(&manifest.list).await?;
        serde_json::from_slice(&content).map_err(|error| BackupError::Damaged {
            name: blob_of_chunk(&self.seal, &manifest.list.name),
            why: error.to_string(),
        })
    }

    /// Content by its name, which it must have.
    async fn content(&self, chunk: &ChunkRef) -> Result<Vec<u8>, BackupError> {
        let name = blob_of_chunk(&self.seal, &chunk.name);
        let blob = self.load(&name).await?;
        let (seal, chunk) = (self.seal.clone(), chunk.clone());
        work(move || {
            let content = seal.open(&name, &blob)?;
            if content.len() as u64 != chunk.octets || seal.name_of(&content) != chunk.name {
                return Err(BackupError::Damaged { name, why: "it is not what was written".into() });
            }
            Ok(content)
        })
        .await
    }

    /// All snapshots and what stands among them that is none.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub async fn survey(&self) -> Result<Survey, BackupError> {
        Ok(self.listed().await?.survey)
    }

    /// The same with all manifests.
    pub(super) async fn listed(&self) -> Result<Listed, BackupError> {
        let mut listed = Listed::default();
        let survey = &mut listed.survey;
        for blob in self.list(SNAPSHOTS).await? {
            let name = blob.strip_prefix(SNAPSHOTS).unwrap_or(&blob);
            match self.manifest(name).await {
                Ok(manifest) => {
                    survey.snapshots.push(manifest.info(name, &self.seal));
                    listed.manifests.insert(name.to_owned(), manifest);
                }
                Err(error @ BackupError::Vault { .. }) => return Err(error),
                // Removed since it was listed.
                Err(BackupError::Missing { .. }) => listed.has_gaps = true,
                Err(error @ BackupError::WrongKey { .. }) => survey.of_other_keys.push(error),
                Err(error) => survey.damaged.push(error),
            }
        }
        survey.snapshots.sort_by(|a, b| (a.taken, &a.name).cmp(&(b.taken, &b.name)));
        Ok(listed)
    }

    /// Reads all that the snapshot needs and compares it with what was written.
    ///
    /// # Errors
    /// The first thing that is missing, damaged or sealed with another key.
    pub async fn verify(&self, snapshot: &SnapshotInfo) -> Result<Verified, BackupError> {
        let manifest = self.manifest(&snapshot.name).await?;
        if manifest.info(&snapshot.name, &self.seal) != *snapshot {
            return Err(damaged(&snapshot.name, "it is not the snapshot that was listed"));
        }
        let mut reading = self.rows(&snapshot.name, &manifest).await?;
        while reading.next(self).await?.is_some() {}
        let mut verified = reading.seen;
        for piece in manifest.extras.iter().flat_map(|extra| &extra.pieces) {
            self.content(piece).await?;
            verified.chunks += 1;
        }
        Ok(verified)
    }

    /// What was kept beside the rows.
    pub async fn extras(&self, snapshot: &SnapshotInfo) -> Result<Vec<Extra>, BackupError> {
        let manifest = self.manifest(&snapshot.name).await?;
        let mut extras = Vec::with_capacity(manifest.extras.len());
        for extra in manifest.extras {
            let mut octets = Vec::new();
            for piece in &extra.pieces {
                octets.extend(self.content(piece).await?);
            }
            extras.push(Extra { name: extra.name, octets });
        }
        Ok(extras)
    }

    /// The snapshot's rows, to be read chunk by chunk.
    pub(super) async fn rows(&self, name: &str, manifest: &Manifest) -> Result<Reading, BackupError> {
        let chunks = self.chunks(manifest).await?;
        if chunks.len() as u64 != manifest.chunks {
            return Err(damaged(name, "its list of chunks has not the length it had"));
        }
        let whole = Verified { chunks: manifest.chunks, rows: manifest.rows, octets: manifest.octets };
        Ok(Reading {
            name: name.into(),
            chunks: chunks.into_iter(),
            last: Vec::new(),
            seen: Verified::default(),
            whole,
        })
    }
}

fn damaged(name: &str, why: &str) -> BackupError {
    BackupError::Damaged { name: blob_of_snapshot(name), why: why.into() }
}

/// A snapshot being read.
pub(super) struct Reading {
    name: String,
    chunks: std::vec::IntoIter<ChunkRef>,
    /// The last key.
    last: Vec<u8>,
    pub(super) seen: Verified,
    /// What it must be in the end.
    whole: Verified,
}

impl Reading {
    /// The rows of the next chunk, in order after those before; `None`: that was all, and as much as there was.
    pub(super) async fn next(&mut self, archive: &Archive) -> Result<Option<Vec<Row>>, BackupError> {
        let Some(chunk) = self.chunks.next() else {
            if self.seen == self.whole {
                return Ok(None);
            }
            return Err(damaged(&self.name, "it has not as many rows and octets as were written"));
        };
        let content = archive.content(&chunk).await?;
        let rows = rows_of(&content).filter(|rows| rows.len() as u64 == chunk.rows);
        let name = || blob_of_chunk(&archive.seal, &chunk.name);
        let rows =
            rows.ok_or_else(|| BackupError::Damaged { name: name(), why: "its rows cannot be read".into() })?;
        for (key, value) in &rows {
            if *key <= self.last {
                return Err(BackupError::Damaged { name: name(), why: "its rows are out of order".into() });
            }
            self.last.clone_from(key);
            self.seen.rows += 1;
            self.seen.octets += (key.len() + value.len()) as u64;
        }
        self.seen.chunks += 1;
        Ok(Some(rows))
    }
}
