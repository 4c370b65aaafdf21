//! Opening files anew after an input or output error: what is seen must be on disk, and what was acknowledged there.

use std::fs::OpenOptions;

use super::super::committer::caught;
use super::super::reserve::with_reserve;
use super::super::{EngineError, Version};
use super::{Backing, Opening, Shared, Slot};

impl<B: Backing> Shared<B> {
    /// Closes what is open and opens it anew. Where that fails for want of room or of the right to write, reads go on
    /// over what can be opened for reading.
    pub(super) fn reopen(&self, opening: &mut Opening<B>) -> Result<(), EngineError> {
        if let Slot::Reading(_, error) = &opening.slot
            && !may_be_written::<B>(&self.place)
        {
            return Err(error.clone());
        }
        // Closed before it is opened again: the file is locked by whoever holds it. A failure counts as an opening too,
        // so that all who wait for this attempt hear of it instead of each making its own.
        opening.slot = Slot::Closed(EngineError::Io("the store is being opened anew".into()));
        opening.number += 1;
        let opened = self.open_whole();
        let result = opened.as_ref().map(|_| ()).map_err(Clone::clone);
        opening.slot = match opened {
            Ok(backing) => Slot::Open(backing),
            Err(error) => self.open_for_reading(error),
        };
        // A group may have reached the disk although its writing failed: whoever keeps something beside the number of
        // the newest commit must look again.
        if let Slot::Open(backing) = &opening.slot
            && let Ok(newest) = caught(|| backing.newest())
        {
            self.newest.send_if_modified(|told| std::mem::replace(told, newest) != newest);
        }
        result
    }

    /// Opens; refuses a store in which something acknowledged is missing.
    fn open_whole(&self) -> Result<B, EngineError> {
        let backing = open_backing::<B>(&self.place)?;
        let found = caught(|| backing.newest()).map_err(|failure| failure.error)?;
        let told: Version = *self.newest.borrow();
        if found < told {
            return Err(EngineError::Damaged(format!(
                "its newest commit is {found}, but commit {told} was acknowledged: restore the last backup"
            )));
        }
        Ok(backing)
    }

    /// What is left where the files cannot be opened for `error`. Only if it is what was acknowledged: anything newer
    /// may still vanish.
    fn open_for_reading(&self, error: EngineError) -> Slot<B> {
        if !matches!(error, EngineError::Io(_) | EngineError::Full) {
            return Slot::Closed(error);
        }
        let told = *self.newest.borrow();
        match caught(|| B::open_for_reading(&self.place)) {
            Ok(backing) if matches!(caught(|| backing.newest()), Ok(newest) if newest == told) => {
                Slot::Reading(backing, error)
            }
            _ => Slot::Closed(error),
        }
    }
}

/// Opens with the reserve's room if there is no other, after putting on disk what a failed flush has left in doubt.
pub(super) fn open_backing<B: Backing>(place: &B::Place) -> Result<B, EngineError> {
    with_reserve(B::folder(place), || {
        if let Some(doubt) = B::doubt(place)
            && doubt.is_risen()
        {
            B::rewrite(place)?;
            doubt.settle();
        }
        caught(|| B::open(place))
    })
}

fn may_be_written<B: Backing>(place: &B::Place) -> bool {
    B::files(place).iter().all(|path| OpenOptions::new().write(true).open(path).is_ok())
}
