//! A feed in a file, and a folder of files.
//!
//! In a folder each `.ics` file is read by itself: one that is broken (or half written just now) is told, and what is
//! held of it stays; the rest goes on.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use calendar::limits::Limits;
use serde::{Deserialize, Serialize};

use super::map;
use crate::source::reader;
use crate::source::stamp;
use crate::source::table::Opening;
use crate::source::{Cursor, RemoteObject, Snapshot, SourceError, Step, shortened};

/// A file changed less than so many nanoseconds ago may change again without its time telling.
const UNSETTLED_NANOSECONDS: i64 = 2_000_000_000;

/// What is remembered of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    /// When it was changed, nanoseconds of UTC.
    modified: i64,
    /// Octets.
    octets: u64,
    /// [`stamp::fingerprint`] of its text; empty where it could not be read.
    text: String,
    /// Ids of the objects read from it last (kept for folders only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
}

/// What is remembered of a folder: its path and its files by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Folder {
    path: PathBuf,
    files: BTreeMap<String, Remembered>,
}

/// One step of the feed in the file at `path`.
pub(super) async fn file(
    path: &Path,
    opening: &Opening,
    cursor: Option<&Cursor>,
) -> Result<Step, SourceError> {
    let (path, limits) = (path.to_owned(), opening.limits);
    let now = opening.now.as_unix().saturating_mul(1_000_000_000);
    let known = cursor
        .and_then(|cursor| serde_json::from_str::<(PathBuf, Remembered)>(&cursor.0).ok())
        .filter(|(known, _)| *known == path)
        .map(|(_, remembered)| remembered);
    let at = path.clone();
    let news = reader::fetch(move || {
        let mut seen = look(&at)?;
        if known.as_ref().is_some_and(|known| known.is_settled_as(&seen, now)) {
            return Ok(None);
        }
        let text = read(&at, &limits)?;
        seen.text = stamp::fingerprint(&text);
        Ok(if known.is_some_and(|known| known.text == seen.text) { None } else { Some((text, seen)) })
    });
    let Some((text, seen)) = news.await?? else { return Ok(Step::Unchanged) };
    let mut snapshot = reader::read(move || map::snapshot(&text, &limits)).await??;
    snapshot.cursor = Cursor(serde_json::to_string(&(path, seen)).unwrap_or_default());
    Ok(Step::Snapshot(snapshot))
}

/// One step of the folder at `path`.
pub(super) async fn folder(
    path: &Path,
    opening: &Opening,
    cursor: Option<&Cursor>,
) -> Result<Step, SourceError> {
    let (path, limits) = (path.to_owned(), opening.limits);
    let now = opening.now.as_unix().saturating_mul(1_000_000_000);
    let known = cursor
        .and_then(|cursor| serde_json::from_str::<Folder>(&cursor.0).ok())
        .filter(|known| known.path == path);
    reader::fetch(move || read_folder(path, &limits, known, now)).await?
}

fn read_folder(path: PathBuf, limits: &Limits, known: Option<Folder>, now: i64) -> Result<Step, SourceError> {
    let names = listing(&path)?;
    if let Some(known) = &known
        && known.files.len() == names.len()
        && names.iter().all(|name| {
            let seen = look(&path.join(name));
            known.files.get(name).zip(seen.ok()).is_some_and(|(known, seen)| known.is_settled_as(&seen, now))
        })
    {
        return Ok(Step::Unchanged);
    }
    let known = known.unwrap_or_default();
    let mut listed = Listed { octets_left: limits.feed_octets_max as u64, ..Listed::default() };
    for name in names {
        listed.add(&path, name, limits, &known);
    }
    let Listed { mut snapshot, files, .. } = listed;
    snapshot.cursor = Cursor(serde_json::to_string(&Folder { path, files }).unwrap_or_default());
    Ok(Step::Snapshot(snapshot))
}

/// What was read of a folder so far.
struct Listed {
    snapshot: Snapshot,
    files: BTreeMap<String, Remembered>,
    places: BTreeMap<String, usize>,
    octets_left: u64,
}

impl Default for Listed {
    fn default() -> Self {
        let snapshot = Snapshot {
            objects: Vec::new(),
            cursor: Cursor(String::new()),
            zone: None,
            name: None,
            refresh_seconds: None,
            warnings: Vec::new(),
            skipped: Vec::new(),
            unread: Vec::new(),
        };
        Self { snapshot, files: BTreeMap::new(), places: BTreeMap::new(), octets_left: 0 }
    }
}

impl Listed {
    fn add(&mut self, folder: &Path, name: String, limits: &Limits, known: &Folder) {
        let path = folder.join(&name);
        let mut seen = look(&path).unwrap_or_default();
        let part = if seen.octets > self.octets_left {
            Err(SourceError::NotACalendar(format!(
                "the folder has more than {} octets",
                limits.feed_octets_max
            )))
        } else {
            read(&path, limits).and_then(|text| {
                seen.text = stamp::fingerprint(&text);
                map::snapshot(&text, limits)
            })
        };
        match part {
            Ok(part) => {
                self.octets_left -= seen.octets.min(self.octets_left);
                self.take(&name, part, &mut seen);
            }
            Err(error) => {
                self.snapshot.skipped.push(format!("{}: {error}", shortened(&name)));
                // What it held when it could be read is held still.
                seen.text.clear();
                seen.ids = known.files.get(&name).map(|known| known.ids.clone()).unwrap_or_default();
                self.snapshot.unread.extend(seen.ids.iter().cloned());
            }
        }
        self.files.insert(name, seen);
    }

    fn take(&mut self, name: &str, part: Snapshot, seen: &mut Remembered) {
        self.snapshot.skipped.extend(part.skipped.into_iter().map(|what| format!("{name}: {what}")));
        self.snapshot.warnings.extend(part.warnings);
        self.snapshot.zone = self.snapshot.zone.take().or(part.zone);
        self.snapshot.refresh_seconds = self.snapshot.refresh_seconds.max(part.refresh_seconds);
        for object in part.objects {
            seen.ids.push(object.id.clone());
            self.place(name, object);
        }
    }

    /// Of two files with one UID the later by name is believed.
    fn place(&mut self, name: &str, object: RemoteObject) {
        if let Some(place) = self.places.get(&object.id) {
            let uid = shortened(&object.id);
            self.snapshot.skipped.push(format!("an earlier file has the UID of {}: {uid}", shortened(name)));
            self.snapshot.objects[*place] = object;
        } else {
            self.places.insert(object.id.clone(), self.snapshot.objects.len());
            self.snapshot.objects.push(object);
        }
    }
}

impl Remembered {
    /// Whether a file that looks like `seen` at `now` is surely the one remembered.
    fn is_settled_as(&self, seen: &Self, now: i64) -> bool {
        !self.text.is_empty()
            && self.modified == seen.modified
            && self.octets == seen.octets
            && now.saturating_sub(seen.modified) > UNSETTLED_NANOSECONDS
    }
}

/// Names of the `.ics` files of a folder, sorted; hidden ones are somebody's half-written ones.
fn listing(path: &Path) -> Result<Vec<String>, SourceError> {
    let entries = std::fs::read_dir(path).map_err(|error| cannot(&error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| cannot(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ics = Path::new(&name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ics"));
        if is_ics && !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn look(path: &Path) -> Result<Remembered, SourceError> {
    let facts = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if facts.is_dir() {
        return Err(SourceError::Misconfigured("it is a folder, not a file".into()));
    }
    let modified = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(0));
    Ok(Remembered { modified, octets: facts.len(), ..Remembered::default() })
}

fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, SourceError> {
    let file = std::fs::File::open(path).map_err(|error| cannot(&error))?;
    let mut text = Vec::new();
    // One octet more than is read tells that there is too much.
    file.take(limits.feed_octets_max as u64 + 1).read_to_end(&mut text).map_err(|error| cannot(&error))?;
    crate::source::http::inflate::inflated(text, None, limits.feed_octets_max)
}

fn cannot(error: &std::io::Error) -> SourceError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            SourceError::Gone("no such file or folder".into())
        }
        std::io::ErrorKind::PermissionDenied => {
            SourceError::Misconfigured("the program may not read the file or folder".into())
        }
        _ => SourceError::Unreachable(format!("the file cannot be read: {}", error.kind())),
    }
}
