//! `kalends store copy`: the store once more, in another engine.

use std::path::{Path, PathBuf};

use serde_json::json;
use store::backup::{self, Copied};
use store::check;
use store::engine::choice::EngineChoice;

use super::console::Console;
use super::exit::{Exit, Failure, Outcome};
use super::parse::Given;
use super::{exit, verify};
use crate::backup::swap::Stage;
use crate::compose;
use crate::config::settings::Settings;

/// Copies it.
pub async fn run(given: &Given, settings: &Settings, console: &Console) -> Exit {
    let into = match engine(given) {
        Ok(Some(into)) => into,
        Ok(None) => {
            return exit::told(
                Err(Failure::usage("say into which: --engine sled or --engine redb")),
                console,
            );
        }
        Err(failure) => return exit::told(Err(failure), console),
    };
    let from = &settings.server.data_dir;
    let to = given.option("to").map_or_else(|| from.clone(), PathBuf::from);
    exit::told(copy(settings, into, &to, console).await, console)
}

/// The engine that `--engine` names, which keeps what it is given.
///
/// # Errors
/// Which there are.
pub fn engine(given: &Given) -> Result<Option<EngineChoice>, Failure> {
    let Some(name) = given.option("engine") else { return Ok(None) };
    match name.parse() {
        Ok(EngineChoice::Memory) => Err(Failure::usage("memory keeps nothing: name redb or sled")),
        Ok(choice) => Ok(Some(choice)),
        Err(what) => Err(Failure::usage(what)),
    }
}

/// What an engine's store is called in its folder.
const fn name_of(engine: EngineChoice) -> &'static str {
    match engine {
        EngineChoice::Redb => store::engine::redb::FILE,
        EngineChoice::Sled => store::engine::sled::FOLDER,
        EngineChoice::Memory => "",
    }
}

async fn copy(settings: &Settings, into: EngineChoice, to: &Path, console: &Console) -> Outcome {
    let folder = &settings.server.data_dir;
    let there = to.join(name_of(into));
    if there.exists() {
        let what = format!("{} is there already: name another folder with --to", there.display());
        return Err(Failure { name: Some("not_empty".to_owned()), ..Failure::refused(what) });
    }
    let from = compose::open_engine(settings.engine, folder).await.map_err(|error| not_opened(&error))?;
    let stage = begin(to)?;
    let done = fill(&from, into, &stage).await;
    let copied = match done {
        Ok(copied) => copied,
        Err(failure) => {
            stage.give_up();
            return Err(failure);
        }
    };
    stage.take_free_place(name_of(into)).map_err(|error| not_written(to, &error))?;
    if console.manner.json {
        console.json(
            &json!({"rows": copied.rows, "octets": copied.octets, "engine": into.name(), "folder": to}),
        );
    } else {
        console.line(format_args!("{} rows copied to {}", copied.rows, there.display()));
        console.note(format_args!(
            "it is used with engine = \"{}\" in [store]; the old one stays where it is",
            into.name()
        ));
    }
    Ok(())
}

async fn fill(
    from: &std::sync::Arc<dyn store::Engine>,
    into: EngineChoice,
    stage: &Stage,
) -> Result<Copied, Failure> {
    let target = compose::open_engine(into, &stage.path()).await.map_err(|error| not_opened(&error))?;
    let copied = backup::copy(from, &target).await?;
    let (before, after) = (check::check(from).await?, check::check(&target).await?);
    // What is wrong in the old one is wrong in the copy; what is wrong only in the copy is a fault.
    if after.rows < before.rows || after.findings.len() > before.findings.len() {
        return Err(verify::unsound(&after));
    }
    Ok(copied)
}

/// A place in `folder` to write to.
pub fn begin(folder: &Path) -> Result<Stage, Failure> {
    Stage::begin(folder).map_err(|error| not_written(folder, &error))
}

/// `folder` cannot be written.
pub fn not_written(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", folder.display()))
}

/// The store cannot be opened; one that is in use is a refusal.
pub fn not_opened(error: &compose::ComposeError) -> Failure {
    if error.is_in_use() {
        let what = "a server has the store open: stop it first (systemctl stop kalends)";
        return Failure { name: Some("in_use".to_owned()), ..Failure::refused(what) };
    }
    Failure::failed(error.to_string())
}
