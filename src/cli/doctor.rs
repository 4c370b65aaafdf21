//! `kalends doctor`: everything that support would ask for, without a secret in it; what is wrong, and what to do.

mod looks;
mod outside;
mod records;

use serde::Serialize;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::parse::Given;
use super::{check, place};
use crate::config::environment::Environment;
use crate::config::problem::{Gravity, Problem};
use crate::config::settings::Settings;
use crate::{compose, config};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Fault,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Which thing.
    name: String,
    /// How it is.
    state: State,
    /// What was seen.
    detail: String,
    /// What to do; empty where there is nothing to do.
    remedy: String,
}

impl Finding {
    fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Ok, detail: detail.into(), remedy: String::new() }
    }

    /// The same, which works and could be better.
    fn but(self, remedy: impl Into<String>) -> Self {
        Self { state: State::Warning, remedy: remedy.into(), ..self }
    }

    /// The same, which does not work.
    fn fails(self, remedy: impl Into<String>) -> Self {
        Self { state: State::Fault, remedy: remedy.into(), ..self }
    }
}

/// Looks and tells.
pub async fn run(given: &Given, environment: &Environment, console: &Console) -> Exit {
    compose::install_tls();
    let path = place(given, environment);
    let loaded = config::load(&path, environment);
    let errors = loaded.problems.iter().any(|problem| problem.gravity == Gravity::Error);
    let mut findings = Vec::new();
    let mut dns = Vec::new();
    if let Some(settings) = loaded.settings.as_ref().filter(|_| !errors) {
        findings = looks::all(settings).await;
        if given.has("online") {
            findings.push(outside::name(settings).await);
            let found = check::online(settings, console).await;
            findings.extend(found.into_iter().map(outside::finding));
        }
        dns = records::of(settings);
    }
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    let about = format!("kalends {}, {}", env!("CARGO_PKG_VERSION"), path.display());
    if console.manner.json {
        let problems: Vec<_> = loaded.problems.iter().map(check::as_json).collect();
        console.json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "file": path,
            "problems": problems,
            "checks": findings,
            "dns": dns,
            "healthy": !errors && worst != State::Fault,
        }));
    } else {
        tell(console, &about, (&loaded.problems, &findings, &dns));
    }
    match (errors || loaded.settings.is_none(), worst) {
        (true, _) => Exit::Configuration,
        (false, State::Fault) => Exit::Failed,
        (false, _) => Exit::Done,
    }
}

/// For a person.
fn tell(
    console: &Console,
    about: &str,
    (problems, findings, dns): (&[Problem], &[Finding], &[records::Zone]),
) {
    console.line(console.bold(about));
    for problem in problems {
        console.line(problem);
    }
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    for Finding { name, state, detail, remedy } in findings {
        let word = match state {
            State::Ok => "ok  ",
            State::Warning => "WARN",
            State::Fault => "FAIL",
        };
        console.line(format_args!("{word}  {name:width$}  {detail}"));
        if !remedy.is_empty() {
            console.line(format_args!("      {:width$}  → {remedy}", ""));
        }
    }
    for zone in dns {
        console.line("");
        console.line(&zone.why);
        for record in &zone.records {
            console.line(format_args!("  {record}"));
        }
    }
    let count = |wanted| findings.iter().filter(|finding| finding.state == wanted).count();
    let (faults, warnings) = (count(State::Fault), count(State::Warning));
    if !findings.is_empty() {
        console.note(match (faults, warnings) {
            (0, 0) => "nothing is wrong".to_owned(),
            (0, _) => format!("nothing is wrong; {warnings} could be better"),
            _ => format!("{faults} do not work; {warnings} could be better"),
        });
    }
}

/// The host and port of `server.public_url`, with whether it is asked over TLS.
pub(super) fn public(settings: &Settings) -> Option<(String, u16, bool)> {
    let uri: http::Uri = settings.server.public_url.parse().ok()?;
    let secure = uri.scheme_str() == Some("https");
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 }), secure))
}
