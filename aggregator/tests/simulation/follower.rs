//! Clients that know nothing but sync-tokens.

use std::collections::BTreeMap;

use aggregator::dav_backend::DavBackend;
use calendar::collection::{CollectionName, EntityTag, MemberName, SyncToken};
use calendar::refusal::Refusal;
use dav::backend::Backend;

use crate::chance::Chance;
use crate::house::House;
use crate::operations::caller;

/// What a client holds of a collection.
#[derive(Default)]
struct Follower {
    token: Option<SyncToken>,
    held: BTreeMap<MemberName, EntityTag>,
}

/// Two clients a collection: one that always asks for all, one that asks in small bites and sometimes stops half way.
#[derive(Default)]
pub(crate) struct Followers {
    clients: BTreeMap<(CollectionName, bool), Follower>,
}

impl Followers {
    pub(crate) async fn check(&mut self, house: &House, chance: &mut Chance) {
        let backend = DavBackend::new(house.world().clone());
        for (name, _) in house.collections().await {
            for patient in [false, true] {
                if chance.once_in(3) {
                    continue;
                }
                let client = self.clients.entry((name.clone(), patient)).or_default();
                if chance.once_in(8) {
                    *client = Follower::default();
                }
                let rounds = if patient && chance.once_in(3) { 1 + chance.below(2) } else { usize::MAX };
                let limit = if patient { 1 + chance.below(3) } else { 1000 };
                if client.follow(&backend, &name, limit, rounds).await {
                    let members = house.world().store.members(&name, None, 1000).await.unwrap();
                    let there: BTreeMap<_, _> =
                        members.into_iter().map(|facts| (facts.member, facts.tag)).collect();
                    assert_eq!(client.held, there, "{name}");
                }
            }
        }
    }
}

impl Follower {
    /// Asks until there is no more, or `rounds` times; whether it came to the end.
    async fn follow(
        &mut self,
        backend: &DavBackend,
        name: &CollectionName,
        limit: usize,
        rounds: usize,
    ) -> bool {
        let mut expired = 0;
        for _ in 0..rounds {
            let changes = match backend.changes(&caller(), name, self.token, limit).await {
                Ok(changes) => changes,
                Err(Refusal::SyncTokenExpired) => {
                    expired += 1;
                    assert!(expired < 2, "a token that was given a moment ago is known");
                    *self = Self::default();
                    continue;
                }
                Err(refusal) => panic!("{refusal}"),
            };
            for member in changes.changed {
                self.held.insert(member.member, member.tag);
            }
            for member in changes.removed {
                self.held.remove(&member);
            }
            assert!(!changes.truncated || self.token != Some(changes.token), "it goes on");
            self.token = Some(changes.token);
            if !changes.truncated {
                return true;
            }
        }
        false
    }
}
