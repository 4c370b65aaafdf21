//! Managed attachments: files that objects speak of, kept as long as one does (RFC 8607).
//!
//! An attachment is kept before the object that speaks of it is written, and nobody reads it until then. Who speaks of
//! it is noted by the gate in the commit of the object, and with the last one it goes. One that nobody ever spoke of (a
//! crash between the two) is swept away when the owner attaches something else.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::collection::{ObjectName, PrincipalId};
use calendar::itip::attachment::{AttachmentFault, managed};
use calendar::limits::Limits;
use calendar::refusal::Refusal;
use calendar::text;
use dav::backend::{AttachedFile, FileContent};
use dav::open;
use store::{Change, Committed};

use crate::files::rows as pieces;
use crate::gate::{ATTEMPTS_MAX, Edit};
use crate::reading::{hex, tag_of};
use crate::world::{World, refusal_of};
use rows::Kept;

/// Octets of one attachment.
pub const OCTETS_MAX: usize = 10 * 1024 * 1024;
/// Attachments of one object.
pub const PER_OBJECT_MAX: usize = 20;
/// Attachments of one owner.
pub const ATTACHMENTS_MAX: usize = 10_000;
/// Seconds that an attachment waits for an object to speak of it.
const UNSPOKEN_SECONDS: i64 = 3_600;

/// Keeps a file for an object that is about to speak of it; its id, which cannot be guessed.
///
/// # Errors
/// [`Refusal::OverQuota`] for more than an owner may have.
pub async fn keep(world: &World, owner: &PrincipalId, file: &AttachedFile) -> Result<String, Refusal> {
    sweep(world, owner).await?;
    for _ in 0..ATTEMPTS_MAX {
        let (mut total, version) = rows::total(world, owner).await?;
        total.attachments += 1;
        total.octets += file.octets.len() as u64;
        if total.attachments > ATTACHMENTS_MAX {
            return Err(Refusal::OverQuota);
        }
        let id = hex(&world.entropy.draw());
        let mut change = Change::new();
        let content = FileContent { media_type: file.media_type.clone(), octets: file.octets.clone() };
        let content = pieces::write_content(&mut change, world, owner, &content, &tag_of(&file.octets));
        let now = world.now().as_unix();
        let kept = Kept { content, file_name: file.name.clone(), created: now, holders: BTreeSet::new() };
        rows::put(&mut change, owner, (&id, &kept), 0);
        rows::put_total(&mut change, owner, total, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(id);
        }
    }
    Err(Refusal::Contended)
}

/// A file that some object speaks of.
pub async fn read(world: &World, owner: &PrincipalId, id: &str) -> Result<Option<AttachedFile>, Refusal> {
    let Some((kept, _)) = rows::kept(world, owner, id).await? else { return Ok(None) };
    if kept.holders.is_empty() {
        return Ok(None);
    }
    let octets = pieces::octets(world, owner, &kept.content).await?;
    if octets.len() != kept.content.octets {
        // It went while it was read.
        return Ok(None);
    }
    Ok(Some(AttachedFile { media_type: kept.content.media_type, name: kept.file_name, octets }))
}

/// Lets go what was kept for an object that then was not written.
pub async fn let_go(world: &World, owner: &PrincipalId, id: &str) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let Some((kept, version)) = rows::kept(world, owner, id).await? else { return Ok(()) };
        if !kept.holders.is_empty() {
            return Ok(());
        }
        let mut change = Change::new();
        let (mut total, seen) = rows::total(world, owner).await?;
        remove(world, &mut change, owner, (id, &kept, version), &mut total).await?;
        rows::put_total(&mut change, owner, total, seen);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Octets of all attachments of an owner.
pub async fn octets_of(world: &World, owner: &PrincipalId) -> Result<u64, Refusal> {
    Ok(rows::total(world, owner).await?.0.octets)
}

/// Removes what waited too long for an object.
async fn sweep(world: &World, owner: &PrincipalId) -> Result<(), Refusal> {
    let before = world.now().as_unix() - UNSPOKEN_SECONDS;
    for (id, kept) in rows::all(world, owner).await? {
        if kept.holders.is_empty() && kept.created < before {
            let_go(world, owner, &id).await?;
        }
    }
    Ok(())
}

async fn remove(
    world: &World,
    change: &mut Change,
    owner: &PrincipalId,
    (id, kept, version): (&str, &Kept, store::engine::Version),
    total: &mut rows::Total,
) -> Result<(), Refusal> {
    pieces::remove_content(change, world, owner, &kept.content).await?;
    rows::remove(change, owner, id, version);
    total.attachments = total.attachments.saturating_sub(1);
    total.octets = total.octets.saturating_sub(kept.content.octets as u64);
    Ok(())
}

/// What stands before a managed attachment's id.
const WORD: &[u8] = b"MANAGED-ID";

/// Whether iCalendar text can hold a word at all, in any case and folded anywhere.
pub(crate) fn mentions(octets: &[u8], word: &[u8]) -> bool {
    let folded = || octets.windows(2).any(|end| end == b"\n " || end == b"\n\t");
    let stands_in =
        |octets: &[u8]| octets.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    stands_in(octets) || (folded() && stands_in(&without_folds(octets)))
}

fn without_folds(octets: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(octets);
    text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").into_bytes()
}

/// The managed attachments that a text speaks of: id and address.
fn spoken_of(octets: &Arc<[u8]>, limits: &Limits) -> BTreeSet<(String, String)> {
    if !mentions(octets, WORD) {
        return BTreeSet::new();
    }
    let calendar = text::parse(octets, limits).ok().and_then(|parsed| parsed.calendars.into_iter().next());
    calendar.map(|calendar| managed(&calendar)).unwrap_or_default()
}

/// Checks that whatever a client's text speaks of is there: an attachment of the owner, or of another one whose address
/// it gives, or one that the object spoke of before.
///
/// # Errors
/// [`Refusal::Attachment`].
pub async fn check(world: &World, name: &ObjectName, octets: &Arc<[u8]>) -> Result<(), Refusal> {
    let spoken = spoken_of(octets, &world.limits);
    if spoken.is_empty() {
        return Ok(());
    }
    let before = world.store.object(name).await.map_err(refusal_of)?.map(|object| object.octets);
    let known: BTreeSet<String> = before
        .as_ref()
        .map(|before| spoken_of(before, &world.limits).into_iter().map(|(id, _)| id).collect())
        .unwrap_or_default();
    for (id, address) in spoken.into_iter().filter(|(id, _)| !known.contains(id)) {
        let own = rows::kept(world, &name.collection.owner, &id).await?.is_some();
        let other = match open::Attachment::of_address(&address).filter(|named| named.id == id) {
            Some(named) => rows::kept(world, &named.owner, &named.id).await?.is_some(),
            None => false,
        };
        if !own && !other {
            return Err(Refusal::Attachment(AttachmentFault::Parameter));
        }
    }
    Ok(())
}

/// Adds to `change` who speaks of which attachments after `edits` (all of one owner), and that those go of which nobody
/// speaks any more.
pub(crate) async fn stage(world: &World, change: &mut Change, edits: &[Edit]) -> Result<(), Refusal> {
    let Some(first) = edits.first() else { return Ok(()) };
    let owner = &first.name.collection.owner;
    let (mut total, seen) = rows::total(world, owner).await?;
    if total.attachments == 0 {
        return Ok(());
    }
    // Gained and lost, by id.
    let mut moved: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for edit in edits {
        let (held, version) = rows::held_by(world, &edit.name).await?;
        let mut holds = BTreeSet::new();
        if let Some(octets) = &edit.octets {
            for (id, _) in spoken_of(octets, &world.limits) {
                if rows::kept(world, owner, &id).await?.is_some() {
                    holds.insert(id);
                }
            }
        }
        if holds == held {
            continue;
        }
        let holder = rows::holder(&edit.name);
        for id in holds.symmetric_difference(&held) {
            moved.entry(id.clone()).or_default().push((holder.clone(), holds.contains(id)));
        }
        rows::put_held(change, &edit.name, &holds, version);
    }
    let mut removed = false;
    for (id, holders) in moved {
        let Some((mut kept, version)) = rows::kept(world, owner, &id).await? else { continue };
        for (holder, holds) in holders {
            if holds {
                kept.holders.insert(holder);
            } else {
                kept.holders.remove(&holder);
            }
        }
        if kept.holders.is_empty() {
            remove(world, change, owner, (&id, &kept, version), &mut total).await?;
            removed = true;
        } else {
            rows::put(change, owner, (&id, &kept), version);
        }
    }
    if removed {
        rows::put_total(change, owner, total, seen);
    }
    Ok(())
}
