//! Published calendars as the protocol asks for them: their owners alone publish them and are told the address.

use async_trait::async_trait;
use calendar::collection::{CollectionName, Privilege};
use calendar::detail::Detail;
use calendar::refusal::Refusal;
use dav::backend::{Caller, Publication, PublicationChange, Published};
use dav::open::{PUBLISHED, published_path};
use dav::property::Kinds;

use super::DavBackend;
use super::access::kind_of;
use crate::published;

impl DavBackend {
    /// The scheme and host by which this server is called: as the settings say, else as the request does.
    pub(super) fn origin(&self, request: &str) -> String {
        let rules = self.world.house_rules();
        let known = rules.public_url.trim_end_matches('/');
        if known.is_empty() { request.to_owned() } else { known.to_owned() }
    }

    /// Whether the caller may decide on that: whoever may hand a calendar on is not whoever may show it to everybody.
    async fn publishes(&self, caller: &Caller, name: &CollectionName) -> Result<(), Refusal> {
        let seat = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        if caller.principal != name.owner || seat.borrowed.is_some() {
            return Err(Refusal::NotPermitted(Privilege::WriteAcl));
        }
        if kind_of(&seat.record.role) != Kinds::CALENDAR {
            return Err(Refusal::Protected("only calendars are published"));
        }
        Ok(())
    }
}

#[async_trait]
impl Published for DavBackend {
    async fn published(&self, secret: &str) -> Result<Option<(CollectionName, Detail)>, Refusal> {
        published::find(&self.world, secret).await
    }

    async fn publication(
        &self,
        caller: &Caller,
        name: &CollectionName,
        origin: &str,
    ) -> Result<Publication, Refusal> {
        self.publishes(caller, name).await?;
        let origin = self.origin(origin);
        let open = published::of_calendar(&self.world, name).await?;
        let open = open.map(|(secret, detail)| (format!("{origin}{}", published_path(&secret)), detail));
        Ok(Publication { below: format!("{origin}{PUBLISHED}"), open })
    }

    async fn change_publication(
        &self,
        caller: &Caller,
        name: &CollectionName,
        change: PublicationChange,
    ) -> Result<(), Refusal> {
        self.publishes(caller, name).await?;
        match change {
            PublicationChange::Open(detail) => published::publish(&self.world, name, detail).await.map(drop),
            PublicationChange::Close => published::unpublish(&self.world, name).await,
        }
    }
}
