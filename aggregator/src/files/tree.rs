//! A folder with all that is in it: found, removed, moved and copied in one change (RFC 4918 §9.6, §9.8, §9.9).

use calendar::refusal::Refusal;
use dav::backend::{Extent, FileContent, FileRelocation, SourceFate, Stored, TargetFate};
use dav::path::{FILE_DEPTH_MAX, FileName};
use store::Change;

use super::rows::{self, Held, Total};
use super::{COPIED_OCTETS_MAX, TREE_MAX, parent_is_there};
use crate::world::World;

/// `top` and everything below it, folders before what is in them.
pub(super) async fn all(world: &World, top: Held) -> Result<Vec<Held>, Refusal> {
    let mut found = vec![top];
    let mut next = 0;
    while let Some(held) = found.get(next) {
        if held.record.content.is_none() {
            let members = rows::members(world, &held.name.clone()).await?;
            if found.len() + members.len() > TREE_MAX {
                return Err(Refusal::Protected(
                    "there is more in it than one request may touch; go by parts",
                ));
            }
            found.extend(members);
        }
        next += 1;
    }
    Ok(found)
}

/// Octets of all files among them.
pub(super) fn octets_of(all: &[Held]) -> u64 {
    all.iter().filter_map(|held| held.record.content.as_ref()).map(|content| content.octets as u64).sum()
}

/// Adds to `change` that all of these go.
pub(super) async fn remove(
    world: &World,
    change: &mut Change,
    all: &[Held],
    total: &mut Total,
) -> Result<(), Refusal> {
    for held in all {
        rows::remove(change, held);
        total.files = total.files.saturating_sub(1);
        total.properties = total.properties.saturating_sub(held.record.properties_octets());
        if let Some(content) = &held.record.content {
            rows::remove_content(change, world, &held.name.owner, content).await?;
            total.octets = total.octets.saturating_sub(content.octets as u64);
        }
    }
    Ok(())
}

/// Adds a move or copy to `change`.
pub(super) async fn relocate(
    world: &World,
    change: &mut Change,
    (relocation, top): (&FileRelocation, Held),
    total: &mut Total,
) -> Result<Stored, Refusal> {
    let to = &relocation.to;
    if to.path.is_empty() {
        return Err(Refusal::Protected("every owner has it"));
    }
    parent_is_there(world, to).await?;
    let there = rows::record(world, to).await?;
    let created = there.is_none();
    let mut replaced = Vec::new();
    if let Some((record, version)) = there {
        if relocation.target == TargetFate::Stays {
            return Err(Refusal::Exists);
        }
        replaced = all(world, Held { name: to.clone(), record, version }).await?;
        remove(world, change, &replaced, total).await?;
    }
    let whole = relocation.extent == Extent::Everything || relocation.source == SourceFate::Leaves;
    let going = if whole { all(world, top).await? } else { vec![top] };
    if relocation.source == SourceFate::Stays && octets_of(&going) > COPIED_OCTETS_MAX {
        return Err(Refusal::Protected("there is more in it than one request may copy; go by parts"));
    }
    let place = Place { world, relocation, replaced: &replaced };
    for held in &going {
        place.arrive(change, held, total).await?;
    }
    Ok(Stored { tag: going.first().and_then(|held| held.record.tag()), created, schedule_tag: None })
}

/// Where things go.
struct Place<'a> {
    world: &'a World,
    relocation: &'a FileRelocation,
    replaced: &'a [Held],
}

impl Place<'_> {
    async fn arrive(&self, change: &mut Change, held: &Held, total: &mut Total) -> Result<(), Refusal> {
        let FileRelocation { from, to, source, .. } = self.relocation;
        let below = held.name.path.get(from.path.len()..).unwrap_or_default();
        let path: Vec<String> = to.path.iter().chain(below).cloned().collect();
        if path.len() > FILE_DEPTH_MAX {
            return Err(Refusal::Protected("it would lie too deep"));
        }
        let name = FileName { owner: to.owner.clone(), path };
        let mut record = held.record.clone();
        match source {
            SourceFate::Leaves => rows::remove(change, held),
            SourceFate::Stays => {
                let now = self.world.now().as_unix();
                (record.created, record.modified) = (now, now);
                total.files += 1;
                total.properties += record.properties_octets();
                if let Some(content) = &held.record.content {
                    let octets = rows::octets(self.world, &from.owner, content).await?;
                    total.octets += content.octets as u64;
                    let tag = calendar::collection::EntityTag(content.tag.clone());
                    let copied = FileContent { media_type: content.media_type.clone(), octets };
                    record.content = Some(rows::write_content(change, self.world, &to.owner, &copied, &tag));
                }
            }
        }
        let seen = self.replaced.iter().find(|held| held.name == name).map_or(0, |held| held.version);
        rows::put(change, &name, &record, seen);
        Ok(())
    }
}
