//! Files and locks as the protocol asks for them; both are the owner's alone.

use async_trait::async_trait;
use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use dav::backend::{
    Caller, FileContent, FileNode, FileRelocation, Files, Locks, Precondition, PropertyChange, Stored,
};
use dav::lock::{Lock, LockChange};
use dav::path::FileName;

use super::DavBackend;
use crate::files::Deed;
use crate::{files, locks};

#[async_trait]
impl Files for DavBackend {
    async fn file(&self, caller: &Caller, name: &FileName) -> Result<Option<FileNode>, Refusal> {
        self.enter(caller, &name.owner)?;
        files::node(&self.world, name).await
    }

    async fn files(&self, caller: &Caller, folder: &FileName) -> Result<Vec<FileNode>, Refusal> {
        self.enter(caller, &folder.owner)?;
        files::members(&self.world, folder).await
    }

    async fn file_content(
        &self,
        caller: &Caller,
        name: &FileName,
    ) -> Result<Option<(FileNode, Vec<u8>)>, Refusal> {
        self.enter(caller, &name.owner)?;
        files::content(&self.world, name).await
    }

    async fn put_file(
        &self,
        caller: &Caller,
        name: &FileName,
        content: FileContent,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        self.enter(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::Put(&content, precondition)).await
    }

    async fn make_folder(
        &self,
        caller: &Caller,
        name: &FileName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.enter(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::MakeFolder(properties)).await.map(|_| ())
    }

    async fn change_file(
        &self,
        caller: &Caller,
        name: &FileName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.enter(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::Change(changes)).await.map(|_| ())
    }

    async fn delete_file(
        &self,
        caller: &Caller,
        name: &FileName,
        precondition: &Precondition,
    ) -> Result<(), Refusal> {
        self.enter(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::Delete(precondition)).await.map(|_| ())
    }

    async fn relocate_file(
        &self,
        caller: &Caller,
        relocation: &FileRelocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        self.enter(caller, &relocation.from.owner)?;
        if relocation.to.owner != relocation.from.owner {
            // A foreign tree is as if it were not there.
            return Err(Refusal::NoParent);
        }
        files::edit(&self.world, &relocation.from, Deed::Relocate(relocation, precondition)).await
    }
}

#[async_trait]
impl Locks for DavBackend {
    async fn locks(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Lock>, Refusal> {
        self.enter(caller, home)?;
        locks::live(&self.world, home).await
    }

    async fn change_locks(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        change: &LockChange,
    ) -> Result<Option<Lock>, Refusal> {
        self.enter(caller, home)?;
        locks::change(&self.world, home, (&caller.principal, change)).await
    }
}
