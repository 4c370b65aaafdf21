//! Subscriptions of devices, in memory.

use async_trait::async_trait;
use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::*;

use super::{Memory, NOW};

#[async_trait]
impl Push for Memory {
    fn push_key(&self) -> Option<&str> {
        Some("BPublicKey")
    }

    async fn register_push(
        &self,
        _caller: &Caller,
        name: &CollectionName,
        (to, until): (&WebPush, Option<Instant>),
    ) -> Result<Registered, NotRegistered> {
        if to.resource.starts_with("http:") {
            return Err(NotRegistered::Invalid("it is plain http".to_owned()));
        }
        if name.id.as_str() != "work" {
            return Err(NotRegistered::NotAvailable("nobody is told of this one"));
        }
        let name = SubscriptionName { collection: name.clone(), id: "one".to_owned() };
        let mut subscriptions = self.subscriptions.lock().unwrap();
        subscriptions.retain(|(other, _)| *other != name);
        subscriptions.push((name.clone(), to.clone()));
        Ok(Registered { name, expires: until.unwrap_or(Instant::from_unix(NOW + 86_400)) })
    }

    async fn end_push(&self, _caller: &Caller, name: &SubscriptionName) -> Result<(), Refusal> {
        let mut subscriptions = self.subscriptions.lock().unwrap();
        let before = subscriptions.len();
        subscriptions.retain(|(other, _)| other != name);
        if subscriptions.len() < before { Ok(()) } else { Err(Refusal::NotFound) }
    }

    async fn mute_push(
        &self,
        _caller: &Caller,
        collection: &CollectionName,
        subscriptions: &[SubscriptionName],
    ) -> Result<(), Refusal> {
        let ids = subscriptions.iter().map(|name| format!("{} {}", collection.id.as_str(), name.id));
        self.muted.lock().unwrap().extend(ids);
        Ok(())
    }
}
