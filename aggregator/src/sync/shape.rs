//! The collection that mirrors a source: made when it is missing, kept as the settings and the feed say.

use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::zone::Zone;
use store::collections::{CollectionRecord, Role};

use super::{LinkState, PullError, mirror_of};
use crate::index;
use crate::operation::collection;
use crate::owner::{Owner, SourceSettings};
use crate::source::SourceError;
use crate::world::{World, refusal_of};

/// What a feed may hold.
const COMPONENTS: &[&str] = &["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"];

/// Whether the mirror is there.
///
/// # Errors
/// [`SourceError::Misconfigured`] if another calendar has its name.
pub(super) async fn exists(world: &World, mirror: &CollectionName, source: &str) -> Result<bool, PullError> {
    match world.store.collection(mirror).await.map_err(refusal_of)? {
        None => Ok(false),
        Some((record, _)) if is_mirror_of(&record, source) => Ok(true),
        Some(_) => Err(SourceError::Misconfigured(format!(
            "there is a calendar called \"{source}\" already that is not its mirror; give the source another id"
        ))
        .into()),
    }
}

/// Whether a collection is the mirror of the source called `source`.
pub(super) fn is_mirror_of(record: &CollectionRecord, source: &str) -> bool {
    matches!(&record.role, Role::Mirror { source: mirrored } if mirrored == source)
}

/// Brings what the mirror counts for in step with the settings, whatever its source says or whether it answers at all.
pub(super) async fn follow(
    world: &World,
    mirror: &CollectionName,
    settings: &SourceSettings,
) -> Result<(), Refusal> {
    collection::change(world, mirror, |record| {
        record.counts_as_busy = settings.counts_as_busy;
        record.in_unified = settings.in_unified;
        Ok(())
    })
    .await
}

/// Makes the mirror, or brings it in step: zone, name, and what it counts for. The feed's zone goes before that of the
/// settings. Gives the name that the settings and the feed ask for.
pub(super) async fn shape(
    world: &World,
    (owner, settings): (&Owner, &SourceSettings),
    zone: Option<&Zone>,
    state: &LinkState,
) -> Result<String, Refusal> {
    let mirror = mirror_of(&owner.id, &settings.id);
    let wanted_name = if settings.name.trim().is_empty() { &settings.id } else { &settings.name };
    let zone = zone.or(settings.zone.as_ref()).map(|zone| zone.name().to_owned());
    let as_wanted = |record: &mut CollectionRecord| {
        // A client may call its calendar what it likes, until the settings call it something else.
        if state.named.as_ref() != Some(wanted_name) {
            wanted_name.clone_into(&mut record.display_name);
        }
        record.timezone_id.clone_from(&zone);
        record.counts_as_busy = settings.counts_as_busy;
        record.in_unified = settings.in_unified;
        record.writable = false;
    };
    if world.store.collection(&mirror).await.map_err(refusal_of)?.is_none() {
        // The unified collection must be there before what shows in it.
        collection::ensure_home(world, owner).await?;
        let role = Role::Mirror { source: settings.id.clone() };
        let mut record = collection::blank(world, role, wanted_name, COMPONENTS);
        as_wanted(&mut record);
        match collection::make(world, owner, &mirror, &record).await {
            Ok(()) | Err(Refusal::Exists) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    collection::change(world, &mirror, |record| {
        as_wanted(record);
        Ok(())
    })
    .await?;
    // Also after a year has turned, or where an earlier rebuild was cut short; until then questions are answered live.
    match index::refresh(world, &mirror).await {
        Ok(_) | Err(Refusal::Contended) => Ok(wanted_name.clone()),
        Err(refusal) => Err(refusal),
    }
}
