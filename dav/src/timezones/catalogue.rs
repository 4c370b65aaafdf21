//! The list of all zones with their tags, read once an hour, a few at a time (RFC 7808 §5.2).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use calendar::time::Instant;
use calendar::zone::standard::{self, Standard};
use calendar::zone::{Extent, Zone};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::pattern::Pattern;
use super::source::ZoneData;
use super::{short, tag_of, written};

/// How long a list is believed, in seconds.
const FRESH_SECONDS: i64 = 3600;
/// Zones whose rules are read before others have their turn.
const AT_ONCE: usize = 4;

/// The list, or as much of it as is there.
#[derive(Default)]
pub(super) struct Listing(Mutex<Making>);

#[derive(Default)]
struct Making {
    /// Tags of the first zones; `None` for one without rules.
    tags: Vec<Option<String>>,
    made: Option<Arc<Catalogue>>,
}

/// The list as it was at some time.
pub(super) struct Catalogue {
    at: Instant,
    /// Since when its zones are as they are.
    since: Instant,
    /// The synchronization token: it changes with whatever is told.
    pub(super) token: String,
    entries: Vec<(&'static Standard, Value)>,
    /// The whole answer.
    pub(super) all: Bytes,
}

impl Listing {
    /// The list of now. Whoever asks while it is made helps to make it.
    pub(super) async fn catalogue(&self, data: &ZoneData, now: Instant) -> Arc<Catalogue> {
        loop {
            if let Some(made) = self.go_on(data, now) {
                return made;
            }
            Yield::default().await;
        }
    }

    fn go_on(&self, data: &ZoneData, now: Instant) -> Option<Arc<Catalogue>> {
        let mut making = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = making.made.as_ref().filter(|made| (0..FRESH_SECONDS).contains(&now.since(made.at)));
        if let Some(made) = fresh {
            return Some(Arc::clone(made));
        }
        let zones = standard::zones();
        let done = making.tags.len();
        making.tags.extend(zones.iter().skip(done).take(AT_ONCE).map(tag));
        if making.tags.len() < zones.len() {
            return None;
        }
        let tags = std::mem::take(&mut making.tags);
        let made = Arc::new(Catalogue::new(&tags, data, (now, making.made.as_deref())));
        making.made = Some(Arc::clone(&made));
        Some(made)
    }
}

fn tag(zone: &Standard) -> Option<String> {
    Some(tag_of(&written(zone.name, &Zone::iana(zone.name)?, Extent::default())).0)
}

impl Catalogue {
    fn new(tags: &[Option<String>], data: &ZoneData, (now, before): (Instant, Option<&Self>)) -> Self {
        let mut hash = Sha256::new();
        hash.update(&data.version);
        for (zone, tag) in standard::zones().iter().zip(tags) {
            hash.update([0]);
            hash.update(zone.name);
            hash.update(tag.as_deref().unwrap_or_default());
        }
        let token = short(&hash.finalize());
        let before = before.filter(|before| before.token == token);
        let since = data.modified.unwrap_or_else(|| before.map_or(now, |before| before.since));
        let entry = |zone: &'static Standard, tag: &String| {
            let mut entry = json!({
                "tzid": zone.name,
                "etag": tag,
                "last-modified": since.to_string(),
                "publisher": "IANA",
                "version": data.version,
            });
            if !zone.aliases.is_empty() {
                entry["aliases"] = json!(zone.aliases);
            }
            (zone, entry)
        };
        let zones = standard::zones().iter().zip(tags);
        let entries: Vec<_> = zones.filter_map(|(zone, tag)| Some(entry(zone, tag.as_ref()?))).collect();
        let mut catalogue = Self { at: now, since, token, entries, all: Bytes::new() };
        let every: Vec<&Value> = catalogue.entries.iter().map(|(_, entry)| entry).collect();
        catalogue.all = catalogue.listed(&every).to_string().into();
        catalogue
    }

    /// The answer that lists these.
    pub(super) fn listed(&self, entries: &[&Value]) -> Value {
        json!({ "synctoken": self.token, "timezones": entries })
    }

    /// Those with a name or an alias that matches.
    pub(super) fn matching(&self, pattern: &Pattern) -> Vec<&Value> {
        let matches = |zone: &Standard| {
            pattern.matches(zone.name) || zone.aliases.iter().any(|alias| pattern.matches(alias))
        };
        self.entries.iter().filter(|(zone, _)| matches(zone)).map(|(_, entry)| entry).collect()
    }
}

/// Lets others have their turn, once.
#[derive(Default)]
struct Yield {
    had: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.had {
            return Poll::Ready(());
        }
        self.had = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
