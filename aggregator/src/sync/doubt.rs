//! When a listing that has shrunk is not believed at once. Pure.
//!
//! A calendar that falls to nothing, or loses more than a fifth of its future events, is more often a fault of the
//! publisher than the wish of a person: what is gone stays until a second answer says the same (facts 4.7). Additions
//! and changes are taken meanwhile; both make more busy, never less.

use std::collections::BTreeSet;

use calendar::collection::MemberName;
use calendar::time::Instant;
use sha2::{Digest, Sha256};

use super::reconcile::{Mirror, Plan};
use crate::reading::hex;

/// Parts of a hundred of the future events that may go at once.
const SHARE_MAX: usize = 20;
/// Fewer than so many never make doubt, whatever their share: people do delete two of their five events.
const MISSING_MIN: usize = 3;

/// A doubt about a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Equal for equal answers: a hash of what is missing.
    pub fingerprint: String,
    /// For the owner.
    pub sentence: String,
}

/// Whether what `plan` would remove from `mirror` is to be doubted at `now`.
///
/// Events that come anew count against those that go: a publisher that names all events anew with each answer replaces
/// the set as a whole.
pub fn doubt(mirror: &Mirror, plan: &Plan, now: Instant) -> Option<Doubt> {
    let future = |name: &&MemberName| {
        mirror.get(*name).is_some_and(|held| held.until.is_some_and(|until| until > now))
    };
    if plan.removed.is_empty() {
        return None;
    }
    let fell_to_nothing = plan.added.is_empty() && plan.removed.len() == mirror.len();
    let held = mirror.keys().filter(future).count();
    let missing = plan.removed.iter().filter(future).count().saturating_sub(plan.added.len());
    let sentence = if fell_to_nothing {
        format!(
            "the calendar was suddenly empty; its {} events stay until it is found empty a second time",
            mirror.len()
        )
    } else if missing >= MISSING_MIN && missing * 100 > held * SHARE_MAX {
        format!(
            "{missing} of {held} future events were suddenly missing; they stay until a second answer says the same"
        )
    } else {
        return None;
    };
    let mut hash = Sha256::new();
    for name in plan.removed.iter().collect::<BTreeSet<_>>() {
        hash.update(name.as_str());
        hash.update([0]);
    }
    Some(Doubt { fingerprint: hex(&hash.finalize()[..8]), sentence })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sync::reconcile::Mirrored;

    const NOW: Instant = Instant::from_unix(1_000_000);

    fn mirror(past: usize, future: usize) -> Mirror {
        let held = |until: i64| Mirrored { version: "v".into(), until: Some(NOW.plus(until)) };
        let past = (0..past).map(|number| (MemberName::new(format!("p{number}")), held(-100)));
        let future = (0..future).map(|number| (MemberName::new(format!("f{number}")), held(100)));
        past.chain(future).collect()
    }

    fn without(kind: char, count: usize) -> Plan {
        let removed = (0..count).map(|number| MemberName::new(format!("{kind}{number}"))).collect();
        Plan { removed, ..Plan::default() }
    }

    #[test]
    fn a_fall_to_nothing_is_doubted_and_named_by_what_is_missing() {
        let one = doubt(&mirror(0, 1), &without('f', 1), NOW).unwrap();
        assert!(one.sentence.contains("empty"));
        assert_eq!(doubt(&mirror(0, 1), &without('f', 1), NOW).unwrap().fingerprint, one.fingerprint);
        assert_ne!(doubt(&mirror(0, 2), &without('f', 2), NOW).unwrap().fingerprint, one.fingerprint);
        assert!(doubt(&mirror(3, 0), &without('p', 3), NOW).is_some());
        assert!(doubt(&mirror(0, 0), &Plan::default(), NOW).is_none());
    }

    #[test]
    fn a_fifth_of_the_future_may_go_at_once() {
        assert!(doubt(&mirror(0, 20), &without('f', 4), NOW).is_none());
        assert!(doubt(&mirror(0, 20), &without('f', 5), NOW).unwrap().sentence.contains("5 of 20"));
        // The past may be cleared away, and a short list may lose one or two.
        assert!(doubt(&mirror(50, 10), &without('p', 50), NOW).is_none());
        assert!(doubt(&mirror(0, 5), &without('f', 2), NOW).is_none());
    }

    #[test]
    fn a_set_replaced_as_a_whole_is_believed() {
        let mut plan = without('f', 10);
        plan.added = (0..10).map(|number| (MemberName::new(format!("n{number}")), Arc::from([]))).collect();
        assert!(doubt(&mirror(0, 10), &plan, NOW).is_none());
    }
}
