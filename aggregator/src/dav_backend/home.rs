//! What clients have a calendar home keep: dead properties, of which Apple Calendar sets the default alarms.

use std::collections::BTreeMap;

use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use dav::backend::{DeadProperties, PropertyChange};
use store::records::Table;
use store::{Change, Committed};

use crate::dav_backend::properties;
use crate::gate::ATTEMPTS_MAX;
use crate::world::{World, refusal_of};

/// Dead properties of homes, as those of collections are written: key owner.
const TABLE: Table = Table("home-properties");

/// All of them.
pub(super) async fn properties_of(world: &World, home: &PrincipalId) -> Result<DeadProperties, Refusal> {
    let kept = world.store.record::<BTreeMap<String, String>>(TABLE, &[home.as_str()]).await;
    Ok(kept.map_err(refusal_of)?.map(|(kept, _)| properties::dead_of(&kept)).unwrap_or_default())
}

/// Sets and removes some, all or none.
pub(super) async fn change(
    world: &World,
    home: &PrincipalId,
    changes: &[PropertyChange],
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let seen = world.store.record::<BTreeMap<String, String>>(TABLE, &[home.as_str()]).await;
        let (mut kept, version) = seen.map_err(refusal_of)?.unwrap_or_default();
        for change in changes {
            let PropertyChange::Dead(name, value) = change else {
                return Err(Refusal::Protected("a home keeps only what the server does not know"));
            };
            properties::keep(&mut kept, name, value.as_ref());
        }
        properties::check_room(&kept)?;
        let mut change = Change::new();
        change.put_record(TABLE, &[home.as_str()], &kept, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}
