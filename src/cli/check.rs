//! `kalends check`: every problem of the configuration at once; with `--online` also what the outside says.

use std::time::Duration;

use aggregator::owner::SourceSettings;
use aggregator::source::http::{FetchLimits, Fetcher};
use aggregator::source::table::{self, Opening};
use aggregator::source::{SourceError, Step};
use calendar::limits::Limits;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::parse::Given;
use crate::compose;
use crate::config::environment::Environment;
use crate::config::problem::{Gravity, Problem};
use crate::config::settings::{MailRoute, Settings};
use crate::config::{self};

/// How long a source or mail server may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// What was found about something outside.
pub(super) struct Found {
    pub(super) what: String,
    pub(super) ok: bool,
    pub(super) detail: String,
}

/// Checks and tells.
pub async fn run(given: &Given, environment: &Environment, console: &Console) -> Exit {
    let path = super::place(given, environment);
    let loaded = config::load(&path, environment);
    let mut found = Vec::new();
    if let (true, Some(settings)) = (given.has("online"), &loaded.settings) {
        found = online(settings, console).await;
    }
    let errors = loaded.problems.iter().filter(|problem| problem.gravity == Gravity::Error).count();
    if console.manner.json {
        let problems: Vec<_> = loaded.problems.iter().map(as_json).collect();
        let outside: Vec<_> = found
            .iter()
            .map(|found| json!({"what": found.what, "ok": found.ok, "detail": found.detail}))
            .collect();
        console.json(&json!({"file": path, "problems": problems, "online": outside}));
    } else {
        for problem in &loaded.problems {
            console.line(problem);
        }
        for found in &found {
            console.line(format_args!(
                "{}  {}: {}",
                if found.ok { "ok  " } else { "FAIL" },
                found.what,
                found.detail
            ));
        }
        if let (0, Some(settings)) = (errors, &loaded.settings) {
            console.line(summary(settings, &path.display().to_string()));
        } else {
            let noun = if errors == 1 { "problem" } else { "problems" };
            console.note(format_args!("{errors} {noun}"));
        }
    }
    match (errors, found.iter().all(|found| found.ok)) {
        (0, true) => Exit::Done,
        (0, false) => Exit::Refused,
        _ => Exit::Configuration,
    }
}

/// A problem, for programs.
pub(super) fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "file": &*problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "gravity": if problem.gravity == Gravity::Error { "error" } else { "warning" },
        "key": problem.key,
        "problem": problem.what,
        "remedy": problem.remedy,
    })
}

fn summary(settings: &Settings, path: &str) -> String {
    let sources: usize = settings.hosts.iter().map(|host| host.owner.sources.len()).sum();
    let types: usize = settings.hosts.iter().map(|host| host.event_types.len()).sum();
    let counted = [
        counted(settings.hosts.len(), "owner"),
        counted(sources, "source"),
        counted(types, "event type"),
        counted(settings.listen.len(), "listener"),
    ];
    format!("{path} is good: {}", counted.join(", "))
}

/// `1 owner`, `2 owners`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What every source and the mail server say.
pub(super) async fn online(settings: &Settings, console: &Console) -> Vec<Found> {
    compose::install_tls();
    let mut found = Vec::new();
    let all: Vec<_> = settings
        .hosts
        .iter()
        .flat_map(|host| host.owner.sources.iter().map(|source| (host.owner.id.clone(), source)))
        .collect();
    let http = match Fetcher::new(FetchLimits::default()) {
        Ok(http) => http,
        Err(error) => {
            return vec![Found { what: "TLS".to_owned(), ok: false, detail: error.to_string() }];
        }
    };
    for (done, (owner, source)) in all.iter().enumerate() {
        let what = format!("source {owner}/{}", source.id);
        console.progress(done, all.len(), &what);
        found.push(ask(&http, source, what).await);
    }
    if let Some(mail) = &settings.mail {
        found.push(sign_in(&mail.route).await);
    }
    found
}

async fn ask(http: &Fetcher, source: &SourceSettings, what: String) -> Found {
    let opening = Opening { http: http.clone(), now: compose::now(), limits: Limits::default() };
    let opened = table::open(&source.kind, opening);
    let answer = tokio::time::timeout(PATIENCE, opened.changes(None)).await;
    let (ok, detail) =
        match answer.unwrap_or_else(|_| Err(SourceError::Unreachable("no answer in time".to_owned()))) {
            Ok(Step::Unchanged) => (true, "answers".to_owned()),
            Ok(Step::Snapshot(snapshot)) => {
                let name = snapshot.name.map_or_else(String::new, |name| format!("“{name}”, "));
                let zone = snapshot.zone.map_or_else(String::new, |zone| format!(", in {}", zone.name()));
                let warnings = match snapshot.warnings.len() + snapshot.skipped.len() {
                    0 => String::new(),
                    count => format!(", {count} warnings"),
                };
                (true, format!("{name}{} events{zone}{warnings}", snapshot.objects.len()))
            }
            Err(error) => (false, format!("{error}; {}", error.remedy())),
        };
    Found { what, ok, detail }
}

async fn sign_in(route: &MailRoute) -> Found {
    let what = "mail".to_owned();
    match route {
        MailRoute::Folder(folder) => {
            Found { what, ok: true, detail: format!("letters become files in {}", folder.display()) }
        }
        MailRoute::Smtp(smtp) => {
            let tested = match compose::smtp_channel(smtp) {
                Ok(channel) => tokio::time::timeout(PATIENCE, channel.test())
                    .await
                    .unwrap_or_else(|_| Err("no answer in time".to_owned())),
                Err(error) => Err(error.to_string()),
            };
            match tested {
                Ok(()) => {
                    Found { what, ok: true, detail: format!("{} answers and takes our name", smtp.url) }
                }
                Err(error) => Found { what, ok: false, detail: format!("{}: {error}", smtp.url) },
            }
        }
    }
}
