//! Cuts the power: runs a child under the recorder, makes of its recording the files that a power cut may leave, and
//! looks at the store in each. A life ends in one of these, and the next one begins with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use store::engine::Engine;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};

use crate::chance::Chance;
use crate::disk::{Disk, Fate, Image, read_image, write_image};
use crate::record::{self, Event, HOUSE, TOLD};

/// Images of a life.
const LIFE_IMAGES_MAX: usize = 400;

/// Of each lane the newest number that somebody was promised.
pub(crate) type Promises = BTreeMap<u8, u64>;

/// Writes down what was promised, in the same order as what happens to the files.
pub(crate) struct Teller(File);

impl Teller {
    pub(crate) fn new(root: &Path) -> Self {
        Self(File::create(root.join(TOLD)).unwrap())
    }

    pub(crate) fn tell(&self, lane: u8, number: u64) {
        (&self.0).write_all(format!("{lane} {number}\n").as_bytes()).unwrap();
    }
}

/// What a flush does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flushes {
    Work,
    /// The disk says so and does nothing: to see that the tests would notice.
    Lie,
}

/// What is done before the cut and looked at after it.
pub(crate) struct Work {
    /// The test that is the child.
    pub(crate) child: &'static str,
    pub(crate) choice: EngineChoice,
    /// What a child gets to know in `KALENDS_CUT_COUNT`.
    pub(crate) count: u64,
    /// Whether the disk keeps what was flushed.
    pub(crate) flushes: Flushes,
    /// How long a child may take.
    pub(crate) patience: Duration,
    /// Whether a child may find its store other than it must be: only where the engine is known for it.
    pub(crate) child_may_fail: bool,
    pub(crate) check: fn(EngineChoice, &Path, &Promises) -> Result<(), String>,
}

/// What became of the images.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) images: usize,
    pub(crate) lives: usize,
    /// Of the lives, those that stood still.
    pub(crate) hung: usize,
    /// Of the lives, those that found something wrong themselves.
    pub(crate) failed: usize,
    pub(crate) flushes: usize,
    /// Promises that were outstanding over all images.
    pub(crate) promised: u64,
    pub(crate) failures: Vec<String>,
}

pub(crate) fn open(choice: EngineChoice, folder: &Path) -> Result<Arc<dyn Engine>, String> {
    choice.open(folder, CACHE_OCTETS).map_err(|error| format!("refused: {error}"))
}

fn hear(promises: &mut Promises, event: &Event, told: u64) {
    let Event::Write { inode, octets, .. } = event else { return };
    if *inode != told {
        return;
    }
    let (lane, number) = std::str::from_utf8(octets).unwrap().trim().split_once(' ').unwrap();
    let newest = promises.entry(lane.parse().unwrap()).or_default();
    *newest = (*newest).max(number.parse().unwrap());
}

/// Where to cut: half of the cuts at a flush (before it, while it runs, after it, one event later), half anywhere.
fn places(events: &[Event], count: usize, chance: &mut Chance) -> Vec<usize> {
    let flushes: Vec<usize> = (0..events.len())
        .filter(|at| matches!(events[*at], Event::SyncBegins { .. } | Event::SyncEnds { .. }))
        .collect();
    let mut places: Vec<usize> = (0..count)
        .map(|nth| {
            if nth.is_multiple_of(2) && !flushes.is_empty() {
                // Spread over all of them, however few or many cuts there are.
                let flush = flushes[nth / 2 * flushes.len() / count.div_ceil(2)];
                flush + chance.below(3)
            } else {
                chance.below(events.len() + 1)
            }
        })
        .map(|place| place.min(events.len()))
        .collect();
    places.sort_unstable();
    places
}

/// How a child came to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    ByItself,
    /// It did nothing more.
    Hung,
    /// It found something wrong.
    Failed,
}

struct Life {
    image: Image,
    promises: Promises,
}

/// Runs the child on `life` and gives the disk before it and all that happened to it.
fn record_life(work: &Work, life: &Life, nth: usize) -> (Disk, Vec<Event>, Ended) {
    let (root, logs) = (record::scratch(), record::scratch());
    write_image(&life.image, root.path());
    let disk = Disk::of_folder(root.path());
    let log = logs.path().join("log");
    let mut child = record::command(work.child, root.path(), &log)
        .env("KALENDS_CUT_ENGINE", work.choice.name())
        .env("KALENDS_CUT_COUNT", work.count.to_string())
        // Every second life closes its store in peace, and is cut while it does.
        .env("KALENDS_CUT_END", if nth.is_multiple_of(2) { "stop" } else { "close" })
        .spawn()
        .unwrap();
    let ended = wait(&mut child, work.patience);
    assert!(ended != Some(false) || work.child_may_fail, "the child failed");
    let events = record::read_log(&log);
    match ended {
        None => return (disk, events, Ended::Hung),
        Some(false) => return (disk, events, Ended::Failed),
        Some(true) => {}
    }
    let mut end = disk.clone();
    for event in &events {
        end.advance(event);
    }
    let mut left = read_image(root.path());
    left.remove(TOLD);
    let replayed = end.image(Fate::Most, None, &mut Chance::new(0));
    assert!(replayed == left, "what was recorded, replayed, is what the child left");
    (disk, events, Ended::ByItself)
}

/// Whether the child ended well; `None`: it had to be ended.
fn wait(child: &mut Child, patience: Duration) -> Option<bool> {
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 0..patience.as_millis() / PAUSE.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.success());
        }
        std::thread::sleep(PAUSE);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Cuts the power `count` times.
pub(crate) fn cut(work: &Work, count: usize, seed: u64) -> Tally {
    let mut tally = Tally::default();
    let mut chance = Chance::new(seed);
    let mut life = Life { image: Image::new(), promises: Promises::new() };
    let lives = count.div_ceil(LIFE_IMAGES_MAX).max(3);
    for nth in 0..lives {
        let images = (nth + 1) * count / lives - nth * count / lives;
        life = live(work, &life, (nth, images), &mut chance, &mut tally);
    }
    tally
}

/// How often anything was flushed between the first promise and the last, and how many promises were made after the
/// first: of commits made one after the other, flushes a commit.
pub(crate) fn flushes_of_commits(work: &Work) -> (usize, usize) {
    let life = Life { image: Image::new(), promises: Promises::new() };
    let events = record_life(work, &life, 0).1;
    let told = told(&events);
    let promises: Vec<usize> = (0..events.len())
        .filter(|at| matches!(events[*at], Event::Write { inode, .. } if inode == told))
        .collect();
    let between = &events[promises[0]..promises[promises.len() - 1]];
    let flushes = between.iter().filter(|event| matches!(event, Event::SyncEnds { .. })).count();
    (flushes, promises.len() - 1)
}

/// The file in which the child tells.
fn told(events: &[Event]) -> u64 {
    let told = events.iter().find_map(|event| match event {
        Event::Create { inode, path, .. } if path == TOLD => Some(*inode),
        _ => None,
    });
    told.expect("the child tells")
}

/// One life: recorded, cut in `images` places, looked at; the life that follows.
fn live(work: &Work, life: &Life, how: (usize, usize), chance: &mut Chance, tally: &mut Tally) -> Life {
    let (nth, images) = how;
    let (mut disk, events, ended) = record_life(work, life, nth);
    tally.lives += 1;
    tally.hung += usize::from(ended == Ended::Hung);
    tally.failed += usize::from(ended == Ended::Failed);
    tally.flushes += events.iter().filter(|event| matches!(event, Event::SyncEnds { .. })).count();
    let told = told(&events);
    let places = places(&events, images, chance);
    let heir = images / 3 + chance.below(images / 2 + 1);
    let mut next = Life { image: life.image.clone(), promises: life.promises.clone() };
    let mut promises = life.promises.clone();
    let mut happened = 0;
    let mut inherited = false;
    let root = record::scratch();
    for (number, place) in places.into_iter().enumerate() {
        for event in &events[happened..place] {
            hear(&mut promises, event, told);
            if work.flushes == Flushes::Work || !matches!(event, Event::SyncEnds { .. }) {
                disk.advance(event);
            }
        }
        happened = place;
        let fate = Fate::ALL[chance.below(Fate::ALL.len())];
        let image = disk.image(fate, events.get(place), chance);
        write_image(&image, root.path());
        tally.images += 1;
        tally.promised += promises.values().sum::<u64>();
        match (work.check)(work.choice, &root.path().join(HOUSE), &promises) {
            Ok(()) if number >= heir && !inherited => {
                inherited = true;
                next = Life { image, promises: promises.clone() };
            }
            Ok(()) => {}
            Err(why) => {
                let at = format!("life {nth}, event {place} of {}, {fate:?}: {why}", events.len());
                keep(&image, &at);
                tally.failures.push(at);
            }
        }
    }
    next
}

/// Keeps an image that failed in the folder `KALENDS_POWER_CUT_KEEP`, to be looked at.
fn keep(image: &Image, why: &str) {
    if let Some(folder) = std::env::var_os("KALENDS_POWER_CUT_KEEP") {
        let name: String = why.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
        let folder = Path::new(&folder).join(name);
        fs::create_dir_all(&folder).unwrap();
        write_image(image, &folder);
    }
}

/// What the child does: opens the store, works, and ends, in peace or not.
pub(crate) fn be_child(work: impl FnOnce(&Arc<dyn Engine>, u64, Teller)) {
    let (Some(root), Some(choice)) = (record::root(), record::variable("KALENDS_CUT_ENGINE")) else { return };
    let count = record::variable("KALENDS_CUT_COUNT").unwrap().parse().unwrap();
    let teller = Teller::new(&root);
    let engine = open(choice.parse().unwrap(), &root.join(HOUSE)).unwrap();
    work(&engine, count, teller);
    if record::variable("KALENDS_CUT_END").is_some_and(|end| end == "stop") {
        std::process::exit(0);
    }
}
