//! Who is busy when: one answer for the REPORT, the outbox, the command line and the slots (specification 3.4).

use std::sync::Arc;

use calendar::busy::BusySet;
use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::time::Span;
use store::Change;
use store::collections::Head;

use crate::owner::Owner;
use crate::world::World;

/// Busy time with what it was read from.
#[derive(Clone, Debug)]
pub struct SeenBusy {
    /// Busy time over (at least) the window, merged; not clipped.
    pub busy: Arc<BusySet>,
    /// The heads of the collections it was made from.
    pub heads: Vec<(CollectionName, Head)>,
}

impl SeenBusy {
    /// Makes `change` apply only if none of those collections has moved.
    pub fn expect(&self, change: &mut Change) {
        for (collection, head) in &self.heads {
            change.expect_head(collection, *head);
        }
    }
}

/// Busy time of an owner over all collections that count, within `window`, without what the object with
/// `except_uid` (in any collection) makes busy. Sources that cannot be asked follow their policy.
pub async fn owner_busy(
    world: &World,
    owner: &Owner,
    window: Span,
    except_uid: Option<&str>,
) -> Result<SeenBusy, Refusal> {
    let _ = (world, owner, window, except_uid);
    todo!()
}
