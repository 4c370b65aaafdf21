//! `kalends import`: events of `.ics` files into a calendar. Nothing is dropped in silence.

use std::io::Read;
use std::sync::Arc;

use aggregator::gate::{self, ATTEMPTS_MAX, Edit};
use aggregator::sync::reconcile::member_name;
use aggregator::world::{World, refusal_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calendar::collection::{CollectionName, ObjectName};
use calendar::feed::Feed;
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Change, Committed};

use super::common;
use super::console::Console;
use super::exit::{Failure, Outcome};
use super::parse::Given;
use crate::house::House;

/// Objects written in one commit; a smaller one is tried when one of them is refused.
const AT_ONCE: usize = 50;

/// Files to be imported, read where the command was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    owner: Option<String>,
    calendar: String,
    files: Vec<File>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    name: String,
    /// Base64.
    content: String,
}

/// What became of the objects.
#[derive(Debug, Default)]
struct Tally {
    added: usize,
    replaced: usize,
    same: usize,
    refused: Vec<String>,
    warnings: Vec<String>,
}

impl Import {
    /// As it was typed, with the files' content.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn of(given: &Given) -> Result<Self, String> {
        let mut files = Vec::new();
        for name in &given.places {
            let mut octets = Vec::new();
            let read = if name == "-" {
                std::io::stdin().lock().read_to_end(&mut octets).map(|_| octets)
            } else {
                std::fs::read(name)
            };
            let octets = read.map_err(|error| format!("{name} cannot be read: {error}"))?;
            files.push(File { name: name.clone(), content: STANDARD.encode(octets) });
        }
        Ok(Self {
            owner: given.option("owner").map(str::to_owned),
            calendar: given.option("calendar").unwrap_or("personal").to_owned(),
            files,
        })
    }

    /// Imports and tells.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let owner = common::owner_or_only(house, self.owner.as_deref())?;
        let name = CollectionName::new(&owner.id, &self.calendar);
        let found = house.world.store.collection(&name).await?;
        let Some((record, _)) = found else {
            return Err(Failure::refused(format!("{} has no calendar `{}`", owner.id, self.calendar)));
        };
        if !record.writable {
            return Err(Failure::refused(format!(
                "the calendar `{}` is kept by the server; import into personal",
                self.calendar
            )));
        }
        let mut tally = Tally::default();
        for file in &self.files {
            let octets =
                STANDARD.decode(&file.content).map_err(|error| Failure::failed(error.to_string()))?;
            let feed = Feed::read(&octets, &house.world.limits).map_err(|error| {
                Failure::refused(format!("{}: {error}; nothing of it was imported", file.name))
            })?;
            tally.warnings.extend(feed.warnings.iter().map(|warning| format!("{}: {warning}", file.name)));
            let all = feed.objects.len();
            for (done, objects) in feed.objects.chunks(AT_ONCE).enumerate() {
                console.progress(done * AT_ONCE, all, &file.name);
                if write(&house.world, &name, objects, &mut tally).await.is_err() {
                    for object in objects {
                        let one = std::slice::from_ref(object);
                        if let Err(refusal) = write(&house.world, &name, one, &mut tally).await {
                            tally.refused.push(format!("{}: {}: {refusal}", file.name, object.uid()));
                        }
                    }
                }
            }
        }
        tally.tell(console)
    }
}

impl Tally {
    fn tell(&self, console: &Console) -> Outcome {
        if console.manner.json {
            console.json(&json!({
                "added": self.added, "replaced": self.replaced, "unchanged": self.same,
                "refused": self.refused, "warnings": self.warnings,
            }));
        } else {
            for warning in &self.warnings {
                console.note(format_args!("warning: {warning}"));
            }
            for refused in &self.refused {
                console.error(format_args!("not imported: {refused}"));
            }
            console.line(format_args!(
                "{} added, {} replaced, {} unchanged, {} not imported",
                self.added,
                self.replaced,
                self.same,
                self.refused.len()
            ));
        }
        if self.refused.is_empty() {
            Ok(())
        } else {
            Err(Failure::refused("not everything could be imported"))
        }
    }
}

/// Writes objects in one commit; those whose UID is there already take its place.
async fn write(
    world: &World,
    collection: &CollectionName,
    objects: &[CalendarObject],
    tally: &mut Tally,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let (mut edits, mut added, mut replaced, mut same) = (Vec::new(), 0, 0, 0);
        for object in objects {
            let octets = Arc::clone(object.octets());
            let held = world.store.by_uid(collection, object.uid()).await.map_err(refusal_of)?;
            let member = held.clone().unwrap_or_else(|| member_name(object.uid()));
            let name = ObjectName { collection: collection.clone(), member };
            if held.is_some() {
                let before = world.store.object(&name).await.map_err(refusal_of)?;
                if before.is_some_and(|before| before.octets == octets) {
                    same += 1;
                    continue;
                }
                replaced += 1;
            } else {
                added += 1;
            }
            edits.push(Edit { name, octets: Some(octets) });
        }
        let mut change = Change::new();
        gate::stage(world, &mut change, &edits).await?;
        if change.is_empty()
            || matches!(world.store.commit(change).await.map_err(refusal_of)?, Committed::At(_))
        {
            tally.added += added;
            tally.replaced += replaced;
            tally.same += same;
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}
