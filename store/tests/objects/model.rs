//! The same against a plain model: random changes, and after each everything that can be asked.

use std::collections::{BTreeMap, BTreeSet};

use calendar::busy::BusyPeriod;
use calendar::collection::{ObjectName, Revision};
use calendar::time::Span;
use proptest::prelude::*;
use store::Store;
use store::busy_index::BUCKET_SECONDS;
use store::engine::Committed;

use super::{DAY, change, object, period, rows, span, store, work};

/// What a client of the model would know.
type Model = BTreeMap<String, (String, String, Vec<BusyPeriod>)>;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8, Vec<(i64, i64)>),
    Delete(u8),
    Two(u8, u8),
    Prune(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let start = -3 * BUCKET_SECONDS..3 * BUCKET_SECONDS;
    let seconds = prop_oneof![4 => 0..3 * DAY, 1 => 0..3 * BUCKET_SECONDS, 1 => Just(70 * BUCKET_SECONDS)];
    let busy = proptest::collection::vec((start, seconds), 0..5);
    prop_oneof![
        6 => (0_u8..5, 0_u8..5, busy).prop_map(|(member, uid, busy)| Step::Put(member, uid, busy)),
        3 => (0_u8..5).prop_map(Step::Delete),
        2 => (0_u8..5, 0_u8..5).prop_map(|(a, b)| Step::Two(a, b)),
        1 => (0_u64..20).prop_map(Step::Prune),
    ]
}

fn member(number: u8) -> String {
    // One is as long as a name may be, and two share a beginning longer than keys hold.
    match number {
        0 => "a.ics".into(),
        1 => format!("{}1", "long".repeat(60)),
        2 => format!("{}2", "long".repeat(60)),
        3 => "ü\u{1}".into(),
        _ => "a".into(),
    }
}

async fn play(store: &Store, model: &mut Model, number: usize, step: &Step) {
    let taken = |model: &Model, member: &str, uid: &str| {
        model.iter().any(|(other, (theirs, ..))| other != member && theirs == uid)
    };
    match step {
        Step::Put(name, uid, busy) => {
            let (name, uid, text) = (member(*name), format!("uid{uid}"), format!("text {number}"));
            let mut busy: Vec<BusyPeriod> =
                busy.iter().map(|(start, seconds)| period(*start, *seconds)).collect();
            let committed =
                change(store, &work(), vec![(&name, Some(object(&uid, &text, busy.clone())))]).await;
            assert_eq!(committed == Committed::SeenHasMoved, taken(model, &name, &uid));
            busy.retain(|period| !period.span.is_empty());
            busy.sort();
            busy.dedup();
            if let Committed::At(_) = committed {
                model.insert(name, (uid, text, busy));
            }
        }
        Step::Delete(name) => {
            let name = member(*name);
            change(store, &work(), vec![(&name, None)]).await;
            model.remove(&name);
        }
        Step::Two(a, b) if a != b => {
            let (a, b, text) = (member(*a), member(*b), format!("text {number}"));
            let uid = model.get(&a).map_or_else(|| format!("uid of {b}"), |(uid, ..)| uid.clone());
            let changes = vec![(b.as_str(), Some(object(&uid, &text, vec![]))), (a.as_str(), None)];
            if let Committed::At(_) = change(store, &work(), changes).await {
                model.remove(&a);
                model.insert(b, (uid, text, vec![]));
            }
        }
        Step::Two(..) => {}
        Step::Prune(upto) => {
            store.prune_log(&work(), Revision(*upto)).await.unwrap();
        }
    }
}

async fn agrees(store: &Store, model: &Model, window: Span) {
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let page = store.members(&work(), after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.member.clone());
        members.extend(page);
    }
    let names: BTreeSet<String> = members.iter().map(|facts| facts.member.as_str().to_owned()).collect();
    assert_eq!(members.len(), names.len());
    assert_eq!(names, model.keys().cloned().collect());
    for facts in &members {
        let (uid, text, busy) = &model[facts.member.as_str()];
        let name = ObjectName { collection: work(), member: facts.member.clone() };
        assert_eq!(&facts.uid, uid);
        assert_eq!(store.facts(&name).await.unwrap().as_ref(), Some(facts));
        assert_eq!(&*store.object(&name).await.unwrap().unwrap().octets, text.as_bytes());
        assert_eq!(store.by_uid(&work(), uid).await.unwrap().as_ref(), Some(&facts.member));
        assert_eq!(store.copies_of(&work().owner, uid).await.unwrap(), [name]);
        assert_eq!(&store.busy_of(&work(), &facts.member, Span::ALWAYS).await.unwrap(), busy);
    }
    let mut expected: Vec<(BusyPeriod, String)> = model
        .iter()
        .flat_map(|(member, (_, _, busy))| busy.iter().map(move |period| (*period, member.clone())))
        .filter(|(period, _)| period.span.overlaps(window))
        .collect();
    expected.sort();
    let found = store.busy_in(&work(), window).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|at| (at.period, at.member.as_str().to_owned())).collect();
    assert_eq!(found, expected);
}

/// A client that has seen the collection at `since` and follows the log page by page.
async fn follows(store: &Store, seen: &Model, since: Revision, model: &Model) {
    let head = store.head(&work()).await.unwrap();
    if since < head.floor {
        return;
    }
    let mut known: BTreeSet<String> = seen.keys().cloned().collect();
    let mut at = since;
    loop {
        let page = store.changes_since(&work(), at, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        at = last.revision;
        for row in page {
            let name = row.member.as_str().to_owned();
            let unchanged = seen.get(&name) == model.get(&name);
            assert!(row.revision > since && (row.removed || !unchanged || model.contains_key(&name)));
            if row.removed {
                known.remove(&name)
            } else {
                known.insert(name)
            };
        }
    }
    assert_eq!(known, model.keys().cloned().collect());
    let rows = store.changes_since(&work(), Revision(0), usize::MAX).await.unwrap();
    let members: BTreeSet<&str> = rows.iter().map(|row| row.member.as_str()).collect();
    assert_eq!(rows.len(), members.len(), "one row a member");
}

/// What commits tell of busy time leads from the periods that were to those that are.
fn leads(store: &Store, (from, before): (u64, &Model), (to, after): (u64, &Model)) {
    let all = |model: &Model| -> Vec<BusyPeriod> {
        model.values().flat_map(|(.., busy)| busy.iter().copied()).collect()
    };
    let Some(moves) = store.busy_moves(&work(), from, to) else { panic!("{from} does not lead to {to}") };
    let mut there = all(before);
    for what in moves {
        for gone in &what.gone {
            let place = there.iter().position(|period| period == gone).unwrap();
            there.swap_remove(place);
        }
        there.extend(&what.come);
    }
    there.sort();
    let mut expected = all(after);
    expected.sort();
    assert_eq!(there, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_the_model_is(
        steps in proptest::collection::vec(step(), 1..24),
        from in -4 * BUCKET_SECONDS..4 * BUCKET_SECONDS,
        seconds in 0..2 * BUCKET_SECONDS,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = store();
            let mut model = Model::new();
            let mut seen = vec![(Revision(0), model.clone())];
            let mut versions = vec![(0, model.clone())];
            for (number, step) in steps.iter().enumerate() {
                play(&store, &mut model, number, step).await;
                agrees(&store, &model, span(from, from + seconds)).await;
                for (since, seen) in &seen {
                    follows(&store, seen, *since, &model).await;
                }
                let version = store.head(&work()).await.unwrap().version;
                versions.push((version, model.clone()));
                let (begin, before) = &versions[number / 2];
                leads(&store, (*begin, before), (version, &model));
                seen.push((store.head(&work()).await.unwrap().revision, model.clone()));
            }
            while store.remove_members(&work(), 3).await.unwrap() > 0 {}
            assert!(rows(&store).await <= 1, "only the head is left");
        });
    }
}
