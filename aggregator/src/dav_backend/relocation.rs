//! An object moved or copied: two edits, one commit, so that no reader finds it twice or nowhere.

use calendar::refusal::Refusal;
use dav::backend::{Object, Precondition, Relocation, SourceFate, Stored, TargetFate};
use store::collections::CollectionRecord;

use crate::dav_backend::acceptable::acceptable;
use crate::dav_backend::{listing, met};
use crate::gate::{self, Edit, Staged};
use crate::world::World;

/// How often the source is read again when it changes under it.
const READINGS_MAX: usize = 4;

/// Relocates an object into the collection with the record `target`; the caller may do so.
pub(super) async fn relocate(
    world: &World,
    relocation: &Relocation,
    target: &CollectionRecord,
    precondition: &Precondition,
) -> Result<Stored, Refusal> {
    for _ in 0..READINGS_MAX {
        let found = listing::object(world, &relocation.from).await?.ok_or(Refusal::NotFound)?;
        met(precondition, Some(&found.facts.tag))?;
        acceptable(world, target, &found.octets)?;
        let edits = edits(relocation, &found);
        match gate::change(world, &edits, |staged| may_go(relocation, &found, staged)).await {
            // The source is another one by now: what was read of it may not be written.
            Err(Refusal::Contended) => {}
            Err(refusal) => return Err(refusal),
            Ok(staged) => {
                let created = staged.first().is_some_and(|staged| staged.before.is_none());
                return Ok(Stored { tag: staged.into_iter().next().and_then(|staged| staged.tag), created });
            }
        }
    }
    Err(Refusal::Contended)
}

/// The destination first.
fn edits(relocation: &Relocation, found: &Object) -> Vec<Edit> {
    let arrives = Edit { name: relocation.to.clone(), octets: Some(found.octets.clone()) };
    let leaves = Edit { name: relocation.from.clone(), octets: None };
    match relocation.source {
        SourceFate::Leaves => vec![arrives, leaves],
        SourceFate::Stays => vec![arrives],
    }
}

fn may_go(relocation: &Relocation, found: &Object, staged: &[Staged]) -> Result<(), Refusal> {
    let before = |position: usize| staged.get(position).and_then(|staged| staged.before.as_ref());
    if relocation.source == SourceFate::Leaves && before(1).map(|facts| &facts.tag) != Some(&found.facts.tag)
    {
        return Err(Refusal::Contended);
    }
    match (relocation.target, before(0)) {
        (TargetFate::Stays, Some(_)) => Err(Refusal::Exists),
        _ => Ok(()),
    }
}
