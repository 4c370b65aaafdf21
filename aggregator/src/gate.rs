//! The one way a calendar object changes: the object, its busy periods, its change-log row, its place in the unified
//! collection and its letters, in one commit.

use std::sync::Arc;

use calendar::collection::ObjectName;
use calendar::refusal::Refusal;
use store::Change;

use crate::world::World;

/// What an object is to become.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which object.
    pub name: ObjectName,
    /// Its new octets; `None`: deleted.
    pub octets: Option<Arc<[u8]>>,
}

/// Reads what the edits (all of one owner) touch and adds to `change` everything that belongs to them, with the
/// expectation that nothing seen has moved. Nothing is written until `change` is committed.
///
/// # Errors
/// [`Refusal::NotValidObject`], [`Refusal::UidConflict`] and so on; never half a change.
pub async fn stage(world: &World, change: &mut Change, edits: &[Edit]) -> Result<(), Refusal> {
    let _ = (world, change, edits);
    todo!()
}
