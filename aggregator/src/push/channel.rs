//! The way out to push services: one sealed message a letter (RFC 8030 §5).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::collection::{CollectionName, PrincipalId, Privilege, SyncToken};
use calendar::refusal::Refusal;
use dav::backend::{Backend, Caller, Collection};
use dav::property::push::topic;
use dav::xml::Writer;
use dav::xml::name::{dav as d, push as p};
use reqwest::Url;
use serde::Deserialize;
use store::Change;
use store::outbox::Letter;
use store::records::Table;

use super::crypt::{self, Identity, Receiver};
use super::subscription::{self, Subscription, state_of};
use crate::dav_backend::DavBackend;
use crate::delivery::{Channel, Delivered};
use crate::operation::sign_in;
use crate::source::SourceError;
use crate::source::http::Fetcher;
use crate::source::http::guard::{Permissions, plain};
use crate::source::http::post::Message;
use crate::world::{World, refusal_of};

/// Key: nothing.
const IDENTITY: Table = Table("push-identity");
/// Seconds that a push service keeps a message for a device that is away; later it looks for itself.
const KEPT_SECONDS: u32 = 86_400;

/// The key pair of this server, drawn when it is first needed and then kept: devices subscribe with it.
///
/// # Errors
/// If the store cannot answer, or there is no chance to be had.
pub async fn identity(world: &World) -> Result<Arc<Identity>, Refusal> {
    let broken = |error: crypt::NotSealed| Refusal::Unavailable(format!("the key for push: {error}"));
    let chance = ring::rand::SystemRandom::new();
    loop {
        let kept = world.store.record::<String>(IDENTITY, &["key"]).await.map_err(refusal_of)?;
        if let Some((text, _)) = kept {
            let document = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken(crypt::NotSealed))?;
            return Identity::of(&document, chance).map(Arc::new).map_err(broken);
        }
        let document = Identity::draw(&chance).map_err(broken)?;
        let mut change = Change::new();
        change.put_record(IDENTITY, &["key"], &URL_SAFE_NO_PAD.encode(document), 0);
        // Whoever was first has it.
        world.store.commit(change).await.map_err(refusal_of)?;
    }
}

/// How messages go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushSettings {
    /// A mailto or https URI under which the operator is found (RFC 8292 §2.1).
    pub contact: String,
    /// Hosts of push services that may be in a private network, or speak plain http; lower case.
    pub private_hosts: Vec<String>,
}

impl PushSettings {
    /// What is permitted for a push resource.
    pub fn permissions(&self, url: &Url) -> Permissions {
        let host = url.host_str().map(plain).unwrap_or_default();
        let listed = self.private_hosts.contains(&host);
        Permissions { allow_http: listed, allow_private: listed }
    }
}

/// Tells devices.
pub struct PushChannel {
    world: World,
    backend: DavBackend,
    identity: Arc<Identity>,
    http: Fetcher,
    settings: PushSettings,
}

/// What a letter says.
#[derive(Deserialize)]
struct Content {
    owner: String,
    collection: String,
    subscription: String,
}

impl PushChannel {
    /// A channel that signs with `identity` and asks through `http`.
    pub fn new(world: World, identity: Arc<Identity>, http: Fetcher, settings: PushSettings) -> Self {
        let backend = DavBackend::new(world.clone());
        Self { world, backend, identity, http, settings }
    }

    async fn tell(&self, content: &Content) -> Result<Delivered, Refusal> {
        let name = CollectionName::new(&content.owner, &content.collection);
        let Some(to) = subscription::find(&self.world, &name, &content.subscription).await? else {
            return Ok(Delivered::Yes);
        };
        if !self.stands(&to).await? {
            self.end(&name, &to).await?;
            return Ok(Delivered::Yes);
        }
        // Who may not look any more is not told any more.
        let caller = Caller::of(PrincipalId::new(to.principal.as_str()));
        let collection = match self.backend.collection(&caller, &name).await {
            Ok(collection) => collection,
            Err(Refusal::NotFound | Refusal::NotPermitted(_)) => None,
            Err(refusal) => return Err(refusal),
        };
        let now = self.world.now().as_unix();
        let told = |one: &Collection| one.privileges.contains(&Privilege::Read) && to.expires > now;
        let Some(collection) = collection.filter(told) else {
            self.end(&name, &to).await?;
            return Ok(Delivered::Yes);
        };
        if knows(&to, collection.token) {
            return Ok(Delivered::Yes);
        }
        let delivered = match self.send(&to, &collection).await {
            Sent::Taken => Delivered::Yes,
            Sent::Gone => {
                self.end(&name, &to).await?;
                return Ok(Delivered::Yes);
            }
            Sent::Refused(reason) => {
                self.end(&name, &to).await?;
                return Ok(Delivered::Never(reason));
            }
            Sent::Later(reason) => return Ok(Delivered::Later(reason)),
        };
        let told = state_of(collection.token);
        let note =
            |one: Subscription| Some(if later(one.told, told) { one } else { Subscription { told, ..one } });
        subscription::change(&self.world, (&name, &to.id), note).await?;
        Ok(delivered)
    }

    /// Whether whoever subscribed could still sign in as they did: a device that was lost and revoked is told nothing.
    async fn stands(&self, to: &Subscription) -> Result<bool, Refusal> {
        match &to.device {
            Some(device) => sign_in::is_in_force(&self.world, &to.principal, device).await,
            None => Ok(self.world.owner(&to.principal).is_some()),
        }
    }

    /// Ends a subscription, unless it was renewed meanwhile.
    async fn end(&self, name: &CollectionName, to: &Subscription) -> Result<(), Refusal> {
        let end = |one: Subscription| (one.expires != to.expires || one.secret != to.secret).then_some(one);
        subscription::change(&self.world, (name, &to.id), end).await.map(|_| ())
    }

    async fn send(&self, to: &Subscription, collection: &Collection) -> Sent {
        let Ok(url) = Url::parse(&to.resource) else { return Sent::Refused("no address".to_owned()) };
        let topic = topic(&collection.name, collection.token);
        let sealed = self.seal(to, &message(&topic, collection.token));
        let origin = url.origin().ascii_serialization();
        let proof = self.identity.proof(&origin, &self.settings.contact, self.world.now());
        let (Ok(body), Ok(authorization)) = (sealed, proof) else {
            return Sent::Refused("the device's key is of no use".to_owned());
        };
        let message = Message {
            fields: vec![
                ("authorization", authorization),
                ("content-encoding", "aes128gcm".to_owned()),
                ("content-type", "application/xml; charset=\"UTF-8\"".to_owned()),
                ("ttl", KEPT_SECONDS.to_string()),
                ("urgency", "normal".to_owned()),
                ("topic", topic),
            ],
            body,
        };
        match self.http.post(&url, self.settings.permissions(&url), message).await {
            Ok(200..=299) => Sent::Taken,
            Ok(404 | 410) => Sent::Gone,
            Ok(status @ (408 | 425 | 429 | 500..=599)) => {
                Sent::Later(format!("the push service answers {status}"))
            }
            Ok(status) => Sent::Refused(format!("the push service answers {status}")),
            Err(SourceError::Forbidden(reason) | SourceError::Misconfigured(reason)) => Sent::Refused(reason),
            Err(error) => Sent::Later(error.to_string()),
        }
    }

    fn seal(&self, to: &Subscription, text: &str) -> Result<Vec<u8>, crypt::NotSealed> {
        let octets = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| crypt::NotSealed);
        let (public_key, secret) = (octets(&to.public_key)?, octets(&to.secret)?);
        let receiver = Receiver { public_key: &public_key, secret: &secret };
        crypt::seal(text.as_bytes(), receiver, self.world.entropy.draw(), self.identity.chance())
    }
}

/// What became of a message.
enum Sent {
    Taken,
    /// The device has no use for it any more.
    Gone,
    /// It will never be taken, for this reason.
    Refused(String),
    Later(String),
}

/// Whether the device knows this state already.
fn knows(to: &Subscription, token: SyncToken) -> bool {
    let (epoch, revision) = to.told;
    epoch == token.epoch && revision >= token.revision.0
}

/// Whether `one` is a later state of the same collection than `other`.
fn later(one: (u64, u64), other: (u64, u64)) -> bool {
    one.0 == other.0 && one.1 > other.1
}

/// The text of a message.
fn message(topic: &str, token: SyncToken) -> String {
    let mut out = Writer::document(p("push-message"));
    out.text_element(p("topic"), topic);
    out.open(p("content-update"));
    out.text_element(d("sync-token"), &token.to_uri());
    out.close(p("content-update"));
    out.close(p("push-message"));
    out.finish()
}

#[async_trait]
impl Channel for PushChannel {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        let content: Content = match serde_json::from_str(&letter.content) {
            Ok(content) => content,
            Err(error) => return Delivered::Never(format!("the letter cannot be read: {error}")),
        };
        match self.tell(&content).await {
            Ok(delivered) => delivered,
            Err(refusal) => Delivered::Later(refusal.to_string()),
        }
    }
}
