//! `kalends backup`: a copy now; `kalends backup list`: those that lie there.

use calendar::time::Instant;
use calendar::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::backup::{Archive, BackupError, SnapshotInfo, newest_at};

use super::console::Console;
use super::exit::{Exit, Failure, Outcome};
use super::moment;
use super::parse::Given;
use crate::backup::keeper::{Old, Taken};
use crate::backup::place;
use crate::compose;
use crate::config::settings::{Backup, Settings};
use crate::house::House;

/// A copy now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    prune: bool,
}

impl Now {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { prune: given.has("prune") }
    }

    /// Takes it.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let backup = configured(&house.settings)?;
        let old = if self.prune { Old::Go } else { Old::Stay };
        console.progress(0, 1, "the store");
        let taken = house
            .backups
            .take(&house.settings, &house.world, old)
            .await
            .map_err(|error| Failure { name: Some("backup_failed".to_owned()), ..Failure::failed(error) })?;
        console.progress(1, 1, "the store");
        tell(&taken, backup, console);
        taken.pruned.map(|_| ()).map_err(|error| Failure::failed(format!("old backups stay: {error}")))
    }
}

fn tell(taken: &Taken, backup: &Backup, console: &Console) {
    let snapshot = &taken.snapshot;
    let pruned = taken.pruned.as_ref().ok().and_then(Option::as_ref);
    if console.manner.json {
        let mut said = as_json(snapshot);
        said["place"] = json!(taken.place);
        said["secrets_left_out"] = json!(taken.left_out);
        if let Some(pruned) = pruned {
            said["pruned"] =
                json!({"removed": pruned.snapshots, "kept": pruned.kept, "deferred": pruned.deferred});
        }
        console.json(&said);
        return;
    }
    console.line(format_args!(
        "backed up {} rows ({}) to {} as {}; {} of it new",
        snapshot.rows,
        size(snapshot.octets),
        taken.place,
        snapshot.name,
        size(snapshot.added_octets),
    ));
    if let Some(pruned) = pruned {
        let put_off = if pruned.deferred { "; the rest is put off to the next time" } else { "" };
        console.line(format_args!("{} old backups removed, {} kept{put_off}", pruned.snapshots, pruned.kept));
    }
    if backup.key.is_none() {
        console.note(
            "it is not encrypted, so the passwords of the settings are left out; backup.key changes both",
        );
    }
    for what in taken.left_out.iter().filter(|_| backup.key.is_some()) {
        console.note(format_args!("left out: {what}"));
    }
}

/// Lists what lies there.
pub async fn list(settings: &Settings, console: &Console) -> Outcome {
    let (archive, place) = archive(configured(settings)?)?;
    let snapshots = archive.snapshots().await?;
    if console.manner.json {
        let all: Vec<_> = snapshots.iter().map(as_json).collect();
        console.json(&json!({"place": place, "snapshots": all}));
        return Ok(());
    }
    if snapshots.is_empty() {
        console.line(format_args!("there are no backups at {place} yet"));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = snapshots
        .iter()
        .map(|snapshot| {
            vec![
                said(snapshot.taken),
                snapshot.name.clone(),
                snapshot.rows.to_string(),
                size(snapshot.octets),
                size(snapshot.added_octets),
                if snapshot.encrypted { "yes" } else { "no" }.to_owned(),
                snapshot.engine.clone(),
                snapshot.program.clone(),
            ]
        })
        .collect();
    console.table(&["taken (UTC)", "name", "rows", "size", "added", "sealed", "engine", "program"], &rows);
    Ok(())
}

/// What the settings say of backups.
///
/// # Errors
/// How to configure them.
pub fn configured(settings: &Settings) -> Result<&Backup, Failure> {
    settings.backup.as_ref().ok_or_else(|| Failure {
        exit: Exit::Configuration,
        name: Some("no_backup".to_owned()),
        ..Failure::failed(
            "no backup is configured: add [backup] with to = \"/mnt/backup/kalends\" or \"s3://bucket/prefix\"",
        )
    })
}

/// The archive that the settings name.
///
/// # Errors
/// What is of no use in the settings.
pub fn archive(backup: &Backup) -> Result<(Archive, String), Failure> {
    compose::install_tls();
    place::archive(backup, &compose::clock())
        .map_err(|what| Failure { exit: Exit::Configuration, ..Failure::failed(what) })
}

/// Which snapshot is meant: by its name, by a moment, or the newest.
///
/// # Errors
/// What there is instead.
pub fn chosen<'a>(
    snapshots: &'a [SnapshotInfo],
    given: &Given,
    place: &str,
) -> Result<&'a SnapshotInfo, Failure> {
    let refused = |what: String| Failure { name: Some("no_snapshot".to_owned()), ..Failure::refused(what) };
    let (Some(oldest), Some(last)) = (snapshots.first(), snapshots.last()) else {
        return Err(refused(format!("there are no backups at {place}")));
    };
    if let Some(name) = given.option("snapshot") {
        return snapshots.iter().find(|snapshot| snapshot.name == name).ok_or_else(|| {
            refused(format!("there is no backup called {name} at {place}; `kalends backup list` names them"))
        });
    }
    let Some(text) = given.option("at") else { return Ok(last) };
    let utc = Zone::named("UTC").ok_or_else(|| Failure::failed("there is no zone UTC"))?;
    let at = moment::parse(text, &utc, compose::now()).map_err(Failure::usage)?;
    newest_at(snapshots, at).ok_or_else(|| {
        refused(format!(
            "no backup is so old: the oldest at {place} is {} of {} UTC",
            oldest.name,
            said(oldest.taken)
        ))
    })
}

/// A snapshot for programs.
pub fn as_json(snapshot: &SnapshotInfo) -> serde_json::Value {
    json!({
        "name": snapshot.name,
        "taken": rfc3339(snapshot.taken),
        "rows": snapshot.rows,
        "octets": snapshot.octets,
        "added_octets": snapshot.added_octets,
        "chunks": snapshot.chunks,
        "encrypted": snapshot.encrypted,
        "engine": snapshot.engine,
        "format": snapshot.format,
        "program": snapshot.program,
        "store": snapshot.store,
    })
}

/// `2026-11-24T09:30:00Z`.
pub fn rfc3339(instant: Instant) -> String {
    jiff::Timestamp::from_second(instant.as_unix()).unwrap_or_default().to_string()
}

/// `2026-11-24 09:30:00`.
pub fn said(instant: Instant) -> String {
    jiff::Timestamp::from_second(instant.as_unix())
        .unwrap_or_default()
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// `17 octets`, `3 KB`, `12 MB`.
pub fn size(octets: u64) -> String {
    match octets {
        0..=9_999 => format!("{octets} octets"),
        10_000..=9_999_999 => format!("{} KB", octets / 1000),
        _ => format!("{} MB", octets / 1_000_000),
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let (exit, name) = match &error {
            BackupError::Vault { .. } => (Exit::Refused, "backups_not_available"),
            BackupError::WrongKey { .. } => (Exit::Refused, "wrong_key"),
            BackupError::NotEmpty => (Exit::Refused, "not_empty"),
            BackupError::Newer { .. } => (Exit::Refused, "newer_program"),
            BackupError::Busy { .. } => (Exit::Refused, "busy"),
            BackupError::Missing { .. } => (Exit::Failed, "missing"),
            BackupError::Damaged { .. } => (Exit::Failed, "damaged"),
            BackupError::Unfinished(_) => (Exit::Failed, "unfinished"),
            BackupError::Engine(_) => (Exit::Failed, "store"),
        };
        let help = match &error {
            BackupError::WrongKey { sealed_with, .. } if sealed_with == "no key" => {
                "`kalends restore --key none` reads backups that are not sealed"
            }
            BackupError::Missing { .. } => {
                "an earlier or later backup may be whole: `kalends backup list` names them, --snapshot NAME takes one"
            }
            BackupError::Damaged { .. } => {
                "remove that file or object, and the next backup brings what it needs of it anew; an earlier backup may \
                 be whole: `kalends backup list` names them, --snapshot NAME takes one"
            }
            _ => "",
        };
        let help = Some(help.to_owned()).filter(|help| !help.is_empty()).into_iter().collect();
        Self { exit, name: Some(name.to_owned()), help, ..Self::failed(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_short() {
        let at = Instant::from_unix(1_795_512_600);
        assert_eq!(
            (rfc3339(at).as_str(), said(at).as_str()),
            ("2026-11-24T09:30:00Z", "2026-11-24 09:30:00")
        );
        assert_eq!([17, 123_456, 12_345_678].map(size), ["17 octets", "123 KB", "12 MB"]);
    }
}
