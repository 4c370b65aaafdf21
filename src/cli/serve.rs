//! `kalends serve`: everything at once, until it is told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::engine::choice::EngineChoice;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::console::Console;
use super::exit::Exit;
use super::log;
use crate::config::environment::Environment;
use crate::config::problem::Gravity;
use crate::config::settings::{Listen, Settings, Surface};
use crate::control::Control;
use crate::house::{Houses, Keeper};
use crate::listen::{self, Bound, Doors};
use crate::workers::Workers;
use crate::{compose, config, systemd, workers};

/// How long requests under way may take to end; together with the workers it stays below ten seconds.
const DRAIN: Duration = Duration::from_millis(6_500);
const WORKERS_DRAIN: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or Ctrl-C.
pub async fn run(settings: Settings, again: PathBuf, environment: Environment, console: &Console) -> Exit {
    log::begin(settings.log);
    let server = match Server::start(settings).await {
        Ok(server) => server,
        Err(what) => {
            console.error(what);
            return Exit::Failed;
        }
    };
    for (address, surfaces) in &server.doors_at {
        tracing::info!(target: "kalends", %address, surfaces, "listening");
    }
    let houses = server.houses.clone();
    systemd::ready(&status_of(&houses));
    tracing::info!(target: "kalends", version = env!("CARGO_PKG_VERSION"), "ready");
    let reload = || reload(&again, &environment, &server.keeper, &houses);
    let signals = wait_for_end(reload).await;
    if let Err(error) = signals {
        console.error(format_args!("signals cannot be heard: {error}"));
    }
    systemd::stopping();
    tracing::info!(target: "kalends", "stopping");
    server.stop().await;
    tracing::info!(target: "kalends", "stopped");
    Exit::Done
}

/// A server that runs.
pub struct Server {
    /// Whoever swaps the house.
    pub keeper: Keeper,
    /// The house in force.
    pub houses: Houses,
    /// Addresses with what is served there.
    pub doors_at: Vec<(std::net::SocketAddr, String)>,
    doors: Doors,
    workers: Workers,
    control: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Takes the addresses, opens the store and starts everything.
    ///
    /// # Errors
    /// What stands in the way, with the remedy.
    pub async fn start(settings: Settings) -> Result<Self, String> {
        // The addresses first: if one is taken, nothing has been touched yet.
        let bound = listen::bind(&settings.listen).await.map_err(|error| error.to_string())?;
        Self::start_on(settings, bound).await
    }

    /// The same on listeners that are there already.
    ///
    /// # Errors
    /// What stands in the way, with the remedy.
    pub async fn start_on(settings: Settings, bound: Vec<Bound>) -> Result<Self, String> {
        compose::install_tls();
        let (limits, folder) = (settings.limits, settings.server.data_dir.clone());
        let in_memory = settings.engine == EngineChoice::Memory;
        let house = compose::open(settings).await.map_err(|error| error.to_string())?;
        let (keeper, houses) = Keeper::new(house);
        let certificates = houses.current().certificates.clone();
        let control = match Control::bind(&folder) {
            Ok(control) => Some(control),
            Err(error) if in_memory => {
                tracing::warn!(%error, "no control socket: commands cannot reach this server");
                None
            }
            Err(error) => {
                return Err(format!("the control socket in {} cannot be made: {error}", folder.display()));
            }
        };
        let doors_at = bound
            .iter()
            .map(|bound| {
                let names: Vec<&str> = Surface::ALL
                    .iter()
                    .filter(|(_, surface)| bound.listen.surfaces.contains(surface))
                    .map(|(name, _)| *name)
                    .collect();
                (bound.address, names.join(", "))
            })
            .collect();
        let ready = listen::present(bound, &certificates)?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        if let Some(control) = control {
            tasks.spawn(control.serve(houses.clone(), stop.clone()));
        }
        tasks.close();
        let doors = Doors::open(ready, &houses, limits);
        let workers = Workers::start(&houses);
        Ok(Self { keeper, houses, doors_at, doors, workers, control: tasks, stop })
    }

    /// Lets requests and deliveries under way end, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        let cut = self.doors.close(DRAIN).await;
        if cut > 0 {
            tracing::warn!(target: "kalends", cut, "connections were cut");
        }
        self.workers.stop(WORKERS_DRAIN).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), self.control.wait()).await;
    }
}

fn status_of(houses: &Houses) -> String {
    let house = houses.current();
    let sources: usize = house.settings.hosts.iter().map(|host| host.owner.sources.len()).sum();
    format!("{} owners, {sources} sources", house.settings.hosts.len())
}

/// Returns when the process is to end; calls `reload` for each SIGHUP before that.
async fn wait_for_end<F: Future<Output = ()>>(reload: impl Fn() -> F) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up: Signal = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => reload().await,
        }
    }
}

/// Returns when Ctrl-C is pressed or SIGTERM comes.
pub async fn until_interrupted() {
    if wait_for_end(|| async {}).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Reads the configuration again; a wrong one is refused and told, and the old one stays.
async fn reload(path: &Path, environment: &Environment, keeper: &Keeper, houses: &Houses) {
    systemd::reloading();
    let loaded = config::load(path, environment);
    for problem in &loaded.problems {
        match problem.gravity {
            Gravity::Error => tracing::error!(target: "kalends", "{problem}"),
            Gravity::Warning => tracing::warn!(target: "kalends", "{problem}"),
        }
    }
    let old = houses.current();
    match loaded.settings {
        None => {
            tracing::error!(target: "kalends", "the configuration is refused; the old one stays in force");
        }
        Some(settings) => {
            tell_of_restart(&settings, &old.settings);
            let settings = Settings { engine: old.settings.engine, ..settings };
            match compose::refurnish(settings, &Arc::clone(&old)).await {
                Ok(house) => {
                    let looks = house.certificates.follow(&house.settings.listen, house.world.now());
                    workers::certificates::tell(looks);
                    keeper.replace(house);
                    tracing::info!(target: "kalends", "the configuration was read again");
                }
                Err(error) => {
                    old.world.replace_owners(old.settings.owners());
                    tracing::error!(target: "kalends", %error, "the old configuration stays in force");
                }
            }
        }
    }
    systemd::ready(&status_of(houses));
}

/// Names what changes only with a restart.
fn tell_of_restart(new: &Settings, old: &Settings) {
    let same = [
        ("listen", same_doors(&new.listen, &old.listen)),
        ("limits", new.limits == old.limits),
        ("log", new.log == old.log),
        ("store.engine", new.engine == old.engine),
        ("server.data_dir", new.server.data_dir == old.server.data_dir),
    ];
    for (key, _) in same.iter().filter(|(_, same)| !same) {
        tracing::warn!(target: "kalends", key, "this change needs a restart");
    }
}

fn same_doors(new: &[Listen], old: &[Listen]) -> bool {
    new.len() == old.len() && new.iter().zip(old).all(|(new, old)| new.is_same_door(old))
}
