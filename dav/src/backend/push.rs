//! What the protocol asks of whoever tells devices of changes (WebDAV-Push, draft-bitfire-webdav-push).

use async_trait::async_trait;
use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::time::Instant;

use super::Caller;
use crate::path::{decoded, encoded};

/// A subscription to a collection: `/dav/push/{owner}/{collection}/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionName {
    /// Of which collection.
    pub collection: CollectionName,
    /// Which.
    pub id: String,
}

impl SubscriptionName {
    /// What `path` (as it stands in the request line, encoded) names.
    pub fn of_path(path: &str) -> Option<Self> {
        let segments =
            path.strip_prefix("/dav/push/")?.split('/').map(decoded).collect::<Option<Vec<_>>>()?;
        let [owner, collection, id] = segments.as_slice() else { return None };
        Some(Self { collection: CollectionName::new(owner, collection), id: id.clone() })
    }

    /// What a URL names, whose host is not looked at (a proxy may have another name).
    pub fn of_url(url: &str) -> Option<Self> {
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        Self::of_path(path)
    }

    /// Its path.
    pub fn href(&self) -> String {
        let (owner, collection) = (self.collection.owner.as_str(), self.collection.id.as_str());
        format!("/dav/push/{}/{}/{}", encoded(owner), encoded(collection), encoded(&self.id))
    }
}

/// Where a device is told, and how what it is told is sealed for it (RFC 8030, RFC 8291).
#[derive(Clone, PartialEq, Eq)]
pub struct WebPush {
    /// The push resource: an absolute URI, which also tells one device from another.
    pub resource: String,
    /// The device's public key: an uncompressed point of P-256, 65 octets.
    pub public_key: Vec<u8>,
    /// What only device and server know: 16 octets.
    pub secret: Vec<u8>,
}

/// A subscription that was made or renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// What ends it.
    pub name: SubscriptionName,
    /// When it ends by itself.
    pub expires: Instant,
}

/// Why a subscription is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRegistered {
    /// What was given is of no use, for this reason.
    Invalid(String),
    /// Nobody is told of this collection, or not so many devices.
    NotAvailable(&'static str),
    /// Anything else.
    Refused(Refusal),
}

/// Whoever tells devices.
#[async_trait]
pub trait Push: Send + Sync + 'static {
    /// The public key of this server (RFC 8292), base64url; `None`: it tells nobody.
    fn push_key(&self) -> Option<&str>;

    /// Takes a subscription of the caller to a collection; one with the same push resource is renewed.
    async fn register_push(
        &self,
        caller: &Caller,
        name: &CollectionName,
        subscription: (&WebPush, Option<Instant>),
    ) -> Result<Registered, NotRegistered>;

    /// Ends a subscription of the caller.
    async fn end_push(&self, caller: &Caller, name: &SubscriptionName) -> Result<(), Refusal>;

    /// These subscriptions of the caller need not be told of the one change of `collection` that they just made.
    async fn mute_push(
        &self,
        caller: &Caller,
        collection: &CollectionName,
        subscriptions: &[SubscriptionName],
    ) -> Result<(), Refusal>;
}

impl std::fmt::Debug for WebPush {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address and the secret are what keeps others from telling the device things.
        out.write_str("WebPush(…)")
    }
}
