//! Clients that know nothing but sync-tokens hold what the calendars and the home hold: over redb, through restarts and
//! restores.
//!
//! Ten thousand operations in five runs side by side, each over a store of its own. `KALENDS_FOLLOWER_OPERATIONS=10000`
//! does more in each, `KALENDS_FOLLOWER_SEED` does others.

#![allow(clippy::disallowed_methods, reason = "how much is done is the caller's choice")]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use calendar::time::Instant;
use dav::xml::Element;
use dav::xml::name::dav;
use dav_suites::compare::declared;
use dav_suites::house::{Answer, House, NOW};
use store::backup::{Archive, FolderVault, SnapshotInfo};
use store::engine::{Engine, EngineError, redb};

/// Operations in each of the runs where nobody says otherwise.
const OPERATIONS: u64 = 2_000;
const CALENDARS: [&str; 3] = ["one", "two", "three"];
const NAMES: u64 = 40;
const HOME: &str = "/dav/calendars/ada/";

/// A generator by a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn calendar(&mut self) -> String {
        let which = usize::try_from(self.below(3)).unwrap();
        format!("/dav/calendars/ada/{}/", CALENDARS[which])
    }
}

/// What a client holds of a calendar, or of the home.
#[derive(Default)]
struct Follower {
    /// The level at which it asks.
    level: &'static str,
    token: String,
    held: BTreeMap<String, String>,
    /// Whether the calendar may have begun another life since it asked last.
    may_be_unknown: bool,
    /// Changes and removals that it was told, in all its lives.
    told: u64,
}

fn open(folder: &Path) -> Arc<dyn Engine> {
    for _ in 0..200 {
        match redb::open(folder, 8 * 1024 * 1024) {
            Ok(engine) => return Arc::new(engine),
            // Whoever had it closes it on a thread of its own.
            Err(EngineError::InUse(_)) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store is never closed");
}

async fn ask(house: &House, line: (&str, &str), headers: &[(&str, &str)], body: &str) -> Answer {
    let answer = house.send_as("ada", line, headers, declared(body)).await;
    assert!(answer.status.as_u16() < 500, "{line:?}: {} {}", answer.status, answer.text);
    answer
}

fn href(response: &Element) -> String {
    response.first(dav("href")).unwrap().trimmed()
}

/// The tag of an object, the name of a calendar.
fn shown(response: &Element) -> String {
    let prop = response.first(dav("propstat")).unwrap().first(dav("prop")).unwrap();
    let property = prop.first(dav("getetag")).or_else(|| prop.first(dav("displayname")));
    property.unwrap().trimmed()
}

/// What a calendar or the home holds, by its listing; `None` where there is none.
async fn listing(house: &House, calendar: &str) -> Option<BTreeMap<String, String>> {
    let body = "<D:propfind><D:prop><D:getetag/><D:displayname/></D:prop></D:propfind>";
    let answer = ask(house, ("PROPFIND", calendar), &[("Depth", "1")], body).await;
    if answer.status == 404 {
        return None;
    }
    let xml = Element::read(answer.text.as_bytes()).unwrap();
    let members = xml.all(dav("response")).filter(|response| href(response) != calendar);
    Some(members.map(|response| (href(response), shown(response))).collect())
}

/// What is in the home, and in all that is in it.
async fn listing_of_all(house: &House) -> BTreeMap<String, String> {
    let mut all = listing(house, HOME).await.unwrap();
    let collections: Vec<String> = all.keys().cloned().collect();
    for collection in collections {
        all.extend(listing(house, &collection).await.unwrap());
    }
    all
}

impl Follower {
    /// A client that knows nothing yet.
    fn at(level: &'static str) -> Self {
        Self { level, ..Self::default() }
    }

    /// Asks until nothing is left out.
    async fn follow(&mut self, house: &House, calendar: &str, limit: u64) {
        loop {
            let limit = if limit == 0 {
                String::new()
            } else {
                format!("<D:limit><D:nresults>{limit}</D:nresults></D:limit>")
            };
            let body = format!(
                "<D:sync-collection><D:sync-token>{}</D:sync-token><D:sync-level>{}</D:sync-level>{limit}\
                 <D:prop><D:getetag/><D:displayname/></D:prop></D:sync-collection>",
                self.token, self.level
            );
            let answer = ask(house, ("REPORT", calendar), &[("Depth", "0")], &body).await;
            match answer.status.as_u16() {
                404 => return self.begin_again(),
                403 => {
                    assert!(answer.text.contains("valid-sync-token"), "{}", answer.text);
                    assert!(
                        self.may_be_unknown && !self.token.is_empty(),
                        "{calendar} forgets {}",
                        self.token
                    );
                    self.begin_again();
                    continue;
                }
                status => assert_eq!(status, 207, "{}", answer.text),
            }
            let before = self.token.clone();
            let more = self.take(calendar, &answer.text);
            assert!(!more || self.token != before, "it goes on");
            if !more {
                self.may_be_unknown = false;
                return;
            }
        }
    }

    fn begin_again(&mut self) {
        *self = Self { told: self.told, ..Self::at(self.level) };
    }

    /// Takes what an answer tells; whether there is more.
    fn take(&mut self, calendar: &str, text: &str) -> bool {
        let xml = Element::read(text.as_bytes()).unwrap();
        let mut more = false;
        for response in xml.all(dav("response")) {
            let status = response.first(dav("status")).map(Element::trimmed).unwrap_or_default();
            self.told += 1;
            if href(response) == calendar {
                assert!(status.contains("507"), "{text}");
                more = true;
            } else if status.contains("404") {
                assert!(!self.token.is_empty(), "a beginner has nothing that could be gone");
                let gone = href(response);
                // What was in a calendar goes with it.
                self.held
                    .retain(|held, _| *held != gone && !(gone.ends_with('/') && held.starts_with(&gone)));
            } else {
                self.held.insert(href(response), shown(response));
            }
        }
        self.token = xml.first(dav("sync-token")).unwrap().trimmed();
        more
    }
}

fn event(uid: &str, number: u64) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20060101T000000Z\r\n\
         DTSTART:20060102T100000Z\r\nDURATION:PT1H\r\nSUMMARY:{number}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// One operation of some other client; what it may be refused with does not matter here.
async fn operation(house: &House, chance: &mut Chance, number: u64) {
    let calendar = chance.calendar();
    let name = chance.below(NAMES);
    let object = format!("{calendar}{name}.ics");
    match chance.below(100) {
        0 => drop(ask(house, ("DELETE", &calendar), &[], "").await),
        4 | 5 => {
            let body = format!(
                "<D:propertyupdate><D:set><D:prop><D:displayname>{number}</D:displayname></D:prop></D:set>\
                 </D:propertyupdate>"
            );
            ask(house, ("PROPPATCH", &calendar), &[], &body).await;
        }
        1..4 => drop(ask(house, ("MKCALENDAR", &calendar), &[], "").await),
        6..25 => drop(ask(house, ("DELETE", &object), &[], "").await),
        25..40 => {
            let to = format!("{}{}.ics", chance.calendar(), chance.below(NAMES));
            ask(house, ("MOVE", &object), &[("Destination", &to)], "").await;
        }
        _ => {
            // The name's own UID, so that a change is one; MOVEs mix them, and some are refused.
            let body = event(&format!("{name}@example.com"), number);
            let headers = [("Content-Type", "text/calendar")];
            house.send_as("ada", ("PUT", &object), &headers, body).await;
        }
    }
}

/// What is kept, and where its backups are.
struct Place {
    folder: tempfile::TempDir,
    archive: Archive,
    chance: Arc<AtomicU64>,
    /// How many stores there were.
    stores: usize,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::new(Arc::new(FolderVault::new(folder.path().join("vault"))), None);
        let place = Self { folder, archive, chance: Arc::new(AtomicU64::new(1)), stores: 0 };
        std::fs::create_dir(place.store()).unwrap();
        place
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join(self.stores.to_string())
    }

    async fn house(&self) -> House {
        let chance = self.chance.fetch_add(1_000_000, Ordering::SeqCst);
        House::over(open(&self.store()), chance).await
    }

    fn draw(&self) -> [u8; 16] {
        let number = self.chance.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut octets = [7; 16];
        octets[..8].copy_from_slice(&number.to_be_bytes());
        octets
    }

    async fn back_up(&self, house: &House) -> SnapshotInfo {
        let now = Instant::from_unix(NOW);
        self.archive.take(house.world.store.engine(), &[], now, &|| self.draw()).await.unwrap()
    }

    /// The state of a backup in the place of the present one.
    async fn restore(&mut self, snapshot: &SnapshotInfo) -> House {
        std::fs::remove_dir_all(self.store()).unwrap();
        self.stores += 1;
        std::fs::create_dir(self.store()).unwrap();
        let engine = open(&self.store());
        self.archive.restore(snapshot, &engine, &|| self.draw()).await.unwrap();
        drop(engine);
        self.house().await
    }
}

async fn follow_all(house: &House, followers: &mut BTreeMap<String, Vec<Follower>>, chance: &mut Chance) {
    // All that is in the home is much to compare with.
    let is_home_followed = chance.below(4) == 0;
    for (place, followers) in followers.iter_mut().filter(|(place, _)| *place != HOME || is_home_followed) {
        let there = listing(house, place).await.unwrap_or_default();
        let below = if place == HOME { listing_of_all(house).await } else { BTreeMap::new() };
        for (nth, follower) in followers.iter_mut().enumerate() {
            let limit = if nth % 2 == 0 { 0 } else { 1 + chance.below(6) };
            follower.follow(house, place, limit).await;
            let there = if follower.level == "1" { &there } else { &below };
            assert_eq!(follower.held, *there, "{place} {}", follower.level);
        }
    }
}

async fn run(seed: u64, operations: u64) {
    let mut chance = Chance(seed);
    let mut place = Place::new();
    let mut house = place.house().await;
    let mut followers: BTreeMap<String, Vec<Follower>> = BTreeMap::new();
    for calendar in CALENDARS {
        let calendar = format!("/dav/calendars/ada/{calendar}/");
        ask(&house, ("MKCALENDAR", &calendar), &[], "").await;
        followers.insert(calendar, vec![Follower::at("1"), Follower::at("1")]);
    }
    followers.insert(HOME.to_owned(), ["1", "1", "infinite", "infinite"].map(Follower::at).into());
    let mut backup = place.back_up(&house).await;
    for number in 0..operations {
        operation(&house, &mut chance, number).await;
        if number % 500 == 250 {
            backup = place.back_up(&house).await;
        }
        if chance.below(20) == 0 {
            // Any calendar may have been deleted and made again since.
            followers.values_mut().flatten().for_each(|follower| follower.may_be_unknown = true);
            follow_all(&house, &mut followers, &mut chance).await;
        }
        if number % 400 == 399 {
            followers.values_mut().flatten().for_each(|follower| follower.may_be_unknown = true);
            follow_all_known(&house, &mut followers, &mut chance).await;
            drop(house);
            house = place.house().await;
            // After a restart every token is still known, and nothing has changed.
            follow_all_known(&house, &mut followers, &mut chance).await;
        }
        if number % 700 == 699 {
            drop(house);
            house = place.restore(&backup).await;
            followers.values_mut().flatten().for_each(|follower| follower.may_be_unknown = true);
            for (place, followers) in &followers {
                for follower in followers {
                    refused(&house, place, follower).await;
                }
            }
        }
    }
    followers.values_mut().flatten().for_each(|follower| follower.may_be_unknown = true);
    follow_all(&house, &mut followers, &mut chance).await;
    let told: u64 = followers.values().flatten().map(|follower| follower.told).sum();
    assert!(told > operations / 2, "they were told {told} things only");
}

/// A token of before a restore is refused, whatever it said.
async fn refused(house: &House, calendar: &str, follower: &Follower) {
    let Follower { token, level, .. } = follower;
    if token.is_empty() {
        return;
    }
    let body = format!(
        "<D:sync-collection><D:sync-token>{token}</D:sync-token>\
         <D:sync-level>{level}</D:sync-level><D:prop/></D:sync-collection>"
    );
    let answer = ask(house, ("REPORT", calendar), &[], &body).await;
    assert!(
        answer.status == 404 || (answer.status == 403 && answer.text.contains("valid-sync-token")),
        "{token}: {}",
        answer.text
    );
}

/// Twice: the second time no token may be unknown.
async fn follow_all_known(
    house: &House,
    followers: &mut BTreeMap<String, Vec<Follower>>,
    chance: &mut Chance,
) {
    follow_all(house, followers, chance).await;
    follow_all(house, followers, chance).await;
}

/// Whoever follows the tokens holds what the calendars hold.
fn follow_one_run(number: u64) {
    let said = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let operations = said("KALENDS_FOLLOWER_OPERATIONS").unwrap_or(OPERATIONS);
    let seed = said("KALENDS_FOLLOWER_SEED").unwrap_or_default() + number;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(seed, operations));
}

macro_rules! runs {
    ($($name:ident = $number:literal),+) => {
        $(
            #[test]
            fn $name() {
                follow_one_run($number);
            }
        )+
    };
}

runs!(a_first_run = 1, a_second_run = 2, a_third_run = 3, a_fourth_run = 4, a_fifth_run = 5);
