//! One request that was signed in, and the loading of what it speaks of.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use calendar::collection::{CollectionName, ObjectName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Response, StatusCode};

use crate::backend::{Backend, Caller, Collection, CollectionKind, Group, Principal};
use crate::body::Body;
use crate::condition::Failure;
use crate::headers::{self, Preferences};
use crate::lock::Lock;
use crate::path::Resource;
use crate::privilege;
use crate::property::{Facets, Kinds, Setting, View};
use crate::xml::Element;

/// A request with everything that answering it needs.
pub struct Exchange {
    /// Whoever keeps the calendars.
    pub backend: Arc<dyn Backend>,
    /// Who asks, and what is the same for all resources of the answer.
    pub setting: Arc<Setting>,
    /// What the URL names.
    pub resource: Resource,
    /// The query of the URL as it came, without its `?`; empty where there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What the client would like.
    pub preferences: Preferences,
}

impl Exchange {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.setting.caller
    }

    /// The body as XML; `None` where there is no body.
    ///
    /// # Errors
    /// 400; 415 for a body in a content coding.
    pub fn xml(&self) -> Result<Option<Element>, Failure> {
        if self.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        if self.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            let reason = "bodies are read without content coding";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
        Ok(Some(Element::read(&self.body)?))
    }

    /// A collection that the caller may read.
    ///
    /// # Errors
    /// 404 where there is none; DAV:need-privileges.
    pub async fn collection(&self, name: &CollectionName) -> Result<Arc<Collection>, Failure> {
        self.collection_for(name, Privilege::Read).await
    }

    /// A collection on which the caller has a privilege.
    ///
    /// # Errors
    /// 404 where there is none; DAV:need-privileges.
    pub async fn collection_for(
        &self,
        name: &CollectionName,
        privilege: Privilege,
    ) -> Result<Arc<Collection>, Failure> {
        let found = self.backend.collection(self.caller(), name).await?;
        let found = found.ok_or_else(Failure::not_found)?;
        if !privilege::holds(&found.privileges, privilege) {
            return Err(Refusal::NotPermitted(privilege).into());
        }
        Ok(Arc::new(found))
    }

    /// The collection that the URL names, or in which its object is.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn own_collection(&self) -> Result<Arc<Collection>, Failure> {
        match &self.resource {
            Resource::Collection(name) => self.collection(name).await,
            Resource::Object(name) => self.collection(&name.collection).await,
            _ => Err(Failure::not_found()),
        }
    }

    /// The locks on what belongs to `owner`; none where the caller may not look.
    ///
    /// # Errors
    /// Those of the backend.
    pub async fn locks(&self, owner: &PrincipalId) -> Result<Vec<Lock>, Failure> {
        if let Some(known) = self.setting.locks.get() {
            return Ok(known.clone());
        }
        let locks = if_allowed(self.backend.locks(self.caller(), owner).await)?;
        Ok(locks.map(|locks| self.setting.locks.get_or_init(|| locks).clone()).unwrap_or_default())
    }

    /// Loads what views of several resources of one owner share, as far as `needs` says.
    ///
    /// # Errors
    /// Those of the backend; what the caller may not know is not loaded.
    pub async fn load_shared(&self, resource: &Resource, needs: Facets) -> Result<(), Failure> {
        let Some(owner) = resource.owner() else { return Ok(()) };
        if needs.has(Facets::LOCKS) {
            self.locks(owner).await?;
        }
        self.load_storage(resource, owner, needs).await?;
        let loaded = self.setting.object_properties.get().is_some();
        let has_objects =
            matches!(resource, Resource::Home(_) | Resource::Collection(_) | Resource::Object(_));
        if needs.has(Facets::DEAD) && has_objects && !loaded {
            let kept = self.backend.object_properties(self.caller(), owner).await;
            if let Some(kept) = if_allowed(kept)? {
                drop(self.setting.object_properties.set(kept));
            }
        }
        Ok(())
    }

    /// Loads what a home holds and how its objects were called; nothing where the caller may not know.
    async fn load_storage(
        &self,
        resource: &Resource,
        owner: &PrincipalId,
        needs: Facets,
    ) -> Result<(), Failure> {
        if needs.has(Facets::USAGE) && self.setting.usage.get().is_none() {
            let usage = self.backend.usage(self.caller(), owner).await;
            if let Some(usage) = if_allowed(usage)?.flatten() {
                self.setting.usage.get_or_init(|| usage);
            }
        }
        let in_home = matches!(resource, Resource::Home(_) | Resource::Collection(_) | Resource::Object(_));
        if needs.has(Facets::RESOURCE_IDS) && in_home && self.setting.resource_ids.get().is_none() {
            let ids = self.backend.resource_ids(self.caller(), owner).await;
            if let Some(ids) = if_allowed(ids)? {
                self.setting.resource_ids.get_or_init(|| ids);
            }
        }
        Ok(())
    }

    /// The resource that the URL names, with everything that `needs` says.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn own_view(&self, needs: Facets) -> Result<View, Failure> {
        let view = self.view(&self.resource, needs).await?;
        self.load_shared(&self.resource, needs).await?;
        Ok(view)
    }

    /// A resource, with everything that `needs` says.
    ///
    /// # Errors
    /// 404 where there is none; DAV:need-privileges where the caller may not read it.
    pub async fn view(&self, resource: &Resource, needs: Facets) -> Result<View, Failure> {
        let view = match resource {
            Resource::Collection(name) => {
                let mut view = View::of_collection(&self.collection(name).await?, &self.setting);
                if view.kind == Kinds::INBOX && needs.has(Facets::HOME) {
                    let all = self.backend.collections(self.caller(), &name.owner).await;
                    view.home = all.ok().map(Arc::new);
                }
                view
            }
            Resource::Object(name) => {
                let collection = self.collection(&name.collection).await?;
                self.object(&collection, name, needs).await?
            }
            Resource::Notifications(owner) => {
                let all = self.backend.notifications(self.caller(), owner).await?;
                View { notifications: Some(Arc::new(all)), ..View::bare(resource.clone(), &self.setting) }
            }
            Resource::Notification(owner, id) => {
                let all = self.backend.notifications(self.caller(), owner).await?;
                let found = all.into_iter().find(|one| one.id == *id).ok_or_else(Failure::not_found)?;
                View::of_notification(owner, found, &self.setting)
            }
            Resource::File(name) => {
                let node = self.backend.file(self.caller(), name).await?.ok_or_else(Failure::not_found)?;
                View::of_file(node, &self.setting)
            }
            Resource::Principal(id) | Resource::Home(id) | Resource::Group(Group { owner: id, .. }) => {
                let principal =
                    self.backend.principal(self.caller(), id).await?.ok_or_else(Failure::not_found)?;
                self.view_of_principal(resource.clone(), principal, needs).await?
            }
            Resource::Host
            | Resource::HostPrincipals
            | Resource::Root
            | Resource::Principals
            | Resource::Homes => View::bare(resource.clone(), &self.setting),
        };
        self.with_access(view, needs).await
    }

    /// A principal, the home of one, or a group of those who act for one.
    ///
    /// # Errors
    /// Those of the backend; of a home 404 where nothing is granted, DAV:need-privileges where it may not be read.
    pub async fn view_of_principal(
        &self,
        resource: Resource,
        principal: Principal,
        needs: Facets,
    ) -> Result<View, Failure> {
        let mut view = View::bare(resource, &self.setting);
        if view.kind == Kinds::HOME {
            view.privileges = self.backend.privileges(self.caller(), &view.resource).await?;
            if view.privileges.is_empty() {
                return Err(Failure::not_found());
            }
            if !view.privileges.contains(&Privilege::Read) {
                return Err(Refusal::NotPermitted(Privilege::Read).into());
            }
            let kept = self.backend.home_properties(self.caller(), &principal.id).await?;
            view.home_properties = Some(Arc::new(kept));
        }
        if needs.has(Facets::HOME) || (view.kind == Kinds::HOME && needs.has(Facets::TREE)) {
            // Where the calendars of another are is told to whoever may read them.
            let collections = self.backend.collections(self.caller(), &principal.id).await;
            view.home = if_allowed(collections)?.map(Arc::new);
        }
        if needs.has(Facets::MEMBERSHIP) {
            self.load_membership(&mut view, &principal.id).await?;
        }
        view.principal = Some(Arc::new(principal));
        Ok(view)
    }

    async fn load_membership(&self, view: &mut View, id: &PrincipalId) -> Result<(), Failure> {
        match &view.resource {
            Resource::Principal(_) => {
                view.memberships = Some(Arc::new(self.backend.memberships(self.caller(), id).await?));
            }
            Resource::Group(group) => {
                let members = self.backend.group_members(self.caller(), group).await;
                view.group_members = if_allowed(members)?.map(Arc::new);
            }
            _ => {}
        }
        Ok(())
    }

    /// The view with its access list, who is invited and how it stands to the public, if that is asked for and the caller
    /// may read it.
    ///
    /// # Errors
    /// Those of the backend.
    pub async fn with_access(&self, mut view: View, needs: Facets) -> Result<View, Failure> {
        if needs.has(Facets::ACCESS) {
            let aces = self.backend.access_list(self.caller(), &view.resource).await;
            view.access = if_allowed(aces)?.map(Arc::new);
        }
        if let (true, Resource::Collection(name)) = (needs.has(Facets::SHARING), &view.resource) {
            let invitations = self.backend.invitations(self.caller(), name).await;
            view.invitations = if_allowed(invitations)?.map(Arc::new);
        }
        if let (true, Resource::Collection(name)) = (needs.has(Facets::PUBLICATION), &view.resource)
            && view.kind == Kinds::CALENDAR
        {
            let origin = headers::origin(&self.headers);
            let publication = self.backend.publication(self.caller(), name, &origin).await;
            view.publication = if_allowed(publication)?.map(Arc::new);
        }
        Ok(view)
    }

    /// An object of a collection.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn object(
        &self,
        collection: &Arc<Collection>,
        name: &ObjectName,
        needs: Facets,
    ) -> Result<View, Failure> {
        if !needs.has(Facets::OCTETS) {
            let member = self.backend.member(self.caller(), name).await?.ok_or_else(Failure::not_found)?;
            return Ok(View::of_member(collection, member, &self.setting));
        }
        let object = self.backend.object(self.caller(), name).await?.ok_or_else(Failure::not_found)?;
        let mut view = View::of_member(collection, object.facts.clone(), &self.setting);
        view.object = Some(object);
        Ok(view)
    }

    /// The calendars that lie at or below the URL: those that a query or a free-busy question is about.
    ///
    /// # Errors
    /// Those of the backend; 404.
    pub async fn calendars(&self) -> Result<Vec<Arc<Collection>>, Failure> {
        match &self.resource {
            Resource::Home(owner) => {
                let all = self.backend.collections(self.caller(), owner).await?;
                let calendars = all.into_iter().filter(|c| c.kind == CollectionKind::Calendar);
                Ok(calendars.map(Arc::new).collect())
            }
            _ => Ok(vec![self.own_collection().await?]),
        }
    }

    /// What kind of resource the URL names, as far as it is known without asking.
    pub fn kind(&self) -> Kinds {
        Kinds::of(&self.resource)
    }
}

/// What becomes of a request: rows of tables point to functions that give one.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Failure>> + Send>>;

/// What the caller may not know is as if it were not there.
fn if_allowed<T>(answer: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Refusal::NotFound | Refusal::NotPermitted(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}
