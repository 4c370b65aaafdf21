//! The command line: what is asked for, where it runs, how it ends.

pub mod access;
pub mod backup;
pub mod booking;
pub mod check;
pub mod command;
pub mod common;
pub mod completions;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod exit;
pub mod export;
pub mod freebusy;
pub mod help;
pub mod import;
pub mod init;
pub mod log;
pub mod moment;
pub mod owner;
pub mod parse;
pub mod restore;
pub mod serve;
pub mod slots;
pub mod source;
pub mod store;
pub mod table;
pub mod verify;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::environment::Environment;
use crate::config::problem::Gravity;
use crate::config::settings::Settings;
use crate::config::{self};
use crate::{compose, control};
use command::Command;
use console::{Console, Stream};
use exit::Exit;
use parse::{Asked, Given};

/// Where the configuration is if nobody says where.
const USUAL_PLACES: [&str; 2] = ["kalends.toml", "/etc/kalends/kalends.toml"];

/// Does what the command line of this process asks for.
pub fn run() -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let console = Console::terminal(json);
    let exit = match parse::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Version) => {
            console.line(format_args!("kalends {}", env!("CARGO_PKG_VERSION")));
            Exit::Done
        }
        Ok(Asked::Help(words)) => {
            console.say(Stream::Out, &help::text(&words));
            Exit::Done
        }
        Ok(Asked::Command(given)) => begin(&given, &console),
        Err(what) => {
            console.error(what);
            Exit::Usage
        }
    };
    ExitCode::from(exit.code())
}

fn begin(given: &Given, console: &Console) -> Exit {
    let environment = Environment::of_process();
    match given.spec.words {
        ["completions"] => match completions::text(given.place(0)) {
            Ok(text) => {
                console.say(Stream::Out, &text);
                Exit::Done
            }
            Err(what) => usage(console, &what),
        },
        ["init"] => {
            compose::install_tls();
            on_one_core(init::run(given, &environment, console), console)
        }
        ["demo"] => on_all_cores(demo::run(given, console), console),
        ["check"] => on_one_core(check::run(given, &environment, console), console),
        ["doctor"] => on_one_core(doctor::run(given, &environment, console), console),
        ["restore"] => on_one_core(restore::run(given, &environment, console), console),
        ["backup", "list"] | ["store", "copy"] | ["verify"] => match settings(given, &environment, console) {
            Ok(settings) => on_one_core(beside_the_server(given, settings, console), console),
            Err(exit) => exit,
        },
        ["serve"] => match settings(given, &environment, console) {
            Ok(settings) => {
                let again = place(given, &environment);
                on_all_cores(serve::run(settings, again, environment, console), console)
            }
            Err(exit) => exit,
        },
        _ => match Command::of(given) {
            Ok(Some(command)) => match settings(given, &environment, console) {
                Ok(settings) => on_one_core(here_or_there(settings, command, console), console),
                Err(exit) => exit,
            },
            Ok(None) => usage(console, "this command is not known"),
            Err(what) => usage(console, &what),
        },
    }
}

/// Commands that see for themselves whether they need the store.
async fn beside_the_server(given: &Given, settings: Settings, console: &Console) -> Exit {
    match given.spec.words {
        ["backup", "list"] => exit::told(backup::list(&settings, console).await, console),
        ["store", "copy"] => store::run(given, &settings, console).await,
        _ => verify::run(given, settings, console).await,
    }
}

fn usage(console: &Console, what: &str) -> Exit {
    console.error(what);
    Exit::Usage
}

/// Runs a command in the server that has the store open, or here if there is none.
async fn here_or_there(settings: Settings, command: Command, console: &Console) -> Exit {
    let folder = settings.server.data_dir.clone();
    if let Some(exit) = control::ask(&folder, &command, console).await {
        return exit;
    }
    if command == Command::Healthcheck {
        console.error("no server runs with this configuration");
        return Exit::Refused;
    }
    compose::install_tls();
    let house = match compose::open(settings).await {
        Ok(house) => house,
        Err(error) => {
            console.error(&error);
            return if error.is_in_use() { Exit::Refused } else { Exit::Failed };
        }
    };
    let letters = command.writes_letters();
    let exit = command.run(&house, console).await;
    if letters && exit == Exit::Done {
        match house.courier.deliver_due().await {
            Ok(0) => console.note("letters wait for `kalends serve`"),
            Ok(count) => console.note(format_args!("{count} letters sent")),
            Err(error) => console.error(format_args!("letters wait: {error}")),
        }
    }
    exit
}

/// Where the configuration is.
pub fn place(given: &Given, environment: &Environment) -> PathBuf {
    if let Some(path) = given.option("config") {
        return PathBuf::from(path);
    }
    if let Some(path) = environment.variables.get("KALENDS_CONFIG") {
        return PathBuf::from(path);
    }
    let usual = USUAL_PLACES.map(PathBuf::from);
    usual.iter().find(|path| path.exists()).unwrap_or(&usual[0]).clone()
}

/// The settings, or what is wrong with them, told.
fn settings(given: &Given, environment: &Environment, console: &Console) -> Result<Settings, Exit> {
    let loaded = config::load(&place(given, environment), environment);
    for problem in &loaded.problems {
        if loaded.settings.is_none() || problem.gravity == Gravity::Error || given.spec.words == ["serve"] {
            console.note(problem);
        }
    }
    loaded.settings.ok_or(Exit::Configuration)
}

fn on_all_cores(work: impl Future<Output = Exit>, console: &Console) -> Exit {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // Each thread keeps memory of its own; disks and password hashes gain nothing by more.
    builder.max_blocking_threads(16);
    run_on(builder, work, console)
}

fn on_one_core(work: impl Future<Output = Exit>, console: &Console) -> Exit {
    run_on(tokio::runtime::Builder::new_current_thread(), work, console)
}

fn run_on(mut builder: tokio::runtime::Builder, work: impl Future<Output = Exit>, console: &Console) -> Exit {
    match builder.enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // What still sleeps in the background must not hold up the end.
            runtime.shutdown_timeout(std::time::Duration::from_millis(500));
            exit
        }
        Err(error) => {
            console.error(format_args!("cannot start: {error}"));
            Exit::Failed
        }
    }
}
