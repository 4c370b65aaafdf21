//! What is asked through an outbox about the busy time of others.

use async_trait::async_trait;
use calendar::busy::BusySet;
use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use calendar::time::Span;
use dav::backend::{Access, Caller, FreeBusyAnswer, FreeBusyRequest, FreeBusyRequests};
use dav::path::Resource;
use dav::privilege;
use subtle::ConstantTimeEq;

use super::DavBackend;
use crate::directory;
use crate::operation::availability::{Where, with_availability};
use crate::operation::free_busy;
use crate::owner::FreeBusyUrl;
use crate::scheduling::place::OUTBOX;
use crate::world::refusal_of;

#[async_trait]
impl FreeBusyRequests for DavBackend {
    async fn ask(&self, caller: &Caller, request: &FreeBusyRequest) -> Result<FreeBusyAnswer, Refusal> {
        let outbox = CollectionName::new(request.asker.as_str(), OUTBOX);
        self.enter_collection(caller, &outbox, Privilege::ScheduleSendFreeBusy).await?;
        let Some(owner) = directory::owner_of(&self.world, &request.attendee) else {
            // Who has a mail address may well have a calendar, only not here.
            let elsewhere = request.attendee.mail().is_some_and(|mail| mail.contains('@'));
            return Ok(if elsewhere { FreeBusyAnswer::Unreachable } else { FreeBusyAnswer::Unknown });
        };
        let attendee = PrincipalId::new(owner.id.as_str());
        let mut moved = None;
        for uid in &request.except_uids {
            // Leaving out an event tells when it is, so only those who have it themselves may have it left out.
            if self.has(&request.asker, uid).await? && self.has(&attendee, uid).await? {
                moved = Some(uid.as_str());
                break;
            }
        }
        // Whoever asks for another learns what that one may learn.
        let asker = Caller::of(request.asker.clone());
        let inbox = Resource::Collection(CollectionName::new(&owner.id, "inbox"));
        let held = self.privileges(&asker, &inbox).await?;
        if !privilege::holds(&held, Privilege::ScheduleQueryFreeBusy) {
            return Ok(FreeBusyAnswer::Withheld);
        }
        Ok(FreeBusyAnswer::Busy(self.everything(&asker, &owner, (request.window, moved)).await?))
    }

    async fn published_busy(
        &self,
        owner: &PrincipalId,
        key: Option<&str>,
        window: Span,
    ) -> Result<Option<BusySet>, Refusal> {
        let Some(owner) = self.world.owner(owner.as_str()) else { return Ok(None) };
        let is_open = match &owner.manner.free_busy_url {
            FreeBusyUrl::Off => false,
            FreeBusyUrl::Open => true,
            FreeBusyUrl::Keyed(word) => {
                key.is_some_and(|key| bool::from(key.as_bytes().ct_eq(word.as_bytes())))
            }
        };
        if !is_open {
            return Ok(None);
        }
        let seen = free_busy::owner_busy(&self.world, &owner, window, None).await?;
        let busy = with_availability(&self.world, &owner, (window, Where::Everywhere), &seen).await?;
        Ok(Some(busy.clipped(window)))
    }
}

impl DavBackend {
    /// Whether an owner has an object with this UID in any collection.
    async fn has(&self, owner: &PrincipalId, uid: &str) -> Result<bool, Refusal> {
        Ok(!self.world.store.copies_of(owner, uid).await.map_err(refusal_of)?.is_empty())
    }
}
