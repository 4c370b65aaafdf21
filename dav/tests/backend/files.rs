//! Locks, dead properties of objects, and a small tree of files in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use calendar::collection::{EntityTag, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::*;
use dav::lock::{Lock, LockChange, apply};
use dav::path::FileName;

use super::{Memory, NOW, holds};

/// What is kept besides calendars, all of it Ada's.
#[derive(Default)]
pub struct Besides {
    pub locks: Mutex<Vec<Lock>>,
    pub files: Mutex<BTreeMap<FileName, (FileNode, Vec<u8>)>>,
    /// What the last deletion said of who hears of it.
    pub told: Mutex<Option<Telling>>,
}

fn mine(caller: &Caller, owner: &PrincipalId) -> Result<(), Refusal> {
    if caller.principal == *owner { Ok(()) } else { Err(Refusal::NotFound) }
}

fn node(name: &FileName, file: Option<FileFacts>) -> FileNode {
    FileNode {
        name: name.clone(),
        file,
        display_name: None,
        modified: Instant::from_unix(NOW),
        created: Instant::from_unix(NOW),
        dead_properties: BTreeMap::new(),
    }
}

#[async_trait]
impl Locks for Memory {
    async fn locks(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Lock>, Refusal> {
        mine(caller, home)?;
        Ok(self.besides.locks.lock().unwrap().clone())
    }

    async fn change_locks(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        change: &LockChange,
    ) -> Result<Option<Lock>, Refusal> {
        mine(caller, home)?;
        let mut locks = self.besides.locks.lock().unwrap();
        let change = match change {
            LockChange::Take(lock) => {
                LockChange::Take(Lock { token: format!("urn:lock:{}", locks.len()), ..lock.clone() })
            }
            other => other.clone(),
        };
        apply(&mut locks, &change, (&caller.principal, NOW))?;
        Ok(match change {
            LockChange::Take(lock) => Some(lock),
            LockChange::Refresh(token, _) => locks.iter().find(|lock| lock.token == token).cloned(),
            _ => None,
        })
    }
}

#[async_trait]
impl Files for Memory {
    async fn file(&self, caller: &Caller, name: &FileName) -> Result<Option<FileNode>, Refusal> {
        mine(caller, &name.owner)?;
        if name.path.is_empty() {
            return Ok(Some(node(name, None)));
        }
        Ok(self.besides.files.lock().unwrap().get(name).map(|(node, _)| node.clone()))
    }

    async fn files(&self, caller: &Caller, folder: &FileName) -> Result<Vec<FileNode>, Refusal> {
        mine(caller, &folder.owner)?;
        let files = self.besides.files.lock().unwrap();
        let members = files.values().filter(|(node, _)| node.name.parent().as_ref() == Some(folder));
        Ok(members.map(|(node, _)| node.clone()).collect())
    }

    async fn file_content(
        &self,
        caller: &Caller,
        name: &FileName,
    ) -> Result<Option<(FileNode, Vec<u8>)>, Refusal> {
        mine(caller, &name.owner)?;
        Ok(self.besides.files.lock().unwrap().get(name).filter(|(node, _)| node.file.is_some()).cloned())
    }

    async fn put_file(
        &self,
        caller: &Caller,
        name: &FileName,
        content: FileContent,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        let parent = name.parent().ok_or(Refusal::Exists)?;
        if self.file(caller, &parent).await?.is_none() {
            return Err(Refusal::NoParent);
        }
        let mut files = self.besides.files.lock().unwrap();
        let before = files.get(name).and_then(|(node, _)| node.file.as_ref());
        holds(precondition, before.map(|facts| &facts.tag))?;
        let tag = EntityTag(format!("{}-{}", content.octets.len(), files.len()));
        let facts =
            FileFacts { tag: tag.clone(), media_type: content.media_type, octets: content.octets.len() };
        let created = files.insert(name.clone(), (node(name, Some(facts)), content.octets)).is_none();
        Ok(Stored { tag: Some(tag), created, schedule_tag: None })
    }

    async fn make_folder(
        &self,
        caller: &Caller,
        name: &FileName,
        _: &[PropertyChange],
    ) -> Result<(), Refusal> {
        let parent = name.parent().ok_or(Refusal::Exists)?;
        if self.file(caller, name).await?.is_some() {
            return Err(Refusal::Exists);
        }
        if self.file(caller, &parent).await?.is_none() {
            return Err(Refusal::NoParent);
        }
        self.besides.files.lock().unwrap().insert(name.clone(), (node(name, None), Vec::new()));
        Ok(())
    }

    async fn change_file(
        &self,
        _: &Caller,
        name: &FileName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        let mut files = self.besides.files.lock().unwrap();
        let (node, _) = files.get_mut(name).ok_or(Refusal::NotFound)?;
        for change in changes {
            match change {
                PropertyChange::Dead(name, Some(xml)) => {
                    node.dead_properties.insert(name.clone(), xml.clone());
                }
                PropertyChange::Dead(name, None) => drop(node.dead_properties.remove(name)),
                PropertyChange::DisplayName(name) => node.display_name = Some(name.clone()),
                _ => return Err(Refusal::Protected("of calendars")),
            }
        }
        Ok(())
    }

    async fn delete_file(&self, _: &Caller, name: &FileName, _: &Precondition) -> Result<(), Refusal> {
        let mut files = self.besides.files.lock().unwrap();
        files.get(name).ok_or(Refusal::NotFound)?;
        files.retain(|other, _| !other.is_within(name));
        Ok(())
    }

    async fn relocate_file(
        &self,
        _: &Caller,
        relocation: &FileRelocation,
        _: &Precondition,
    ) -> Result<Stored, Refusal> {
        let mut files = self.besides.files.lock().unwrap();
        let FileRelocation { from, to, .. } = relocation;
        if files.contains_key(to) && relocation.target == TargetFate::Stays {
            return Err(Refusal::Exists);
        }
        let created = !files.contains_key(to);
        files.retain(|other, _| !other.is_within(to));
        let going: Vec<_> = files.iter().filter(|(name, _)| name.is_within(from)).collect();
        let arrived: Vec<_> = going
            .into_iter()
            .map(|(name, (node, octets))| {
                let path = to.path.iter().chain(&name.path[from.path.len()..]).cloned().collect();
                let name = FileName { owner: to.owner.clone(), path };
                (name.clone(), (FileNode { name, ..node.clone() }, octets.clone()))
            })
            .collect();
        if relocation.source == SourceFate::Leaves {
            files.retain(|other, _| !other.is_within(from));
        }
        files.extend(arrived);
        Ok(Stored { tag: None, created, schedule_tag: None })
    }
}

/// It keeps no attachments, counts nothing and publishes nothing.
impl Attachments for Memory {}
impl Published for Memory {}
impl Storage for Memory {}
