//! One request that was signed in, and the loading of what it speaks of.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::refusal::Refusal;
use http::{HeaderMap, Response};

use crate::backend::{Backend, Caller, Collection, CollectionKind, Principal};
use crate::body::Body;
use crate::condition::Failure;
use crate::headers::Preferences;
use crate::lock::Lock;
use crate::path::Resource;
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
    /// 400.
    pub fn xml(&self) -> Result<Option<Element>, Failure> {
        if self.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        Ok(Some(Element::read(&self.body)?))
    }

    /// A collection.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn collection(&self, name: &CollectionName) -> Result<Arc<Collection>, Failure> {
        let found = self.backend.collection(self.caller(), name).await?;
        found.map(Arc::new).ok_or_else(Failure::not_found)
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
        match self.backend.locks(self.caller(), owner).await {
            Ok(locks) => Ok(self.setting.locks.get_or_init(|| locks).clone()),
            Err(Refusal::NotFound | Refusal::NotPermitted(_)) => Ok(Vec::new()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Loads what views of several resources of one owner share.
    async fn load_shared(&self, resource: &Resource, needs: Facets) -> Result<(), Failure> {
        let Some(owner) = resource.owner() else { return Ok(()) };
        if needs.has(Facets::LOCKS) {
            self.locks(owner).await?;
        }
        let loaded = self.setting.object_properties.get().is_some();
        let has_objects =
            matches!(resource, Resource::Home(_) | Resource::Collection(_) | Resource::Object(_));
        if needs.has(Facets::DEAD) && has_objects && !loaded {
            match self.backend.object_properties(self.caller(), owner).await {
                Ok(kept) => drop(self.setting.object_properties.set(kept)),
                Err(Refusal::NotFound | Refusal::NotPermitted(_)) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok(())
    }

    /// The resource that the URL names, with everything that `needs` says.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn own_view(&self, needs: Facets) -> Result<View, Failure> {
        self.load_shared(&self.resource, needs).await?;
        self.view(&self.resource, needs).await
    }

    /// A resource, with everything that `needs` says.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn view(&self, resource: &Resource, needs: Facets) -> Result<View, Failure> {
        match resource {
            Resource::Collection(name) => {
                Ok(View::of_collection(&self.collection(name).await?, &self.setting))
            }
            Resource::Object(name) => {
                let collection = self.collection(&name.collection).await?;
                self.object(&collection, name, needs).await
            }
            Resource::File(name) => {
                let node = self.backend.file(self.caller(), name).await?.ok_or_else(Failure::not_found)?;
                Ok(View::of_file(node, &self.setting))
            }
            Resource::Principal(id) | Resource::Home(id) => {
                let principal =
                    self.backend.principal(self.caller(), id).await?.ok_or_else(Failure::not_found)?;
                self.view_of_principal(resource.clone(), principal, needs).await
            }
            Resource::Host
            | Resource::HostPrincipals
            | Resource::Root
            | Resource::Principals
            | Resource::Homes => Ok(View::bare(resource.clone(), &self.setting)),
        }
    }

    /// A principal, or the home of one.
    ///
    /// # Errors
    /// Those of the backend.
    pub async fn view_of_principal(
        &self,
        resource: Resource,
        principal: Principal,
        needs: Facets,
    ) -> Result<View, Failure> {
        let mut view = View::bare(resource, &self.setting);
        // A foreign home is not the caller's business, but the principal may be known.
        let own = principal.id == self.caller().principal;
        if own && view.kind == Kinds::HOME {
            let kept = self.backend.home_properties(self.caller(), &principal.id).await?;
            view.home_properties = Some(Arc::new(kept));
        }
        if own && needs.has(Facets::HOME) {
            view.home = Some(Arc::new(self.backend.collections(self.caller(), &principal.id).await?));
        }
        view.principal = Some(Arc::new(principal));
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
