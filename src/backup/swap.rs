//! Putting a restored store into the place of another: all of it or nothing, whenever the power fails.
//!
//! What is being restored grows in `restoring/` within the folder. Once it is whole, a mark is written there; from then
//! on every opening of the folder ends the swap before anything else: what was there is moved into a folder of its own,
//! what is new is moved up. Each step may be done twice.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use store::backup::Extra;

/// Where it grows.
const STAGE: &str = "restoring";
/// What says that it is whole.
const MARK: &str = "complete";
/// Where restored settings are put: they replace nothing by themselves.
pub const SETTINGS: &str = "restored-settings";
/// What stores are called in a data folder.
const STORES: [&str; 2] = [store::engine::redb::FILE, store::engine::sled::FOLDER];

/// Things of one name.
const KEPT_MAX: usize = 1_000;

/// How the swap is to be done.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// The folder for what was there.
    kept: String,
    /// What is moved away.
    away: Vec<String>,
    /// What is moved up.
    up: Vec<String>,
}

/// A folder in which something is being restored.
pub struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// An empty one in `folder`; what an interrupted restore has left there is removed.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        finish(folder)?;
        private().create(folder)?;
        let stage = Self { folder: folder.to_owned() };
        absent_is_fine(fs::remove_dir_all(stage.path()))?;
        private().create(stage.path())?;
        Ok(stage)
    }

    /// Where to restore.
    pub fn path(&self) -> PathBuf {
        self.folder.join(STAGE)
    }

    /// Puts the settings of a copy there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn put_settings(&self, extras: &[Extra]) -> io::Result<()> {
        for extra in extras {
            let name = Path::new(&extra.name);
            // A name comes from a vault: it may not lead out of the folder.
            if extra.name.is_empty() || !name.components().all(|part| matches!(part, Component::Normal(_))) {
                continue;
            }
            let path = self.path().join(SETTINGS).join(name);
            private().create(path.parent().unwrap_or(&path))?;
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            file.write_all(&extra.octets)?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// Says that all is there, has what was there released by whoever holds it open, and takes its place; the folder in
    /// which what was there is kept, if anything was. Whoever opens the folder after the release ends the swap first.
    ///
    /// # Errors
    /// What the operating system says; what is marked is ended by the next who opens the folder.
    pub fn take_place(self, kept: &str, release: impl FnOnce()) -> io::Result<Option<PathBuf>> {
        let mut up = Vec::new();
        for entry in fs::read_dir(self.path())? {
            up.extend(entry?.file_name().into_string());
        }
        sync_all_below(&self.path())?;
        let mut away: Vec<String> = STORES.map(str::to_owned).into();
        away.extend(up.iter().filter(|name| !STORES.contains(&name.as_str())).cloned());
        away.retain(|name| self.folder.join(name).exists());
        let kept = free(&self.folder, kept)?;
        self.mark(&Plan { kept, away, up })?;
        release();
        finish(&self.folder)
    }

    /// The same beside what is there, of which nothing may have the same name.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn take_free_place(self, name: &str) -> io::Result<()> {
        sync_all_below(&self.path())?;
        self.mark(&Plan { kept: "kept".to_owned(), away: Vec::new(), up: vec![name.to_owned()] })?;
        finish(&self.folder).map(|_| ())
    }

    /// Removes it again.
    pub fn give_up(self) {
        // What stays is removed by the next who restores.
        let _ = fs::remove_dir_all(self.path());
    }

    fn mark(&self, plan: &Plan) -> io::Result<()> {
        let beside = self.path().join("unfinished");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(plan)?)?;
        file.sync_all()?;
        fs::rename(beside, self.path().join(MARK))?;
        sync(&self.path())?;
        sync(&self.folder)
    }
}

/// Whether `folder` holds a store of any engine.
pub fn holds_store(folder: &Path) -> bool {
    STORES.iter().any(|name| folder.join(name).exists())
}

/// Ends a swap that was marked and not ended; the folder in which what was there is kept, if it was one.
///
/// # Errors
/// What the operating system says; nothing is lost, and the next who opens the folder goes on.
pub fn finish(folder: &Path) -> io::Result<Option<PathBuf>> {
    let stage = folder.join(STAGE);
    let mark = stage.join(MARK);
    let held = match File::open(&mark) {
        Ok(held) => held,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // What may not be looked into may be half swapped: a store that is not there would be made anew.
        Err(error) if stage.exists() => return Err(unreadable(&mark, &error)),
        // Whoever cannot look into the folder at all cannot open a store there either, and is told so.
        Err(_) => return Ok(None),
    };
    // Two that open the folder at once end it one after the other.
    held.lock()?;
    let text = match fs::read(&mark) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| unreadable(&mark, &error))?,
    };
    let plan = serde_json::from_slice::<Plan>(&text).ok().filter(Plan::is_plain);
    let plan = plan.ok_or_else(|| {
        let (mark, stage) = (mark.display(), stage.display());
        io::Error::new(ErrorKind::InvalidData, format!("{mark} is damaged: move {stage} away"))
    })?;
    let kept = folder.join(&plan.kept);
    for name in &plan.away {
        let (here, new) = (folder.join(name), stage.join(name));
        // What has the name of something new is old only as long as the new one has not been moved up.
        if here.exists() && (!plan.up.contains(name) || new.exists()) {
            absent_is_fine(private().create(&kept))?;
            // What was kept before is never written over.
            fs::rename(here, kept.join(free(&kept, name)?))?;
        }
    }
    if kept.exists() {
        sync(&kept)?;
    }
    for name in &plan.up {
        if stage.join(name).exists() {
            fs::rename(stage.join(name), folder.join(name))?;
        }
    }
    sync(folder)?;
    fs::remove_file(&mark)?;
    fs::remove_dir_all(&stage)?;
    sync(folder)?;
    Ok(kept.exists().then_some(kept))
}

impl Plan {
    /// Whether it moves nothing out of the folder.
    fn is_plain(&self) -> bool {
        let plain = |name: &String| {
            let mut parts = Path::new(name).components();
            matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        };
        [&self.kept].into_iter().chain(&self.away).chain(&self.up).all(plain)
    }
}

/// A name in `folder` that nothing has: `name`, or the same with a number.
fn free(folder: &Path, name: &str) -> io::Result<String> {
    (1..KEPT_MAX)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
        .find(|name| !folder.join(name).exists())
        .ok_or_else(|| ErrorKind::AlreadyExists.into())
}

fn unreadable(mark: &Path, error: &io::Error) -> io::Error {
    let remedy = "give the folder to the user that runs this program (chown -R)";
    io::Error::new(error.kind(), format!("{} cannot be read ({error}): {remedy}", mark.display()))
}

/// Folders that nobody else may look into.
fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sync_all_below(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all_below(&entry.path())?;
        } else {
            sync(&entry.path())?;
        }
    }
    sync(folder)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    fn prepared() -> (tempfile::TempDir, Stage) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        fs::write(folder.join("kalends.redb"), "old").unwrap();
        fs::create_dir(folder.join("kalends.sled")).unwrap();
        fs::write(folder.join("kalends.sled/db"), "other").unwrap();
        fs::write(folder.join("mail.txt"), "mine").unwrap();
        let stage = Stage::begin(folder).unwrap();
        fs::write(stage.path().join("kalends.redb"), "new").unwrap();
        let extra = |name: &str| Extra { name: name.into(), octets: b"text".to_vec() };
        stage.put_settings(&[extra("a/b.toml"), extra("../out"), extra("/etc/out"), extra("")]).unwrap();
        (place, stage)
    }

    fn is_swapped(folder: &Path) {
        assert_eq!(file(folder, "kalends.redb"), "new");
        assert_eq!(file(folder, "before/kalends.redb"), "old");
        assert_eq!(file(folder, "before/kalends.sled/db"), "other");
        assert_eq!(
            (file(folder, "mail.txt"), file(folder, "restored-settings/a/b.toml")),
            ("mine".into(), "text".into())
        );
        assert!(!folder.join("restoring").exists() && !folder.join("kalends.sled").exists());
        assert!(!folder.join("out").exists() && !folder.join("restored-settings/out").exists());
    }

    #[test]
    fn what_is_new_takes_the_place_and_what_was_there_is_kept() {
        let (place, stage) = prepared();
        let kept = stage.take_place("before", || ()).unwrap();
        assert_eq!(kept, Some(place.path().join("before")));
        is_swapped(place.path());
        // The next one finds another name.
        let stage = Stage::begin(place.path()).unwrap();
        fs::write(stage.path().join("kalends.redb"), "newer").unwrap();
        assert_eq!(stage.take_place("before", || ()).unwrap(), Some(place.path().join("before-2")));
        assert_eq!(file(place.path(), "before-2/kalends.redb"), "new");
    }

    #[test]
    fn a_swap_cut_anywhere_is_ended_by_the_next_who_opens() {
        for cut in 0..5 {
            let (place, stage) = prepared();
            let folder = place.path().to_owned();
            let plan = Plan {
                kept: "before".into(),
                away: vec!["kalends.redb".into(), "kalends.sled".into()],
                up: vec!["kalends.redb".into(), SETTINGS.into()],
            };
            stage.mark(&plan).unwrap();
            let steps: [(&str, &str); 4] = [
                ("kalends.redb", "before/kalends.redb"),
                ("kalends.sled", "before/kalends.sled"),
                ("restoring/kalends.redb", "kalends.redb"),
                ("restoring/restored-settings", SETTINGS),
            ];
            for (from, to) in &steps[..cut] {
                fs::create_dir_all(folder.join("before")).unwrap();
                fs::rename(folder.join(from), folder.join(to)).unwrap();
            }
            assert_eq!(finish(&folder).unwrap(), Some(folder.join("before")), "after {cut} steps");
            is_swapped(&folder);
            assert_eq!(finish(&folder).unwrap(), None);
        }
    }

    #[test]
    fn what_appears_while_it_is_cut_does_not_take_the_place_of_what_was_kept() {
        let (place, stage) = prepared();
        let folder = place.path().to_owned();
        let plan = Plan {
            kept: "before".into(),
            away: vec!["kalends.redb".into(), "kalends.sled".into()],
            up: vec!["kalends.redb".into(), SETTINGS.into()],
        };
        stage.mark(&plan).unwrap();
        fs::create_dir_all(folder.join("before")).unwrap();
        fs::rename(folder.join("kalends.redb"), folder.join("before/kalends.redb")).unwrap();
        fs::write(folder.join("kalends.redb"), "stray").unwrap();
        assert_eq!(finish(&folder).unwrap(), Some(folder.join("before")));
        is_swapped(&folder);
        assert_eq!(file(&folder, "before/kalends.redb-2"), "stray");
    }

    #[test]
    fn a_mark_that_cannot_be_believed_keeps_the_folder_closed() {
        let (place, stage) = prepared();
        for text in ["{", r#"{"kept":"../x","away":[],"up":[]}"#, r#"{"kept":"x","away":["/etc"],"up":[]}"#] {
            fs::write(stage.path().join(MARK), text).unwrap();
            let refused = finish(place.path()).unwrap_err().to_string();
            assert!(refused.contains("is damaged: move"), "{refused}");
        }
        assert_eq!(file(place.path(), "kalends.redb"), "old");
    }

    #[test]
    fn what_was_not_whole_is_nothing() {
        let (place, _stage) = prepared();
        assert_eq!(finish(place.path()).unwrap(), None);
        assert_eq!(file(place.path(), "kalends.redb"), "old");
        let stage = Stage::begin(place.path()).unwrap();
        assert_eq!(fs::read_dir(stage.path()).unwrap().count(), 0);
        stage.give_up();
        assert!(!place.path().join("restoring").exists());
    }
}
