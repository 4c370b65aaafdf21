//! Schedule tags and who hears of deletions, in memory: nothing is sent.

use std::sync::Arc;

use async_trait::async_trait;
use calendar::collection::{CollectionName, EntityTag, ObjectName};
use calendar::refusal::Refusal;
use dav::backend::*;

use super::Memory;

/// The schedule tag of what somebody organizes: it does not depend on answers.
pub fn tag_of(octets: &Arc<[u8]>) -> Option<EntityTag> {
    let text = String::from_utf8_lossy(octets);
    let said = ["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION"];
    let plain = said.iter().fold(text.to_string(), |text, partstat| text.replace(partstat, ""));
    text.contains("ORGANIZER").then(|| EntityTag(format!("s{}", plain.len())))
}

/// If-Schedule-Tag-Match.
pub fn holds(precondition: &Precondition, found: Option<&Object>) -> Result<(), Refusal> {
    let current = found.and_then(|object| object.facts.schedule_tag.as_ref());
    match &precondition.schedule_tag {
        Some(wanted) if current != Some(wanted) => Err(Refusal::TagMismatch),
        _ => Ok(()),
    }
}

#[async_trait]
impl Scheduling for Memory {
    async fn delete_telling(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
        telling: Telling,
    ) -> Result<(), Refusal> {
        *self.besides.told.lock().unwrap() = Some(telling);
        self.delete(caller, name, precondition).await
    }

    async fn delete_collection_telling(
        &self,
        caller: &Caller,
        name: &CollectionName,
        telling: Telling,
    ) -> Result<(), Refusal> {
        *self.besides.told.lock().unwrap() = Some(telling);
        self.delete_collection(caller, name).await
    }
}
