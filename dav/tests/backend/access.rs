//! Everything is its owner's alone, but for when they are busy.

use async_trait::async_trait;
use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{
    Access, Ace, Caller, Group, Invitations, InviteAnswer, Notification, ShareChange, Sharing, Verdict, Who,
};
use dav::path::Resource;
use dav::privilege::all_on;
use dav::property::Kinds;

use super::Memory;

#[async_trait]
impl Access for Memory {
    async fn privileges(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Privilege>, Refusal> {
        let own = resource.owner() == Some(&caller.principal);
        Ok(match resource {
            _ if own => all_on(Kinds::of(resource)),
            Resource::Home(_) => vec![Privilege::ReadFreeBusy],
            _ => Vec::new(),
        })
    }

    async fn access_list(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Ace>, Refusal> {
        let privileges = self.privileges(caller, resource).await?;
        if !privileges.contains(&Privilege::ReadAcl) {
            return Err(Refusal::NotFound);
        }
        Ok(vec![Ace {
            who: Who::Owner,
            verdict: Verdict::Grant,
            privileges,
            protected: true,
            inherited: None,
        }])
    }

    async fn change_access_list(&self, _: &Caller, _: &Resource, _: &[Ace]) -> Result<(), Refusal> {
        Err(Refusal::NotPermitted(Privilege::WriteAcl))
    }

    async fn group_members(&self, _: &Caller, _: &Group) -> Result<Vec<PrincipalId>, Refusal> {
        Ok(Vec::new())
    }

    async fn change_group(&self, _: &Caller, _: &Group, _: &[PrincipalId]) -> Result<(), Refusal> {
        Err(Refusal::NotPermitted(Privilege::WriteProperties))
    }

    async fn memberships(&self, _: &Caller, _: &PrincipalId) -> Result<Vec<Group>, Refusal> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Sharing for Memory {
    async fn invitations(&self, _: &Caller, _: &CollectionName) -> Result<Invitations, Refusal> {
        Err(Refusal::NotFound)
    }

    async fn share(&self, _: &Caller, _: &CollectionName, _: &[ShareChange]) -> Result<(), Refusal> {
        Err(Refusal::NotPermitted(Privilege::WriteAcl))
    }

    async fn answer_invitation(
        &self,
        _: &Caller,
        _: &PrincipalId,
        _: &InviteAnswer,
    ) -> Result<Option<CollectionName>, Refusal> {
        Err(Refusal::NotFound)
    }

    async fn notifications(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Notification>, Refusal> {
        if caller.principal == *home { Ok(Vec::new()) } else { Err(Refusal::NotFound) }
    }

    async fn delete_notification(&self, _: &Caller, _: &PrincipalId, _: &str) -> Result<(), Refusal> {
        Err(Refusal::NotFound)
    }
}
