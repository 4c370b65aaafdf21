//! Events that this server itself organizes (bookings): their copies in mirrors are known as the same event.
//!
//! A booking is pushed to linked calendars and comes back with their next sync. What it makes busy is told by the
//! original alone, so a copy never counts twice, and a copy that is not yet moved or removed there blocks nothing
//! (specification 5.2).

use calendar::refusal::Refusal;
use store::Change;
use store::records::Table;

use crate::world::{World, refusal_of};

/// UIDs of events of this server: key owner, UID.
const TABLE: Table = Table("own-events");

/// Adds to `change` that the event `uid` of `owner` is this server's own; it must be new.
pub fn declare(change: &mut Change, owner: &str, uid: &str) {
    change.put_record(TABLE, &[owner, uid], &true, 0);
}

/// Whether the event `uid` of `owner` is this server's own.
pub async fn is_own(world: &World, owner: &str, uid: &str) -> Result<bool, Refusal> {
    let row = world.store.record::<bool>(TABLE, &[owner, uid]).await.map_err(refusal_of)?;
    Ok(row.is_some())
}
