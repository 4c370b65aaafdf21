//! Grants as they are kept: one record an owner, read and changed whole.

use std::collections::{BTreeMap, BTreeSet};

use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{Ace, Delegation, Group, Verdict, Who};
use dav::privilege;
use serde::{Deserialize, Serialize};
use store::engine::Version;
use store::records::Table;
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::world::{World, refusal_of};

/// Key: owner.
const TABLE: Table = Table("access");

/// Members that one group has at most.
pub const MEMBERS_MAX: usize = 500;

/// What an owner has granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The home's own entries; `None`: what the settings say.
    pub home: Option<Vec<Ace>>,
    /// Own entries of collections, by id.
    pub collections: BTreeMap<String, Vec<Ace>>,
    /// Ids of those who read everything for the owner.
    pub readers: BTreeSet<String>,
    /// Ids of those who read and write everything for the owner.
    pub writers: BTreeSet<String>,
}

impl Grants {
    /// Those of a group.
    pub fn members(&self, delegation: Delegation) -> &BTreeSet<String> {
        match delegation {
            Delegation::Read => &self.readers,
            Delegation::Write => &self.writers,
        }
    }

    /// The same, to be changed.
    pub fn members_mut(&mut self, delegation: Delegation) -> &mut BTreeSet<String> {
        match delegation {
            Delegation::Read => &mut self.readers,
            Delegation::Write => &mut self.writers,
        }
    }

    /// Replaces the own entries of a collection; without any it has what its home has.
    pub fn set_collection(&mut self, id: &str, aces: Vec<Ace>) {
        if aces.is_empty() {
            self.collections.remove(id);
        } else {
            self.collections.insert(id.to_owned(), aces);
        }
    }
}

/// As it is written down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<Vec<Entry>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    collections: BTreeMap<String, Vec<Entry>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    readers: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    writers: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    who: Named,
    #[serde(default)]
    denied: bool,
    /// Local names.
    privileges: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    Principal(String),
    Readers(String),
    Writers(String),
    Authenticated,
}

impl Entry {
    /// `None` for what is never written: an entry about the owner.
    fn of(ace: &Ace) -> Option<Self> {
        let who = match &ace.who {
            Who::Owner => return None,
            Who::Principal(id) => Named::Principal(id.as_str().to_owned()),
            Who::Group(group) => {
                let owner = group.owner.as_str().to_owned();
                match group.delegation {
                    Delegation::Read => Named::Readers(owner),
                    Delegation::Write => Named::Writers(owner),
                }
            }
            Who::Authenticated => Named::Authenticated,
        };
        let privileges = ace.privileges.iter().map(|one| privilege::name_of(*one).local.to_owned());
        Some(Self { who, denied: ace.verdict == Verdict::Deny, privileges: privileges.collect() })
    }

    fn ace(&self) -> Ace {
        let group = |owner: &String, delegation| {
            Who::Group(Group { owner: PrincipalId::new(owner.as_str()), delegation })
        };
        let known = |name: &String| {
            Privilege::ALL.into_iter().find(|privilege| privilege::name_of(*privilege).local == name)
        };
        Ace {
            who: match &self.who {
                Named::Principal(id) => Who::Principal(PrincipalId::new(id.as_str())),
                Named::Readers(owner) => group(owner, Delegation::Read),
                Named::Writers(owner) => group(owner, Delegation::Write),
                Named::Authenticated => Who::Authenticated,
            },
            verdict: if self.denied { Verdict::Deny } else { Verdict::Grant },
            privileges: self.privileges.iter().filter_map(known).collect(),
            protected: false,
            inherited: None,
        }
    }
}

impl From<&Grants> for Record {
    fn from(grants: &Grants) -> Self {
        let entries = |aces: &Vec<Ace>| aces.iter().filter_map(Entry::of).collect::<Vec<_>>();
        Self {
            home: grants.home.as_ref().map(entries),
            collections: grants.collections.iter().map(|(id, aces)| (id.clone(), entries(aces))).collect(),
            readers: grants.readers.clone(),
            writers: grants.writers.clone(),
        }
    }
}

impl From<Record> for Grants {
    fn from(record: Record) -> Self {
        let aces = |entries: &Vec<Entry>| entries.iter().map(Entry::ace).collect::<Vec<_>>();
        Self {
            home: record.home.as_ref().map(aces),
            collections: record.collections.iter().map(|(id, entries)| (id.clone(), aces(entries))).collect(),
            readers: record.readers,
            writers: record.writers,
        }
    }
}

/// What `owner` has granted.
pub async fn of(world: &World, owner: &PrincipalId) -> Result<Grants, Refusal> {
    Ok(read(world, owner.as_str()).await?.0)
}

async fn read(world: &World, owner: &str) -> Result<(Grants, Version), Refusal> {
    let seen = world.store.record::<Record>(TABLE, &[owner]).await.map_err(refusal_of)?;
    Ok(seen.map_or_else(Default::default, |(record, version)| (record.into(), version)))
}

/// The groups that `id` is in, by owner.
pub async fn memberships(world: &World, id: &PrincipalId) -> Result<Vec<Group>, Refusal> {
    let rows = world.store.records::<Record>(TABLE, &[], None, usize::MAX).await.map_err(refusal_of)?;
    let mut groups = Vec::new();
    for row in rows {
        let Some(owner) = row.key.first().filter(|owner| world.owner(owner).is_some()) else { continue };
        let grants = Grants::from(row.record);
        for delegation in Delegation::ALL {
            if grants.members(delegation).contains(id.as_str()) {
                groups.push(Group { owner: PrincipalId::new(owner.as_str()), delegation });
            }
        }
    }
    Ok(groups)
}

/// Changes what `owner` has granted by `edit`.
///
/// # Errors
/// What `edit` says; [`Refusal::Contended`].
pub async fn change(
    world: &World,
    owner: &PrincipalId,
    edit: impl Fn(&mut Grants) -> Result<(), Refusal> + Send + Sync,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let (mut grants, version) = read(world, owner.as_str()).await?;
        let before = grants.clone();
        edit(&mut grants)?;
        if grants == before {
            return Ok(());
        }
        let mut change = Change::new();
        change.put_record(TABLE, &[owner.as_str()], &Record::from(&grants), version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Replaces the own entries of a collection that is there, and stays until they are in force.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Refusal::Contended`].
pub async fn set_collection(world: &World, name: &CollectionName, aces: &[Ace]) -> Result<(), Refusal> {
    let owner = name.owner.as_str();
    for _ in 0..ATTEMPTS_MAX {
        let (mut grants, version) = read(world, owner).await?;
        let head = world.store.head(name).await.map_err(refusal_of)?;
        if head.version == 0 {
            return Err(Refusal::NotFound);
        }
        grants.set_collection(name.id.as_str(), aces.to_vec());
        let mut change = Change::new();
        change.expect_head(name, head);
        change.put_record(TABLE, &[owner], &Record::from(&grants), version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Adds to `change`, which removes a collection, that its grants go with it: another of that name has none of them.
pub async fn forget(world: &World, change: &mut Change, name: &CollectionName) -> Result<(), Refusal> {
    let owner = name.owner.as_str();
    let (mut grants, version) = read(world, owner).await?;
    if grants.collections.remove(name.id.as_str()).is_some() {
        change.put_record(TABLE, &[owner], &Record::from(&grants), version);
    } else {
        change.expect_record(TABLE, &[owner], version);
    }
    Ok(())
}
