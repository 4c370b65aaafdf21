//! What the protocol asks of whoever keeps files beside calendars (RFC 4918).

use async_trait::async_trait;
use calendar::collection::EntityTag;
use calendar::refusal::Refusal;
use calendar::time::Instant;

use super::{Caller, DeadProperties, Precondition, PropertyChange, SourceFate, Stored, TargetFate};
use crate::path::FileName;

/// A file or a folder.
#[derive(Clone, Debug)]
pub struct FileNode {
    /// Where.
    pub name: FileName,
    /// What a file is; `None` for a folder.
    pub file: Option<FileFacts>,
    /// DAV:displayname, if it was set.
    pub display_name: Option<String>,
    /// When it last changed.
    pub modified: Instant,
    /// When it was made.
    pub created: Instant,
    /// What clients have it keep.
    pub dead_properties: DeadProperties,
}

/// What is known of a file besides its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its entity tag.
    pub tag: EntityTag,
    /// Its media type, as it was sent.
    pub media_type: String,
    /// Its octets.
    pub octets: usize,
}

/// What a file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// Its media type.
    pub media_type: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// How much of a folder is copied (RFC 4918 §9.8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The folder with its properties, empty.
    Itself,
    /// With all that is in it.
    Everything,
}

/// Where a file or folder comes from and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRelocation {
    /// The source.
    pub from: FileName,
    /// The destination, neither the source nor in it.
    pub to: FileName,
    /// What becomes of the source.
    pub source: SourceFate,
    /// What becomes of what is at the destination.
    pub target: TargetFate,
    /// How much of a folder is copied.
    pub extent: Extent,
}

/// Whoever keeps files. Privileges are checked as [`Backend`](super::Backend) says.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// A file or folder.
    async fn file(&self, caller: &Caller, name: &FileName) -> Result<Option<FileNode>, Refusal>;

    /// What is in a folder, by name.
    async fn files(&self, caller: &Caller, folder: &FileName) -> Result<Vec<FileNode>, Refusal>;

    /// A file with its octets; `None` for a folder and where nothing is.
    async fn file_content(
        &self,
        caller: &Caller,
        name: &FileName,
    ) -> Result<Option<(FileNode, Vec<u8>)>, Refusal>;

    /// Creates or replaces a file.
    async fn put_file(
        &self,
        caller: &Caller,
        name: &FileName,
        content: FileContent,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal>;

    /// Makes a folder.
    async fn make_folder(
        &self,
        caller: &Caller,
        name: &FileName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal>;

    /// Changes properties of a file or folder, all or none.
    async fn change_file(
        &self,
        caller: &Caller,
        name: &FileName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal>;

    /// Deletes a file, or a folder with all that is in it.
    async fn delete_file(
        &self,
        caller: &Caller,
        name: &FileName,
        precondition: &Precondition,
    ) -> Result<(), Refusal>;

    /// Moves or copies a file or folder, at once or not at all; the precondition is about the source.
    async fn relocate_file(
        &self,
        caller: &Caller,
        relocation: &FileRelocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal>;
}
