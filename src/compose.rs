//! The one place where concrete parts meet: the engine, the clock, chance, the ways out, and what is built upon them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use aggregator::dav_backend::DavBackend;
use aggregator::delivery::Channel;
use aggregator::delivery::folder::FolderChannel;
use aggregator::delivery::smtp::{SmtpChannel, SmtpSettings};
use aggregator::delivery::worker::Courier;
use aggregator::operation::collection;
use aggregator::ports::{Clock, Entropy};
use aggregator::push;
use aggregator::push::channel::PushChannel;
use aggregator::scheduling::{self, ToOwners};
use aggregator::source::http::{FetchLimits, Fetcher};
use aggregator::sync::Puller;
use aggregator::world::World;
use booking::desk::Desk;
use calendar::time::Instant;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::migration::{self, MigrationError};
use store::{Engine, EngineError, Store};

use crate::backup::{Backups, swap};
use crate::config::settings::{MailRoute, Settings, Smtp};
use crate::house::House;
use crate::tls::certificates::Certificates;
use crate::workers::Ledger;
use crate::zone_data::zone_data;

/// How long a push service may take to answer.
const PUSH_PATIENCE: Duration = Duration::from_secs(20);

/// Why no house could be built.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The data folder cannot be made or used.
    #[error(
        "the data folder {folder} cannot be used: {reason}; make it writable for this user, or name another one in server.data_dir"
    )]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        #[source]
        reason: std::io::Error,
    },
    /// The store cannot be opened.
    #[error("the store in {folder} cannot be opened: {reason}{}", remedy(reason))]
    Store {
        /// Where.
        folder: String,
        /// Why.
        #[source]
        reason: EngineError,
    },
    /// A restore into the data folder was cut short and cannot be ended.
    #[error(
        "the restore into {folder} was interrupted and cannot be ended: {reason}; run `kalends restore` again"
    )]
    Restore {
        /// Where.
        folder: String,
        /// Why.
        #[source]
        reason: std::io::Error,
    },
    /// The store is of an older format and cannot be brought to that of this program.
    #[error("the store in {folder} cannot be used: {reason}")]
    Migration {
        /// Where.
        folder: String,
        /// Why.
        #[source]
        reason: MigrationError,
    },
    /// An owner's calendars cannot be made.
    #[error("the calendars of {owner} cannot be made: {reason}")]
    Home {
        /// Whose.
        owner: String,
        /// Why.
        #[source]
        reason: calendar::refusal::Refusal,
    },
    /// The settings of the mail server are of no use.
    #[error("mail.smtp: {0}")]
    Mail(String),
    /// The key that signs what devices are told cannot be read or made.
    #[error("WebDAV-Push: {0}; push.enabled = false leaves it out")]
    Push(String),
    /// TLS cannot be set up.
    #[error("TLS for outgoing requests cannot be set up: {0}; is the package ca-certificates installed?")]
    Tls(String),
}

impl ComposeError {
    /// Whether another process has the store.
    pub const fn is_in_use(&self) -> bool {
        matches!(self, Self::Store { reason: EngineError::InUse(_), .. })
    }
}

fn remedy(reason: &EngineError) -> &'static str {
    match reason {
        EngineError::Full => "; make room and start again, nothing is lost",
        EngineError::Damaged(_) => {
            "; `kalends restore` puts the last backup in its place (mirrors fill again by themselves)"
        }
        EngineError::InUse(_) => "; stop the other process, or name another folder in server.data_dir",
        EngineError::Io(_) => "",
    }
}

/// The time of this machine.
struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that asks the real clock")]
    fn now(&self) -> Instant {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Instant::from_unix(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
    }
}

/// Chance from the operating system.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[allow(clippy::disallowed_methods, reason = "the one place that asks for real chance")]
    fn draw(&self) -> [u8; 16] {
        let mut octets = [0_u8; 16];
        // Without chance there is no secret worth its name: it is better to stop than to hand out zeros.
        if let Err(error) = getrandom::fill(&mut octets) {
            tracing::error!(%error, "the operating system gives no random numbers");
            std::process::abort();
        }
        octets
    }
}

/// The real clock, for those who have no world.
pub fn now() -> Instant {
    SystemClock.now()
}

/// The real clock, for those who sign.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Sixteen octets of real chance, for those who have no world.
pub fn draw() -> [u8; 16] {
    SystemEntropy.draw()
}

/// Sets the TLS provider for everything; to be called once, before any client is made.
pub fn install_tls() {
    // An error says that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Opens the store that `settings` name and builds the house upon it.
///
/// # Errors
/// Named by remedy; see [`ComposeError`].
pub async fn open(settings: Settings) -> Result<House, ComposeError> {
    let folder = settings.server.data_dir.clone();
    let shown = folder.display().to_string();
    if settings.engine != EngineChoice::Memory {
        make_folder(&folder).map_err(|reason| ComposeError::Folder { folder: shown.clone(), reason })?;
    }
    let engine = open_engine(settings.engine, &folder).await?;
    migrate(&engine, &folder).await?;
    let world =
        World::new(Store::new(engine), Arc::new(SystemClock), Arc::new(SystemEntropy), settings.owners());
    furnish(settings, world, None).await
}

/// Opens the engine `choice` in `folder`, after ending a restore that was cut short.
///
/// # Errors
/// [`ComposeError::Restore`], [`ComposeError::Store`].
pub async fn open_engine(choice: EngineChoice, folder: &Path) -> Result<Arc<dyn Engine>, ComposeError> {
    let (shown, folder) = (folder.display().to_string(), folder.to_owned());
    let opened = tokio::task::spawn_blocking(move || {
        let ended = swap::finish(&folder);
        ended.map(|kept| (kept, choice.open(&folder, CACHE_OCTETS)))
    });
    let (kept, engine) = match opened.await {
        Ok(opened) => opened.map_err(|reason| ComposeError::Restore { folder: shown.clone(), reason })?,
        Err(fault) => (None, Err(EngineError::Damaged(fault.to_string()))),
    };
    if let Some(kept) = kept {
        tracing::warn!(kept = %kept.display(), "a restore that was interrupted has been ended; what was there is kept");
    }
    engine.map_err(|reason| ComposeError::Store { folder: shown, reason })
}

/// Brings a store of an older format to that of this program, after a copy of its own beside it.
async fn migrate(engine: &Arc<dyn Engine>, folder: &Path) -> Result<(), ComposeError> {
    let refused = |reason| ComposeError::Migration { folder: folder.display().to_string(), reason };
    if let Some(needed) = migration::needed(engine).await.map_err(refused)? {
        tracing::warn!(
            from = needed.from,
            to = needed.to,
            backup = %folder.join(format!("before-format-{}", needed.to)).display(),
            "the store is brought to the format of this program; a backup of it is made before"
        );
    }
    let done = migration::run_in(engine, folder, now(), &draw).await.map_err(refused)?;
    if let Some(done) = done {
        tracing::warn!(from = done.from, to = done.to, "the store has the format of this program");
    }
    Ok(())
}

fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Builds the house of other settings upon the same store; sources keep what is under way.
///
/// # Errors
/// Named by remedy; then the old house stays in force, and so do its owners.
pub async fn refurnish(settings: Settings, old: &House) -> Result<House, ComposeError> {
    channels(&settings, &old.world)?;
    old.world.replace_owners(settings.owners());
    let kept = Kept {
        puller: old.puller.clone(),
        workers: old.workers.clone(),
        backups: old.backups.clone(),
        certificates: old.certificates.clone(),
    };
    let furnished = furnish(settings, old.world.clone(), Some(kept)).await;
    if furnished.is_err() {
        old.world.replace_owners(old.settings.owners());
        old.world.replace_access_rules(old.settings.access);
    }
    furnished
}

/// What one house hands on to the next.
struct Kept {
    puller: Puller,
    workers: Ledger,
    backups: Backups,
    certificates: Certificates,
}

async fn furnish(settings: Settings, world: World, kept: Option<Kept>) -> Result<House, ComposeError> {
    world.replace_house_rules(settings.house_rules());
    world.replace_access_rules(settings.access);
    for host in &settings.hosts {
        collection::ensure_home(&world, &host.owner)
            .await
            .map_err(|reason| ComposeError::Home { owner: host.owner.id.clone(), reason })?;
    }
    let kept = if let Some(kept) = kept {
        kept
    } else {
        let limits = FetchLimits { octets_max: world.limits.feed_octets_max, ..FetchLimits::default() };
        let http = Fetcher::new(limits).map_err(|error| ComposeError::Tls(error.to_string()))?;
        Kept {
            puller: Puller::new(world.clone(), http),
            workers: Ledger::default(),
            backups: Backups::default(),
            certificates: Certificates::default(),
        }
    };
    world.replace_mail_sender(settings.mail.as_ref().map(|mail| mail.address.clone()));
    let mut ways = channels(&settings, &world)?;
    let mut backend = DavBackend::new(world.clone());
    if let Some(push) = &settings.push {
        let failed = |error: &dyn std::fmt::Display| ComposeError::Push(error.to_string());
        let identity = push::channel::identity(&world).await.map_err(|error| failed(&error))?;
        backend = backend.with_push(Arc::clone(&identity), push.clone());
        let limits = FetchLimits { total: PUSH_PATIENCE, ..FetchLimits::default() };
        let http = Fetcher::new(limits).map_err(|error| ComposeError::Tls(error.to_string()))?;
        let channel = PushChannel::new(world.clone(), identity, http, push.clone());
        ways.insert(push::CHANNEL.to_owned(), Arc::new(channel));
    }
    let desk = Desk {
        world: world.clone(),
        hosts: Arc::new(RwLock::new(Arc::new(settings.hosts.clone()))),
        sources: Arc::new(kept.puller.clone()),
        correspondence: Arc::new(settings.correspondence()),
    };
    Ok(House {
        dav: dav::service::Service::new(Arc::new(backend)).with_zone_data(zone_data()),
        pages: booking_ui::service::Service::new(desk.clone()),
        courier: Courier::new(world.clone(), ways),
        settings,
        world,
        desk,
        puller: kept.puller,
        workers: kept.workers,
        backups: kept.backups,
        certificates: kept.certificates,
    })
}

/// The ways out, by the name that letters carry.
fn channels(settings: &Settings, world: &World) -> Result<HashMap<String, Arc<dyn Channel>>, ComposeError> {
    let mut channels: HashMap<String, Arc<dyn Channel>> = HashMap::new();
    channels.insert(scheduling::CHANNEL.to_owned(), Arc::new(ToOwners::new(world.clone())));
    match settings.mail.as_ref().map(|mail| &mail.route) {
        Some(MailRoute::Smtp(smtp)) => {
            channels.insert("mail".to_owned(), Arc::new(smtp_channel(smtp)?));
        }
        Some(MailRoute::Folder(folder)) => {
            channels.insert("mail".to_owned(), Arc::new(FolderChannel::new(folder)));
        }
        None => {}
    }
    Ok(channels)
}

/// The channel to a mail server.
///
/// # Errors
/// If its settings are of no use.
pub fn smtp_channel(smtp: &Smtp) -> Result<SmtpChannel, ComposeError> {
    let settings = SmtpSettings {
        url: smtp.url.clone(),
        user: smtp.user.clone(),
        password: smtp.password.as_ref().map(|password| password.reveal().to_owned()),
    };
    SmtpChannel::new(&settings).map_err(|error| ComposeError::Mail(error.to_string()))
}
