//! What an owner lets somebody do, said in one word, and all of it listed: for whoever has no client that can.

use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{Ace, Delegation, InviteAnswer, InviteState, ShareAccess, ShareChange, Verdict, Who};
use dav::privilege;
use dav::property::Kinds;

use super::grants::{self, Grants};
use super::judge::Law;
use crate::sharing;
use crate::world::{World, refusal_of};

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// They learn when the owner is busy.
    FreeBusy,
    /// They read.
    Read,
    /// They read and write.
    Write,
}

/// Of what: everything of an owner, or one calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Whose.
    pub owner: PrincipalId,
    /// Which; `None`: all.
    pub calendar: Option<CollectionName>,
}

/// Something that is granted or denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The calendar's id; `None`: everything.
    pub calendar: Option<String>,
    /// Who: an id, or `everybody`.
    pub who: String,
    /// What, in words.
    pub what: String,
}

/// Lets somebody (`None`: everybody here) do something. Of everything, they act for the owner (calendar-proxy); a
/// calendar is lent to them, and stands in their home at once.
///
/// # Errors
/// [`Refusal::NotFound`] for a calendar that is not there; [`Refusal::Protected`] for what cannot be.
pub async fn grant(
    world: &World,
    extent: &Extent,
    who: Option<&PrincipalId>,
    level: Level,
) -> Result<(), Refusal> {
    check(world, extent).await?;
    let (Some(id), false) = (who, level == Level::FreeBusy) else {
        if level != Level::FreeBusy {
            return Err(Refusal::Protected("everybody may learn busy time, and no more"));
        }
        return entries(world, extent, who, &[Privilege::ReadFreeBusy]).await;
    };
    if *id == extent.owner {
        return Err(Refusal::Protected("it is its owner's already"));
    }
    match &extent.calendar {
        Some(name) => lend(world, name, id, level).await,
        None => {
            grants::change(world, &extent.owner, |grants| {
                for delegation in Delegation::ALL {
                    let wanted = (delegation == Delegation::Write) == (level == Level::Write);
                    let members = grants.members_mut(delegation);
                    if wanted {
                        members.insert(id.as_str().to_owned());
                    } else {
                        members.remove(id.as_str());
                    }
                }
                Ok(())
            })
            .await
        }
    }
}

/// Takes back whatever somebody (`None`: everybody here) was let do with just this.
///
/// # Errors
/// [`Refusal::NotFound`] for a calendar that is not there.
pub async fn revoke(world: &World, extent: &Extent, who: Option<&PrincipalId>) -> Result<(), Refusal> {
    check(world, extent).await?;
    entries(world, extent, who, &[]).await?;
    let Some(id) = who else { return Ok(()) };
    if let Some(name) = &extent.calendar {
        return sharing::share(world, name, &[ShareChange::Remove(id.clone())]).await;
    }
    grants::change(world, &extent.owner, |grants| {
        for delegation in Delegation::ALL {
            grants.members_mut(delegation).remove(id.as_str());
        }
        Ok(())
    })
    .await
}

/// Everything that an owner has granted or denied, and what the settings grant.
pub async fn list(world: &World, owner: &PrincipalId) -> Result<Vec<Standing>, Refusal> {
    let grants = grants::of(world, owner).await?;
    let mut all = Vec::new();
    for (delegation, what) in [(Delegation::Write, "reads and writes"), (Delegation::Read, "reads")] {
        let members = grants.members(delegation).iter();
        all.extend(members.map(|id| standing(None, id, what)));
    }
    let law = Law { owner, grants: &grants, rules: world.access_rules() };
    all.extend(law.home().iter().map(|ace| told(None, ace)));
    for (id, aces) in &grants.collections {
        all.extend(aces.iter().map(|ace| told(Some(id), ace)));
    }
    for id in sharing::lent(world, owner).await? {
        let name = CollectionName::new(owner.as_str(), &id);
        for invitee in sharing::invitations(world, &name).await?.invitees {
            let what = match invitee.access {
                ShareAccess::Read => "reads",
                ShareAccess::ReadWrite => "reads and writes",
            };
            let what = match invitee.state {
                InviteState::Accepted => what.to_owned(),
                InviteState::NoResponse => format!("{what}, when they accept"),
                InviteState::Declined | InviteState::Deleted => format!("{what}, which they declined"),
            };
            all.push(standing(Some(&id), invitee.principal.as_str(), &what));
        }
    }
    Ok(all)
}

async fn check(world: &World, extent: &Extent) -> Result<(), Refusal> {
    let Some(name) = &extent.calendar else { return Ok(()) };
    let found = world.store.collection(name).await.map_err(refusal_of)?;
    if found.is_some() { Ok(()) } else { Err(Refusal::NotFound) }
}

/// Replaces the entries about somebody by one that grants these privileges, or by none.
async fn entries(
    world: &World,
    extent: &Extent,
    who: Option<&PrincipalId>,
    privileges: &[Privilege],
) -> Result<(), Refusal> {
    let who = who.map_or(Who::Authenticated, |id| Who::Principal(id.clone()));
    let replaced = |mut aces: Vec<Ace>| {
        aces.retain(|ace| ace.who != who);
        if !privileges.is_empty() {
            aces.push(Ace {
                who: who.clone(),
                verdict: Verdict::Grant,
                privileges: privileges.to_vec(),
                protected: false,
                inherited: None,
            });
        }
        aces
    };
    let rules = world.access_rules();
    grants::change(world, &extent.owner, |grants| {
        if let Some(name) = &extent.calendar {
            let id = name.id.as_str();
            let aces = grants.collections.get(id).cloned().unwrap_or_default();
            grants.set_collection(id, replaced(aces));
        } else {
            let before: &Grants = grants;
            let now = Law { owner: &extent.owner, grants: before, rules }.home();
            let after = replaced(now.clone());
            if after != now {
                grants.home = Some(after);
            }
        }
        Ok(())
    })
    .await
}

async fn lend(world: &World, name: &CollectionName, id: &PrincipalId, level: Level) -> Result<(), Refusal> {
    let borrower = world.owner(id.as_str()).ok_or(Refusal::NotFound)?;
    let address = borrower.addresses.first().map_or_else(|| id.to_string(), |own| own.as_str().to_owned());
    let access = if level == Level::Write { ShareAccess::ReadWrite } else { ShareAccess::Read };
    let change = ShareChange::Set {
        principal: id.clone(),
        address,
        common_name: Some(borrower.name.clone()),
        summary: None,
        access,
    };
    sharing::share(world, name, &[change]).await?;
    let answer = InviteAnswer { host: name.clone(), uid: None, accepts: true, summary: None };
    sharing::answer(world, id, &answer).await.map(|_| ())
}

fn standing(calendar: Option<&str>, who: &str, what: &str) -> Standing {
    Standing { calendar: calendar.map(str::to_owned), who: who.to_owned(), what: what.to_owned() }
}

fn told(calendar: Option<&String>, ace: &Ace) -> Standing {
    let who = match &ace.who {
        Who::Owner => "the owner".to_owned(),
        Who::Principal(id) => id.to_string(),
        Who::Group(group) => format!("{}/{}", group.owner, group.delegation.segment()),
        Who::Authenticated => "everybody".to_owned(),
    };
    let kind = if calendar.is_some() { Kinds::CALENDAR } else { Kinds::HOME };
    let names: Vec<&str> =
        privilege::topmost(&ace.privileges, kind).into_iter().map(|name| name.local).collect();
    let names = names.join(", ");
    let what = if ace.verdict == Verdict::Grant { names } else { format!("not: {names}") };
    standing(calendar.map(String::as_str), &who, &what)
}
