//! Liveness and readiness: `/healthz` says that the process answers, `/readyz` whether it does its work, and if not, why.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use store::outbox::LetterState;

use aggregator::owner::Unreachable;

use crate::house::House;
use crate::listen::answer::{self, Body};

/// A letter that waits longer than this is a fault of the way out.
const OUTBOX_AGE_MAX_SECONDS: i64 = 3600;
/// Letters counted at most.
const LETTERS_COUNTED_MAX: usize = 1000;

/// Whether everything works.
#[derive(Clone, Debug, Serialize)]
pub struct Readiness {
    /// Whether nothing is wrong.
    pub ready: bool,
    /// Each thing looked at.
    pub checks: Vec<Check>,
}

/// One thing looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What: `store`, `source alice/work`, `outbox`, `worker sync`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How it is, for a person.
    pub detail: String,
}

impl Check {
    fn new(name: impl Into<String>, ok: bool, detail: impl Into<String>) -> Self {
        Self { name: name.into(), ok, detail: detail.into() }
    }
}

/// Answers `/healthz` and `/readyz`.
pub async fn answer(house: &House, request: &Request<Bytes>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response =
            answer::text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n", "text/plain; charset=utf-8");
        response.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/healthz" => answer::text(StatusCode::OK, "ok\n", "text/plain; charset=utf-8"),
        "/readyz" => {
            let readiness = readiness(house).await;
            let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let text = serde_json::to_string_pretty(&readiness).unwrap_or_default();
            answer::text(status, format!("{text}\n"), "application/json")
        }
        _ => answer::not_here(),
    }
}

/// Looks at everything.
pub async fn readiness(house: &House) -> Readiness {
    let mut checks = vec![store(house).await];
    if checks[0].ok {
        sources(house, &mut checks).await;
        checks.push(outbox(house).await);
    }
    if let Some(backup) = &house.settings.backup {
        let (ok, detail) = house.backups.health(backup, house.world.now());
        checks.push(Check::new("backup", ok, detail));
        checks.extend(drill(house));
    }
    for (address, ok, detail) in house.certificates.health(house.world.now()) {
        checks.push(Check::new(format!("certificate at {address}"), ok, detail));
    }
    for (name, fare) in house.workers.fares() {
        let detail = match (fare.down, fare.restarts) {
            (true, _) => "broke off and waits to be started again".to_owned(),
            (false, 0) => "runs".to_owned(),
            (false, count) => format!("runs, was started again {count} times"),
        };
        checks.push(Check::new(format!("worker {name}"), !fare.down, detail));
    }
    Readiness { ready: checks.iter().all(|check| check.ok), checks }
}

/// The last restore drill, if there was any.
fn drill(house: &House) -> Option<Check> {
    let drill = crate::backup::drill::last(&house.settings.server.data_dir)?;
    let days = (house.world.now().as_unix() - drill.at).max(0) / 86_400;
    let told = if drill.ok {
        format!("the newest backup came back whole {days} days ago")
    } else {
        format!("the restore drill {days} days ago failed: {}", drill.detail)
    };
    Some(Check::new("backup drill", drill.ok, told))
}

async fn store(house: &House) -> Check {
    let engine = house.world.store.engine();
    match engine.get(crate::workers::PROBE).await {
        Ok(_) => Check::new("store", true, format!("{} answers", engine.name())),
        Err(error) => Check::new("store", false, error.to_string()),
    }
}

async fn sources(house: &House, checks: &mut Vec<Check>) {
    let now = house.world.now().as_unix();
    for host in &house.settings.hosts {
        let statuses = match house.puller.status(&host.owner.id).await {
            Ok(statuses) => statuses,
            Err(refusal) => {
                checks.push(Check::new(format!("sources of {}", host.owner.id), false, refusal.to_string()));
                continue;
            }
        };
        for status in statuses {
            let settings = host.owner.sources.iter().find(|source| source.id == status.source);
            let age = status.state.last_good.map(|good| (now - good).max(0));
            let told = match (age, &status.state.error) {
                (Some(age), None) => format!("{} events, read {age} s ago", status.state.events),
                (Some(age), Some(error)) => format!("last read {age} s ago: {error}"),
                (None, Some(error)) => format!("never read: {error}"),
                (None, None) => "not read yet".to_owned(),
            };
            // Only what closes the owner's pages is a fault of the service; the rest is told.
            let ok = match settings
                .map(|source| (source.counts_as_busy, source.unreachable, source.poll_seconds))
            {
                Some((true, Unreachable::Closed { after_seconds }, poll_seconds)) => {
                    age.map_or(status.state.error.is_none(), |age| age <= after_seconds.max(2 * poll_seconds))
                }
                _ => true,
            };
            checks.push(Check::new(format!("source {}/{}", status.owner, status.source), ok, told));
        }
    }
}

async fn outbox(house: &House) -> Check {
    let store = &house.world.store;
    let now = house.world.now().as_unix();
    let open = store.letters_in(LetterState::Open, LETTERS_COUNTED_MAX).await;
    let dead = store.letters_in(LetterState::Dead, LETTERS_COUNTED_MAX).await;
    match (open, dead) {
        (Ok(open), Ok(dead)) => {
            let oldest = open.iter().map(|letter| now - letter.written).max().unwrap_or(0).max(0);
            let error = open.iter().rev().find_map(|letter| letter.last_error.as_deref());
            let mut detail = format!("{} letters wait", open.len());
            if !open.is_empty() {
                let _ = write!(detail, ", the oldest for {oldest} s");
            }
            if let Some(error) = error {
                let _ = write!(detail, " ({error})");
            }
            if !dead.is_empty() {
                let _ = write!(detail, "; {} could not be delivered", dead.len());
            }
            Check::new("outbox", oldest <= OUTBOX_AGE_MAX_SECONDS, detail)
        }
        (Err(error), _) | (_, Err(error)) => Check::new("outbox", false, error.to_string()),
    }
}
