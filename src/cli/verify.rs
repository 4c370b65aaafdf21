//! `kalends verify`: whether the store is in order, or what was kept of it.

use std::sync::Arc;

use serde_json::json;
use store::Engine;
use store::check::{self, Checked};
use store::migration;

use super::command::Command;
use super::console::Console;
use super::exit::{Exit, Failure, Outcome};
use super::parse::Given;
use super::{backup, exit};
use crate::config::settings::Settings;
use crate::{compose, control};

/// Findings that a person is shown.
const SHOWN_MAX: usize = 50;

/// Verifies what was asked for.
pub async fn run(given: &Given, settings: Settings, console: &Console) -> Exit {
    if given.has("backup") || given.has("snapshot") || given.has("at") {
        return exit::told(of_backup(given, &settings, console).await, console);
    }
    // The server that has the store open looks through it; else it is opened here, and by nobody else meanwhile.
    if let Some(exit) = control::ask(&settings.server.data_dir, &Command::Verify, console).await {
        return exit;
    }
    let engine = match compose::open_engine(settings.engine, &settings.server.data_dir).await {
        Ok(engine) => engine,
        Err(error) => {
            console.error(&error);
            return if error.is_in_use() { Exit::Refused } else { Exit::Failed };
        }
    };
    let outcome = match migration::needed(&engine).await {
        Ok(None) => of_store(&engine, console).await,
        Ok(Some(needed)) => Err(Failure::refused(format!(
            "the store is of format {} still: any other command brings it to {}, after a backup of its own",
            needed.from, needed.to
        ))),
        Err(error) => Err(Failure::failed(error.to_string())),
    };
    exit::told(outcome, console)
}

/// Reads the whole store.
pub async fn of_store(engine: &Arc<dyn Engine>, console: &Console) -> Outcome {
    let checked = check::check(engine).await?;
    if console.manner.json {
        console.json(&as_json(&checked));
        return if checked.is_sound() { Ok(()) } else { Err(Failure::told()) };
    }
    tell_findings(&checked, console);
    if checked.is_sound() {
        console.line(format_args!("the store is in order: {} rows", checked.rows));
        return Ok(());
    }
    Err(unsound(&checked))
}

/// Tells findings, one a line.
pub fn tell_findings(checked: &Checked, console: &Console) {
    for finding in checked.findings.iter().take(SHOWN_MAX) {
        let about: Vec<&str> = [&finding.owner, &finding.collection, &finding.member]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        console.line(format_args!("{} {}: {}", finding.table, about.join("/"), finding.what));
    }
}

/// What was found, for programs.
pub fn as_json(checked: &Checked) -> serde_json::Value {
    let findings: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| {
            json!({
                "table": finding.table,
                "owner": finding.owner,
                "collection": finding.collection,
                "member": finding.member,
                "what": finding.what,
            })
        })
        .collect();
    json!({"sound": checked.is_sound(), "rows": checked.rows, "findings": findings, "more": checked.more})
}

/// The failure that findings are.
pub fn unsound(checked: &Checked) -> Failure {
    let count = checked.findings.len() as u64 + checked.more;
    Failure {
        name: Some("unsound".to_owned()),
        ..Failure::failed(format!(
            "{count} things are not in order; `kalends restore` brings the last backup back, and keeps what is there"
        ))
    }
}

async fn of_backup(given: &Given, settings: &Settings, console: &Console) -> Outcome {
    let (archive, place) = backup::archive(backup::configured(settings)?)?;
    let snapshots = archive.snapshots().await?;
    let snapshot = backup::chosen(&snapshots, given, &place)?;
    let verified = archive.verify(snapshot).await?;
    if console.manner.json {
        let mut said = backup::as_json(snapshot);
        said["place"] = json!(place);
        said["verified"] =
            json!({"chunks": verified.chunks, "rows": verified.rows, "octets": verified.octets});
        console.json(&said);
    } else {
        console.line(format_args!(
            "{} of {} UTC at {place} is in order: {} rows in {} chunks, {}",
            snapshot.name,
            backup::said(snapshot.taken),
            verified.rows,
            verified.chunks,
            backup::size(verified.octets),
        ));
    }
    Ok(())
}
