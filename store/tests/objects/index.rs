//! The busy index: what stands in it, what is beyond it, and what commits tell of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::busy::BusyPeriod;
use calendar::collection::{MemberName, ObjectName};
use calendar::time::Span;
use store::busy_index::{BUCKET_SECONDS, BUCKETS_MAX};
use store::objects::{NewObject, ObjectChange};
use store::{Change, Store};

use super::{DAY, change, delete, object, period, put, span, store, work};

#[tokio::test]
async fn the_index_tells_each_period_once() {
    let store = store();
    let long = period(0, BUCKET_SECONDS * (BUCKETS_MAX + 2));
    let across = period(BUCKET_SECONDS - DAY, 2 * DAY);
    put(&store, "across", "across", "1", vec![across, across]).await;
    put(&store, "long", "long", "1", vec![long, period(-DAY, DAY)]).await;
    let told = async |from: i64, to: i64| {
        let found = store.busy_in(&work(), span(from, to)).await.unwrap();
        found
            .into_iter()
            .map(|indexed| (indexed.member.as_str().to_owned(), indexed.period))
            .collect::<Vec<_>>()
    };
    let (a, l, b) =
        (("across".to_owned(), across), ("long".to_owned(), long), ("long".to_owned(), period(-DAY, DAY)));
    assert_eq!(told(-10 * DAY, 400 * DAY).await, [b.clone(), l.clone(), a.clone()]);
    assert_eq!(told(BUCKET_SECONDS, BUCKET_SECONDS + 1).await, [l.clone(), a.clone()]);
    assert_eq!(
        told(BUCKET_SECONDS + DAY, BUCKET_SECONDS + 2 * DAY).await,
        std::slice::from_ref(&l),
        "touching is not sharing"
    );
    assert_eq!(told(-DAY, 0).await, [b]);
    assert_eq!(told(5, 5).await, []);
    let of = |member: &str| MemberName::new(member);
    assert_eq!(store.busy_of(&work(), &of("across"), Span::ALWAYS).await.unwrap(), [across]);
    assert_eq!(store.busy_of(&work(), &of("long"), span(-1, 0)).await.unwrap(), [period(-DAY, DAY)]);
    assert_eq!(store.busy_of(&work(), &of("long"), Span::ALWAYS).await.unwrap(), [period(-DAY, DAY), long]);
    delete(&store, "long").await;
    assert_eq!(told(-10 * DAY, 400 * DAY).await, [a]);
}

#[tokio::test]
async fn rows_the_caller_forgot_go_with_their_object() {
    let store = store();
    put(&store, "a", "a", "1", (0..10).map(|i| period(i * BUCKET_SECONDS, DAY)).collect()).await;
    let name = ObjectName::new(&work(), "a");
    let mut change = Change::new();
    let head = store.head(&work()).await.unwrap();
    let before = store.facts(&name).await.unwrap();
    let after = Some(object("a", "2", vec![period(0, DAY), period(3 * BUCKET_SECONDS, 2 * DAY)]));
    change.change_objects(&work(), head, &[ObjectChange { name, before, after, modified: 1 }]);
    store.commit(change).await.unwrap();
    let found = store.busy_in(&work(), Span::ALWAYS).await.unwrap();
    let periods: Vec<BusyPeriod> = found.into_iter().map(|indexed| indexed.period).collect();
    assert_eq!(periods, [period(0, DAY), period(3 * BUCKET_SECONDS, 2 * DAY)]);
}

#[tokio::test]
async fn an_unchanged_busy_row_is_not_written_again() {
    let store = store();
    let busy: Vec<BusyPeriod> = (0..10).map(|i| period(i * BUCKET_SECONDS, DAY)).collect();
    put(&store, "a", "a", "1", busy.clone()).await;
    let versions = async || {
        let entries = store.engine().scan(b"b", b"c", usize::MAX).await.unwrap();
        entries.into_iter().map(|entry| entry.version).collect::<BTreeSet<_>>()
    };
    let before = versions().await;
    put(&store, "a", "a", "2", busy.clone()).await;
    assert_eq!(versions().await, before);
    put(&store, "a", "a", "3", busy.into_iter().skip(1).chain([period(2 * DAY, 5)]).collect()).await;
    assert_eq!(versions().await.len(), 2, "one row changed, the others did not");
}

#[tokio::test]
async fn what_is_busy_beyond_the_index_is_listed() {
    let store = store();
    let endless = |text: &str, end: i64| NewObject {
        beyond: Some(span(0, end)),
        ..object(text, text, vec![period(0, DAY), period(0, BUCKET_SECONDS * (BUCKETS_MAX + 2))])
    };
    let listed = async || store.busy_beyond(&work(), None, usize::MAX).await.unwrap();
    let long = "x".repeat(300);
    for (member, end) in [("a", 10), ("b", 20), (&long, 30)] {
        change(&store, &work(), vec![(member, Some(endless(member, end)))]).await;
    }
    put(&store, "c", "c", "1", vec![period(0, DAY)]).await;
    let all: Vec<_> =
        [("a", 10), ("b", 20), (&long, 30)].map(|(name, end)| (MemberName::new(name), span(0, end))).into();
    assert_eq!(listed().await, all);
    assert_eq!(store.busy_beyond(&work(), Some(&all[0].0), 1).await.unwrap(), [all[1].clone()]);
    // It is not a period.
    assert_eq!(store.busy_of(&work(), &all[0].0, Span::ALWAYS).await.unwrap().len(), 2);
    change(&store, &work(), vec![("a", Some(endless("a", 11)))]).await;
    put(&store, "b", "b", "1", vec![period(0, DAY)]).await;
    delete(&store, &long).await;
    assert_eq!(listed().await, [(MemberName::new("a"), span(0, 11))]);
    while store.remove_members(&work(), 2).await.unwrap() > 0 {}
    assert_eq!(listed().await, []);
}

#[tokio::test]
async fn the_index_is_read_in_pieces() {
    let store = store();
    for number in 0..7_i64 {
        let busy = vec![period(number * BUCKET_SECONDS, BUCKET_SECONDS * 2), period(-9, number)];
        put(&store, &number.to_string(), &number.to_string(), "1", busy).await;
    }
    put(&store, "long", "long", "1", vec![period(0, BUCKET_SECONDS * (BUCKETS_MAX + 2))]).await;
    let window = span(-5, 5 * BUCKET_SECONDS);
    let whole = store.busy_in(&work(), window).await.unwrap();
    for limit in [0, 1, 2, 3, 5, 100] {
        let (mut found, mut after, mut pieces) = (Vec::new(), None, 0);
        loop {
            let (rows, next) = store.busy_page(&work(), window, after, limit).await.unwrap();
            found.extend(rows);
            pieces += 1;
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        found.sort_by(|a, b| (a.period, &a.member).cmp(&(b.period, &b.member)));
        assert_eq!(found, whole, "{limit}");
        assert_eq!(pieces == 1, limit == 100, "{limit}");
    }
}

#[tokio::test]
async fn a_commit_tells_what_it_does_to_busy_time() {
    let store = store();
    let head = async || store.head(&work()).await.unwrap().version;
    let (one, two, three) = (period(0, DAY), period(BUCKET_SECONDS - DAY, 2 * DAY), period(5, 5));
    put(&store, "a", "a", "1", vec![one, two]).await;
    let begin = head().await;
    put(&store, "a", "a", "2", vec![two, three, period(7, 0)]).await;
    let moved = store.busy_moves(&work(), begin, head().await).unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!((&moved[0].gone[..], &moved[0].come[..], moved[0].beyond), (&[one][..], &[three][..], false));
    // Two members of one change, one of them listed as busy beyond the index.
    let before = head().await;
    let endless = NewObject { beyond: Some(Span::ALWAYS), ..object("b", "1", vec![three]) };
    change(&store, &work(), vec![("a", None), ("b", Some(endless))]).await;
    let moved = store.busy_moves(&work(), before, head().await).unwrap();
    assert_eq!(
        (&moved[0].gone[..], &moved[0].come[..], moved[0].beyond),
        (&[three, two][..], &[three][..], true)
    );
    // A head that is touched leads on; another process, that keeps no account of this one, breaks the chain.
    let mut touch = Change::new();
    touch.touch_head(&work(), store.head(&work()).await.unwrap());
    store.commit(touch).await.unwrap();
    assert_eq!(store.busy_moves(&work(), begin, head().await).map(|moves| moves.len()), Some(3));
    let other = Store::new(Arc::clone(store.engine()));
    let seen = head().await;
    put(&other, "c", "c", "1", vec![one]).await;
    assert_eq!(store.busy_moves(&work(), seen, head().await), None);
    let seen = head().await;
    put(&store, "c", "c", "2", vec![]).await;
    assert_eq!(store.busy_moves(&work(), seen, head().await).unwrap()[0].gone, [one]);
    assert_eq!(store.busy_moves(&work(), begin, head().await), None);
}
