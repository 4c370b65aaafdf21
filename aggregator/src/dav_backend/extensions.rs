//! Attachments and what a home holds as the protocol asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use calendar::collection::{ObjectName, PrincipalId, Privilege};
use calendar::itip::attachment::{self, Attachment, AttachmentFault};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use dav::backend::{
    AttachedFile, AttachmentDeed, AttachmentLimits, Attachments, Backend, Caller, Precondition, Storage,
    Usage,
};
use dav::open;

use super::{DavBackend, listing, met, object_properties};
use crate::attachments::{self, OCTETS_MAX, PER_OBJECT_MAX};
use crate::{gate, usage};

/// How often an object is read again when it changes while an attachment is put to it.
const READINGS_MAX: usize = 8;

impl DavBackend {
    /// Writes the object, which is at home at `at`, with its attachments changed as `deed` says; `new`: the id of the file
    /// that came.
    async fn attach_kept(
        &self,
        (caller, name, at): (&Caller, &ObjectName, &ObjectName),
        deed: &AttachmentDeed,
        new: Option<&str>,
        (origin, precondition): (&str, &Precondition),
    ) -> Result<(), Refusal> {
        for _ in 0..READINGS_MAX {
            let found = listing::object(&self.world, at).await?.ok_or(Refusal::NotFound)?;
            met(precondition, Some(&found.facts.tag))?;
            let limits = &self.world.limits;
            let held = CalendarObject::read(Arc::clone(&found.octets), limits).map_err(gate::not_valid)?;
            let octets = self.changed(&held, &at.collection.owner, (deed, new), origin)?;
            let after = CalendarObject::read(Arc::clone(&octets), limits).map_err(gate::not_valid)?;
            let (before, after) =
                (attachment::managed(held.calendar()).len(), attachment::managed(after.calendar()).len());
            if after > PER_OBJECT_MAX && after > before {
                return Err(Refusal::Attachment(AttachmentFault::TooMany(PER_OBJECT_MAX)));
            }
            let schedule_tag = precondition.schedule_tag.clone();
            let matches = Some(vec![found.facts.tag]);
            let as_read = Precondition { matches, none_matches: None, schedule_tag };
            match self.put(caller, name, octets, &as_read).await {
                Err(Refusal::TagMismatch) if precondition.schedule_tag.is_none() => {}
                Err(refusal) => return Err(refusal),
                Ok(_) => return Ok(()),
            }
        }
        Err(Refusal::Contended)
    }

    fn changed(
        &self,
        held: &CalendarObject,
        owner: &PrincipalId,
        (deed, new): (&AttachmentDeed, Option<&str>),
        origin: &str,
    ) -> Result<Arc<[u8]>, Refusal> {
        let limits = &self.world.limits;
        let id = new.unwrap_or_default();
        let origin = self.origin(origin);
        let address = |file: &AttachedFile| {
            let named = open::Attachment { owner: owner.clone(), id: id.to_owned(), name: file.name.clone() };
            format!("{origin}{}", named.path())
        };
        let changed = match deed {
            AttachmentDeed::Add(on, file) => {
                attachment::attach(held, on, &described(file, id, &address(file)), limits)
            }
            AttachmentDeed::Update(old, file) => {
                attachment::replace(held, old, &described(file, id, &address(file)), limits)
            }
            AttachmentDeed::Remove(on, old) => attachment::detach(held, on, old, limits),
        };
        changed.map_err(Refusal::Attachment)
    }
}

fn described<'a>(file: &'a AttachedFile, managed_id: &'a str, address: &'a str) -> Attachment<'a> {
    let media_type = file.media_type.split(';').next().unwrap_or_default().trim();
    Attachment { managed_id, address, media_type, file_name: &file.name, octets: file.octets.len() }
}

#[async_trait]
impl Attachments for DavBackend {
    fn attachment_limits(&self) -> Option<AttachmentLimits> {
        Some(AttachmentLimits { octets_max: OCTETS_MAX, per_object_max: PER_OBJECT_MAX })
    }

    async fn attach(
        &self,
        caller: &Caller,
        name: &ObjectName,
        deed: AttachmentDeed,
        (origin, precondition): (&str, &Precondition),
    ) -> Result<Option<String>, Refusal> {
        let seat = self.seat(caller, &name.collection).await?.ok_or(Refusal::NotFound)?;
        if !seat.privileges.contains(&Privilege::WriteContent) {
            return Err(Refusal::NotPermitted(Privilege::WriteContent));
        }
        // What is borrowed has its files where it is at home.
        let at = seat.object(&name.member);
        let owner = &at.collection.owner;
        let new = match &deed {
            AttachmentDeed::Add(_, file) | AttachmentDeed::Update(_, file) => {
                if file.octets.len() > OCTETS_MAX {
                    return Err(Refusal::Attachment(AttachmentFault::TooLarge(OCTETS_MAX)));
                }
                // Before anything is kept for it.
                let found = listing::object(&self.world, &at).await?.ok_or(Refusal::NotFound)?;
                met(precondition, Some(&found.facts.tag))?;
                self.counts.admit(&self.world, owner, file.octets.len() as u64).await?;
                Some(attachments::keep(&self.world, owner, file).await?)
            }
            AttachmentDeed::Remove(..) => None,
        };
        let place = (caller, name, &at);
        let written = self.attach_kept(place, &deed, new.as_deref(), (origin, precondition)).await;
        if let (Err(_), Some(id)) = (&written, &new) {
            attachments::let_go(&self.world, owner, id).await?;
        }
        written.map(|()| new)
    }

    async fn attachment(&self, owner: &PrincipalId, id: &str) -> Result<Option<AttachedFile>, Refusal> {
        // Whoever is served no longer has nothing that is open either.
        if self.world.owner(owner.as_str()).is_none() {
            return Ok(None);
        }
        attachments::read(&self.world, owner, id).await
    }
}

#[async_trait]
impl Storage for DavBackend {
    async fn usage(&self, caller: &Caller, home: &PrincipalId) -> Result<Option<Usage>, Refusal> {
        self.enter_for(caller, home, Privilege::Read).await?;
        let used = usage::octets_of(&self.world, home).await?;
        let available = self.world.house_rules().quota_octets.saturating_sub(used);
        Ok(Some(Usage { used, available }))
    }

    async fn resource_ids(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, String>, Refusal> {
        self.enter_at_all(caller, home).await?;
        object_properties::resource_ids(&self.world, home).await
    }
}
