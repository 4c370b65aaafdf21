//! A clock that jumps: from 1970 to today, a year ahead and back, an hour back. Nothing storms, nothing stalls.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail where it stands

#[allow(dead_code)]
mod source_server;
#[allow(dead_code)]
mod world;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aggregator::delivery::{Channel, Courier, Delivered};
use aggregator::operation::sign_in::{self, Answer};
use aggregator::owner::{IcsLocation, IcsSettings, SourceKind, SourceSettings};
use aggregator::source::http::{FetchLimits, Fetcher};
use aggregator::sync::Puller;
use aggregator::world::World;
use async_trait::async_trait;
use source_server::{Reply, Server};
use store::Change;
use store::outbox::{Letter, LetterId, LetterState};
use world::{NOW, StandingClock, ada};

const HOUR: i64 = 3600;
const YEAR: i64 = 31_536_000;

/// From a clock that was never set to today, a year ahead, back again, an hour back, and a day.
const JUMPS: [i64; 6] = [100, NOW, NOW + YEAR, NOW + 60, NOW + 60 - HOUR, NOW - 25 * HOUR];

const FEED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:e\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART:20260601T090000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn put(clock: &StandingClock, seconds: i64) {
    clock.0.store(seconds, Ordering::SeqCst);
}

/// A server that gives `reply` each time, and a puller with two sources there.
async fn linked(reply: Reply) -> (Server, Arc<StandingClock>, Puller) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::start(move |_| reply.clone()).await;
    let source = |id: &str| {
        let location = IcsLocation::Url(server.url(&format!("/{id}.ics")));
        let kind = SourceKind::Ics(IcsSettings {
            location,
            credentials: None,
            allow_http: true,
            allow_private: true,
        });
        SourceSettings { kind, ..world::source(id) }
    };
    let (world, clock) = world::world(ada(vec![source("home"), source("work")])).await;
    let puller = Puller::new(world, Fetcher::new(FetchLimits::default()).unwrap());
    (server, clock, puller)
}

/// Works through what is due, as the program does, for a while in which the clock stands still.
async fn rounds(puller: &Puller, now: i64) {
    for _ in 0..5 {
        let next = puller.run_due().await;
        assert!(next > now, "due at once again: {next} at {now}");
    }
}

#[tokio::test]
async fn each_jump_costs_each_source_one_question_and_delays_none() {
    let (server, clock, puller) = linked(Reply::new(200, FEED)).await;
    for (number, now) in JUMPS.into_iter().enumerate() {
        put(&clock, now);
        rounds(&puller, now).await;
        assert_eq!(server.seen().len(), 2 * (number + 1), "after the jump to {now}");
        let next = puller.next_due().await;
        assert!((now + 200..=now + 400).contains(&next), "next {} s from {now}", next - now);
    }
    // And as usual from there on.
    put(&clock, NOW - 25 * HOUR + 400);
    rounds(&puller, NOW - 25 * HOUR + 400).await;
    assert_eq!(server.seen().len(), 2 * (JUMPS.len() + 1));
}

#[tokio::test]
async fn a_source_that_fails_or_wants_to_be_left_alone_is_asked_once_after_each_jump() {
    for reply in [Reply::new(500, ""), Reply::new(429, "").with("retry-after", "3600"), Reply::new(401, "")] {
        let (server, clock, puller) = linked(reply).await;
        for (number, now) in JUMPS.into_iter().enumerate() {
            put(&clock, now);
            rounds(&puller, now).await;
            let asked = server.seen().len();
            assert_eq!(asked, 2 * (number + 1), "after the jump to {now}: {asked}");
            let next = puller.next_due().await;
            assert!((now + 1..=now + 6 * HOUR + HOUR).contains(&next), "next {} s from {now}", next - now);
        }
    }
}

#[tokio::test]
async fn a_step_of_the_clock_that_only_puts_it_right_costs_nothing() {
    let (server, clock, puller) = linked(Reply::new(200, FEED)).await;
    rounds(&puller, NOW).await;
    for now in [NOW - 5, NOW + 10, NOW - 30] {
        put(&clock, now);
        rounds(&puller, now).await;
    }
    assert_eq!(server.seen().len(), 2);
}

/// A way out that is open or not.
struct Relay {
    open: Mutex<bool>,
    tried: AtomicUsize,
}

#[async_trait]
impl Channel for Relay {
    async fn deliver(&self, _: &Letter) -> Delivered {
        self.tried.fetch_add(1, Ordering::SeqCst);
        if *self.open.lock().unwrap() { Delivered::Yes } else { Delivered::Later("closed".into()) }
    }
}

struct Office {
    world: World,
    clock: Arc<StandingClock>,
    relay: Arc<Relay>,
    courier: Courier,
}

impl Office {
    async fn new() -> Self {
        let (world, clock) = world::world(ada(vec![])).await;
        let relay = Arc::new(Relay { open: Mutex::new(false), tried: AtomicUsize::new(0) });
        let channels: HashMap<String, Arc<dyn Channel>> =
            HashMap::from([("mail".to_owned(), relay.clone() as Arc<dyn Channel>)]);
        let courier = Courier::new(world.clone(), channels);
        Self { world, clock, relay, courier }
    }

    /// Posts a letter as a booking does: written and due now.
    async fn post(&self, id: &str, sequence: u64) {
        let now = self.world.now().as_unix();
        let letter = Letter {
            id: LetterId(id.into()),
            owner: "ada".into(),
            channel: "mail".into(),
            destination: "bob@example.org".into(),
            topic: "bk-1".into(),
            content: String::new(),
            written: now,
            due: now,
            attempts: 0,
            last_error: None,
            leased_until: 0,
            state: LetterState::Open,
            sequence,
        };
        let mut change = Change::new();
        change.post(&letter);
        self.world.store.commit(change).await.unwrap();
    }

    /// Delivers what is due, as the program does, for a while in which the clock stands still; how often it was tried.
    async fn rounds(&self) -> usize {
        let before = self.relay.tried.load(Ordering::SeqCst);
        for _ in 0..5 {
            self.courier.deliver_due().await.unwrap();
        }
        self.relay.tried.load(Ordering::SeqCst) - before
    }
}

#[tokio::test]
async fn letters_that_wait_are_tried_once_after_each_jump_and_none_is_given_up() {
    let office = Office::new().await;
    put(&office.clock, JUMPS[0]);
    office.post("first", 1).await;
    office.post("second", 2).await;
    for now in JUMPS {
        put(&office.clock, now);
        // The second waits behind the first.
        assert_eq!(office.rounds().await, 1, "after the jump to {now}");
        let next = office.courier.next_due().await.unwrap().unwrap();
        assert!((now + 1..=now + 700).contains(&next), "next {} s from {now}", next - now);
    }
    *office.relay.open.lock().unwrap() = true;
    put(&office.clock, JUMPS[5] + 700);
    assert_eq!(office.rounds().await, 2);
    assert_eq!(office.courier.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_letter_written_before_the_clock_went_back_goes_out_now() {
    for back in [HOUR, 7 * HOUR, YEAR] {
        let office = Office::new().await;
        *office.relay.open.lock().unwrap() = true;
        assert_eq!(office.rounds().await, 0);
        office.post("before", 1).await;
        put(&office.clock, NOW - back);
        office.post("after", 2).await;
        assert_eq!(office.rounds().await, 2, "{back} s back");
    }
}

#[tokio::test]
async fn a_letter_that_a_clock_a_year_ahead_leased_goes_out_after_a_start() {
    let office = Office::new().await;
    put(&office.clock, NOW + YEAR);
    office.post("one", 1).await;
    assert_eq!(office.rounds().await, 1);
    // The program ends, the clock is put right, the program starts.
    put(&office.clock, NOW);
    *office.relay.open.lock().unwrap() = true;
    let channels: HashMap<String, Arc<dyn Channel>> =
        HashMap::from([("mail".to_owned(), office.relay.clone() as Arc<dyn Channel>)]);
    let anew = Courier::new(office.world.clone(), channels);
    assert_eq!(anew.deliver_due().await.unwrap(), 1);
}

#[tokio::test]
async fn wrong_passwords_of_a_clock_ahead_lock_nobody_out_for_a_year() {
    let (world, clock) = world::world(ada(vec![])).await;
    put(&clock, NOW + YEAR);
    let mut answer = Answer::Wrong;
    for _ in 0..20 {
        answer = sign_in::check(&world, "ada", "wrong").await.unwrap();
    }
    assert!(matches!(answer, Answer::Wait(1..=60)), "{answer:?}");
    put(&clock, NOW);
    assert_eq!(sign_in::check(&world, "ada", "secret").await.unwrap(), Answer::Owner("ada".into()));
    // And back again: what was found right a minute ago is no older than that.
    put(&clock, NOW - HOUR);
    assert_eq!(sign_in::check(&world, "ada", "secret").await.unwrap(), Answer::Owner("ada".into()));
}
