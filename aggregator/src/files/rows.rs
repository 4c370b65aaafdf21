//! How files are kept: a record a file by its folder and name, its octets in pieces under an id of their own.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calendar::collection::{EntityTag, PrincipalId};
use calendar::refusal::Refusal;
use dav::backend::FileContent;
use dav::path::FileName;
use serde::{Deserialize, Serialize};
use store::Change;
use store::engine::Version;
use store::records::Table;

use crate::reading::hex;
use crate::world::{World, refusal_of};

/// Key: owner, the folder's encoded path, name.
const FILES: Table = Table("files");
/// Key: owner, the content's id, number of the piece.
const PIECES: Table = Table("file-pieces");
/// Key: owner.
const TOTALS: Table = Table("file-totals");
/// Octets of one piece.
const PIECE_OCTETS: usize = 192 * 1024;

/// A file or folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FileRecord {
    /// The content of a file; `None` for a folder.
    pub(super) content: Option<Content>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, String>,
    /// UTC seconds.
    pub(super) created: i64,
    /// UTC seconds.
    pub(super) modified: i64,
}

/// Where a file's octets are, and what is known of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The id of its pieces.
    pub(crate) id: String,
    pub(crate) pieces: usize,
    pub(crate) octets: usize,
    pub(crate) tag: String,
    pub(crate) media_type: String,
}

/// A record where it was found.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) name: FileName,
    pub(super) record: FileRecord,
    pub(super) version: Version,
}

/// All files of an owner together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Total {
    /// Files and folders.
    pub(super) files: usize,
    /// Octets of the files.
    pub(super) octets: u64,
    /// Octets of the dead properties of both.
    #[serde(default)]
    pub(super) properties: u64,
    /// How often the tree has changed.
    pub(super) changes: u64,
}

impl FileRecord {
    /// A new folder; `now`: UTC seconds.
    pub(super) fn folder(now: i64) -> Self {
        Self { content: None, display_name: None, properties: BTreeMap::new(), created: now, modified: now }
    }

    /// A new file.
    pub(super) fn file(content: Content, now: i64) -> Self {
        Self { content: Some(content), ..Self::folder(now) }
    }

    /// Takes over what stays when a file's content is replaced.
    pub(super) fn keep_of(&mut self, old: &Self) {
        self.created = old.created;
        self.display_name.clone_from(&old.display_name);
        self.properties.clone_from(&old.properties);
    }

    /// Octets of its dead properties.
    pub(super) fn properties_octets(&self) -> u64 {
        self.properties.iter().map(|(name, xml)| (name.len() + xml.len()) as u64).sum()
    }

    pub(super) fn tag(&self) -> Option<EntityTag> {
        self.content.as_ref().map(|content| EntityTag(content.tag.clone()))
    }
}

/// The folder's path and the name; the tree itself has none.
fn key_of(name: &FileName) -> Option<(String, String)> {
    let parent = name.parent()?;
    Some((parent.joined(), name.path.last()?.clone()))
}

pub(super) async fn record(world: &World, name: &FileName) -> Result<Option<(FileRecord, Version)>, Refusal> {
    let Some((folder, last)) = key_of(name) else { return Ok(None) };
    world.store.record(FILES, &[name.owner.as_str(), &folder, &last]).await.map_err(refusal_of)
}

/// The members of a folder, by name.
pub(super) async fn members(world: &World, folder: &FileName) -> Result<Vec<Held>, Refusal> {
    let path = folder.joined();
    let prefix = [folder.owner.as_str(), path.as_str()];
    let rows =
        world.store.records::<FileRecord>(FILES, &prefix, None, usize::MAX).await.map_err(refusal_of)?;
    let mut members: Vec<Held> = rows
        .into_iter()
        .filter_map(|row| {
            let name = folder.member(row.key.get(2)?);
            Some(Held { name, record: row.record, version: row.version })
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

pub(super) fn put(change: &mut Change, name: &FileName, record: &FileRecord, seen: Version) {
    if let Some((folder, last)) = key_of(name) {
        change.put_record(FILES, &[name.owner.as_str(), &folder, &last], record, seen);
    }
}

pub(super) fn remove(change: &mut Change, held: &Held) {
    if let Some((folder, last)) = key_of(&held.name) {
        change.remove_record(FILES, &[held.name.owner.as_str(), &folder, &last], held.version);
    }
}

/// Adds the pieces of some octets to `change`, under an id that nothing else has.
pub(crate) fn write_content(
    change: &mut Change,
    world: &World,
    owner: &PrincipalId,
    content: &FileContent,
    tag: &EntityTag,
) -> Content {
    let id = hex(&world.entropy.draw());
    let mut pieces = 0;
    for piece in content.octets.chunks(PIECE_OCTETS) {
        let key = number(pieces);
        change.put_record(PIECES, &[owner.as_str(), &id, &key], &STANDARD.encode(piece), 0);
        pieces += 1;
    }
    let media_type = content.media_type.clone();
    Content { id, pieces, octets: content.octets.len(), tag: tag.0.clone(), media_type }
}

/// Adds to `change` that the pieces of a content go.
pub(crate) async fn remove_content(
    change: &mut Change,
    world: &World,
    owner: &PrincipalId,
    content: &Content,
) -> Result<(), Refusal> {
    for piece in 0..content.pieces {
        let key = number(piece);
        let key = [owner.as_str(), content.id.as_str(), key.as_str()];
        if let Some((_, version)) = world.store.record::<String>(PIECES, &key).await.map_err(refusal_of)? {
            change.remove_record(PIECES, &key, version);
        }
    }
    Ok(())
}

/// The octets of a content; shorter where it was replaced meanwhile.
pub(crate) async fn octets(
    world: &World,
    owner: &PrincipalId,
    content: &Content,
) -> Result<Vec<u8>, Refusal> {
    let mut octets = Vec::with_capacity(content.octets);
    for piece in 0..content.pieces {
        let key = number(piece);
        let key = [owner.as_str(), content.id.as_str(), key.as_str()];
        let kept = world.store.record::<String>(PIECES, &key).await.map_err(refusal_of)?;
        let decoded = kept.and_then(|(text, _)| STANDARD.decode(text).ok());
        octets.extend(decoded.unwrap_or_default());
    }
    Ok(octets)
}

fn number(piece: usize) -> String {
    format!("{piece:08}")
}

pub(super) async fn total(world: &World, owner: &str) -> Result<(Total, Version), Refusal> {
    Ok(world.store.record::<Total>(TOTALS, &[owner]).await.map_err(refusal_of)?.unwrap_or_default())
}

pub(super) fn put_total(change: &mut Change, owner: &str, total: Total, seen: Version) {
    let moved = Total { changes: total.changes + 1, ..total };
    change.put_record(TOTALS, &[owner], &moved, seen);
}
