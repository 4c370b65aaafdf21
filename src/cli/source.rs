//! `kalends source …`: the calendars that are linked, and how they are.

use aggregator::owner::Push;
use aggregator::sync::status::SourceStatus;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common;
use super::console::Console;
use super::exit::{Failure, Outcome};
use super::moment;
use super::parse::Given;
use crate::config::value::duration;
use crate::house::House;

/// Warnings shown of one source.
const WARNINGS_SHOWN: usize = 20;

/// One source, those of an owner, or all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    owner: Option<String>,
    source: Option<String>,
}

impl Which {
    /// As it was typed.
    ///
    /// # Errors
    /// If a source is named without its owner.
    pub fn of(given: &Given) -> Result<Self, String> {
        if given.place(0).is_empty() {
            return Ok(Self { owner: given.option("owner").map(str::to_owned), source: None });
        }
        let (owner, source) = common::pair(given.place(0), "OWNER/SOURCE")?;
        Ok(Self { owner: Some(owner), source: Some(source) })
    }

    async fn statuses(&self, house: &House) -> Result<Vec<SourceStatus>, Failure> {
        let hosts: Vec<_> = match &self.owner {
            Some(owner) => vec![common::host(house, owner)?],
            None => house.settings.hosts.iter().collect(),
        };
        let mut all = Vec::new();
        for host in hosts {
            all.extend(house.puller.status(&host.owner.id).await?);
        }
        if let Some(source) = &self.source {
            let ids: Vec<String> = all.iter().map(|status| status.source.clone()).collect();
            all.retain(|status| status.source == *source);
            if all.is_empty() {
                return Err(Failure::refused(format!(
                    "there is no source `{source}`; there are: {}",
                    ids.join(", ")
                )));
            }
        }
        Ok(all)
    }

    /// Lists them.
    pub async fn list(self, house: &House, console: &Console) -> Outcome {
        let all = self.statuses(house).await?;
        if console.manner.json {
            console.json(&all.iter().map(|status| value_of(house, status)).collect::<Vec<_>>());
            return Ok(());
        }
        if all.is_empty() {
            console.line("no calendar is linked; add an [[owner.source]] to the configuration");
            return Ok(());
        }
        let now = house.world.now().as_unix();
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|status| {
                vec![
                    format!("{}/{}", status.owner, status.source),
                    status.name.clone(),
                    status.kind.to_owned(),
                    status.state.events.to_string(),
                    status
                        .state
                        .last_good
                        .map_or("never".to_owned(), |good| moment::distance((good - now).min(-1))),
                    push_word(status.push).to_owned(),
                    standing(status).to_owned(),
                ]
            })
            .collect();
        console.table(&["SOURCE", "NAME", "KIND", "EVENTS", "READ", "PUSH", "STATE"], &rows);
        Ok(())
    }

    /// Says how they are, in full.
    pub async fn status(self, house: &House, console: &Console) -> Outcome {
        let all = self.statuses(house).await?;
        if console.manner.json {
            console.json(&all.iter().map(|status| value_of(house, status)).collect::<Vec<_>>());
            return Ok(());
        }
        for (position, status) in all.iter().enumerate() {
            if position > 0 {
                console.line("");
            }
            describe(house, console, status);
        }
        Ok(())
    }

    /// Asks them now.
    pub async fn sync(self, house: &House, console: &Console) -> Outcome {
        let all = self.statuses(house).await?;
        let mut failed = 0_usize;
        let mut values = Vec::new();
        for (done, status) in all.iter().enumerate() {
            let name = format!("{}/{}", status.owner, status.source);
            console.progress(done, all.len(), &name);
            match house.puller.pull(&status.owner, &status.source).await {
                Ok(report) if console.manner.json => values.push(json!({
                    "source": name, "ok": true, "added": report.added, "changed": report.changed,
                    "removed": report.removed, "events": report.events, "warnings": report.warnings,
                    "held": report.held,
                })),
                Ok(report) => {
                    let changes = if report.added + report.changed + report.removed == 0 {
                        "nothing new".to_owned()
                    } else {
                        format!(
                            "{} added, {} changed, {} removed",
                            report.added, report.changed, report.removed
                        )
                    };
                    let warnings = match report.warnings {
                        0 => String::new(),
                        count => format!(", {count} warnings (kalends source status {name})"),
                    };
                    console.line(format_args!("{name}: {changes}; {} events{warnings}", report.events));
                    if let Some(held) = &report.held {
                        console.line(format_args!("  {held}"));
                    }
                }
                Err(error) => {
                    failed += 1;
                    if console.manner.json {
                        values.push(json!({
                            "source": name, "ok": false, "error": error.to_string(), "remedy": error.remedy(),
                        }));
                    } else {
                        console.error(format_args!("{name}: {error}; {}", error.remedy()));
                    }
                }
            }
        }
        if console.manner.json {
            console.json(&values);
        }
        match failed {
            0 => Ok(()),
            1 => Err(Failure::refused("one source gave no answer that can be used")),
            count => Err(Failure::refused(format!("{count} sources gave no answer that can be used"))),
        }
    }
}

const fn push_word(push: Push) -> &'static str {
    match push {
        Push::Invite => "invite",
        Push::Off => "off",
    }
}

fn standing(status: &SourceStatus) -> &'static str {
    match (&status.state.error, status.state.last_good) {
        (Some(_), _) => "failing",
        (None, None) => "not read yet",
        (None, Some(_)) if status.state.suspect.is_some() => "in doubt",
        (None, Some(_)) => "good",
    }
}

fn describe(house: &House, console: &Console, status: &SourceStatus) {
    let (state, now) = (&status.state, house.world.now().as_unix());
    let ago = |at: i64| moment::distance((at - now).min(-1));
    console.line(console.bold(format!("{}/{}  {}", status.owner, status.source, status.name)));
    console.line(format_args!("  state      {}", standing(status)));
    if let Some(error) = &state.error {
        console.line(format_args!("  error      {error}"));
        console.line(format_args!("  failures   {} in a row", state.failures));
    }
    console.line(format_args!("  read       {}", state.last_good.map_or("never".to_owned(), ago)));
    let next = if status.next <= now { "now".to_owned() } else { moment::distance(status.next - now) };
    console.line(format_args!("  next       {next}"));
    console.line(format_args!("  events     {}", state.events));
    let (added, changed, removed) = state.last_changes;
    console.line(format_args!("  last news  {added} added, {changed} changed, {removed} removed"));
    if let Some(zone) = &state.zone {
        console.line(format_args!("  zone       {zone}"));
    }
    if let Some(seconds) = state.refresh_seconds {
        console.line(format_args!("  refresh    not more often than every {}", duration::to_text(seconds)));
    }
    match status.push {
        Push::Invite => console.line("  push       bookings are sent to its account as invitations"),
        Push::Off => console
            .line("  push       off: a feed cannot be written to; set account to have bookings sent there"),
    }
    for warning in state.warnings.iter().take(WARNINGS_SHOWN) {
        console.line(format_args!("  warning    {warning}"));
    }
    let more = state.warnings_total.saturating_sub(state.warnings.len().min(WARNINGS_SHOWN));
    if more > 0 {
        console.line(format_args!("  warning    … and {more} more"));
    }
}

fn value_of(house: &House, status: &SourceStatus) -> serde_json::Value {
    let instant = |seconds: i64| calendar::time::Instant::from_unix(seconds).to_string();
    let now = house.world.now().as_unix();
    json!({
        "owner": status.owner,
        "source": status.source,
        "name": status.name,
        "kind": status.kind,
        "state": standing(status),
        "error": status.state.error,
        "failures": status.state.failures,
        "last_good": status.state.last_good.map(instant),
        "next": instant(status.next.max(now)),
        "events": status.state.events,
        "last_changes": {
            "added": status.state.last_changes.0,
            "changed": status.state.last_changes.1,
            "removed": status.state.last_changes.2,
        },
        "push": push_word(status.push),
        "counts_as_busy": status.counts_as_busy,
        "warnings": status.state.warnings,
        "warnings_total": status.state.warnings_total,
    })
}
