//! Store, clock, entropy and owners: all that is not a function.

use std::sync::Arc;

use store::Store;

use crate::owner::Owner;
use crate::ports::{Clock, Entropy};

/// Everything an operation needs besides its arguments. Cheap to clone.
#[derive(Clone)]
pub struct World {
    /// What is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The owners, by id; replaced whole when the settings are read again.
    pub owners: Arc<std::sync::RwLock<Arc<Vec<Arc<Owner>>>>>,
    /// Bounds of the pure core.
    pub limits: calendar::limits::Limits,
}
