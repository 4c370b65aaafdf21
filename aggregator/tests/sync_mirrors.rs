//! Mirrors kept as their sources are: changes, doubts, failures, the written breakages, and many asking at once.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail where it stands

#[allow(dead_code)]
mod source_server;
#[allow(dead_code)]
mod world;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aggregator::operation::free_busy::owner_busy;
use aggregator::owner::{IcsLocation, IcsSettings, Owner, SourceKind, SourceSettings};
use aggregator::source::SourceError;
use aggregator::source::http::names::Names;
use aggregator::source::http::{FetchLimits, Fetcher};
use aggregator::sync::{Freshen, LINKS, LinkState, PullError, PullReport, Puller, mirror_of};
use aggregator::world::World;
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use serde_json::Value;
use source_server::{Manner, Reply, Server};
use store::collections::Role;
use world::{NOW, StandingClock, ada};

fn feed(events: &[(&str, &str)]) -> String {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n");
    for (uid, start) in events {
        let stamp = "DTSTAMP:20260101T000000Z";
        let _ = write!(
            text,
            "BEGIN:VEVENT\r\nUID:{uid}\r\n{stamp}\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
        );
    }
    text.push_str("END:VCALENDAR\r\n");
    text
}

/// `count` hourly events from 2026-06-01T00:00:00Z.
fn many(count: i64) -> String {
    let events: Vec<(String, String)> = (0..count)
        .map(|number| (format!("e{number}"), Instant::from_unix(1_780_272_000 + number * 7200).to_ical()))
        .collect();
    feed(&events.iter().map(|(uid, start)| (uid.as_str(), start.as_str())).collect::<Vec<_>>())
}

fn source(id: &str, location: IcsLocation) -> SourceSettings {
    let kind =
        SourceKind::Ics(IcsSettings { location, credentials: None, allow_http: true, allow_private: true });
    SourceSettings { kind, ..world::source(id) }
}

/// A world with a puller for `sources`, in UTC.
async fn desk(sources: Vec<SourceSettings>) -> (World, Arc<StandingClock>, Puller) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let owner = Owner { zone: Zone::utc().clone(), ..ada(sources) };
    let (world, clock) = world::world(owner).await;
    let puller = Puller::new(world.clone(), Fetcher::new(FetchLimits::default()).unwrap());
    (world, clock, puller)
}

/// A server whose answer can be changed, and a source for it.
async fn changing(first: Reply) -> (Arc<Mutex<Reply>>, Server, SourceSettings) {
    let answer = Arc::new(Mutex::new(first));
    let given = Arc::clone(&answer);
    let server = Server::start(move |_| given.lock().unwrap().clone()).await;
    let settings = source("work", IcsLocation::Url(server.url("/feed.ics")));
    (answer, server, settings)
}

async fn state(world: &World, source: &str) -> LinkState {
    world.store.record::<LinkState>(LINKS, &["ada", source]).await.unwrap().unwrap().0
}

async fn members(world: &World, source: &str) -> Vec<String> {
    let all = world.store.members(&mirror_of("ada", source), None, 10_000).await.unwrap();
    all.into_iter().map(|facts| facts.member.as_str().to_owned()).collect()
}

async fn busy(world: &World, window: Span) -> BusySet {
    let owner = world.owner("ada").unwrap();
    owner_busy(world, &owner, window, None).await.unwrap().busy.clipped(window)
}

fn year() -> Span {
    Span::new(Instant::from_unix(1_767_225_600), Instant::from_unix(1_798_761_600))
}

fn count(report: &PullReport) -> (usize, usize, usize, usize) {
    (report.added, report.changed, report.removed, report.events)
}

#[tokio::test]
async fn a_mirror_follows_its_feed_and_writes_nothing_when_nothing_has_changed() {
    let (answer, server, settings) =
        changing(Reply::new(200, feed(&[("a", "20260601T090000Z"), ("b", "20260602T090000Z")]))).await;
    let (world, clock, puller) = desk(vec![settings]).await;
    let pull = async || puller.pull("ada", "work").await.unwrap();
    assert_eq!(count(&pull().await), (2, 0, 0, 2));
    let (record, _) = world.store.collection(&mirror_of("ada", "work")).await.unwrap().unwrap();
    assert_eq!(record.role, Role::Mirror { source: "work".into() });
    assert!(!record.writable && record.counts_as_busy);
    assert_eq!(members(&world, "work").await, ["a.ics", "b.ics"]);
    assert_eq!(busy(&world, year()).await.periods().len(), 2);
    let head = world.store.head(&mirror_of("ada", "work")).await.unwrap();
    // The same again, and the same with new stamps; then in another order with one more.
    assert_eq!(count(&pull().await), (0, 0, 0, 2));
    let restamped =
        feed(&[("b", "20260602T090000Z"), ("a", "20260601T090000Z")]).replace("20260101T", "20260401T");
    *answer.lock().unwrap() = Reply::new(200, restamped);
    assert_eq!(count(&pull().await), (0, 0, 0, 2));
    assert_eq!(world.store.head(&mirror_of("ada", "work")).await.unwrap(), head);
    *answer.lock().unwrap() = Reply::new(
        200,
        feed(&[("a", "20260601T100000Z"), ("c", "20260603T090000Z"), ("b", "20260602T090000Z")]),
    );
    assert_eq!(count(&pull().await), (1, 1, 0, 3));
    *answer.lock().unwrap() = Reply::new(200, feed(&[("a", "20260601T100000Z"), ("c", "20260603T090000Z")]));
    clock.0.fetch_add(300, Ordering::SeqCst);
    assert_eq!(count(&pull().await), (0, 0, 1, 2));
    let state = state(&world, "work").await;
    assert_eq!((state.last_good, state.failures, state.error), (Some(NOW + 300), 0, None));
    assert_eq!((state.events, state.last_changes), (2, (0, 0, 1)));
    assert!((NOW + 562..=NOW + 638).contains(&state.due), "{}", state.due - NOW);
    assert_eq!(server.seen().len(), 5);
    // The unified collection shows them too.
    let unified = calendar::collection::CollectionName::new("ada", "unified");
    assert_eq!(world.store.members(&unified, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_feed_that_turns_bad_keeps_the_last_good_state_and_says_so() {
    let good = feed(&[("a", "20260601T090000Z")]);
    let (answer, _server, settings) = changing(Reply::new(200, good.clone())).await;
    let (world, clock, puller) = desk(vec![settings]).await;
    puller.pull("ada", "work").await.unwrap();
    let before = busy(&world, year()).await;
    assert_eq!(before.periods().len(), 1);
    let half = good.len() / 2;
    let bad = [
        Reply::new(200, "<html>please sign in</html>"),
        Reply::new(200, &good.as_bytes()[..half]),
        Reply::new(200, good.clone()).in_manner(Manner::CutAfter(half)),
        Reply::new(200, ""),
        Reply::new(404, "gone"),
        Reply::new(500, "broken"),
        Reply::new(401, "who"),
        Reply::new(302, "").with("Location", "http://10.0.0.1/"),
    ];
    for (number, reply) in bad.into_iter().enumerate() {
        clock.0.fetch_add(400, Ordering::SeqCst);
        *answer.lock().unwrap() = reply.clone();
        let error = puller.pull("ada", "work").await.unwrap_err();
        assert!(matches!(error, PullError::Source(_)), "{reply:?}: {error}");
        assert_eq!(busy(&world, year()).await, before, "{reply:?}");
        let state = state(&world, "work").await;
        assert_eq!(state.failures as usize, number + 1);
        assert_eq!((state.last_good, state.events), (Some(NOW), 1));
        let text = state.error.unwrap();
        assert!(text.contains("; "), "error and remedy: {text}");
        assert!(!text.contains("feed.ics") && !text.contains("sign in</html>"), "{text}");
        assert!(state.due > clock.0.load(Ordering::SeqCst));
    }
    *answer.lock().unwrap() = Reply::new(200, good);
    puller.pull("ada", "work").await.unwrap();
    let state = state(&world, "work").await;
    assert_eq!((state.failures, state.error, state.not_before), (0, None, None));
}

#[tokio::test]
async fn a_source_that_wants_to_be_left_alone_is_left_alone() {
    let (_answer, server, settings) = changing(Reply::new(429, "").with("Retry-After", "600")).await;
    let (world, clock, puller) = desk(vec![settings]).await;
    assert_eq!(puller.pull("ada", "work").await, Err(PullError::Source(SourceError::Throttled(600))));
    assert!(state(&world, "work").await.due >= NOW + 600);
    assert!(matches!(puller.pull("ada", "work").await, Err(PullError::Source(SourceError::Throttled(_)))));
    puller.freshen("ada", 60, Duration::from_secs(10)).await;
    let next = puller.run_due().await;
    assert!(next >= NOW + 600);
    assert_eq!(server.seen().len(), 1);
    clock.0.store(next, Ordering::SeqCst);
    puller.run_due().await;
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn sudden_emptiness_needs_a_second_equal_answer() {
    let (answer, _server, settings) = changing(Reply::new(200, many(10)).with("ETag", "\"1\"")).await;
    let (world, clock, puller) = desk(vec![settings]).await;
    puller.pull("ada", "work").await.unwrap();
    *answer.lock().unwrap() = Reply::new(200, feed(&[])).with("ETag", "\"2\"");
    let first = puller.pull("ada", "work").await.unwrap();
    assert_eq!(count(&first), (0, 0, 0, 10));
    assert!(first.held.is_some());
    let told = state(&world, "work").await;
    assert!(told.warnings[0].contains("suddenly empty"), "{:?}", told.warnings);
    assert!(told.suspect.is_some() && told.error.is_none());
    // Visitors at the same moment are no second answer.
    clock.0.fetch_add(10, Ordering::SeqCst);
    puller.freshen("ada", 0, Duration::from_secs(10)).await;
    assert_eq!(members(&world, "work").await.len(), 10);
    // It was a fault: all is as it was, and nothing is suspected any more.
    *answer.lock().unwrap() = Reply::new(200, many(10)).with("ETag", "\"1\"");
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (0, 0, 0, 10));
    let told = state(&world, "work").await;
    assert!(told.suspect.is_none() && told.warnings.is_empty(), "{:?}", told.warnings);
    // It was meant: the next poll says the same.
    *answer.lock().unwrap() = Reply::new(200, feed(&[])).with("ETag", "\"3\"");
    puller.pull("ada", "work").await.unwrap();
    clock.0.fetch_add(300, Ordering::SeqCst);
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (0, 0, 10, 0));
    assert!(state(&world, "work").await.suspect.is_none());
    assert!(busy(&world, year()).await.periods().is_empty());
}

#[tokio::test]
async fn more_than_a_fifth_of_the_future_stays_until_it_is_missing_twice() {
    let (answer, _server, settings) = changing(Reply::new(200, many(20))).await;
    let (world, _, puller) = desk(vec![settings]).await;
    puller.pull("ada", "work").await.unwrap();
    // Four of twenty go at once, five more do not; what is new is taken in any case.
    *answer.lock().unwrap() = Reply::new(200, many(16));
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (0, 0, 4, 16));
    *answer.lock().unwrap() = Reply::new(200, many(11).replace("UID:e10\r\n", "UID:new\r\n"));
    let held = puller.pull("ada", "work").await.unwrap();
    assert_eq!(count(&held), (1, 0, 0, 17));
    assert!(state(&world, "work").await.warnings[0].contains("5 of 16"), "{held:?}");
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (0, 0, 6, 11));
}

#[tokio::test]
async fn a_large_step_is_applied_in_parts() {
    let (answer, _server, settings) = changing(Reply::new(200, many(350))).await;
    let (world, _, puller) = desk(vec![settings]).await;
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (350, 0, 0, 350));
    let head = world.store.head(&mirror_of("ada", "work")).await.unwrap();
    assert_eq!(head.revision.0, 4);
    *answer.lock().unwrap() = Reply::new(200, many(350).replace("DURATION:PT1H", "DURATION:PT30M"));
    assert_eq!(count(&puller.pull("ada", "work").await.unwrap()), (0, 350, 0, 350));
    assert_eq!(state(&world, "work").await.last_changes, (0, 350, 0));
}

#[tokio::test]
async fn those_who_ask_at_once_share_one_fetch() {
    let (answer, server, settings) = changing(Reply::new(200, many(3))).await;
    answer.lock().unwrap().delay = Duration::from_millis(100);
    let (_world, _, puller) = desk(vec![settings]).await;
    let (one, two, ()) = tokio::join!(
        puller.pull("ada", "work"),
        puller.pull("ada", "work"),
        puller.freshen("ada", 60, Duration::from_secs(10))
    );
    assert_eq!((one.unwrap().added, two.unwrap().added), (3, 3));
    assert_eq!(server.seen().len(), 1);
    puller.freshen("ada", 60, Duration::from_secs(10)).await;
    assert_eq!(server.seen().len(), 1, "it is fresh");
}

#[tokio::test]
async fn a_slow_source_costs_the_others_nothing_and_goes_on_by_itself() {
    let (answer, _slow, slow) = changing(Reply::new(200, many(2))).await;
    answer.lock().unwrap().delay = Duration::from_millis(1500);
    let (_answer, _quick, quick) = changing(Reply::new(200, many(3))).await;
    let quick = SourceSettings { id: "quick".into(), ..quick };
    let dead = SourceSettings {
        id: "dead".into(),
        ..source("dead", IcsLocation::Url("http://127.0.0.1:1/".into()))
    };
    let (world, _, puller) = desk(vec![slow, dead, quick]).await;
    let freshened = puller.freshen("ada", 60, Duration::from_millis(700));
    tokio::time::timeout(Duration::from_millis(1400), freshened).await.expect("in time");
    assert_eq!(members(&world, "quick").await.len(), 3);
    assert_eq!(members(&world, "work").await.len(), 0);
    assert!(state(&world, "dead").await.error.is_some());
    // What was begun is not lost.
    let arrived = async {
        while members(&world, "work").await.len() != 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived).await.expect("it goes on by itself");
}

#[tokio::test]
async fn a_round_pulls_what_is_due_and_tells_when_the_next_is() {
    let (_one_answer, one, first) = changing(Reply::new(200, many(1))).await;
    let (_other_answer, other, second) = changing(Reply::new(500, "")).await;
    let second = SourceSettings { id: "other".into(), ..second };
    let (world, clock, puller) = desk(vec![first, second]).await;
    assert_eq!(puller.next_due().await, NOW);
    let next = puller.run_due().await;
    assert!((NOW + 2..=NOW + 3).contains(&next), "the failure is tried again soon: {}", next - NOW);
    assert_eq!((one.seen().len(), other.seen().len()), (1, 1));
    clock.0.store(next, Ordering::SeqCst);
    puller.run_due().await;
    assert_eq!((one.seen().len(), other.seen().len()), (1, 2));
    let status = puller.status("ada").await.unwrap();
    assert_eq!(status.len(), 2);
    assert_eq!((status[0].source.as_str(), status[0].kind, status[0].state.events), ("work", "ics", 1));
    assert!(status[1].state.error.as_ref().unwrap().contains("500"));
    // Other settings are tried at once, whatever the plan was.
    let mut owner = Owner::clone(&world.owner("ada").unwrap());
    owner.sources[0].poll_seconds = 60;
    world.replace_owners(vec![Arc::new(owner.clone())]);
    puller.run_due().await;
    assert_eq!(one.seen().len(), 2);
    // What is not linked any more stays for its owner to delete, and makes nobody busy.
    owner.sources.remove(0);
    world.replace_owners(vec![Arc::new(owner)]);
    assert_eq!(puller.retire().await.unwrap(), 1);
    assert_eq!(puller.retire().await.unwrap(), 0, "once is enough");
    let (record, _) = world.store.collection(&mirror_of("ada", "work")).await.unwrap().unwrap();
    assert!(!record.counts_as_busy && !record.in_unified);
    assert!(world.store.record::<LinkState>(LINKS, &["ada", "work"]).await.unwrap().is_none());
    assert!(world.store.record::<LinkState>(LINKS, &["ada", "other"]).await.unwrap().is_some());
    assert!(busy(&world, year()).await.periods().is_empty());
    assert_eq!(puller.pull("ada", "work").await, Err(PullError::NotConfigured));
}

/// Names that fail in a way nobody expects.
struct Faulty;

#[async_trait::async_trait]
impl Names for Faulty {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        assert_ne!(host, "boom.example.org", "as told");
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }
}

#[tokio::test]
async fn a_panic_is_the_fault_of_one_source_alone() {
    let (_answer, server, good) = changing(Reply::new(200, many(2))).await;
    let bad = source("bad", IcsLocation::Url("http://boom.example.org/f.ics".into()));
    let (world, clock, _) = desk(vec![bad, good]).await;
    let http = Fetcher::with_names(FetchLimits::default(), Arc::new(Faulty)).unwrap();
    let puller = Puller::new(world.clone(), http);
    let next = puller.run_due().await;
    assert_eq!(members(&world, "work").await.len(), 2);
    let told = state(&world, "bad").await;
    assert!(told.error.unwrap().contains("internal fault"));
    assert!(next > NOW, "no storm: {}", next - NOW);
    clock.0.store(next, Ordering::SeqCst);
    puller.run_due().await;
    assert_eq!(state(&world, "bad").await.failures, 2);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn once_a_day_the_whole_is_asked_for() {
    let server = Server::start(|request| match request.header("if-none-match") {
        Some("\"1\"") => Reply::new(304, ""),
        _ => Reply::new(200, many(2)).with("ETag", "\"1\""),
    })
    .await;
    let (world, clock, puller) = desk(vec![source("work", IcsLocation::Url(server.url("/feed.ics")))]).await;
    for seconds in [0, 3600, 7200, 86_400, 90_000] {
        clock.0.store(NOW + seconds, Ordering::SeqCst);
        assert_eq!(puller.pull("ada", "work").await.unwrap().events, 2);
        assert_eq!(state(&world, "work").await.last_good, Some(NOW + seconds));
    }
    let asked: Vec<bool> =
        server.seen().iter().map(|request| request.header("if-none-match").is_some()).collect();
    assert_eq!(asked, [false, true, true, false, true]);
    assert_eq!(world.store.head(&mirror_of("ada", "work")).await.unwrap().revision.0, 1);
}

#[tokio::test]
async fn a_folder_with_a_broken_file_keeps_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let one = feed(&[("a", "20260601T090000Z")]);
    write("a.ics", &one);
    write("b.ics", &feed(&[("b", "20260602T090000Z")]));
    let (world, _, puller) = desk(vec![source("home", IcsLocation::Folder(folder.path().to_owned()))]).await;
    assert_eq!(count(&puller.pull("ada", "home").await.unwrap()), (2, 0, 0, 2));
    write("a.ics", &one[..80]);
    write("c.ics", &feed(&[("c", "20260603T090000Z")]));
    assert_eq!(count(&puller.pull("ada", "home").await.unwrap()), (1, 0, 0, 3));
    assert!(state(&world, "home").await.warnings[0].contains("a.ics"));
    std::fs::remove_file(folder.path().join("a.ics")).unwrap();
    assert_eq!(count(&puller.pull("ada", "home").await.unwrap()), (0, 0, 1, 2));
}

#[tokio::test]
async fn a_zone_that_the_feed_names_anew_moves_what_floats() {
    let floating = feed(&[("a", "20260701T090000")]);
    let (answer, _server, settings) = changing(Reply::new(200, floating.clone())).await;
    let (world, _, puller) = desk(vec![settings]).await;
    puller.pull("ada", "work").await.unwrap();
    let start = async || busy(&world, year()).await.periods()[0].span.start.to_ical();
    assert_eq!(start().await, "20260701T090000Z");
    let named = floating.replace("VERSION:2.0\r\n", "VERSION:2.0\r\nX-WR-TIMEZONE:Europe/Berlin\r\n");
    *answer.lock().unwrap() = Reply::new(200, named);
    puller.pull("ada", "work").await.unwrap();
    assert_eq!(state(&world, "work").await.zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(start().await, "20260701T070000Z");
}

#[tokio::test]
async fn a_calendar_of_the_same_name_is_not_overwritten() {
    let (_answer, server, settings) = changing(Reply::new(200, many(1))).await;
    let settings = SourceSettings { id: "personal".into(), ..settings };
    let (world, _, puller) = desk(vec![settings]).await;
    let error = puller.pull("ada", "personal").await.unwrap_err();
    assert!(matches!(error, PullError::Source(SourceError::Misconfigured(_))), "{error}");
    assert!(server.seen().is_empty());
    assert!(state(&world, "personal").await.error.is_some());
}

fn breakages() -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/providers/ics-breakages"));
    assert!(folder.is_dir(), "the shared data must lie at {}", folder.display());
    folder.to_owned()
}

fn instant(value: &Value) -> Instant {
    let text: String = value.as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| text[from..to].parse::<i8>().unwrap();
    let date = calendar::civil::date(text[..4].parse().unwrap(), number(4, 6), number(6, 8));
    Instant::from_utc(date.at(number(8, 10), number(10, 12), number(12, 14), 0))
}

#[tokio::test]
async fn every_written_breakage_makes_busy_what_it_owes() {
    let folder = breakages();
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), 34);
    let server = Server::start({
        let folder = folder.clone();
        move |request| Reply::new(200, std::fs::read(folder.join(&request.path[1..])).unwrap())
    })
    .await;
    let mut faults = Vec::new();
    for (name, owed) in expected {
        let settings = source("feed", IcsLocation::Url(server.url(&format!("/{name}"))));
        let (world, _, puller) = desk(vec![settings]).await;
        let pulled = puller.pull("ada", "feed").await;
        if owed["fetch"] == "failed" {
            if !matches!(pulled, Err(PullError::Source(SourceError::NotACalendar(_)))) {
                faults.push(format!("{name}: must fail, gave {pulled:?}"));
            }
            continue;
        }
        if let Err(error) = pulled {
            faults.push(format!("{name}: {error}"));
            continue;
        }
        let window = owed["window"]
            .as_array()
            .map_or_else(year, |ends| Span::new(instant(&ends[0]), instant(&ends[1])));
        let busy = busy(&world, window).await;
        let owed_busy: BusySet = match owed["busy"].as_array() {
            Some(periods) => periods.iter().map(period).collect(),
            // A limit: all of the window.
            None => [BusyPeriod { span: window, kind: BusyType::Busy }].into_iter().collect(),
        };
        if busy != owed_busy {
            faults.push(format!("{name}: owes {owed_busy:?}\n  gave {busy:?}"));
        }
        let state = state(&world, "feed").await;
        for warning in owed["warnings"].as_array().into_iter().flatten() {
            let warning = warning.as_str().unwrap();
            if !state.warnings.iter().any(|line| line.starts_with(warning)) {
                faults.push(format!("{name}: does not warn of {warning}: {:?}", state.warnings));
            }
        }
        // The same again changes nothing: names and made-up UIDs are stable.
        read_again(&world, &puller, name, &mut faults).await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn read_again(world: &World, puller: &Puller, name: &str, faults: &mut Vec<String>) {
    let before = members(world, "feed").await;
    let again = puller.pull("ada", "feed").await.unwrap();
    if (again.added, again.changed, again.removed) != (0, 0, 0) || members(world, "feed").await != before {
        faults.push(format!("{name}: a second reading changes something: {again:?}"));
    }
}

fn period(value: &Value) -> BusyPeriod {
    let kind = BusyType::ALL.into_iter().find(|kind| kind.name() == value["fbtype"]).unwrap();
    BusyPeriod { span: Span::new(instant(&value["start"]), instant(&value["end"])), kind }
}
