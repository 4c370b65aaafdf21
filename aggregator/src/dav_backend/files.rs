//! Files and locks as the protocol asks for them; files are their owner's alone.

use std::collections::BTreeMap;

use async_trait::async_trait;
use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{
    Access, Caller, FileContent, FileNode, FileRelocation, Files, Locks, Precondition, PropertyChange,
    SourceFate, Stored,
};
use dav::lock::{Lock, LockChange};
use dav::path::{FileName, Resource};

use super::DavBackend;
use crate::files::Deed;
use crate::{files, locks, sharing};

impl DavBackend {
    /// Files are their owner's alone; to anybody else they are as if they were not there.
    fn own(&self, caller: &Caller, owner: &PrincipalId) -> Result<(), Refusal> {
        let known = caller.principal == *owner && self.world.owner(owner.as_str()).is_some();
        if known { Ok(()) } else { Err(Refusal::NotFound) }
    }

    /// A write lock is for those who may write (RFC 3744 appendix B): content where something is, members where one
    /// is to be.
    async fn may_lock(&self, caller: &Caller, root: &str) -> Result<(), Refusal> {
        let name = match Resource::of_path(root) {
            Some(Resource::Collection(name)) => name,
            Some(Resource::Object(name)) => name.collection,
            Some(other) => return self.own(caller, other.owner().ok_or(Refusal::NotFound)?),
            None => return Err(Refusal::NotFound),
        };
        if sharing::may_be_borrowed(&name)
            && self.seat(caller, &name).await?.is_some_and(|seat| seat.borrowed.is_some())
        {
            return Err(Refusal::Protected("what is borrowed is locked where it is at home"));
        }
        if caller.principal == name.owner {
            return self.own(caller, &name.owner);
        }
        self.enter_collection(caller, &name, Privilege::WriteContent).await.map(|_| ())
    }

    /// Of the locks in the home of another those that the caller may meet: where one stands tells what is there.
    async fn met(&self, caller: &Caller, home: &PrincipalId, locks: Vec<Lock>) -> Result<Vec<Lock>, Refusal> {
        let on_home = self.privileges(caller, &Resource::Home(home.clone())).await?;
        let changes = Privilege::CHANGING.iter().any(|one| on_home.contains(one));
        let mut seen: BTreeMap<CollectionName, bool> = BTreeMap::new();
        let mut met = Vec::with_capacity(locks.len());
        for lock in locks {
            let collection = match Resource::of_path(&lock.root) {
                Some(Resource::Collection(name)) => name,
                Some(Resource::Object(name)) => name.collection,
                Some(Resource::Home(_)) => {
                    met.push(lock);
                    continue;
                }
                _ => continue,
            };
            let is_met = if let Some(known) = seen.get(&collection) {
                *known
            } else {
                let held = self.seat(caller, &collection).await?.map(|seat| seat.privileges);
                let may = |one: &Privilege| *one == Privilege::Read || Privilege::CHANGING.contains(one);
                held.map_or(changes, |held| held.iter().any(may))
            };
            seen.insert(collection, is_met);
            if is_met {
                met.push(lock);
            }
        }
        Ok(met)
    }

    /// Whose the lock is, if it is another's and the caller may end it all the same (RFC 3744 §3.5).
    async fn unlockable(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        token: &str,
    ) -> Result<Option<PrincipalId>, Refusal> {
        let locks = locks::live(&self.world, home).await?;
        let Some(lock) = locks.into_iter().find(|lock| lock.token == token) else { return Ok(None) };
        let place = Resource::of_path(&lock.root);
        let held = match &place {
            _ if lock.principal == caller.principal.as_str() => return Ok(None),
            // A name that was locked before anything stood there is its owner's to free.
            _ if caller.principal == *home => vec![Privilege::Unlock],
            Some(place) => self.privileges(caller, place).await?,
            None => Vec::new(),
        };
        Ok(held.contains(&Privilege::Unlock).then(|| PrincipalId::new(lock.principal)))
    }
}

#[async_trait]
impl Files for DavBackend {
    async fn file(&self, caller: &Caller, name: &FileName) -> Result<Option<FileNode>, Refusal> {
        self.own(caller, &name.owner)?;
        files::node(&self.world, name).await
    }

    async fn files(&self, caller: &Caller, folder: &FileName) -> Result<Vec<FileNode>, Refusal> {
        self.own(caller, &folder.owner)?;
        files::members(&self.world, folder).await
    }

    async fn file_content(
        &self,
        caller: &Caller,
        name: &FileName,
    ) -> Result<Option<(FileNode, Vec<u8>)>, Refusal> {
        self.own(caller, &name.owner)?;
        files::content(&self.world, name).await
    }

    async fn put_file(
        &self,
        caller: &Caller,
        name: &FileName,
        content: FileContent,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        self.own(caller, &name.owner)?;
        let before = files::node(&self.world, name).await?.and_then(|node| node.file);
        let more = content.octets.len().saturating_sub(before.map_or(0, |facts| facts.octets));
        self.counts.admit(&self.world, &name.owner, more as u64).await?;
        files::edit(&self.world, name, Deed::Put(&content, precondition)).await
    }

    async fn make_folder(
        &self,
        caller: &Caller,
        name: &FileName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.own(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::MakeFolder(properties)).await.map(|_| ())
    }

    async fn change_file(
        &self,
        caller: &Caller,
        name: &FileName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.own(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::Change(changes)).await.map(|_| ())
    }

    async fn delete_file(
        &self,
        caller: &Caller,
        name: &FileName,
        precondition: &Precondition,
    ) -> Result<(), Refusal> {
        self.own(caller, &name.owner)?;
        files::edit(&self.world, name, Deed::Delete(precondition)).await.map(|_| ())
    }

    async fn relocate_file(
        &self,
        caller: &Caller,
        relocation: &FileRelocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        self.own(caller, &relocation.from.owner)?;
        if relocation.to.owner != relocation.from.owner {
            // A foreign tree is as if it were not there.
            return Err(Refusal::NoParent);
        }
        if relocation.source == SourceFate::Stays {
            let more = files::octets_at(&self.world, relocation).await?;
            self.counts.admit(&self.world, &relocation.from.owner, more).await?;
        }
        files::edit(&self.world, &relocation.from, Deed::Relocate(relocation, precondition)).await
    }
}

#[async_trait]
impl Locks for DavBackend {
    async fn locks(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Lock>, Refusal> {
        self.enter_at_all(caller, home).await?;
        let locks = locks::live(&self.world, home).await?;
        if caller.principal == *home { Ok(locks) } else { self.met(caller, home, locks).await }
    }

    async fn change_locks(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        change: &LockChange,
    ) -> Result<Option<Lock>, Refusal> {
        let mut holder = caller.principal.clone();
        match change {
            LockChange::Take(lock) => self.may_lock(caller, &lock.root).await?,
            LockChange::Release(token) => {
                self.enter_at_all(caller, home).await?;
                if let Some(other) = self.unlockable(caller, home, token).await? {
                    holder = other;
                }
            }
            LockChange::Refresh(..) | LockChange::Sweep(_) => {
                self.enter_at_all(caller, home).await?;
            }
        }
        locks::change(&self.world, home, (&holder, change)).await
    }
}
