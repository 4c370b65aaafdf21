//! What can be looked at on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;
use serde::Deserialize;

use super::{Finding, public};
use crate::cli::command::Command;
use crate::cli::console::{Console, Manner, Stream};
use crate::config::settings::{Front, Listen, Settings, Surface};
use crate::tls::certificate::{Certificate, Files};
use crate::{backup, compose, control};

/// A certificate that ends sooner has not been renewed when it should have been.
const RENEWED_BEFORE_SECONDS: i64 = 14 * 86_400;
/// A restore drill that is older says little.
const DRILL_DAYS_MAX: i64 = 90;
/// Before this the clock cannot be right: 2025-01-01.
const CLOCK_MIN: i64 = 1_735_689_600;
/// How long a connection to this machine may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// All of it.
pub(super) async fn all(settings: &Settings) -> Vec<Finding> {
    let running = control::is_served(&settings.server.data_dir).await;
    let mut findings = vec![configuration(settings), clock(), address(settings)];
    findings.push(folder(&settings.server.data_dir));
    for listen in &settings.listen {
        findings.push(listener(listen, running).await);
        if let Front::Files(files) = &listen.front {
            findings.push(certificate(listen.address, files, settings));
        }
    }
    findings.push(mail(settings));
    findings.push(copies(settings));
    if running {
        findings.extend(server(settings).await);
    } else {
        findings
            .push(Finding::ok("server", "none runs with this configuration").but("start `kalends serve`"));
        findings.push(store(settings).await);
    }
    findings
}

fn configuration(settings: &Settings) -> Finding {
    let sources: usize = settings.hosts.iter().map(|host| host.owner.sources.len()).sum();
    let files: Vec<String> = settings.files.iter().map(|file| file.display().to_string()).collect();
    let counts = format!(
        "{} owners, {sources} sources, {} listeners; read from {}",
        settings.hosts.len(),
        settings.listen.len(),
        files.join(", ")
    );
    let found = Finding::ok("configuration", counts);
    if settings.hosts.is_empty() { found.but("name an [[owner]]: nobody can sign in yet") } else { found }
}

fn clock() -> Finding {
    let now = compose::now();
    let found = Finding::ok("clock", format!("{now}"));
    if now.as_unix() < CLOCK_MIN {
        found.fails("set the clock, or wait until it is set by the network")
    } else {
        found
    }
}

/// The base of all addresses: whether apps can use it, and whether a listener is behind it.
fn address(settings: &Settings) -> Finding {
    let url = &settings.server.public_url;
    let found = Finding::ok("public_url", url.clone());
    let Some((host, port, secure)) = public(settings) else {
        return found.fails("write server.public_url as https://cal.example.org");
    };
    let ip = host.parse::<IpAddr>().ok();
    let is_local = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    let serves = |surface| settings.listen.iter().any(|listen| listen.surfaces.contains(&surface));
    if !serves(Surface::CalDav) {
        return found.fails("name `caldav` in the surfaces of a [[listen]]: no calendar app is answered");
    }
    if is_local {
        return found.but("apps on other devices cannot ask this machine by that name");
    }
    let is_behind_proxy = !settings.server.trusted_proxies.is_empty();
    if !secure {
        return found.but(
            "use https: passwords are refused over plain HTTP, but from this machine and trusted proxies",
        );
    }
    let has_tls = settings.listen.iter().any(|listen| listen.front.is_tls());
    if !has_tls && !is_behind_proxy {
        let is_beside_proxy = settings.listen.iter().any(|listen| listen.address.ip().is_loopback());
        return if is_beside_proxy {
            found.but("name the proxy that answers https in server.trusted_proxies: else all that it passes on counts as one peer")
        } else {
            found.fails("nobody answers https: give a [[listen]] tls = { cert, key }, or name the proxy that does in server.trusted_proxies")
        };
    }
    let ports: Vec<u16> = settings.listen.iter().map(|listen| listen.address.port()).collect();
    if !is_behind_proxy && !ports.contains(&port) {
        return found.but(format!("no listener has port {port}; is it passed on to {ports:?}?"));
    }
    if ip.is_some() {
        return found.but("give the server a name: certificates and DNS records need one");
    }
    found
}

/// Whether the data folder can be written to, by this user and by nobody else.
fn folder(path: &Path) -> Finding {
    let found = Finding::ok("data_dir", path.display().to_string());
    let Ok(facts) = std::fs::metadata(path) else {
        return match path.parent().map(std::fs::metadata) {
            Some(Ok(_)) => found.but("it is not there yet; `kalends serve` makes it"),
            _ => found.fails("make the folder above it, or set server.data_dir"),
        };
    };
    if !facts.is_dir() {
        return found.fails("it is no folder; set server.data_dir");
    }
    if let Err(error) = tempfile_in(path) {
        return found.fails(format!(
            "this user cannot write there ({error}); run as the user of the server, or chown it"
        ));
    }
    if facts.permissions().mode() & 0o007 != 0 {
        return found.but(format!("others on this machine may look into it: chmod o-rwx {}", path.display()));
    }
    found
}

/// Makes a file there and removes it.
fn tempfile_in(path: &Path) -> std::io::Result<()> {
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    std::fs::remove_file(probe)
}

/// Whether the address is there to be taken, or answers.
async fn listener(listen: &Listen, running: bool) -> Finding {
    let names: Vec<&str> = Surface::ALL
        .iter()
        .filter(|(_, surface)| listen.surfaces.contains(surface))
        .map(|(name, _)| *name)
        .collect();
    let front = if listen.front.is_tls() { "TLS" } else { "plain HTTP" };
    let found = Finding::ok(format!("listen {}", listen.address), format!("{front}: {}", names.join(", ")));
    if listen.address.port() == 0 {
        return found.but("port 0 is another one at each start; name one");
    }
    if running {
        let asked = tokio::net::TcpStream::connect(reachable(listen.address));
        return match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(_)) => found,
            _ => found
                .fails("the server runs and does not answer there; listeners that were added need a restart"),
        };
    }
    match tokio::net::TcpListener::bind(listen.address).await {
        Ok(_) => found,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            found.fails("another program has that port; end it, or choose another port")
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => found.but(
            "this user may not take a port below 1024; systemd can hand it over (systemd/kalends.socket)",
        ),
        Err(error) => found.fails(format!("it cannot be taken ({error}); name an address of this machine")),
    }
}

/// Where a listener on all addresses is asked from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}

/// When it ends, and whether it is for the name by which the server is called.
fn certificate(address: SocketAddr, files: &Files, settings: &Settings) -> Finding {
    let name = format!("certificate at {address}");
    let loaded = match Certificate::load(files) {
        Ok(loaded) => loaded,
        Err(fault) => return Finding::ok(name, fault.what).fails(fault.remedy),
    };
    let (from, until) = (loaded.validity.from, loaded.validity.until);
    let left = until.since(compose::now());
    let found =
        Finding::ok(name, format!("{}: until {until} ({} days)", files.certificate.display(), left / 86_400));
    if compose::now() < from {
        return found.fails(format!("it is not valid before {from}; is the clock right?"));
    }
    if left < 0 {
        return found.fails("it has expired; renew it");
    }
    if let Some((host, _, true)) = public(settings)
        && !is_for(&loaded, &host)
    {
        return found
            .fails(format!("it is not for {host}, so that apps refuse it; ask for one with that name"));
    }
    if left < RENEWED_BEFORE_SECONDS {
        return found.but("it should have been renewed by now");
    }
    found
}

fn is_for(certificate: &Certificate, host: &str) -> bool {
    let first = certificate.key.cert.first().and_then(|first| ParsedCertificate::try_from(first).ok());
    let name = ServerName::try_from(host.to_owned()).ok();
    first.zip(name).is_some_and(|(first, name)| verify_server_name(&first, &name).is_ok())
}

fn mail(settings: &Settings) -> Finding {
    match &settings.mail {
        Some(mail) => {
            use crate::config::settings::MailRoute;
            let way = match &mail.route {
                MailRoute::Smtp(smtp) => smtp.url.clone(),
                MailRoute::Folder(folder) => format!("into {}", folder.display()),
            };
            Finding::ok("mail", format!("from {} {way}", mail.address))
        }
        None => Finding::ok("mail", "none goes out")
            .but("set [mail]: nothing can be booked, and nobody outside invited"),
    }
}

/// Whether copies are made, and whether one ever came back.
fn copies(settings: &Settings) -> Finding {
    let Some(kept) = &settings.backup else {
        return Finding::ok("backup", "no copies are made").but("set [backup]");
    };
    let found = Finding::ok("backup", format!("a copy every {} s", kept.every_seconds));
    let Some(drill) = backup::drill::last(&settings.server.data_dir) else {
        return found.but("none was ever brought back: `kalends restore --drill`");
    };
    let days = (compose::now().as_unix() - drill.at).max(0) / 86_400;
    let found = Finding { detail: format!("{}; the last drill was {days} days ago", found.detail), ..found };
    if !drill.ok {
        return found.fails(format!("it failed: {}", drill.detail));
    }
    if days > DRILL_DAYS_MAX { found.but("do it again: `kalends restore --drill`") } else { found }
}

/// The store of a server that does not run.
async fn store(settings: &Settings) -> Finding {
    let folder = &settings.server.data_dir;
    let is_new = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_new {
        return Finding::ok("store", "is made when the server starts");
    }
    let engine = match compose::open_engine(settings.engine, folder).await {
        Ok(engine) => engine,
        Err(error) => {
            return Finding::ok("store", error.to_string())
                .fails("`kalends verify` tells more, `kalends restore` brings a copy back");
        }
    };
    match store::migration::needed(&engine).await {
        Ok(None) => Finding::ok("store", format!("{} opens", engine.name())),
        Ok(Some(needed)) => Finding::ok("store", format!("is of format {} still", needed.from))
            .but(format!("the next start brings it to {}, after a backup of its own", needed.to)),
        Err(error) => Finding::ok("store", error.to_string()).fails("`kalends verify` tells more"),
    }
}

/// What a running server says of itself.
async fn server(settings: &Settings) -> Vec<Finding> {
    #[derive(Deserialize)]
    struct Said {
        checks: Vec<Look>,
    }
    #[derive(Deserialize)]
    struct Look {
        name: String,
        ok: bool,
        detail: String,
    }
    let heard = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&heard);
    let console = Console::new(Manner { json: true, colour: false }, move |stream, text| {
        if stream == Stream::Out {
            ear.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        }
    });
    let _exit = control::ask(&settings.server.data_dir, &Command::Healthcheck, &console).await;
    let text = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // What it says is one document, and after it perhaps why it is not ready.
    let said = serde_json::Deserializer::from_str(&text).into_iter::<Said>().next();
    let Some(Ok(said)) = said else {
        return vec![Finding::ok("server", "runs and cannot be asked").fails("see its log")];
    };
    let mut findings = vec![Finding::ok("server", "runs")];
    findings.extend(said.checks.into_iter().map(|look| {
        let found = Finding::ok(look.name, look.detail);
        if look.ok { found } else { found.fails("see the log of the server") }
    }));
    findings
}
