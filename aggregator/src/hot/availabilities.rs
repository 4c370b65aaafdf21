//! The VAVAILABILITYs of collections, as they were when the collection stood where it stands.

use std::collections::HashMap;
use std::sync::Arc;

use calendar::collection::CollectionName;
use store::engine::Version;

/// Collections of which it is known which they hold; most hold none.
const COLLECTIONS_MAX: usize = 4_096;
/// Octets that those of one collection may have to be kept.
const OCTETS_MAX: usize = 256 * 1024;

struct Known {
    /// The number of the newest commit when the collection was last found to stand there.
    newest: Version,
    head: Version,
    octets: Arc<[Arc<[u8]>]>,
}

/// What is known, by collection.
#[derive(Default)]
pub(super) struct Availabilities(HashMap<CollectionName, Known>);

impl Availabilities {
    /// Those of a collection if nothing was committed since they were found, or if it stands at `head`.
    pub(super) fn at(
        &mut self,
        collection: &CollectionName,
        newest: Version,
        head: Option<Version>,
    ) -> Option<Arc<[Arc<[u8]>]>> {
        let known = self.0.get_mut(collection)?;
        if head == Some(known.head) {
            known.newest = newest;
        }
        (known.newest == newest).then(|| Arc::clone(&known.octets))
    }

    /// Keeps those of a collection, if they are not too large.
    pub(super) fn keep(
        &mut self,
        collection: &CollectionName,
        (newest, head): (Version, Version),
        octets: Arc<[Arc<[u8]>]>,
    ) {
        if octets.iter().map(|one| one.len()).sum::<usize>() > OCTETS_MAX {
            self.0.remove(collection);
            return;
        }
        if self.0.len() >= COLLECTIONS_MAX && !self.0.contains_key(collection) {
            self.0.clear();
        }
        self.0.insert(collection.clone(), Known { newest, head, octets });
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
