//! Store, clock, entropy and owners: all that is not a function.

use std::sync::{Arc, PoisonError, RwLock};

use calendar::limits::Limits;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use store::{EngineError, Store};

use crate::access::Rules;
use crate::hot::HotBusy;
use crate::operation::sign_in::Verified;
use crate::owner::Owner;
use crate::ports::{Clock, Entropy};
use crate::turn::Turns;

/// Everything an operation needs besides its arguments. Cheap to clone.
#[derive(Clone)]
pub struct World {
    /// What is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The owners; replaced whole when the settings are read again.
    pub owners: Arc<RwLock<Arc<Vec<Arc<Owner>>>>>,
    /// Bounds of the pure core.
    pub limits: Limits,
    /// Busy time kept in memory; never believed for a commit.
    pub hot: Arc<HotBusy>,
    /// Credentials that were found right a short while ago.
    pub verified: Arc<Verified>,
    /// What the settings say of who may do what; replaced when they are read again.
    pub access: Arc<RwLock<Rules>>,
    /// Whose turn it is to write an owner's calendars.
    pub turns: Arc<Turns>,
    /// The address that mails to people elsewhere come from; `None` where no mail is set up.
    pub mail_sender: Arc<RwLock<Option<String>>>,
    /// What the settings say about the server itself; replaced when they are read again.
    pub house: Arc<RwLock<HouseRules>>,
}

/// What the settings say about the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseRules {
    /// The address under which everybody reaches it; empty: whatever a request calls it.
    pub public_url: String,
    /// Octets that an owner's home may hold.
    pub quota_octets: u64,
}

impl Default for HouseRules {
    fn default() -> Self {
        Self { public_url: String::new(), quota_octets: 5 * 1024 * 1024 * 1024 }
    }
}

impl World {
    /// A world over `store` with the usual bounds.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        owners: Vec<Arc<Owner>>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            owners: Arc::new(RwLock::new(Arc::new(owners))),
            limits: Limits::default(),
            hot: Arc::default(),
            verified: Arc::default(),
            access: Arc::default(),
            turns: Arc::default(),
            mail_sender: Arc::default(),
            house: Arc::default(),
        }
    }

    /// What the settings say about the server itself.
    pub fn house_rules(&self) -> HouseRules {
        self.house.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other rules of the house in force.
    pub fn replace_house_rules(&self, rules: HouseRules) {
        *self.house.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// The current instant.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// All owners.
    pub fn owners(&self) -> Arc<Vec<Arc<Owner>>> {
        Arc::clone(&self.owners.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The owner called `id`.
    pub fn owner(&self, id: &str) -> Option<Arc<Owner>> {
        self.owners().iter().find(|owner| owner.id == id).cloned()
    }

    /// What the settings say of who may do what.
    pub fn access_rules(&self) -> Rules {
        *self.access.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts other rules in force.
    pub fn replace_access_rules(&self, rules: Rules) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Puts other owners in force: new sign-ins and questions see them at once.
    pub fn replace_owners(&self, owners: Vec<Arc<Owner>>) {
        *self.owners.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(owners);
        self.verified.forget_all();
        self.hot.forget_all();
    }

    /// The address that mails to people elsewhere come from; `None` where no mail is set up.
    pub fn mail_sender(&self) -> Option<String> {
        self.mail_sender.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another mail address in force, or none.
    pub fn replace_mail_sender(&self, address: Option<String>) {
        *self.mail_sender.write().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// A number drawn by chance.
    pub fn draw_number(&self) -> u64 {
        let octets = self.entropy.draw();
        let mut half = [0; 8];
        half.copy_from_slice(&octets[..8]);
        u64::from_be_bytes(half)
    }
}

/// What a failure of the store means to a caller: try later, or make room.
pub fn refusal_of(error: EngineError) -> Refusal {
    match error {
        EngineError::Full => Refusal::Full,
        other => Refusal::Unavailable(other.to_string()),
    }
}
