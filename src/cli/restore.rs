//! `kalends restore`: a copy comes back, into the place of the store or elsewhere; `--drill` shows that it would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use store::Engine;
use store::backup::{Archive, Restored, SnapshotInfo};
use store::check::{self, Checked};
use store::engine::choice::EngineChoice;

use super::console::Console;
use super::exit::{Exit, Failure, Outcome};
use super::parse::Given;
use super::{backup, exit, store as cli_store, verify};
use crate::backup::{drill, place, swap};
use crate::config::environment::Environment;
use crate::config::settings::{Backup, BackupPlace, Settings};
use crate::config::value::secret::Secret;
use crate::{compose, config};

/// What `--key` says where backups have none though the settings name one: those before a change of format.
const NO_KEY: &str = "none";

/// Restores what was asked for.
pub async fn run(given: &Given, environment: &Environment, console: &Console) -> Exit {
    match prepare(given, environment) {
        Ok(order) if given.has("drill") => exit::told(practise(order, given, console).await, console),
        Ok(order) => exit::told(order.run(given, console).await, console),
        Err(failure) => exit::told(Err(failure), console),
    }
}

/// What is to be done, with what, where.
struct Order {
    archive: Archive,
    place: String,
    engine: EngineChoice,
    /// The data folder of the settings, if there are settings.
    data: Option<PathBuf>,
    into: PathBuf,
    /// Whether the store of the settings is replaced.
    in_place: bool,
    settings: Option<Settings>,
}

/// What came of it.
struct Done {
    restored: Restored,
    /// What was there before.
    kept: Option<PathBuf>,
    /// Where settings lie now.
    settings: Option<PathBuf>,
    /// What reading it once more found.
    again: Option<Checked>,
}

fn prepare(given: &Given, environment: &Environment) -> Result<Order, Failure> {
    let path = super::place(given, environment);
    // On a new machine there is nothing but the copy.
    let needed = given.option("from").is_none() || (given.option("to").is_none() && !given.has("drill"));
    let settings = if needed || path.exists() { Some(read_settings(&path, environment)?) } else { None };
    let backup = source(given, settings.as_ref())?;
    compose::install_tls();
    let (archive, place) = place::archive(&backup, &compose::clock())
        .map_err(|what| Failure { exit: Exit::Configuration, ..Failure::failed(what) })?;
    let configured = settings.as_ref().map_or(EngineChoice::Redb, |settings| settings.engine);
    let engine = cli_store::engine(given)?.unwrap_or(configured);
    if engine == EngineChoice::Memory {
        return Err(Failure::refused("store.engine is memory, which keeps nothing: say --engine redb"));
    }
    let data = settings.as_ref().map(|settings| settings.server.data_dir.clone());
    let to = given.option("to").map(PathBuf::from);
    let in_place = to.is_none();
    let into = to.or_else(|| data.clone()).unwrap_or_default();
    Ok(Order { archive, place, engine, data, into, in_place, settings })
}

fn read_settings(path: &Path, environment: &Environment) -> Result<Settings, Failure> {
    let loaded = config::load(path, environment);
    let help = loaded.problems.iter().map(ToString::to_string).collect();
    loaded.settings.ok_or_else(|| Failure {
        exit: Exit::Configuration,
        help,
        ..Failure::failed("the configuration is wrong (or say --from PLACE --to FOLDER, which needs none)")
    })
}

/// Refuses to guess whose copy is meant: a server that ran on a new machine before its restore has copied an empty store.
fn of_one_store(snapshots: &[SnapshotInfo], place: &str) -> Result<(), Failure> {
    // They are in order: of each store the newest stays.
    let newest: BTreeMap<&str, &SnapshotInfo> =
        snapshots.iter().filter_map(|snapshot| Some((snapshot.store.as_deref()?, snapshot))).collect();
    if newest.len() < 2 {
        return Ok(());
    }
    let each = |snapshot: &&SnapshotInfo| format!("{} with {} rows", snapshot.name, snapshot.rows);
    let each: Vec<String> = newest.values().map(each).collect();
    Err(Failure {
        name: Some("several_stores".to_owned()),
        ..Failure::refused(format!(
            "the backups at {place} are of {} stores: name one with --snapshot; the newest of each are {}",
            newest.len(),
            each.join(", ")
        ))
    })
}

/// Where copies are, and what opens them.
fn source(given: &Given, settings: Option<&Settings>) -> Result<Backup, Failure> {
    let known = settings.and_then(|settings| settings.backup.clone());
    let mut backup = match (given.option("from"), known, settings) {
        (None, Some(backup), _) => backup,
        (None, None, Some(settings)) => backup::configured(settings)?.clone(),
        (None, None, None) => return Err(Failure::usage("say where backups are: --from PLACE")),
        (Some(from), known, _) => {
            let place = from_place(from, known.as_ref())?;
            let unused = Backup {
                place: BackupPlace::Folder(PathBuf::new()),
                every_seconds: 900,
                keep_seconds: 0,
                keep_daily_seconds: 0,
                keep_monthly_seconds: 0,
                key: None,
            };
            Backup { place, ..known.unwrap_or(unused) }
        }
    };
    match given.option("key") {
        None => {}
        Some(NO_KEY) => backup.key = None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("the key in {path} cannot be read: {error}")))?;
            backup.key = Some(Secret::new(text.trim()));
        }
    }
    Ok(backup)
}

/// The place that `--from` names; a bucket with the account of the settings.
fn from_place(from: &str, known: Option<&Backup>) -> Result<BackupPlace, Failure> {
    let Some(rest) = from.strip_prefix("s3://") else {
        if !Path::new(from).is_dir() {
            return Err(Failure::refused(format!("there is no folder {from}")));
        }
        return Ok(BackupPlace::Folder(PathBuf::from(from)));
    };
    let Some(Backup { place: BackupPlace::S3(account), .. }) = known else {
        return Err(Failure::usage(
            "a bucket needs its account: write a kalends.toml with [backup] to = \"s3://…\" and [backup.s3]",
        ));
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok(BackupPlace::S3(crate::config::settings::Bucket { name: name.to_owned(), prefix, ..account.clone() }))
}

impl Order {
    async fn run(&self, given: &Given, console: &Console) -> Outcome {
        let (snapshot, done) = self.restore(given, console).await?;
        self.tell(&snapshot, &done, console);
        match done.again {
            Some(again) if !again.is_sound() && console.manner.json => Err(Failure::told()),
            Some(again) if !again.is_sound() => Err(verify::unsound(&again)),
            _ => Ok(()),
        }
    }

    /// Makes sure that nobody works with the store that is to be replaced, and that nobody begins to.
    async fn hold(&self) -> Result<Option<Arc<dyn Engine>>, Failure> {
        if !self.in_place {
            if swap::holds_store(&self.into) {
                let what = format!("{} holds a store: name an empty folder", self.into.display());
                return Err(Failure { name: Some("not_empty".to_owned()), ..Failure::refused(what) });
            }
            return Ok(None);
        }
        let Some(settings) = &self.settings else { return Ok(None) };
        if crate::control::is_served(&self.into).await {
            let what = "a server runs with this store: stop it first (systemctl stop kalends)";
            return Err(Failure { name: Some("in_use".to_owned()), ..Failure::refused(what) });
        }
        if !swap::holds_store(&self.into) {
            return Ok(None);
        }
        match compose::open_engine(settings.engine, &self.into).await {
            Ok(engine) => Ok(Some(engine)),
            Err(error) if error.is_in_use() => Err(cli_store::not_opened(&error)),
            // One that is damaged is what restoring is for.
            Err(_) => Ok(None),
        }
    }

    async fn restore(&self, given: &Given, console: &Console) -> Result<(SnapshotInfo, Done), Failure> {
        let held = self.hold().await?;
        let snapshots = self.archive.snapshots().await?;
        if !given.has("drill") && given.option("snapshot").is_none() {
            of_one_store(&snapshots, &self.place)?;
        }
        let snapshot = backup::chosen(&snapshots, given, &self.place)?.clone();
        let stage = cli_store::begin(&self.into)?;
        console.progress(0, 2, &snapshot.name);
        let filled = self.fill(&snapshot, &stage, given.has("verify") || given.has("drill")).await;
        let (restored, again) = match filled {
            Ok(filled) => filled,
            Err(failure) => {
                stage.give_up();
                return Err(failure);
            }
        };
        console.progress(1, 2, &snapshot.name);
        let held = match held {
            Some(held) => Some(held),
            // What nobody could open, or was not there, may have been opened by a server meanwhile.
            None => match self.hold().await {
                Ok(held) => held,
                Err(failure) => {
                    stage.give_up();
                    return Err(failure);
                }
            },
        };
        let stamp = jiff::Timestamp::from_second(compose::now().as_unix()).unwrap_or_default();
        let kept = stamp.strftime("before-restore-%Y-%m-%dT%H-%M-%SZ").to_string();
        let kept = stage
            .take_place(&kept, move || drop(held))
            .map_err(|error| cli_store::not_written(&self.into, &error))?;
        console.progress(2, 2, &snapshot.name);
        let settings = self.into.join(swap::SETTINGS);
        let settings = settings.exists().then_some(settings);
        Ok((snapshot, Done { restored, kept, settings, again }))
    }

    async fn fill(
        &self,
        snapshot: &SnapshotInfo,
        stage: &swap::Stage,
        twice: bool,
    ) -> Result<(Restored, Option<Checked>), Failure> {
        let engine = open(self.engine, stage).await?;
        let restored = self.archive.restore(snapshot, &engine, &compose::draw).await?;
        // Closed: the store that takes the place is one that opens.
        drop(engine);
        let extras = self.archive.extras(snapshot).await?;
        stage.put_settings(&extras).map_err(|error| cli_store::not_written(&self.into, &error))?;
        let again = if twice {
            let engine = open(self.engine, stage).await?;
            Some(check::check(&engine).await?)
        } else {
            None
        };
        Ok((restored, again))
    }

    fn tell(&self, snapshot: &SnapshotInfo, done: &Done, console: &Console) {
        let findings = done.again.as_ref().unwrap_or(&done.restored.checked);
        if console.manner.json {
            let mut said = backup::as_json(snapshot);
            said["place"] = json!(self.place);
            said["folder"] = json!(self.into);
            said["into_engine"] = json!(self.engine.name());
            said["kept"] = json!(done.kept);
            said["settings"] = json!(done.settings);
            said["restored"] = json!({
                "rows": done.restored.rows,
                "octets": done.restored.octets,
                "collections": done.restored.collections,
            });
            said["checked"] = verify::as_json(findings);
            console.json(&said);
            return;
        }
        console.line(format_args!(
            "restored {} of {} UTC: {} rows, {} calendars, into {}",
            snapshot.name,
            backup::said(snapshot.taken),
            done.restored.rows,
            done.restored.collections,
            self.into.display(),
        ));
        verify::tell_findings(findings, console);
        if findings.is_sound() {
            console.line(format_args!("read once more and in order: {} rows", findings.rows));
        }
        if let Some(kept) = &done.kept {
            console.line(format_args!("what was there is kept in {}", kept.display()));
        }
        if let Some(settings) = &done.settings {
            let secrets =
                if snapshot.encrypted { "" } else { "; passwords were left out, as the backup has no key" };
            console.line(format_args!("the settings of then are in {}{secrets}", settings.display()));
        }
        if self.in_place {
            if self.settings.as_ref().is_some_and(|settings| settings.engine != self.engine) {
                console.note(format_args!(
                    "set engine = \"{}\" in [store] before you start it",
                    self.engine.name()
                ));
            }
            console.note("start `kalends serve`; calendar apps ask for everything once more by themselves");
        }
    }
}

async fn open(engine: EngineChoice, stage: &swap::Stage) -> Result<Arc<dyn Engine>, Failure> {
    compose::open_engine(engine, &stage.path()).await.map_err(|error| cli_store::not_opened(&error))
}

/// Restores into a folder that is removed afterwards, and notes the result where `/readyz` finds it.
async fn practise(mut order: Order, given: &Given, console: &Console) -> Outcome {
    let own = given.option("to").is_none();
    if own {
        let chance = aggregator::reading::hex(&compose::draw()[..6]);
        order.into = std::env::temp_dir().join(format!("kalends-drill-{chance}"));
    }
    order.in_place = false;
    let outcome = order.run(given, console).await;
    if own {
        // What stays is removed by the system's tidying.
        let _ = std::fs::remove_dir_all(&order.into);
    }
    let Some(data) = &order.data else { return outcome };
    let drill = drill::Drill {
        at: compose::now().as_unix(),
        ok: outcome.is_ok(),
        detail: outcome.as_ref().err().map_or_else(String::new, |failure| match failure.what.as_str() {
            "" => "what came back is not in order".to_owned(),
            what => what.to_owned(),
        }),
    };
    let noted = drill::write(data, &drill);
    outcome.and(noted.map_err(|error| {
        Failure::failed(format!("the result cannot be noted in {}: {error}", data.display()))
    }))
}
