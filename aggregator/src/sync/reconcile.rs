//! Two views into edits: what a mirror holds and what its source lists. Pure.
//!
//! Mirrors are read-only here, so of the three-way table only one column is left: ours is always as it was, theirs is
//! the same (nothing), changed (take) or gone (remove ours). Gone is believed from complete listings only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::collection::MemberName;
use calendar::time::Instant;
use sha2::{Digest, Sha256};

use crate::reading::hex;
use crate::source::Snapshot;

/// A UID of up to so many octets that is safe in a path names its member itself.
const PLAIN_OCTETS_MAX: usize = 120;

/// What a mirror holds of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// Its version: the tag of its octets.
    pub version: String,
    /// Its last instance ends here; `None`: it never takes place.
    pub until: Option<Instant>,
}

/// What a mirror holds, by name.
pub type Mirror = BTreeMap<MemberName, Mirrored>;

/// What has to be done to a mirror.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// New objects.
    pub added: Vec<(MemberName, Arc<[u8]>)>,
    /// Objects with other octets.
    pub changed: Vec<(MemberName, Arc<[u8]>)>,
    /// Objects that are gone.
    pub removed: Vec<MemberName>,
}

/// What makes `mirror` equal to `snapshot`.
pub fn plan(mirror: &Mirror, snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let mut listed: BTreeSet<MemberName> = snapshot.unread.iter().map(|id| member_name(id)).collect();
    for remote in &snapshot.objects {
        let name = member_name(&remote.id);
        if !listed.insert(name.clone()) {
            // A second object of one name: the first is kept, as with an id that could not be read just now.
            continue;
        }
        let octets = || Arc::clone(&remote.octets);
        match mirror.get(&name) {
            None => plan.added.push((name, octets())),
            Some(held) if held.version != remote.version => plan.changed.push((name, octets())),
            Some(_) => {}
        }
    }
    plan.removed = mirror.keys().filter(|name| !listed.contains(name)).cloned().collect();
    plan
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// The name of the member that mirrors the object called `id` by its source: stable, and safe as a path segment. The id
/// itself where it is short and plain, so that a person recognises it, else a hash of it.
pub fn member_name(id: &str) -> MemberName {
    let plain = !id.is_empty()
        && id.len() <= PLAIN_OCTETS_MAX
        && !id.starts_with(['.', '-'])
        && !id.starts_with(HASHED)
        && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.@".contains(&octet));
    if plain {
        MemberName::new(format!("{id}.ics"))
    } else {
        MemberName::new(format!("{HASHED}{}.ics", hex(&Sha256::digest(id.as_bytes())[..16])))
    }
}

/// How names made by hashing begin; an id that begins so is hashed too, so that the two kinds never meet.
const HASHED: &str = "uid-";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reading::tag_of;
    use crate::source::{Cursor, RemoteObject};

    fn remote(uid: &str, title: &str) -> RemoteObject {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART:20260701T090000Z\r\nSUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let octets: Arc<[u8]> = text.into_bytes().into();
        let version = tag_of(&octets).0;
        RemoteObject { id: uid.into(), version, octets }
    }

    fn snapshot(objects: Vec<RemoteObject>) -> Snapshot {
        Snapshot {
            objects,
            cursor: Cursor(String::new()),
            zone: None,
            name: None,
            refresh_seconds: None,
            warnings: Vec::new(),
            skipped: Vec::new(),
            unread: Vec::new(),
        }
    }

    fn applied(mirror: &Mirror, plan: &Plan) -> Mirror {
        let mut mirror = mirror.clone();
        for (name, octets) in plan.added.iter().chain(&plan.changed) {
            mirror.insert(name.clone(), Mirrored { version: tag_of(octets).0, until: None });
        }
        mirror.retain(|name, _| !plan.removed.contains(name));
        mirror
    }

    #[test]
    fn names_are_stable_plain_where_they_can_be_and_safe() {
        assert_eq!(member_name("a-b_c.1@example.org").as_str(), "a-b_c.1@example.org.ics");
        for odd in ["", "../etc", "a/b", "a b", ".hidden", "ü", "uid-00", "-x", &"x".repeat(200)] {
            let name = member_name(odd);
            assert!(name.as_str().starts_with("uid-") && name.as_str().len() == 40, "{odd}: {name}");
            assert_eq!(name, member_name(odd));
        }
    }

    #[test]
    fn what_could_not_be_read_stays() {
        let first = snapshot(vec![remote("a", "1"), remote("b", "1")]);
        let mirror = applied(&Mirror::new(), &plan(&Mirror::new(), &first));
        let mut second = snapshot(vec![remote("a", "2")]);
        second.unread.push("b".into());
        let plan = plan(&mirror, &second);
        assert_eq!((plan.added.len(), plan.changed.len(), plan.removed.len()), (0, 1, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn after_the_plan_the_mirror_is_the_listing(
            before in proptest::collection::btree_map("[a-d]{1,2}", "[xy]", 0..8),
            after in proptest::collection::btree_map("[a-d]{1,2}", "[xy]", 0..8),
        ) {
            let listing = |all: &BTreeMap<String, String>| {
                snapshot(all.iter().map(|(uid, title)| remote(uid, title)).collect())
            };
            let (before, after) = (listing(&before), listing(&after));
            let mirror = applied(&Mirror::new(), &plan(&Mirror::new(), &before));
            prop_assert!(plan(&mirror, &before).is_empty());
            let end = applied(&mirror, &plan(&mirror, &after));
            prop_assert_eq!(&end, &applied(&Mirror::new(), &plan(&Mirror::new(), &after)));
            prop_assert!(plan(&end, &after).is_empty());
        }
    }
}
