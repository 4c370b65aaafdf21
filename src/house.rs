//! The house in force: settings and everything built upon them, swapped whole when the settings are read again.

use std::sync::Arc;

use aggregator::delivery::worker::Courier;
use aggregator::sync::Puller;
use aggregator::world::World;
use booking::desk::Desk;
use tokio::sync::watch;

use crate::config::settings::Settings;

/// Everything that answers.
pub struct House {
    /// What it was built from.
    pub settings: Settings,
    /// Store, clock, chance, owners.
    pub world: World,
    /// What may be booked.
    pub desk: Desk,
    /// `CalDAV`.
    pub dav: dav::service::Service,
    /// The pages.
    pub pages: booking_ui::service::Service,
    /// Calendars in.
    pub puller: Puller,
    /// Letters out.
    pub courier: Courier,
    /// How the background work fares.
    pub workers: crate::workers::Ledger,
    /// What the doors present.
    pub certificates: crate::tls::certificates::Certificates,
    /// Copies of the store.
    pub backups: crate::backup::Backups,
}

/// Whatever house is in force.
#[derive(Clone)]
pub struct Houses(watch::Receiver<Arc<House>>);

impl Houses {
    /// The house in force now.
    pub fn current(&self) -> Arc<House> {
        Arc::clone(&self.0.borrow())
    }

    /// Returns when another house comes into force; never if none can any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whoever puts houses into force.
pub struct Keeper(watch::Sender<Arc<House>>);

impl Keeper {
    /// Puts the first house into force.
    pub fn new(house: House) -> (Self, Houses) {
        let (sender, receiver) = watch::channel(Arc::new(house));
        (Self(sender), Houses(receiver))
    }

    /// Puts another house into force; requests under way end in the one they began in.
    pub fn replace(&self, house: House) {
        self.0.send_replace(Arc::new(house));
    }
}
