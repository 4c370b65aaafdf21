//! sync-collection of a home, at either level, and of the notifications (RFC 6578 §3.2, §3.3).

use std::sync::Arc;

use calendar::collection::CollectionName;
use calendar::refusal::Refusal;

use crate::backend::{Collection, CollectionKind};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::path::{Resource, member_href};
use crate::property::View;
use crate::report::sync_collection::{Item, Told, unknown_token};
use crate::tree_token::{self, Level, TreeToken, state_of, told_of};

/// What is told so far.
struct Telling<'a> {
    exchange: &'a Exchange,
    level: Level,
    token: TreeToken,
    items: Vec<Item>,
    /// Items that may still be told.
    room: usize,
}

/// What changed in a home.
///
/// A collection is told where it is new, or one of its properties has changed, its own sync-token among them: so a client
/// that asks at level 1 learns which calendars it has to ask, which is what Apple Calendar expects of
/// `calendarserver-home-sync`. One that is gone is told alone, and what was in it with it. What is gone from one that was
/// made anew under an old name cannot be told: whoever knew the old one begins anew.
///
/// # Errors
/// DAV:valid-sync-token; those of the backend.
pub(super) async fn of_home(
    exchange: &Exchange,
    own: &View,
    (since, level): (Option<TreeToken>, Level),
    limit: usize,
) -> Result<Told, Failure> {
    let collections = own.home.as_deref().ok_or_else(Failure::not_found)?;
    let owner = own.resource.owner().ok_or_else(Failure::not_found)?;
    let token = since.unwrap_or_default();
    let mut telling = Telling { exchange, level, token, items: Vec::new(), room: limit };
    let is_there = |id: &String| collections.iter().any(|one| one.name.id.as_str() == id);
    let gone: Vec<String> = telling.token.told.keys().filter(|id| !is_there(id)).cloned().collect();
    for id in gone {
        if telling.room == 0 {
            return Ok(telling.cut());
        }
        let name = CollectionName::new(owner.as_str(), &id);
        telling.token.told.remove(&id);
        telling.tell(Item::Gone(Resource::Collection(name).href()));
    }
    for collection in collections {
        if !telling.collection(&Arc::new(collection.clone())).await? {
            return Ok(telling.cut());
        }
    }
    let token = TreeToken { level: None, ..telling.token };
    Ok(Told { token: token.to_uri(), items: telling.items, truncated: false })
}

impl Telling<'_> {
    fn tell(&mut self, item: Item) {
        self.items.push(item);
        self.room = self.room.saturating_sub(1);
    }

    /// The answer where there was no room for all.
    fn cut(self) -> Told {
        let token = TreeToken { level: Some(self.level), ..self.token };
        Told { token: token.to_uri(), items: self.items, truncated: true }
    }

    /// Tells what is new of a collection; whether there was room for it.
    ///
    /// One that the client does not know comes before what is in it, any other after: so each answer goes on, however
    /// often it changes in between.
    async fn collection(&mut self, collection: &Arc<Collection>) -> Result<bool, Failure> {
        let id = collection.name.id.as_str();
        let state = state_of(collection);
        if !self.token.told.contains_key(id) {
            if self.room == 0 {
                return Ok(false);
            }
            self.tell(Item::Collection(Arc::clone(collection)));
            self.token.told.insert(id.to_owned(), tree_token::Told { state, at: None });
        }
        let mut told = self.token.told.get(id).copied().unwrap_or_default();
        let is_whole = self.members(collection, &mut told).await?;
        let is_told = is_whole && (told.state == state || self.room > 0);
        if is_told && told.state != state {
            self.tell(Item::Collection(Arc::clone(collection)));
            told.state = state;
        }
        self.token.told.insert(id.to_owned(), told);
        Ok(is_told)
    }

    /// Tells what has changed in a collection, at the level that is asked for; whether there was room for it.
    async fn members(
        &mut self,
        collection: &Arc<Collection>,
        told: &mut tree_token::Told,
    ) -> Result<bool, Failure> {
        if told.at == Some(collection.token) {
            return Ok(true);
        }
        if self.level == Level::One || collection.kind == CollectionKind::Outbox {
            if told.at.is_some_and(|at| at.epoch != collection.token.epoch) {
                return Err(unknown_token());
            }
            told.at = Some(collection.token);
            return Ok(true);
        }
        if self.room == 0 {
            return Ok(false);
        }
        let (caller, name) = (self.exchange.caller(), &collection.name);
        let changes = match self.exchange.backend.changes(caller, name, told.at, self.room).await {
            // It went away after the home was listed, or is the caller's to read no more; the next answer says so.
            Err(Refusal::NotFound | Refusal::NotPermitted(_)) => return Ok(true),
            other => other?,
        };
        if told.at.is_some() {
            for member in &changes.removed {
                self.tell(Item::Gone(member_href(name, member)));
            }
        }
        for member in changes.changed {
            self.tell(Item::Member(Arc::clone(collection), member));
        }
        told.at = Some(changes.token);
        Ok(!changes.truncated)
    }
}

/// What changed among the notifications.
pub(super) fn of_notifications(own: &View, since: Option<TreeToken>, limit: usize) -> Told {
    let notifications = own.notifications.as_deref().map(Vec::as_slice).unwrap_or_default();
    let mut token = since.unwrap_or_default();
    let mut items = Vec::new();
    let mut left = 0;
    let is_there = |id: &String| notifications.iter().any(|one| one.id == *id);
    let gone: Vec<String> = token.told.keys().filter(|id| !is_there(id)).cloned().collect();
    for id in gone {
        if items.len() == limit {
            left += 1;
            continue;
        }
        token.told.remove(&id);
        if let Some(owner) = own.resource.owner() {
            items.push(Item::Gone(Resource::Notification(owner.clone(), id).href()));
        }
    }
    for notification in notifications {
        let told = told_of(notification);
        if token.told.get(&notification.id) == Some(&told) {
            continue;
        }
        if items.len() == limit {
            left += 1;
            continue;
        }
        token.told.insert(notification.id.clone(), told);
        items.push(Item::Notification(notification.clone()));
    }
    token.level = (left > 0).then_some(Level::One);
    Told { token: token.to_uri(), items, truncated: left > 0 }
}
