//! How attachments are kept: a record each, with who speaks of it; their octets in pieces like those of files.

use std::collections::BTreeSet;

use calendar::collection::{ObjectName, PrincipalId};
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use store::Change;
use store::engine::Version;
use store::records::Table;

use crate::files::rows::Content;
use crate::world::{World, refusal_of};

/// Key: owner, id.
const ATTACHMENTS: Table = Table("attachments");
/// Key: owner, collection, member.
const HELD: Table = Table("attachments-held");
/// Key: owner.
const TOTALS: Table = Table("attachment-totals");

/// An attachment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) content: Content,
    pub(super) file_name: String,
    /// UTC seconds.
    pub(super) created: i64,
    /// The objects that speak of it.
    pub(super) holders: BTreeSet<String>,
}

/// All attachments of an owner together.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Total {
    pub(super) attachments: usize,
    pub(super) octets: u64,
}

/// The name of an object as a holder.
pub(super) fn holder(name: &ObjectName) -> String {
    format!("{}\u{1f}{}", name.collection.id.as_str(), name.member.as_str())
}

pub(super) async fn kept(
    world: &World,
    owner: &PrincipalId,
    id: &str,
) -> Result<Option<(Kept, Version)>, Refusal> {
    world.store.record(ATTACHMENTS, &[owner.as_str(), id]).await.map_err(refusal_of)
}

pub(super) async fn all(world: &World, owner: &PrincipalId) -> Result<Vec<(String, Kept)>, Refusal> {
    let rows = world.store.records::<Kept>(ATTACHMENTS, &[owner.as_str()], None, usize::MAX).await;
    let rows = rows.map_err(refusal_of)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.key.get(1)?.clone(), row.record))).collect())
}

pub(super) fn put(change: &mut Change, owner: &PrincipalId, (id, kept): (&str, &Kept), seen: Version) {
    change.put_record(ATTACHMENTS, &[owner.as_str(), id], kept, seen);
}

pub(super) fn remove(change: &mut Change, owner: &PrincipalId, id: &str, seen: Version) {
    change.remove_record(ATTACHMENTS, &[owner.as_str(), id], seen);
}

fn key(name: &ObjectName) -> [&str; 3] {
    [name.collection.owner.as_str(), name.collection.id.as_str(), name.member.as_str()]
}

/// The ids that an object speaks of.
pub(super) async fn held_by(
    world: &World,
    name: &ObjectName,
) -> Result<(BTreeSet<String>, Version), Refusal> {
    Ok(world.store.record(HELD, &key(name)).await.map_err(refusal_of)?.unwrap_or_default())
}

pub(super) fn put_held(change: &mut Change, name: &ObjectName, ids: &BTreeSet<String>, seen: Version) {
    if ids.is_empty() {
        change.remove_record(HELD, &key(name), seen);
    } else {
        change.put_record(HELD, &key(name), ids, seen);
    }
}

pub(super) async fn total(world: &World, owner: &PrincipalId) -> Result<(Total, Version), Refusal> {
    Ok(world.store.record(TOTALS, &[owner.as_str()]).await.map_err(refusal_of)?.unwrap_or_default())
}

pub(super) fn put_total(change: &mut Change, owner: &PrincipalId, total: Total, seen: Version) {
    change.put_record(TOTALS, &[owner.as_str()], &total, seen);
}
