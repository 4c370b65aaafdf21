//! Snapshots: the whole map as it was at one moment, read page by page while commits go on.
//!
//! redb has them. sled has none: there the committing thread keeps, before it writes a group, what the group's keys held
//! (once a key, for as long as a snapshot lives), and a page of the snapshot is a page of the files with that laid over
//! it. So a commit waits for a page at most, and a snapshot costs memory for the keys that change under it only.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;

use super::grouped::{Backing, Failure, Shared};
use super::{Commit, EngineError, EngineSnapshot, Entry, Versioned};

/// Octets of keys and values after which a page ends.
pub(crate) const PAGE_OCTETS_MAX: usize = 2 * 1024 * 1024;

/// Octets of what changed under a snapshot, after which it is given up.
const KEPT_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// What is kept of one entry besides its octets, roughly.
const ENTRY_OCTETS: usize = 128;

/// Takes entries until there are `limit` or the page is full; at least one if there is any.
pub(crate) fn page<E>(
    entries: impl Iterator<Item = Result<Entry, E>>,
    limit: usize,
) -> Result<Vec<Entry>, E> {
    let (mut taken, mut octets) = (Vec::new(), 0);
    for entry in entries.take(limit) {
        let entry = entry?;
        octets += entry.key.len() + entry.value.len();
        taken.push(entry);
        if octets >= PAGE_OCTETS_MAX {
            break;
        }
    }
    Ok(taken)
}

/// What keys held before they were written, since a snapshot was taken; `None`: nothing.
#[derive(Debug, Default)]
struct Kept {
    rows: BTreeMap<Vec<u8>, Option<Versioned>>,
    octets: usize,
    /// Why the snapshot can no longer be read.
    given_up: Option<EngineError>,
}

impl Kept {
    fn give_up(&mut self, why: EngineError) {
        *self = Self { given_up: Some(why), ..Self::default() };
    }

    /// Keeps what is under `key`, unless that was done before.
    fn keep(&mut self, key: &[u8], held: impl FnOnce() -> Result<Option<Versioned>, Failure>) {
        if self.given_up.is_some() || self.rows.contains_key(key) {
            return;
        }
        match held() {
            Ok(row) => {
                self.octets +=
                    ENTRY_OCTETS + key.len() + row.as_ref().map_or(0, |versioned| versioned.value.len());
                self.rows.insert(key.to_vec(), row);
            }
            // The commit goes on: it is the snapshot that is lost.
            Err(failure) => self.give_up(failure.error),
        }
        if self.octets > KEPT_OCTETS_MAX {
            self.give_up(EngineError::Io(
                "so much was written while the store was being read that the moment could not be kept: try again \
                 when less is going on"
                    .into(),
            ));
        }
    }
}

/// A view of the engine's own and what is laid over it.
struct Held<V> {
    view: V,
    /// The opening of the file that the view belongs to.
    opening: u64,
    kept: Arc<Mutex<Kept>>,
}

/// The snapshots that need to know what is overwritten.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<Mutex<Kept>>>>);

impl Watchers {
    fn add(&self) -> Arc<Mutex<Kept>> {
        let kept = Arc::default();
        locked(&self.0).push(Arc::downgrade(&kept));
        kept
    }

    /// To be called with the files locked against readers, before `group` is written to them.
    pub(crate) fn keep<B: Backing>(&self, backing: &B, group: &[Commit]) {
        let mut watchers = locked(&self.0);
        watchers.retain(|watcher| watcher.strong_count() > 0);
        for kept in watchers.iter().filter_map(Weak::upgrade) {
            let mut kept = locked(&kept);
            for (key, _) in group.iter().flat_map(|commit| &commit.write) {
                kept.keep(key, || super::committer::caught(|| backing.get(key)));
            }
        }
    }
}

/// A panic while it was held leaves nothing half done: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A snapshot of an engine over files, which it keeps open.
pub(crate) struct GroupedSnapshot<B: Backing> {
    shared: Arc<Shared<B>>,
    held: Arc<Held<B::View>>,
}

impl<B: Backing> GroupedSnapshot<B> {
    /// The map as it is now.
    pub(crate) async fn take(shared: &Arc<Shared<B>>) -> Result<Self, Failure> {
        // With the guard no group is half written where that could be seen.
        let opening = shared.opening.read().await;
        let view = opening.read(Backing::view)?;
        let kept = if B::READS_ARE_SNAPSHOTS { Arc::default() } else { shared.watchers.add() };
        let held = Arc::new(Held { view, opening: opening.number, kept });
        Ok(Self { shared: Arc::clone(shared), held })
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&B, &Held<B::View>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, EngineError> {
        let opening = Arc::clone(&self.shared.opening).read_owned().await;
        if B::READS_ARE_SNAPSHOTS && opening.number != self.held.opening {
            return Err(EngineError::Io("the store was opened anew while it was being read".into()));
        }
        let held = Arc::clone(&self.held);
        let done = tokio::task::spawn_blocking(move || opening.read(|backing| read(backing, &held))).await;
        done.unwrap_or_else(|error| Err(EngineError::Io(format!("a read was abandoned: {error}")).into()))
            .map_err(|failure| failure.error)
    }
}

#[async_trait]
impl<B: Backing> EngineSnapshot for GroupedSnapshot<B> {
    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let (from, to) = (from.to_vec(), to.to_vec());
        self.read(move |backing, held| scan(backing, held, &from, &to, limit)).await
    }

    async fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, EngineError> {
        let keys: Arc<[Vec<u8>]> = keys.into();
        self.read(move |backing, held| keys.iter().map(|key| value(backing, held, key)).collect()).await
    }
}

fn value<B: Backing>(backing: &B, held: &Held<B::View>, key: &[u8]) -> Result<Option<Versioned>, Failure> {
    let successor = [key, &[0]].concat();
    let found = scan(backing, held, key, &successor, 1)?;
    Ok(found.into_iter().next().map(|entry| Versioned { value: entry.value, version: entry.version }))
}

fn scan<B: Backing>(
    backing: &B,
    held: &Held<B::View>,
    from: &[u8],
    to: &[u8],
    limit: usize,
) -> Result<Vec<Entry>, Failure> {
    let mut from = from.to_vec();
    loop {
        let there = backing.scan_view(&held.view, &from, to, limit)?;
        let kept = locked(&held.kept);
        if let Some(error) = &kept.given_up {
            return Err(error.clone().into());
        }
        if kept.rows.is_empty() {
            return Ok(there);
        }
        // What the files were asked for: up to the page's last key, or to the end.
        let last = there.last().map(|entry| entry.key.clone());
        let upto = last.as_deref().map_or(Bound::Excluded(to), Bound::Included);
        let before = kept.rows.range::<[u8], _>((Bound::Included(from.as_slice()), upto));
        let merged = overlaid(there, before, limit);
        match last {
            // All that the page held came after the snapshot.
            Some(mut last) if merged.is_empty() => {
                last.push(0);
                from = last;
                if from.as_slice() >= to {
                    return Ok(merged);
                }
            }
            _ => return Ok(merged),
        }
    }
}

/// `there` with what its keys held before.
fn overlaid<'a>(
    there: Vec<Entry>,
    before: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Versioned>)>,
    limit: usize,
) -> Vec<Entry> {
    let mut rows: BTreeMap<Vec<u8>, Versioned> = there
        .into_iter()
        .map(|entry| (entry.key, Versioned { value: entry.value, version: entry.version }))
        .collect();
    for (key, row) in before {
        match row {
            Some(row) => rows.insert(key.clone(), row.clone()),
            None => rows.remove(key),
        };
    }
    let entries = rows.into_iter().map(|(key, row)| Entry { key, value: row.value, version: row.version });
    entries.take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versioned(octets: usize) -> Versioned {
        Versioned { value: vec![0; octets], version: 1 }
    }

    #[test]
    fn what_was_there_first_is_kept_once() {
        let mut kept = Kept::default();
        kept.keep(b"a", || Ok(Some(versioned(3))));
        kept.keep(b"a", || panic!("it is known"));
        kept.keep(b"b", || Ok(None));
        assert_eq!(kept.rows.get(&b"a"[..]), Some(&Some(versioned(3))));
        assert_eq!(kept.rows.get(&b"b"[..]), Some(&None));
        assert_eq!(kept.octets, 2 * (ENTRY_OCTETS + 1) + 3);
    }

    #[test]
    fn a_moment_that_cannot_be_kept_is_given_up() {
        let mut failing = Kept::default();
        failing.keep(b"a", || Err(EngineError::Full.into()));
        assert_eq!(failing.given_up, Some(EngineError::Full));
        let mut full = Kept::default();
        for key in 0..5_u8 {
            full.keep(&[key], || Ok(Some(versioned(KEPT_OCTETS_MAX / 4))));
        }
        assert!(matches!(full.given_up, Some(EngineError::Io(_))));
        assert!(full.rows.is_empty(), "and its memory is given back");
    }

    #[test]
    fn a_page_ends_when_it_is_full_but_holds_something() {
        let entry = |octets| Ok::<_, EngineError>(Entry { key: vec![1], value: vec![0; octets], version: 1 });
        let count = |entries: Vec<usize>, limit| page(entries.into_iter().map(entry), limit).unwrap().len();
        assert_eq!(count(vec![1; 10], 3), 3);
        assert_eq!(count(vec![PAGE_OCTETS_MAX * 3, 1, 1], 10), 1);
        assert_eq!(count(vec![PAGE_OCTETS_MAX / 2, PAGE_OCTETS_MAX / 2, 1], 10), 2);
        assert_eq!(count(vec![], 10), 0);
        assert!(page([Err::<Entry, _>(EngineError::Full)].into_iter(), 9).is_err());
    }
}
