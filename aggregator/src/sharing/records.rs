//! Invitations and notifications as they are kept.

use calendar::collection::{CollectionName, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::{InviteState, Invitee, News, Notification, ShareAccess};
use serde::{Deserialize, Serialize};
use store::Change;
use store::engine::Version;
use store::records::Table;

use crate::reading::tag_of;
use crate::world::{World, refusal_of};

/// Who is invited to a collection. Key: owner, collection.
const SHARES: Table = Table("shares");
/// What an owner is told. Key: owner, id.
const NOTIFICATIONS: Table = Table("notifications");

/// What became of an invitation, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    Waiting,
    Accepted,
    Declined,
    Deleted,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Invite {
    /// Id of who is invited.
    pub(super) sharee: String,
    /// As they were named.
    pub(super) address: String,
    #[serde(default)]
    pub(super) common_name: Option<String>,
    #[serde(default)]
    pub(super) summary: Option<String>,
    /// Whether they may write.
    pub(super) writes: bool,
    pub(super) state: State,
    pub(super) uid: String,
    /// The id under which they see it in their home, once accepted.
    #[serde(default)]
    pub(super) seen_as: Option<String>,
}

impl Invite {
    /// As the protocol tells it.
    pub(super) fn invitee(&self) -> Invitee {
        Invitee {
            principal: PrincipalId::new(self.sharee.as_str()),
            address: self.address.clone(),
            common_name: self.common_name.clone(),
            summary: self.summary.clone(),
            access: if self.writes { ShareAccess::ReadWrite } else { ShareAccess::Read },
            state: match self.state {
                State::Waiting => InviteState::NoResponse,
                State::Accepted => InviteState::Accepted,
                State::Declined => InviteState::Declined,
                State::Deleted => InviteState::Deleted,
            },
            uid: self.uid.clone(),
        }
    }

    /// Where it is seen, while it is accepted.
    pub(super) fn seen_at(&self) -> Option<CollectionName> {
        let id = self.seen_as.as_ref().filter(|_| self.state == State::Accepted)?;
        Some(CollectionName::new(&self.sharee, id))
    }
}

/// Something that an owner is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Whether it is the answer to an invitation.
    pub(super) replies: bool,
    /// UTC seconds.
    pub(super) at: i64,
    /// Owner and id of the collection.
    pub(super) host: (String, String),
    pub(super) invite: Invite,
}

fn key(name: &CollectionName) -> [&str; 2] {
    [name.owner.as_str(), name.id.as_str()]
}

/// The invitations to a collection, with the version of the record.
pub(super) async fn invites(world: &World, name: &CollectionName) -> Result<(Vec<Invite>, Version), Refusal> {
    let seen = world.store.record::<Vec<Invite>>(SHARES, &key(name)).await.map_err(refusal_of)?;
    Ok(seen.unwrap_or_default())
}

/// Adds to `change` that these are the invitations to a collection.
pub(super) fn put_invites(
    change: &mut Change,
    name: &CollectionName,
    (invites, seen): (&Vec<Invite>, Version),
) {
    match (invites.is_empty(), seen) {
        (true, 0) => change.expect_record(SHARES, &key(name), 0),
        (true, seen) => change.remove_record(SHARES, &key(name), seen),
        (false, seen) => change.put_record(SHARES, &key(name), invites, seen),
    }
}

/// The ids of an owner's collections to which somebody is invited.
pub(super) async fn lent(world: &World, owner: &PrincipalId) -> Result<Vec<String>, Refusal> {
    let rows = world.store.records::<Vec<Invite>>(SHARES, &[owner.as_str()], None, usize::MAX).await;
    let rows = rows.map_err(refusal_of)?.into_iter().filter(|row| !row.record.is_empty());
    Ok(rows.filter_map(|row| row.key.into_iter().nth(1)).collect())
}

/// Adds to `change` that `owner` is told `note` under `id`, in the place of what stood there.
pub(super) async fn put_note(
    world: &World,
    change: &mut Change,
    (owner, id): (&str, &str),
    note: Option<&Note>,
) -> Result<(), Refusal> {
    let seen = world.store.record::<Note>(NOTIFICATIONS, &[owner, id]).await.map_err(refusal_of)?;
    let version = seen.map_or(0, |(_, version)| version);
    match note {
        Some(note) => change.put_record(NOTIFICATIONS, &[owner, id], note, version),
        None if version == 0 => {}
        None => change.remove_record(NOTIFICATIONS, &[owner, id], version),
    }
    Ok(())
}

/// What an owner is told, oldest first.
pub(super) async fn notes(world: &World, owner: &PrincipalId) -> Result<Vec<Notification>, Refusal> {
    let rows = world.store.records::<Note>(NOTIFICATIONS, &[owner.as_str()], None, usize::MAX).await;
    let mut notes = Vec::new();
    for row in rows.map_err(refusal_of)? {
        let Some(id) = row.key.into_iter().nth(1) else { continue };
        let note = row.record;
        let lender = world.owner(&note.host.0);
        let name = lender.map_or_else(|| note.host.0.clone(), |lender| lender.name.clone());
        let mut notification = Notification {
            id,
            news: if note.replies { News::Reply } else { News::Invite },
            at: Instant::from_unix(note.at),
            tag: tag_of(b""),
            host: CollectionName::new(&note.host.0, &note.host.1),
            organizer: (PrincipalId::new(note.host.0.as_str()), name),
            invitee: note.invite.invitee(),
        };
        notification.tag = tag_of(dav::notification::text(&notification).as_bytes());
        notes.push(notification);
    }
    notes.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    Ok(notes)
}
