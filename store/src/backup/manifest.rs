//! What a snapshot consists of, and the names of things in a vault.

use calendar::time::Instant;
use serde::{Deserialize, Serialize};

use super::seal::Seal;
use super::{BackupError, SnapshotInfo};

/// The form of a manifest.
const FORM: u64 = 1;

/// How the names of manifests begin.
pub(super) const SNAPSHOTS: &str = "snapshots/";

/// Digits of a manifest's digest in its name.
const ID_DIGITS: usize = 16;

/// A chunk that a snapshot needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChunkRef {
    /// The name of its content.
    pub(super) name: String,
    /// Rows in it.
    pub(super) rows: u64,
    /// Octets of its content.
    pub(super) octets: u64,
}

/// An extra, in pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExtraRef {
    pub(super) name: String,
    pub(super) pieces: Vec<ChunkRef>,
}

/// What a snapshot consists of. The list of its chunks, which may be long, is content like theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) form: u64,
    /// UTC seconds.
    pub(super) taken: i64,
    pub(super) program: String,
    pub(super) store: Option<String>,
    pub(super) format: u64,
    pub(super) engine: String,
    pub(super) rows: u64,
    pub(super) octets: u64,
    pub(super) added_octets: u64,
    pub(super) chunks: u64,
    /// The list of the chunks with rows, in the order of their keys.
    pub(super) list: ChunkRef,
    pub(super) extras: Vec<ExtraRef>,
}

/// Only the form, which is the same in every form.
#[derive(Deserialize)]
struct Form {
    form: u64,
}

impl Manifest {
    pub(super) const fn form() -> u64 {
        FORM
    }

    /// The snapshot's name and the manifest's content.
    pub(super) fn write(&self, seal: &Seal) -> Result<(String, Vec<u8>), BackupError> {
        let content = serde_json::to_vec(self).map_err(|error| BackupError::Damaged {
            name: "the manifest of this snapshot".into(),
            why: error.to_string(),
        })?;
        Ok((self.name(seal, &content), content))
    }

    /// Reads the manifest of snapshot `name`: its name says its digest and when it was taken.
    pub(super) fn read(name: &str, seal: &Seal, content: &[u8]) -> Result<Self, BackupError> {
        let damaged = |why: String| BackupError::Damaged { name: blob_of_snapshot(name), why };
        let Form { form } = serde_json::from_slice(content).map_err(|error| damaged(error.to_string()))?;
        if form > FORM {
            return Err(BackupError::Newer { name: name.into(), format: form });
        }
        let manifest: Self = serde_json::from_slice(content).map_err(|error| damaged(error.to_string()))?;
        if manifest.name(seal, content) != name {
            return Err(damaged("it is not what was written under this name".into()));
        }
        Ok(manifest)
    }

    /// Names of the content of the extras.
    pub(super) fn pieces(&self) -> impl Iterator<Item = String> + '_ {
        self.extras.iter().flat_map(|extra| &extra.pieces).map(|piece| piece.name.clone())
    }

    fn name(&self, seal: &Seal, content: &[u8]) -> String {
        let digits = seal.name_of(content);
        format!("{}-{}", moment(self.taken), digits.get(..ID_DIGITS).unwrap_or(&digits))
    }

    pub(super) fn info(&self, name: &str, seal: &Seal) -> SnapshotInfo {
        SnapshotInfo {
            name: name.into(),
            taken: Instant::from_unix(self.taken),
            store: self.store.clone(),
            program: self.program.clone(),
            format: self.format,
            engine: self.engine.clone(),
            rows: self.rows,
            octets: self.octets,
            added_octets: self.added_octets,
            chunks: self.chunks,
            encrypted: seal.is_keyed(),
        }
    }
}

/// `2026-11-21T120000Z`.
fn moment(seconds: i64) -> String {
    Instant::from_unix(seconds).to_string().replace(':', "")
}

/// Where the manifest of snapshot `name` is.
pub(super) fn blob_of_snapshot(name: &str) -> String {
    format!("{SNAPSHOTS}{name}")
}

/// How the names of content begin that is sealed with this key.
pub(super) fn chunks_of(seal: &Seal) -> String {
    format!("chunks/{}/", seal.mark())
}

/// Where content of this name is.
pub(super) fn blob_of_chunk(seal: &Seal, name: &str) -> String {
    format!("{}{}/{name}", chunks_of(seal), name.get(..2).unwrap_or("--"))
}
