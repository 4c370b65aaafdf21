//! Subscriptions of devices, as the protocol asks for them.

use async_trait::async_trait;
use calendar::collection::{CollectionName, Privilege, Revision};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::{Backend, Caller, NotRegistered, Push, Registered, SubscriptionName, WebPush};
use reqwest::Url;

use super::DavBackend;
use crate::push::subscription::{self, Subscription};
use crate::source::http::guard::Guard;

#[async_trait]
impl Push for DavBackend {
    fn push_key(&self) -> Option<&str> {
        self.push.as_ref().map(|(identity, _)| identity.public_key())
    }

    async fn register_push(
        &self,
        caller: &Caller,
        name: &CollectionName,
        (to, until): (&WebPush, Option<Instant>),
    ) -> Result<Registered, NotRegistered> {
        let (_, settings) =
            self.push.as_ref().ok_or(NotRegistered::NotAvailable("devices are not told here"))?;
        let invalid = |reason: String| NotRegistered::Invalid(reason);
        let url =
            Url::parse(&to.resource).map_err(|_| invalid("the push-resource is no address".to_owned()))?;
        // As far as its text tells; where its host leads is seen each time a message goes.
        Guard::new(&url, settings.permissions(&url))
            .check(&url)
            .map_err(|error| invalid(error.to_string()))?;
        let collection = self.collection(caller, name).await.map_err(NotRegistered::Refused)?;
        let collection = collection.ok_or(NotRegistered::Refused(Refusal::NotFound))?;
        if !collection.privileges.contains(&Privilege::Read) {
            return Err(NotRegistered::NotAvailable("only who may read it is told of it"));
        }
        let seen = (name, collection.token);
        let made = subscription::register(&self.world, seen, caller, (to, until)).await?;
        let name = SubscriptionName { collection: name.clone(), id: made.id };
        Ok(Registered { name, expires: Instant::from_unix(made.expires) })
    }

    async fn end_push(&self, caller: &Caller, name: &SubscriptionName) -> Result<(), Refusal> {
        let kept = subscription::find(&self.world, &name.collection, &name.id).await?;
        let now = self.world.now().as_unix();
        let own = |one: &Subscription| one.principal == caller.principal.as_str() && one.expires > now;
        kept.filter(own).ok_or(Refusal::NotFound)?;
        subscription::change(&self.world, (&name.collection, &name.id), |_| None).await.map(|_| ())
    }

    async fn mute_push(
        &self,
        caller: &Caller,
        collection: &CollectionName,
        subscriptions: &[SubscriptionName],
    ) -> Result<(), Refusal> {
        if subscriptions.iter().all(|name| name.collection != *collection) {
            return Ok(());
        }
        let Some(found) = self.collection(caller, collection).await? else { return Ok(()) };
        let Revision(revision) = found.token.revision;
        // Only if this one change is all that the device does not know: else it is told as ever.
        let before = (found.token.epoch, revision.saturating_sub(1));
        for name in subscriptions.iter().filter(|name| name.collection == *collection) {
            let note = |one: Subscription| {
                let alone = one.told == before && one.principal == caller.principal.as_str();
                Some(if alone { Subscription { told: (before.0, revision), ..one } } else { one })
            };
            subscription::change(&self.world, (collection, &name.id), note).await?;
        }
        Ok(())
    }
}
