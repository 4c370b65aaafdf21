//! What a question about busy time costs over calendars of different sizes: cold, warm, after one change, far away.
//!
//! `cargo bench -p kalends-aggregator --bench free_busy [-- 1000 10000]`; prints a Markdown table with the growth
//! exponent between sizes: 0 is a cost that does not depend on the number of events, 1 one that is in proportion.

#![allow(clippy::expect_used, reason = "a bench that cannot go on stops")]
#![allow(clippy::print_stdout, reason = "the table is the result")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "figures to be read")]

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use aggregator::gate::{self, Edit};
use aggregator::operation::{collection, free_busy};
use aggregator::owner::{Manner, Owner};
use aggregator::ports::{Clock, Entropy};
use aggregator::world::World;
use calendar::address::Address;
use calendar::civil;
use calendar::collection::{CollectionName, ObjectName};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use store::Store;
use store::collections::Role;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};

const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
const CALENDARS: usize = 4;
const DAY: i64 = 86_400;
/// Questions of each kind; the first after something that is not measured.
const ROUNDS: usize = 60;
/// Cold questions read a lot; fewer of them tell as much.
const COLD_ROUNDS: usize = 12;
const WINDOWS: [(&str, i64); 3] = [("1 week", 7), ("8 weeks", 56), ("1 year", 365)];

/// 2026-05-04T08:00:00Z.
const NOW: Instant = Instant::from_unix(1_777_881_600);

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Instant {
        NOW
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&number.to_be_bytes());
        octets
    }
}

/// Chance that repeats itself.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

fn january(year: i16) -> Instant {
    Instant::from_utc(civil::date(year, 1, 1).at(0, 0, 0, 0))
}

/// As clients write it into every event.
const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\n\
    TZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19810329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n\
    END:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\n\
    DTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// One event of five recurs; a tenth of these without end since 2015, the others for some months. The single ones lie
/// between 2022 and 2028, all in the daytime.
fn event(number: usize, dice: &mut Dice) -> Arc<[u8]> {
    let recurs = number.is_multiple_of(5);
    let endless = number.is_multiple_of(50);
    let first = if endless { 2015 } else { 2022 };
    let days = if endless { 300 } else { 7 * 365 - 1 };
    let seconds = dice.below(days) * DAY + 7 * 3_600 + dice.below(48) * 900;
    let start = january(first).plus(seconds).to_ical();
    let minutes = 15 * (1 + dice.below(6));
    let rule = if recurs {
        let (what, count) = match dice.below(20) {
            0..8 => ("FREQ=WEEKLY", 40),
            8..12 => ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 60),
            12..17 => ("FREQ=MONTHLY", 12),
            _ => ("FREQ=YEARLY", 5),
        };
        if endless { format!("RRULE:{what}\r\n") } else { format!("RRULE:{what};COUNT={count}\r\n") }
    } else {
        String::new()
    };
    let local = start.trim_end_matches('Z');
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n{BERLIN}BEGIN:VEVENT\r\nUID:{number}@bench\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:{local}\r\nDURATION:PT{minutes}M\r\n{rule}\
         SUMMARY:Event {number}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
    .into()
}

fn calendar(number: usize) -> CollectionName {
    CollectionName::new("ada", &format!("c{}", number % CALENDARS))
}

fn edit(number: usize, dice: &mut Dice) -> Edit {
    let name = ObjectName::new(&calendar(number), &format!("{number}.ics"));
    Edit { name, octets: Some(event(number, dice)) }
}

async fn world(folder: &std::path::Path, size: usize) -> (World, Arc<Owner>) {
    let engine = EngineChoice::Redb.open(folder, CACHE_OCTETS).expect("a store");
    let owner = Arc::new(Owner {
        id: "ada".to_owned(),
        name: "Ada".to_owned(),
        addresses: vec![Address::parse("ada@example.org")],
        zone: Zone::named("Europe/Berlin").expect("a known zone"),
        sources: Vec::new(),
        manner: Manner::default(),
        passwords: Vec::new(),
    });
    let entropy = Arc::new(Counting(AtomicU64::new(1)));
    let world = World::new(Store::new(engine), Arc::new(Standing), entropy, vec![Arc::clone(&owner)]);
    collection::ensure_home(&world, &owner).await.expect("a home");
    for number in 0..CALENDARS {
        let record = collection::blank(&world, Role::Made, "bench", &["VEVENT"]);
        collection::make(&world, &owner, &calendar(number), &record).await.expect("a calendar");
    }
    let mut dice = Dice(7);
    for first in (0..size).step_by(500) {
        let edits: Vec<Edit> = (first..size.min(first + 500)).map(|number| edit(number, &mut dice)).collect();
        gate::change(&world, &edits, |_| Ok(())).await.expect("it is kept");
    }
    (world, owner)
}

async fn ask(world: &World, owner: &Owner, window: Span) -> Duration {
    let began = Stopwatch::now();
    let seen = free_busy::owner_busy(world, owner, window, None).await.expect("an answer");
    let busy = seen.busy.clipped(window);
    let took = began.elapsed();
    assert!(!busy.periods().is_empty(), "nothing is busy within {window:?}");
    took
}

/// What is done before a question, so that it meets what is to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Cold,
    Warm,
    /// The buckets are in memory, the set of this window is not.
    Moved,
    Changed,
}

async fn measure(world: &World, owner: &Owner, (start, days): (Instant, i64), case: Case) -> Vec<Duration> {
    let mut dice = Dice(11);
    let whole = Span::new(start.plus(-40 * DAY), start.plus((days + 120) * DAY));
    world.hot.forget_all();
    ask(world, owner, whole).await;
    let mut took = Vec::new();
    for round in 0..if case == Case::Cold { COLD_ROUNDS } else { ROUNDS } {
        let moved = if case == Case::Moved { round as i64 % 80 } else { 0 };
        let window = Span::new(start.plus(moved * DAY), start.plus((moved + days) * DAY));
        match case {
            Case::Cold => world.hot.forget_all(),
            Case::Warm | Case::Moved => {}
            Case::Changed => {
                ask(world, owner, window).await;
                // A single event that lies somewhere, or one that recurs, becomes another.
                let number = usize::try_from(dice.below(900)).expect("small");
                let edits = [edit(number, &mut dice)];
                gate::change(world, &edits, |_| Ok(())).await.expect("it is kept");
            }
        }
        took.push(ask(world, owner, window).await);
    }
    took.sort_unstable();
    took
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

async fn run(sizes: Vec<usize>) {
    let mut table =
        String::from("| question | events | min µs | median µs | exponent |\n|---|---|---|---|---|\n");
    let mut worlds = Vec::new();
    for size in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let began = Stopwatch::now();
        let (world, owner) = world(folder.path(), size).await;
        println!("{size} events were put in {:.1} s", began.elapsed().as_secs_f64());
        worlds.push((size, world, owner, folder));
    }
    let near = WINDOWS.map(|(name, days)| (name.to_owned(), NOW, days));
    let far = [
        ("8 weeks in 2040".to_owned(), january(2040), 56),
        ("8 weeks in 2016".to_owned(), january(2016), 56),
    ];
    for (name, start, days) in near.into_iter().chain(far) {
        for case in [Case::Cold, Case::Warm, Case::Moved, Case::Changed] {
            let mut before: Option<(usize, f64)> = None;
            for (size, world, owner, _) in &worlds {
                let took = measure(world, owner, (start, days), case).await;
                let (least, median) = (microseconds(took[0]), microseconds(took[took.len() / 2]));
                let exponent = before.map_or_else(String::new, |(other, then)| {
                    format!("{:.2}", (median / then).ln() / (*size as f64 / other as f64).ln())
                });
                before = Some((*size, median));
                writeln!(table, "| {name}, {case:?} | {size} | {least:.1} | {median:.1} | {exponent} |")
                    .expect("a text takes it");
            }
        }
    }
    println!("\n{table}");
}

fn main() {
    let said: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if said.is_empty() { SIZES.to_vec() } else { said };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
    runtime.expect("a runtime").block_on(run(sizes));
}
