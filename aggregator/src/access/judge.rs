//! The judgement: access lists from grants, and what a caller may do by them. Pure.

use std::collections::BTreeSet;

use calendar::collection::{PrincipalId, Privilege};
use dav::backend::{Ace, Delegation, Group, Verdict, Who};
use dav::path::Resource;
use dav::privilege::all_on;
use dav::property::Kinds;

use super::grants::Grants;
use super::{FreeBusy, Rules};
use crate::unified;

/// What those who read for an owner may do.
const READING: [Privilege; 3] = [Privilege::Read, Privilege::ReadFreeBusy, Privilege::ReadOwnPrivileges];

/// What those who act for an owner may do besides.
const ACTING: [Privilege; 8] = [
    Privilege::ReadAcl,
    Privilege::WriteContent,
    Privilege::WriteProperties,
    Privilege::Bind,
    Privilege::Unbind,
    Privilege::ScheduleSendInvite,
    Privilege::ScheduleSendReply,
    Privilege::ScheduleSendFreeBusy,
];

/// The home, or what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The home itself.
    Home,
    /// The collection with this id, of this kind.
    Collection(&'a str, Kinds),
}

impl Place<'_> {
    fn kind(self) -> Kinds {
        match self {
            Self::Home => Kinds::HOME,
            Self::Collection(_, kind) => kind,
        }
    }
}

/// Everything that a judgement rests upon.
#[derive(Clone, Copy, Debug)]
pub struct Law<'a> {
    /// Whose home it is.
    pub owner: &'a PrincipalId,
    /// What they have granted.
    pub grants: &'a Grants,
    /// What the settings say.
    pub rules: Rules,
}

impl Law<'_> {
    /// The access list of a place, in the order in which it is judged: what is protected, what is its own, what is
    /// inherited.
    pub fn list(&self, place: Place<'_>) -> Vec<Ace> {
        let home = Resource::Home(self.owner.clone());
        let inherited = match place {
            Place::Home => None,
            Place::Collection(..) => Some(&home),
        };
        let mut list = vec![granted(Who::Owner, all_on(place.kind()), None)];
        for delegation in [Delegation::Write, Delegation::Read] {
            let group = Who::Group(Group { owner: self.owner.clone(), delegation });
            list.push(granted(group, delegated(delegation), inherited));
        }
        if let Place::Collection(id, kind) = place {
            list.extend(self.own(id, kind));
        }
        list.extend(self.home().into_iter().map(|ace| Ace { inherited: inherited.cloned(), ..ace }));
        list
    }

    /// The home's own entries: unless the owner says otherwise, all may learn busy time if the settings let them.
    pub fn home(&self) -> Vec<Ace> {
        match (&self.grants.home, self.rules.free_busy) {
            (Some(aces), _) => aces.clone(),
            (None, FreeBusy::Owners) => {
                let ace = granted(Who::Authenticated, vec![Privilege::ReadFreeBusy], None);
                vec![Ace { protected: false, ..ace }]
            }
            (None, FreeBusy::Nobody) => Vec::new(),
        }
    }

    /// The own entries of a collection: unless the owner says otherwise, all may have messages delivered to the inbox.
    fn own(&self, id: &str, kind: Kinds) -> Vec<Ace> {
        match self.grants.collections.get(id) {
            Some(aces) => aces.clone(),
            None if kind == Kinds::INBOX => {
                let deliver = vec![Privilege::ScheduleDeliverInvite, Privilege::ScheduleDeliverReply];
                vec![Ace { protected: false, ..granted(Who::Authenticated, deliver, None) }]
            }
            None => Vec::new(),
        }
    }

    /// What `caller` may do at a place. What changes members means nothing on a collection that is read-only: see
    /// [`without_changes`].
    pub fn privileges(&self, caller: &PrincipalId, place: Place<'_>) -> BTreeSet<Privilege> {
        let mut list = self.list(place);
        let is_union = matches!(place, Place::Collection(id, _) if id == unified::ID);
        if is_union && caller != self.owner {
            // The union shows what is in the others: what is inherited goes as far as it goes everywhere.
            let withheld = self.withheld(caller);
            for ace in list.iter_mut().filter(|ace| ace.inherited.is_some()) {
                ace.privileges.retain(|privilege| !withheld.contains(privilege));
            }
        }
        let mut held = self.judged(caller, &list, place.kind());
        // Who may learn busy time may ask for it, unless something is said about asking.
        let is_said = |ace: &Ace| {
            ace.privileges.contains(&Privilege::ScheduleQueryFreeBusy) && self.is_about(caller, &ace.who)
        };
        if place.kind() == Kinds::INBOX
            && held.contains(&Privilege::ReadFreeBusy)
            && !list.iter().any(is_said)
        {
            held.insert(Privilege::ScheduleQueryFreeBusy);
        }
        if held.contains(&Privilege::Read) {
            held.insert(Privilege::ReadFreeBusy);
        }
        if !held.is_empty() {
            held.insert(Privilege::ReadOwnPrivileges);
        }
        held
    }

    /// What `caller` holds on the home and lacks on one of the collections in it.
    pub fn withheld(&self, caller: &PrincipalId) -> BTreeSet<Privilege> {
        let home = self.privileges(caller, Place::Home);
        let others = self.grants.collections.keys().filter(|id| *id != unified::ID);
        others
            .flat_map(|id| {
                let here = self.privileges(caller, Place::Collection(id, Kinds::CALENDAR));
                home.difference(&here).copied().collect::<Vec<_>>()
            })
            .collect()
    }

    /// For each privilege the first entry decides that is about the caller.
    fn judged(&self, caller: &PrincipalId, list: &[Ace], kind: Kinds) -> BTreeSet<Privilege> {
        let about: Vec<&Ace> = list.iter().filter(|ace| self.is_about(caller, &ace.who)).collect();
        let decides = |privilege: &Privilege| {
            about.iter().find(|ace| ace.privileges.contains(privilege)).map(|ace| ace.verdict)
        };
        let held = all_on(kind).into_iter().filter(|privilege| decides(privilege) == Some(Verdict::Grant));
        held.collect()
    }

    fn is_about(&self, caller: &PrincipalId, who: &Who) -> bool {
        match who {
            Who::Owner => caller == self.owner,
            Who::Principal(id) => caller == id,
            Who::Group(group) if group.owner == *self.owner => {
                self.grants.members(group.delegation).contains(caller.as_str())
            }
            // Groups of others have no members that are known here.
            Who::Group(_) => false,
            Who::Authenticated => true,
        }
    }
}

/// What remains of privileges on a collection that is read-only for everybody. Its owner may still set a colour, but
/// write-properties is not announced: clients (Thunderbird 153) take any of the write privileges for leave to write
/// events.
#[must_use]
pub fn without_changes(mut held: BTreeSet<Privilege>) -> BTreeSet<Privilege> {
    held.retain(|privilege| !Privilege::CHANGING.contains(privilege));
    held
}

fn delegated(delegation: Delegation) -> Vec<Privilege> {
    match delegation {
        Delegation::Read => READING.to_vec(),
        Delegation::Write => READING.into_iter().chain(ACTING).collect(),
    }
}

fn granted(who: Who, privileges: Vec<Privilege>, inherited: Option<&Resource>) -> Ace {
    Ace { who, verdict: Verdict::Grant, privileges, protected: true, inherited: inherited.cloned() }
}
