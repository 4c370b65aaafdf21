//! What the protocol asks of whoever keeps managed attachments (RFC 8607). Whoever keeps none need say nothing.

use async_trait::async_trait;
use calendar::collection::{ObjectName, PrincipalId};
use calendar::itip::attachment::Instances;
use calendar::refusal::Refusal;

use super::{Caller, Precondition};

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// Its media type, as it was sent.
    pub media_type: String,
    /// Its name, without a path.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// What is done to the attachments of an object (RFC 8607 §3.4).
#[derive(Clone, Debug, PartialEq)]
pub enum AttachmentDeed {
    /// `attachment-add`.
    Add(Instances, AttachedFile),
    /// `attachment-update`: of this id.
    Update(String, AttachedFile),
    /// `attachment-remove`: of this id.
    Remove(Instances, String),
}

/// What attachments may be (RFC 8607 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentLimits {
    /// Octets of one.
    pub octets_max: usize,
    /// Attachments of one object.
    pub per_object_max: usize,
}

/// Whoever keeps managed attachments. Privileges are checked as [`Backend`](super::Backend) says.
#[async_trait]
pub trait Attachments: Send + Sync + 'static {
    /// What attachments may be; `None` where none are kept.
    fn attachment_limits(&self) -> Option<AttachmentLimits> {
        None
    }

    /// Changes the attachments of an object; the id of the new one, if there is one. `origin` is the scheme and host by
    /// which this server is called, for addresses that others read.
    async fn attach(
        &self,
        _caller: &Caller,
        _name: &ObjectName,
        _deed: AttachmentDeed,
        (_origin, _precondition): (&str, &Precondition),
    ) -> Result<Option<String>, Refusal> {
        Err(Refusal::Protected("no attachments are kept here"))
    }

    /// An attachment, for whoever knows its id.
    async fn attachment(&self, _owner: &PrincipalId, _id: &str) -> Result<Option<AttachedFile>, Refusal> {
        Ok(None)
    }
}
