//! Letters to owners of this server: the channel, and their delivery right after the commit that wrote them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use calendar::refusal::Refusal;
use store::outbox::Letter;
use tokio::task::JoinSet;

use crate::delivery::route::Lane;
use crate::delivery::{Channel, Courier, Delivered};
use crate::scheduling::arrival::{Met, arrive};
use crate::scheduling::post::{CHANNEL, Handed};
use crate::world::World;

/// Lanes that are walked at the same time.
const AT_ONCE_MAX: usize = 8;
/// Lanes that one request walks; what is left, the worker delivers.
const LANES_MAX: usize = 512;

/// The way to the owners of this server.
pub struct ToOwners {
    world: World,
    /// Letters that deliveries have caused, for who goes on with them at once.
    caused: Option<Arc<Mutex<Vec<Letter>>>>,
}

impl ToOwners {
    /// The way to the owners of `world`.
    pub fn new(world: World) -> Self {
        Self { world, caused: None }
    }
}

#[async_trait]
impl Channel for ToOwners {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        let handed: Handed = match serde_json::from_str(&letter.content) {
            Ok(handed) => handed,
            Err(error) => return Delivered::Never(format!("it cannot be read: {error}")),
        };
        match arrive(&self.world, letter, &handed).await {
            Ok(Met::Heard(letters)) => {
                if let Some(caused) = &self.caused {
                    caused.lock().unwrap_or_else(PoisonError::into_inner).extend(letters);
                }
                Delivered::Yes
            }
            Ok(Met::Refused(reason)) => Delivered::Never(format!("the recipient does not take it: {reason}")),
            Err(reason @ (Refusal::Unavailable(_) | Refusal::Contended | Refusal::Full)) => {
                Delivered::Later(reason.to_string())
            }
            Err(reason) => Delivered::Never(reason.to_string()),
        }
    }
}

/// Delivers letters to owners of this server that were just written, and those that this causes. Whatever does not
/// arrive now is the worker's: the letters are durable.
pub(crate) async fn carry_out(world: &World, letters: &[Letter]) {
    let caused: Arc<Mutex<Vec<Letter>>> = Arc::default();
    let mut open: VecDeque<Lane> = lanes(letters).collect();
    if open.is_empty() {
        return;
    }
    let channel = ToOwners { world: world.clone(), caused: Some(Arc::clone(&caused)) };
    let channel: Arc<dyn Channel> = Arc::new(channel);
    let courier = Courier::new(world.clone(), HashMap::from([(CHANNEL.to_owned(), channel)]));
    let mut walks = JoinSet::new();
    let mut walked = 0;
    let mut walking: HashSet<Lane> = HashSet::new();
    loop {
        while walks.len() < AT_ONCE_MAX && walked < LANES_MAX {
            let Some(lane) = open.pop_front() else { break };
            if !walking.insert(lane.clone()) {
                continue;
            }
            walked += 1;
            let courier = courier.clone();
            walks.spawn(async move {
                let ended = courier.walk(&lane).await;
                (lane, ended)
            });
        }
        match walks.join_next().await {
            None => return,
            Some(Ok((lane, ended))) => {
                walking.remove(&lane);
                if let Err(error) = ended {
                    tracing::error!(%error, "letters to owners cannot be delivered just now");
                }
            }
            Some(Err(fault)) => tracing::error!(%fault, "a delivery met an internal fault"),
        }
        let new = std::mem::take(&mut *caused.lock().unwrap_or_else(PoisonError::into_inner));
        open.extend(lanes(&new));
    }
}

/// The lanes of those letters that go to owners.
fn lanes(letters: &[Letter]) -> impl Iterator<Item = Lane> {
    letters.iter().filter(|letter| letter.channel == CHANNEL).filter_map(Lane::of)
}
