//! Who is busy when: one answer for the REPORT, the outbox, the command line and the slots (specification 3.4).

use std::sync::Arc;

use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::collection::{CollectionName, MemberName, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use store::Change;
use store::busy_index::BUCKET_SECONDS;
use store::collections::{CollectionRecord, Head};
use store::engine::Version;

use crate::home;
use crate::hot::{Column, Eyes, HotBucket, HotEntry};
use crate::index::{self, Gathered};
use crate::operation::collection::counts_as_busy;
use crate::owner::{Owner, Unreachable};
use crate::reading::Reading;
use crate::sync::{LINKS, LinkState};
use crate::world::{World, refusal_of};

/// Busy time with what it was read from.
#[derive(Clone, Debug)]
pub struct SeenBusy {
    /// Busy time over at least the window, merged.
    pub busy: Arc<BusySet>,
    /// The heads of the collections it was made from.
    pub heads: Vec<(CollectionName, Head)>,
    /// Sources that count as busy and are too old to be believed: all of the window counts as busy for their sake.
    pub not_fresh: Vec<String>,
    /// Whose, and the version of the list of their collections.
    home: (String, Version),
}

impl SeenBusy {
    /// Makes `change` apply only if none of those collections has moved and none has come or gone.
    pub fn expect(&self, change: &mut Change) {
        for (collection, head) in &self.heads {
            change.expect_head(collection, *head);
        }
        home::expect_version(change, &self.home.0, self.home.1);
    }
}

/// What an owner's busy time is made from.
struct Parts {
    home: Version,
    collections: Vec<(CollectionName, CollectionRecord, Head)>,
    not_fresh: Vec<String>,
    until: Instant,
}

/// Busy time of an owner over all collections that count, within `window`, without what the object with `except_uid`
/// (in any collection) makes busy. Sources that cannot be believed any more follow their policy.
pub async fn owner_busy(
    world: &World,
    owner: &Owner,
    window: Span,
    except_uid: Option<&str>,
) -> Result<SeenBusy, Refusal> {
    let wide = widened(window);
    let keep = except_uid.is_none() && index::hot_buckets(wide).is_some();
    // The number first: what is committed after this moment makes the kept set be looked at again.
    let newest = *world.store.engine().watch().borrow();
    let now = world.now();
    let eyes = Eyes::of(owner);
    let kept = if keep { world.hot.entry(&owner.id, wide) } else { None };
    let kept = kept.filter(|entry| entry.eyes == eyes);
    if let Some(entry) = &kept
        && entry.newest == newest
        && (entry.from..entry.until).contains(&now)
    {
        return Ok(entry.seen.clone());
    }
    let parts = parts(world, owner, now).await?;
    let columns = match kept {
        Some(mut entry) if parts.made(&entry.seen) => {
            entry.newest = newest;
            (entry.from, entry.until) = (now, parts.until);
            world.hot.keep(&owner.id, wide, entry.clone());
            return Ok(entry.seen);
        }
        kept => kept.map(|entry| entry.columns).unwrap_or_default(),
    };
    let (seen, columns) = read(world, owner, (wide, except_uid), &parts, &columns).await?;
    if keep {
        let entry = HotEntry { newest, from: now, until: parts.until, eyes, seen: seen.clone(), columns };
        world.hot.keep(&owner.id, wide, entry);
    }
    Ok(seen)
}

/// Busy time of one collection within `window`, clipped.
pub async fn collection_busy(
    world: &World,
    owner: &Owner,
    (name, record): (&CollectionName, &CollectionRecord),
    window: Span,
) -> Result<BusySet, Refusal> {
    let reading = Reading::new(owner, record, &world.limits);
    if let Some(buckets) = index::hot_buckets(window)
        && let Some(warm) = index::buckets_within(world, (name, &reading), buckets).await?
    {
        let within = warm.buckets.iter().flat_map(|bucket| bucket.busy.overlapping(window));
        return Ok(within.copied().collect::<BusySet>().clipped(window));
    }
    let mut gathered = Gathered::default();
    index::busy_within(world, name, (&reading, window), &[], &mut gathered).await?;
    Ok(gathered.into_set().clipped(window))
}

impl Parts {
    /// Whether `seen` was made from just these.
    fn made(&self, seen: &SeenBusy) -> bool {
        seen.home.1 == self.home
            && seen.not_fresh == self.not_fresh
            && seen.heads.len() == self.collections.len()
            && seen
                .heads
                .iter()
                .zip(&self.collections)
                .all(|((name, head), (other, _, now))| name == other && head == now)
    }
}

async fn parts(world: &World, owner: &Owner, now: Instant) -> Result<Parts, Refusal> {
    let home = home::version(world, &owner.id).await?;
    let all = world.store.collections(&PrincipalId::new(owner.id.as_str())).await.map_err(refusal_of)?;
    let mut collections = Vec::new();
    for (name, record) in all {
        if counts_as_busy(owner, &record) {
            let head = world.store.head(&name).await.map_err(refusal_of)?;
            collections.push((name, record, head));
        }
    }
    let (not_fresh, until) = freshness(world, owner, now).await?;
    Ok(Parts { home, collections, not_fresh, until })
}

/// The sources that are too old to be believed, and until when nothing of this changes by itself.
async fn freshness(world: &World, owner: &Owner, now: Instant) -> Result<(Vec<String>, Instant), Refusal> {
    let mut not_fresh = Vec::new();
    let mut until = Instant::MAX;
    for source in owner.sources.iter().filter(|source| source.counts_as_busy) {
        let Unreachable::Closed { after_seconds } = source.unreachable else { continue };
        let link =
            world.store.record::<LinkState>(LINKS, &[&owner.id, &source.id]).await.map_err(refusal_of)?;
        let last_good = link.and_then(|(state, _)| state.last_good);
        match last_good.map(Instant::from_unix) {
            Some(at) if (-after_seconds..after_seconds).contains(&now.since(at)) => {
                until = until.min(at.plus(after_seconds));
            }
            // Far ahead: it was written by a clock that ran ahead, and says nothing until it is caught up with.
            Some(at) if now < at => {
                not_fresh.push(source.id.clone());
                until = until.min(at.plus(-after_seconds));
            }
            _ => not_fresh.push(source.id.clone()),
        }
    }
    Ok((not_fresh, until))
}

/// Reads busy time over a window of whole buckets; `before`: what an earlier answer was put together from.
async fn read(
    world: &World,
    owner: &Owner,
    (window, except_uid): (Span, Option<&str>),
    parts: &Parts,
    before: &[Column],
) -> Result<(SeenBusy, Arc<[Column]>), Refusal> {
    let copies = match except_uid {
        Some(uid) => {
            let owner = PrincipalId::new(owner.id.as_str());
            world.store.copies_of(&owner, uid).await.map_err(refusal_of)?
        }
        None => Vec::new(),
    };
    let (mut gathered, mut warm, mut heads) = (Gathered::default(), Vec::new(), Vec::new());
    for (name, record, head) in &parts.collections {
        let reading = Reading::new(owner, record, &world.limits);
        let except: Vec<MemberName> =
            copies.iter().filter(|copy| copy.collection == *name).map(|copy| copy.member.clone()).collect();
        let asked = index::hot_buckets(window).filter(|_| except.is_empty());
        let found = match asked {
            Some(buckets) => index::buckets_within(world, (name, &reading), buckets).await?,
            None => None,
        };
        // A copy that came after the copies were looked for must not be taken for another's event.
        if let Some(found) = found.filter(|found| except_uid.is_none() || found.head == *head) {
            heads.push((name.clone(), found.head));
            warm.push(found.buckets);
        } else {
            index::busy_within(world, name, (&reading, window), &except, &mut gathered).await?;
            heads.push((name.clone(), *head));
        }
    }
    if !parts.not_fresh.is_empty() {
        // Unknown is busy.
        gathered.add([BusyPeriod { span: window, kind: BusyType::Unavailable }])?;
    }
    let columns = columns(&warm, before);
    let warm: BusySet = columns.iter().flat_map(|column| column.busy.periods()).copied().collect();
    let seen = SeenBusy {
        busy: Arc::new(warm.union(&gathered.into_set())),
        heads,
        not_fresh: parts.not_fresh.clone(),
        home: (owner.id.clone(), parts.home),
    };
    Ok((seen, columns.into()))
}

/// The buckets of several collections laid one upon another; those that are as they were `before` are taken from there.
fn columns(collections: &[Vec<HotBucket>], before: &[Column]) -> Vec<Column> {
    let count = collections.first().map_or(0, Vec::len);
    let column = |place: usize| {
        let here = || collections.iter().filter_map(|buckets| buckets.get(place));
        let numbers: Vec<u64> = here().map(|bucket| bucket.number).collect();
        if let Some(same) = before.get(place).filter(|column| column.numbers == numbers) {
            return same.clone();
        }
        let mut sets = here().map(|bucket| &bucket.busy).filter(|busy| !busy.periods().is_empty());
        let busy = match (sets.next(), sets.next()) {
            (None, _) => Arc::default(),
            (Some(only), None) => Arc::clone(only),
            (Some(_), Some(_)) => {
                Arc::new(here().flat_map(|bucket| bucket.busy.periods()).copied().collect())
            }
        };
        Column { numbers, busy }
    };
    (0..count).map(column).collect()
}

/// `window` widened to whole buckets, so that questions about near windows share one set.
fn widened(window: Span) -> Span {
    let start = window.start.as_unix().div_euclid(BUCKET_SECONDS) * BUCKET_SECONDS;
    let end = (window.end.as_unix() + BUCKET_SECONDS - 1).div_euclid(BUCKET_SECONDS) * BUCKET_SECONDS;
    Span::new(Instant::from_unix(start), Instant::from_unix(end))
}
