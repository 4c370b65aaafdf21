//! How the sources of an owner are, for the command line and the pages.

use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use store::collections::Role;
use store::{Change, Committed};

use super::pull::Puller;
use super::{LINKS, LinkState, apply};
use crate::gate::ATTEMPTS_MAX;
use crate::operation::collection;
use crate::owner::Push;
use crate::source::table;
use crate::world::refusal_of;

/// Links read at once.
const PAGE: usize = 200;

/// How a source is.
#[derive(Clone, Debug)]
pub struct SourceStatus {
    /// Whose.
    pub owner: String,
    /// Its id, also that of its mirror.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The dialect.
    pub kind: &'static str,
    /// How bookings reach it.
    pub push: Push,
    /// Whether its events make the owner busy.
    pub counts_as_busy: bool,
    /// When it is asked next, UTC seconds.
    pub next: i64,
    /// What is known of the link: last good answer, events, warnings, error with its remedy.
    pub state: LinkState,
}

impl Puller {
    /// How the sources of `owner` are, in the order of the settings.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an owner who is not there; what the store says.
    pub async fn status(&self, owner: &str) -> Result<Vec<SourceStatus>, Refusal> {
        let owner = self.world.owner(owner).ok_or(Refusal::NotFound)?;
        let now = self.world.now().as_unix();
        let mut all = Vec::with_capacity(owner.sources.len());
        for source in &owner.sources {
            let (state, _) = apply::link(&self.world, &(owner.id.clone(), source.id.clone())).await?;
            all.push(SourceStatus {
                owner: owner.id.clone(),
                source: source.id.clone(),
                name: source.name.clone(),
                kind: table::name_of(&source.kind),
                push: source.push,
                counts_as_busy: source.counts_as_busy,
                next: state.due.max(now),
                state,
            });
        }
        Ok(all)
    }

    /// Retires the mirrors of sources that the settings do not name any more, and tells how many.
    ///
    /// To be called when the settings were read. The collection stays, read-only, until its owner deletes it
    /// (specification 3.1); it makes nobody busy and does not show in the unified collection any more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn retire(&self) -> Result<usize, Refusal> {
        let mut retired = 0;
        for owner in self.world.owners().iter() {
            let known = |source: &str| owner.sources.iter().any(|settings| settings.id == source);
            let principal = calendar::collection::PrincipalId::new(owner.id.as_str());
            let collections = self.world.store.collections(&principal).await.map_err(refusal_of)?;
            for (name, record) in collections {
                let stranded = matches!(&record.role, Role::Mirror { source } if !known(source));
                if stranded && (record.counts_as_busy || record.in_unified) {
                    collection::change(&self.world, &name, |record| {
                        record.counts_as_busy = false;
                        record.in_unified = false;
                        Ok(())
                    })
                    .await?;
                    retired += 1;
                }
            }
            self.forget(&principal, known).await?;
        }
        Ok(retired)
    }

    async fn forget(
        &self,
        owner: &calendar::collection::PrincipalId,
        known: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let mut after: Option<String> = None;
        loop {
            let last = after.as_deref().map(|source| [owner.as_str(), source]);
            let key = last.as_ref().map(<[&str; 2]>::as_slice);
            let page = self
                .world
                .store
                .records::<LinkState>(LINKS, &[owner.as_str()], key, PAGE)
                .await
                .map_err(refusal_of)?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let Some(source) = row.key.get(1) else { continue };
                after = Some(source.clone());
                if !known(source) {
                    self.forget_one(&CollectionName::new(owner.as_str(), source)).await?;
                }
            }
        }
    }

    async fn forget_one(&self, link: &CollectionName) -> Result<(), Refusal> {
        let key = (link.owner.as_str().to_owned(), link.id.as_str().to_owned());
        for _ in 0..ATTEMPTS_MAX {
            let (_, version) = apply::link(&self.world, &key).await?;
            let mut change = Change::new();
            change.remove_record(LINKS, &[&key.0, &key.1], version);
            if let Committed::At(_) = self.world.store.commit(change).await.map_err(refusal_of)? {
                return Ok(());
            }
        }
        Err(Refusal::Contended)
    }
}
