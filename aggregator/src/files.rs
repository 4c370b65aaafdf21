//! An owner's tree of files: what clients keep beside calendars, and attachments.
//!
//! Every change expects and moves the owner's count of changes, so that changes of one tree follow one another.

pub(crate) mod rows;
mod tree;

use std::collections::BTreeMap;

use calendar::collection::{EntityTag, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::{Extent, FileContent, FileNode, FileRelocation, Precondition, PropertyChange, Stored};
use dav::path::FileName;
use store::engine::Version;
use store::{Change, Committed};

use crate::dav_backend::{met, properties};
use crate::gate::ATTEMPTS_MAX;
use crate::reading::tag_of;
use crate::world::{World, refusal_of};
use rows::{FileRecord, Held, Total};

/// Files and folders that one owner may have.
pub const FILES_MAX: usize = 10_000;
/// Octets of all files of one owner.
pub const OCTETS_MAX: u64 = 1024 * 1024 * 1024;
/// Octets of the files that one request copies: they are in memory at once.
pub const COPIED_OCTETS_MAX: u64 = 64 * 1024 * 1024;
/// Octets of all dead properties in one owner's tree: those of a folder's members are in memory at once.
pub const PROPERTIES_OCTETS_MAX: u64 = 8 * 1024 * 1024;
/// Files and folders that one request moves, copies or deletes.
pub const TREE_MAX: usize = 2_000;

/// What is at `name`; the tree itself is always there.
pub async fn node(world: &World, name: &FileName) -> Result<Option<FileNode>, Refusal> {
    if name.path.is_empty() {
        return Ok(Some(root(name)));
    }
    let kept = rows::record(world, name).await?;
    Ok(kept.map(|(record, _)| node_of(name.clone(), &record)))
}

/// What is in a folder, by name.
pub async fn members(world: &World, folder: &FileName) -> Result<Vec<FileNode>, Refusal> {
    let members = rows::members(world, folder).await?;
    Ok(members.into_iter().map(|held| node_of(held.name, &held.record)).collect())
}

/// A file with its octets; `None` for a folder and where nothing is.
pub async fn content(world: &World, name: &FileName) -> Result<Option<(FileNode, Vec<u8>)>, Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let Some((record, version)) = rows::record(world, name).await? else { return Ok(None) };
        let Some(content) = &record.content else { return Ok(None) };
        let octets = rows::octets(world, &name.owner, content).await?;
        // Its content is not touched as long as the record stands.
        if rows::record(world, name).await?.is_some_and(|(_, now)| now == version) {
            return Ok(Some((node_of(name.clone(), &record), octets)));
        }
    }
    Err(Refusal::Contended)
}

/// Octets of all files of an owner.
///
/// # Errors
/// Those of the store.
pub async fn octets_of(world: &World, owner: &PrincipalId) -> Result<u64, Refusal> {
    Ok(rows::total(world, owner.as_str()).await?.0.octets)
}

/// Octets of the files that a copy would make.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Refusal::Protected`] for more than one request may touch.
pub async fn octets_at(world: &World, copy: &FileRelocation) -> Result<u64, Refusal> {
    let (record, version) = rows::record(world, &copy.from).await?.ok_or(Refusal::NotFound)?;
    let top = Held { name: copy.from.clone(), record, version };
    let all = if copy.extent == Extent::Everything { tree::all(world, top).await? } else { vec![top] };
    Ok(tree::octets_of(&all))
}

/// What is done to a tree of files.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// A file is created or replaced: [`Refusal::Exists`] where a folder is.
    Put(&'a FileContent, &'a Precondition),
    /// A folder is made: [`Refusal::Exists`] where anything is.
    MakeFolder(&'a [PropertyChange]),
    /// Properties change, all or none.
    Change(&'a [PropertyChange]),
    /// A file goes, or a folder with all that is in it.
    Delete(&'a Precondition),
    /// It moves or is copied.
    Relocate(&'a FileRelocation, &'a Precondition),
}

/// Does it to what is at `name`; whether that is new, with the tag of a file.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::NoParent`], [`Refusal::TagMismatch`], [`Refusal::Full`], [`Refusal::Protected`] for
/// the tree itself.
pub async fn edit(world: &World, name: &FileName, deed: Deed<'_>) -> Result<Stored, Refusal> {
    let owner = name.owner.as_str();
    let _turn = world.turns.of(owner).await;
    for _ in 0..ATTEMPTS_MAX {
        let (mut total, version) = rows::total(world, owner).await?;
        let before = total;
        let mut change = Change::new();
        let stored = think(world, (name, deed), &mut change, &mut total).await?;
        if (total.files > FILES_MAX && total.files > before.files)
            || (total.octets > OCTETS_MAX && total.octets > before.octets)
            || (total.properties > PROPERTIES_OCTETS_MAX && total.properties > before.properties)
        {
            return Err(Refusal::Full);
        }
        rows::put_total(&mut change, owner, total, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(stored);
        }
    }
    Err(Refusal::Contended)
}

async fn think(
    world: &World,
    (name, deed): (&FileName, Deed<'_>),
    change: &mut Change,
    total: &mut Total,
) -> Result<Stored, Refusal> {
    if name.path.is_empty() {
        return Err(match deed {
            Deed::Put(..) | Deed::MakeFolder(_) => Refusal::Exists,
            _ => Refusal::Protected("every owner has the tree of files as it is"),
        });
    }
    let before = rows::record(world, name).await?;
    if let Deed::Put(_, precondition) | Deed::Delete(precondition) | Deed::Relocate(_, precondition) = deed {
        met(precondition, before.as_ref().and_then(|(record, _)| record.tag()).as_ref())?;
    }
    match deed {
        Deed::Put(content, _) => put(world, (name, content), before, change, total).await,
        Deed::MakeFolder(changes) => {
            if before.is_some() {
                return Err(Refusal::Exists);
            }
            parent_is_there(world, name).await?;
            let mut record = FileRecord::folder(world.now().as_unix());
            apply(&mut record, changes)?;
            rows::put(change, name, &record, 0);
            total.files += 1;
            total.properties += record.properties_octets();
            Ok(Stored { tag: None, created: true, schedule_tag: None })
        }
        Deed::Change(changes) => {
            let (mut record, version) = before.ok_or(Refusal::NotFound)?;
            let had = record.properties_octets();
            apply(&mut record, changes)?;
            total.properties = total.properties.saturating_sub(had) + record.properties_octets();
            rows::put(change, name, &record, version);
            Ok(Stored { tag: record.tag(), created: false, schedule_tag: None })
        }
        Deed::Delete(_) => {
            let (record, version) = before.ok_or(Refusal::NotFound)?;
            let all = tree::all(world, Held { name: name.clone(), record, version }).await?;
            tree::remove(world, change, &all, total).await?;
            Ok(Stored { tag: None, created: false, schedule_tag: None })
        }
        Deed::Relocate(relocation, _) => {
            let (record, version) = before.ok_or(Refusal::NotFound)?;
            let top = Held { name: name.clone(), record, version };
            tree::relocate(world, change, (relocation, top), total).await
        }
    }
}

async fn put(
    world: &World,
    (name, content): (&FileName, &FileContent),
    before: Option<(FileRecord, Version)>,
    change: &mut Change,
    total: &mut Total,
) -> Result<Stored, Refusal> {
    if before.as_ref().is_some_and(|(record, _)| record.content.is_none()) {
        return Err(Refusal::Exists);
    }
    parent_is_there(world, name).await?;
    let tag = tag_of(&content.octets);
    let kept = rows::write_content(change, world, &name.owner, content, &tag);
    let mut record = FileRecord::file(kept, world.now().as_unix());
    let created = before.is_none();
    let mut version = 0;
    match before {
        None => total.files += 1,
        Some((old, at)) => {
            record.keep_of(&old);
            version = at;
            if let Some(content) = &old.content {
                rows::remove_content(change, world, &name.owner, content).await?;
                total.octets = total.octets.saturating_sub(content.octets as u64);
            }
        }
    }
    total.octets += content.octets.len() as u64;
    rows::put(change, name, &record, version);
    Ok(Stored { tag: Some(tag), created, schedule_tag: None })
}

async fn parent_is_there(world: &World, name: &FileName) -> Result<(), Refusal> {
    let Some(parent) = name.parent() else { return Ok(()) };
    match node(world, &parent).await? {
        Some(node) if node.file.is_none() => Ok(()),
        _ => Err(Refusal::NoParent),
    }
}

fn apply(record: &mut FileRecord, changes: &[PropertyChange]) -> Result<(), Refusal> {
    for change in changes {
        match change {
            PropertyChange::DisplayName(name) => {
                record.display_name = (!name.is_empty()).then(|| name.clone());
            }
            PropertyChange::Dead(name, value) => {
                properties::keep(&mut record.properties, name, value.as_ref());
            }
            _ => return Err(Refusal::Protected("only calendars have this property")),
        }
    }
    properties::check_room(&record.properties)
}

fn root(name: &FileName) -> FileNode {
    let beginning = Instant::from_unix(0);
    FileNode {
        name: name.clone(),
        file: None,
        display_name: None,
        modified: beginning,
        created: beginning,
        dead_properties: BTreeMap::new(),
    }
}

fn node_of(name: FileName, record: &FileRecord) -> FileNode {
    FileNode {
        name,
        file: record.content.as_ref().map(|content| dav::backend::FileFacts {
            tag: EntityTag(content.tag.clone()),
            media_type: content.media_type.clone(),
            octets: content.octets,
        }),
        display_name: record.display_name.clone(),
        modified: Instant::from_unix(record.modified),
        created: Instant::from_unix(record.created),
        dead_properties: properties::dead_of(&record.properties),
    }
}
